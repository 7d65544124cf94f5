import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { runExplain } from './explain-command.ts'
import type { ExplainArguments } from './explain-arguments.ts'

const folder = mkdtempSync(join(tmpdir(), 'twinlog-explain-'))
after(() => rmSync(folder, { recursive: true }))

const lines = [
  'clusters = eu, us', // line 1
  'eu.bootstrap.servers = eu:9092',
  'us.bootstrap.servers = us:9092',
  'eu->us.enabled = true',
  'us->eu.enabled = true', // 5
  'topics = .*',
  'eu->us.topics = orders.*, payments',
  'topics.exclude = secret.*',
  'eu->us.topics.exclude = orders-old',
  'groups = billing.*', // 10
  'us.security.protocol = SASL_PLAINTEXT',
  'us.sasl.mechanism = PLAIN',
  'us.sasl.jaas.config = org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="hush";',
  'eu.request.timeout.ms = 5',
  'eu.consumer.request.timeout.ms = 11000', // 15
  'eu->us.source.consumer.request.timeout.ms = 12000',
  'topics = .*',
]

function explain(subject: ExplainArguments['subject'], name: string, more: readonly string[] = [], isJson = false) {
  const file = join(folder, 'mm2.properties')
  writeFileSync(file, [...lines, ...more].join('\n'))
  let output = ''
  const stdout = { write: (text: string) => ((output += text), true), on: () => undefined } as never
  const exitCode = runExplain({ file, subject, name, isJson }, { environment: {}, stdout })
  assert.ok(
    output.split('\n').every((line) => line.length <= 80),
    output,
  )
  assert.doesNotMatch(output, /hush/)
  return { exitCode, output, flat: output.replaceAll(/\s+/g, ' ') }
}

describe('explain', () => {
  test('a topic: by which rule in which line, and under which name, flow by flow', () => {
    const { exitCode, flat } = explain('topic', 'orders-1')
    assert.equal(exitCode, 0)
    assert.match(flat, /eu->us: a topic orders-1 of eu is copied as eu\.orders-1 topics orders\.\* \(line 7\)/)
    assert.match(flat, /us->eu: a topic orders-1 of us is copied as us\.orders-1 topics \.\* \(line 17\)/)
    assert.match(explain('topic', 'orders-old').flat, /eu->us: is not copied topics\.exclude orders-old \(line 9\)/)
    assert.match(explain('topic', 'secret-1').flat, /us->eu: is not copied topics\.exclude secret\.\* \(line 8\)/)
    assert.match(explain('topic', 'us.x').flat, /eu->us: is not copied came from the target/)
    assert.match(explain('topic', '__x').flat, /eu->us: is not copied internal topic/)
  })

  test('a topic that two flows would write is said', () => {
    const more = [
      'clusters=eu,us,ap',
      'ap.bootstrap.servers=ap:1',
      'ap->us.enabled=true',
      'replication.policy.class=IdentityReplicationPolicy',
    ]
    assert.match(
      explain('topic', 'payments', more).flat,
      /eu->us: .* is copied as payments; ap->us would write the same topic/,
    )
  })

  test('a group: by which rule, and whether anything is done with it', () => {
    assert.match(
      explain('group', 'billing-1').flat,
      /eu->us: its offsets are translated for us groups billing\.\* \(line 10\)/,
    )
    assert.match(
      explain('group', 'x').flat,
      /eu->us: its offsets are not translated no rule of groups matches \(line 10\)/,
    )
    const off = explain('group', 'billing-1', ['emit.checkpoints.enabled=false'])
    assert.match(off.flat, /eu->us: passes the filter, but neither/)
    const synced = explain('group', 'billing-1', ['eu->us.sync.group.offsets.enabled=true'])
    assert.match(synced.flat, /eu->us: its offsets are translated for us, and committed there/)
  })

  test('a setting: what counts for each reader, and which lines that beats, strongest first', () => {
    const { exitCode, flat } = explain('setting', 'request.timeout.ms')
    assert.equal(exitCode, 0)
    const beats =
      'eu->us, source consumer: 12000 \\(line 16: eu->us\\.source\\.consumer\\.request\\.timeout\\.ms\\) beats line 15: eu\\.consumer\\.request\\.timeout\\.ms'
    assert.match(flat, new RegExp(beats))
    assert.match(flat, /us->eu, worker: 5 \(line 14: eu\.request\.timeout\.ms\)/)
    assert.match(flat, /eu->us, source admin: 30000 \(default\)/)
    const topics = explain('setting', 'eu->us.topics').flat
    assert.match(
      topics,
      /eu->us: orders\.\*, payments \(line 7: eu->us\.topics\) beats line 17: topics beats line 6: topics/,
    )
    assert.doesNotMatch(topics, /us->eu:/)
  })

  test('with twinlog.strict.mm2.scoping=false a line counts where MirrorMaker 2 ignores it', () => {
    const more = ['eu.replication.factor = 7', 'eu->us.enabled = true', 'us->eu.enabled = false']
    assert.match(
      explain('setting', 'replication.factor', more).flat,
      /eu->us: 2 \(default\).*NOTE line 18: eu\.replication\.factor/,
    )
    const meant = explain('setting', 'replication.factor', [...more, 'twinlog.strict.mm2.scoping=false'])
    assert.match(meant.flat, /eu->us: 7 \(line 18: eu\.replication\.factor\)/)
  })

  test('a secret is not shown, also not as JSON; a name that nobody knows gets the nearest one, and exit code 2', () => {
    assert.match(explain('setting', 'sasl.jaas.config').flat, /us->eu, source consumer: \[hidden\] \(line 13/)
    const file = join(folder, 'mm2.properties')
    let output = ''
    const stdout = { write: (text: string) => ((output += text), true) } as never
    runExplain({ file, subject: 'setting', name: 'sasl.jaas.config', isJson: true }, { environment: {}, stdout })
    assert.doesNotMatch(output, /hush/)
    assert.match(output, /"line":13/)
    const unknown = explain('setting', 'replication.facotr')
    assert.equal(unknown.exitCode, 2)
    assert.match(unknown.flat, /is not a known setting; did you mean replication\.factor\?/)
    assert.match(explain('setting', 'tasks.max').flat, /is not followed: one lane copies/)
  })

  test('a file with problems: they are said, and what can be explained is', () => {
    const { exitCode, flat } = explain('topic', 'payments', ['replication.factor=many'])
    assert.equal(exitCode, 2)
    assert.match(flat, /18: replication\.factor: must be a whole number.* eu->us: a topic payments/)
  })
})
