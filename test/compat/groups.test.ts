import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { commitGroupOffsets, createTopics, listGroupOffsets } from '../../dev/kafka/admin.ts'
import { propertiesText } from '../../dev/kafka/broker-properties.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { mustRun } from '../../dev/kafka/command.ts'
import { commitAsConsumer, consumeGroup, joinGroup, mirrorClient, translateOffsets } from '../../dev/kafka/groups.ts'
import { produceRecords } from '../../dev/kafka/records.ts'
import type { ProduceStep } from '../../dev/kafka/records.ts'
import type { GroupReport } from '../../src/control/group-report.ts'
import type { TranslatedOffset } from '../../src/control/translated-offset.ts'
import { ExpectedOffsets } from '../support/expected-offsets.ts'
import { longTest } from '../support/long-test.ts'
import { SINGLE_REPLICA } from '../support/mirror-maker.ts'
import { mirrorProperties, startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'
import { until } from '../support/until.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const quick = {
  ...SINGLE_REPLICA,
  'emit.checkpoints.enabled': 'true',
  'emit.checkpoints.interval.seconds': '1',
  'sync.group.offsets.interval.seconds': '1',
  'refresh.groups.interval.seconds': '1',
  'emit.heartbeats.enabled': 'true',
}

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster(), startCluster()])
})

after(async () => {
  await Promise.all([source[Symbol.asyncDispose](), target[Symbol.asyncDispose]()])
})

/** Transactions of 7 records, every third of them aborted: offsets of the source have holes, and those of the copy have others. */
function transactions(topic: string, first: number, count: number): ProduceStep[] {
  const steps: ProduceStep[] = []
  for (let number = first; number < first + count; number += 7) {
    steps.push('begin')
    for (let each = number; each < number + 7; each++)
      steps.push({ topic, partition: each % 2, key: String(each), value: 'v'.repeat(20) })
    steps.push(number % 3 === 0 ? 'abort' : 'commit')
  }
  return steps
}

async function seed(topic: string, first: number, count: number): Promise<void> {
  const client = { ...source.adminProperties, 'transactional.id': `seed-${topic}`, 'batch.size': '200' }
  await produceRecords(client, transactions(topic, first, count))
}

async function awaitGroup(mirror: Mirror, group: string, topic: string, wanted: Record<string, number>): Promise<void> {
  let found: unknown
  await until(
    `group ${group} to stand at ${JSON.stringify(wanted)} on the target`,
    async () => {
      found = (await listGroupOffsets(target, group))[mirror.remote(topic)]
      return JSON.stringify(found) === JSON.stringify(wanted)
    },
    () => `it stands at ${JSON.stringify(found)}\n${mirror.describe()}`,
  )
}

test('groups of the source stand at the same records on the target, also after a restart, and Java reads their checkpoints', async () => {
  const topic = 'orders'
  await createTopics(source, { name: topic, partitions: 2 })
  await seed(topic, 0, 700)
  const options = {
    source,
    target,
    alias: 'grp',
    topics: topic,
    properties: {
      ...quick,
      'sync.group.offsets.enabled': 'true',
      'groups.exclude': 'secret-.*',
      'grp.consumer.isolation.level': 'read_committed',
      'twinlog.listeners': 'http://127.0.0.1:0',
    },
  }
  const start = () => startMirror(options)
  await commitAsConsumer(source, 'behind', { [topic]: { 0: { offset: 31, metadata: 'mark' }, 1: { offset: 170 } } })
  await commitGroupOffsets(source, 'secret-one', topic, { 0: 5 })
  let mirror = await start()
  try {
    await mirror.waitUntilCommitted(topic, 462)
    const expected = await ExpectedOffsets.read(source, target, topic, mirror.remote(topic))
    const behind = { 0: expected.downstreamOf(0, 31), 1: expected.downstreamOf(1, 170) }
    await awaitGroup(mirror, 'behind', topic, behind)
    assert.notEqual(behind[0], 31)
    assert.deepEqual(await translateOffsets(target, 'grp', 'behind'), {
      [mirror.remote(topic)]: {
        0: { offset: behind[0], metadata: 'mark' },
        1: { offset: behind[1], metadata: '' },
      },
    })
    assert.deepEqual(await listGroupOffsets(target, 'secret-one'), {})

    // A group that reads on the target is left alone, and never set back.
    await using member = await joinGroup(target, 'behind', mirror.remote(topic), 'consumer')
    await mirror.waitForEvent('GroupHeld', ({ group }) => group === 'behind')
    await commitGroupOffsets(source, 'behind', topic, { 0: 200 })
    await mirror.stop()
    await member[Symbol.asyncDispose]()
    await seed(topic, 700, 350)
    mirror = await start()
    await commitGroupOffsets(source, 'old', topic, { 0: 3, 1: 77 })
    // A group of the consumer protocol stays one when its members have left.
    await (await joinGroup(source, 'modern', topic, 'consumer'))[Symbol.asyncDispose]()
    await commitGroupOffsets(source, 'modern', topic, { 1: 50 })
    const now = expected.downstreamOf(0, 200)
    await awaitGroup(mirror, 'behind', topic, { 0: now, 1: behind[1] })
    await awaitGroup(mirror, 'modern', topic, { 1: expected.downstreamOf(1, 50) })
    await awaitGroup(mirror, 'old', topic, { 0: expected.downstreamOf(0, 3), 1: expected.downstreamOf(1, 77) })
    await commitGroupOffsets(source, 'behind', topic, { 0: 40 })
    await until('the checkpoint to go back', async () => {
      const offsets = (await translateOffsets(target, 'grp', 'behind'))[mirror.remote(topic)]
      return offsets?.['0']?.offset === expected.downstreamOf(0, 40)
    })
    await awaitGroup(mirror, 'behind', topic, { 0: now, 1: behind[1] })
    const records = await consumeGroup(target, 'old', mirror.remote(topic))
    assert.equal(records.filter(({ partition }) => partition === 0)[0]?.offset, expected.downstreamOf(0, 3))
    await assertToldByProcess(mirror, topic, expected)
    assert.deepEqual(await mirrorClient(target, ['grp', 'other']), {
      checkpointTopics: ['grp.checkpoints.internal'],
      heartbeatTopics: ['grp.heartbeats', 'heartbeats'],
      remoteTopics: ['grp.heartbeats', mirror.remote(topic)],
      upstreamClusters: ['grp'],
      hops: { grp: 1, other: -1 },
    })
    await mirror.stop()
    await assertToldByCommand(options, expected)
  } finally {
    await mirror[Symbol.asyncDispose]()
  }
})

/** What the running process tells over HTTP of groups and of single offsets, in both directions. */
async function assertToldByProcess(mirror: Mirror, topic: string, expected: ExpectedOffsets): Promise<void> {
  const { address } = await mirror.waitForEvent('ListenerOpened')
  const ask = async <Answer>(path: string): Promise<Answer> => {
    const response = await fetch(`${String(address)}${path}`)
    return (await response.json()) as Answer
  }
  let told = ''
  await until(
    'the groups to stand as they should',
    async () => {
      const { flows } = await ask<{ flows: { groups: GroupReport[] }[] }>('/groups')
      told = flows
        .flatMap(({ groups }) => groups)
        .map(({ group, type, state }) => `${group} ${type} ${state}`)
        .join(', ')
      // A consumer has just left the group `old`.
      return told === 'behind classic ahead, modern consumer synced, old classic synced'
    },
    () => told,
  )
  const old = await ask<{ offsets: TranslatedOffset[] }>('/offsets?group=old')
  assert.deepEqual(
    old.offsets
      .toSorted((a, b) => a.partition - b.partition)
      .map(({ partition, downstreamOffset, accuracy }) => [partition, downstreamOffset, accuracy]),
    [
      [0, expected.downstreamOf(0, 3), 'exact'],
      [1, expected.downstreamOf(1, 77), 'exact'],
    ],
  )
  const remote = mirror.remote(topic)
  for (const { partition, upstream, downstream } of expected.pairs.filter((_, index) => index % 97 === 0)) {
    const query = `topic=${remote}&partition=${partition}&offset=${downstream}&from=target`
    const back = await ask<{ offsets: TranslatedOffset[] }>(`/offsets?${query}`)
    assert.equal(back.offsets[0]?.upstreamOffset, upstream)
  }
}

/** What the command tells when no twinlog runs, by what is written down. */
async function assertToldByCommand(options: MirrorOptions, expected: ExpectedOffsets): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'twinlog-offsets-'))
  const file = join(folder, 'mm2.properties')
  await writeFile(file, propertiesText(mirrorProperties(options)))
  const translate = async (...args: readonly string[]): Promise<TranslatedOffset[]> => {
    const { stdout } = await mustRun(process.execPath, [main, 'offsets', 'translate', file, ...args, '--json'])
    return (JSON.parse(stdout) as { offsets: TranslatedOffset[] }).offsets
  }
  const [of31, of170, ...ofGroup] = await translate('orders:0:31', 'orders:1:170', '--group', 'old')
  assert.deepEqual([of31?.downstreamOffset, of31?.accuracy], [expected.downstreamOf(0, 31), 'exact'])
  assert.equal(of170?.downstreamOffset, expected.downstreamOf(1, 170))
  const [back] = await translate(`grp.orders:0:${expected.downstreamOf(0, 31)}`, '--from', 'target')
  const first = expected.pairs.find(({ partition, upstream }) => partition === 0 && upstream >= 31)
  assert.equal(back?.upstreamOffset, first?.upstream)
  assert.equal(ofGroup.find(({ partition }) => partition === 1)?.downstreamOffset, expected.downstreamOf(1, 77))
}

/** Groups that stand all over a topic's partition 0, the last one at its end. */
async function commitEverywhere(name: string, topic: string, end: number): Promise<Map<string, number>> {
  const offsets = Array.from({ length: 12 }, (_, index) => Math.round((index * end) / 11))
  const groups = new Map(offsets.map((offset) => [`${name}-${offset}`, offset]))
  for (const [group, offset] of groups) await commitGroupOffsets(source, group, topic, { 0: offset })
  return groups
}

async function assertTranslated(mirror: Mirror, topic: string, groups: ReadonlyMap<string, number>): Promise<void> {
  const expected = await ExpectedOffsets.read(source, target, topic, mirror.remote(topic))
  const end = Math.max(...expected.pairs.filter(({ partition }) => partition === 0).map(({ upstream }) => upstream))
  for (const [group, offset] of groups) {
    let found = -1
    const isAt = (wanted: number): boolean =>
      // At the end of a copy made in transactions their last markers may lie between: no record does.
      offset > end ? found >= wanted && found <= wanted + 2 : found === wanted
    await until(
      `group ${group} to stand at ${expected.downstreamOf(0, offset)}`,
      async () => {
        found = (await translateOffsets(target, 'eos', group))[mirror.remote(topic)]?.['0']?.offset ?? -1
        return isAt(expected.downstreamOf(0, offset))
      },
      () => `it stands at ${found}\n${mirror.describe()}`,
    )
  }
}

longTest(
  'offsets of a copy made in transactions are translated exactly, by what was written before a kill as well',
  async () => {
    const topic = 'bookings'
    await createTopics(source, { name: topic, partitions: 2 })
    const start = () =>
      startMirror({
        source,
        target,
        alias: 'eos',
        topics: topic,
        properties: {
          ...quick,
          'emit.heartbeats.enabled': 'false',
          'us.exactly.once.source.support': 'enabled',
          'eos.consumer.isolation.level': 'read_committed',
        },
      })
    let mirror = await start()
    try {
      // Several transactions of ours, with markers between them on both sides.
      for (let round = 0; round < 3; round++) {
        await seed(topic, round * 210, 210)
        await mirror.waitUntilCommitted(topic, (round + 1) * 140)
      }
      const first = await commitEverywhere('before', topic, 400)
      await assertTranslated(mirror, topic, first)
      await mirror.kill()
      await seed(topic, 630, 210)
      mirror = await start()
      await mirror.waitUntilCommitted(topic, 560)
      const second = await commitEverywhere('after', topic, 520)
      await assertTranslated(mirror, topic, new Map([...first, ...second]))
      await mirror.stop()
    } finally {
      await mirror[Symbol.asyncDispose]()
    }
  },
)
