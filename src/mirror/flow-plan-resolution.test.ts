import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { TwinlogError } from '../base/catalogue.ts'
import { parseProperties } from '../config/properties.ts'
import { resolvePlan } from './flow-plan-resolution.ts'
import type { Plan, PlanOptions } from './flow-plan-resolution.ts'
import type { FlowPlan } from './flow-plan.ts'
import { explainMirroredTopic, selectMirroredTopics } from './topic-filter-selection.ts'

const base = 'clusters=A,B\nA.bootstrap.servers=a:1\nB.bootstrap.servers=b:1\nA->B.enabled=true\n'

function plan(lines: string, options: PlanOptions = {}): Plan {
  return resolvePlan(parseProperties(lines, 'mm2.properties'), options)
}

function flow(lines: string, options: PlanOptions = {}): FlowPlan {
  const [first] = plan(base + lines, options).flows
  assert.ok(first)
  return first
}

function problemsOf(lines: string, options: PlanOptions = {}): string {
  try {
    plan(lines, options)
  } catch (error) {
    if (error instanceof TwinlogError && error.code === 'CONFIG_INVALID') return error.message
    throw error
  }
  return ''
}

test('only flows that say enabled=true copy', () => {
  const three = 'clusters=A,B,C\nA.bootstrap.servers=a:1\nB.bootstrap.servers=b:1\nC.bootstrap.servers=c:1\n'
  const { flows, notices } = plan(`${three}A->B.enabled=true\nB->C.enabled=TRUE\nC->A.enabled=false\n`)
  assert.deepEqual(
    flows.map(({ name }) => name),
    ['A->B', 'B->C'],
  )
  assert.ok(notices.some(({ key, kind }) => key === 'C->A' && kind === 'by-default'))
  assert.deepEqual(
    plan(`${three}A->B.enabled=true\nB->C.enabled=true\n`, { clusters: ['C'] }).flows.map(({ name }) => name),
    ['B->C'],
  )
})

test('pairs that are not enabled write heartbeats where MirrorMaker 2 has a herder for them', () => {
  const aliases = ['A', 'B', 'C', 'D', 'E', 'F']
  const names = (lines: string, count: number, options: PlanOptions = {}) => {
    const clusters = aliases.slice(0, count)
    const addresses = clusters.map((alias) => `${alias}.bootstrap.servers=x:1`).join('\n')
    const { flows, heartbeatFlows } = plan(`clusters=${clusters.join(',')}\n${addresses}\n${lines}`, options)
    return [flows.map(({ name }) => name).join(' '), heartbeatFlows.map(({ name }) => name).join(' ')]
  }
  assert.deepEqual(names('A->B.enabled=true', 3), ['A->B', 'A->C B->A B->C C->A C->B'])
  assert.deepEqual(names('A->B.enabled=true\nA->C.emit.heartbeats.enabled=false', 3), ['A->B', 'B->A B->C C->A C->B'])
  assert.deepEqual(names('A->B.enabled=true\nemit.heartbeats.enabled=false', 6), ['A->B', ''])
  const reverse = 'A->B.enabled=true\nemit.heartbeats.enabled=false\nB->A.emit.heartbeats.enabled=true'
  assert.deepEqual(names(reverse, 2), ['A->B', 'B->A'])
  // The process beside the source of a one-way flow.
  assert.deepEqual(names('A->B.enabled=true', 2, { clusters: ['A'] }), ['', 'B->A'])
  assert.match(problemsOf('clusters=A,B\nA.bootstrap.servers=x:1\nB.bootstrap.servers=x:1'), /no flow is enabled/)
})

test('what is written for MirrorMaker 2 has its names, intervals and clients', () => {
  const usual = flow('')
  assert.deepEqual(usual.heartbeats, { intervalMs: 1_000, replicationFactor: 3 })
  assert.equal(usual.offsetSyncs?.topic, 'mm2-offset-syncs.B.internal')
  assert.equal(usual.offsetSyncs?.lagMax, 100)
  assert.equal(usual.offsetSyncs?.client.clientId, 'A->B|MirrorSourceConnector-0|offset-syncs-source-producer')
  assert.deepEqual([usual.topics.configSyncIntervalMs, usual.topics.aclSyncIntervalMs], [600_000, 600_000])
  const other = flow(
    'replication.policy.separator=_\noffset-syncs.topic.location=target\noffset.lag.max=0\nA->B.target.producer.client.id=x\n' +
      'emit.heartbeats.interval.seconds=5\nsync.topic.configs.interval.seconds=6\nsync.topic.acls.enabled=false',
  )
  assert.equal(other.offsetSyncs?.topic, 'mm2-offset-syncs_A_internal')
  assert.equal(other.offsetSyncs?.lagMax, 0)
  assert.equal(other.offsetSyncs?.client.clientId, 'x|A->B|MirrorSourceConnector-0|offset-syncs-target-producer')
  assert.equal(other.heartbeats?.intervalMs, 5_000)
  assert.deepEqual([other.topics.configSyncIntervalMs, other.topics.aclSyncIntervalMs], [6_000, undefined])
  const dots = 'replication.policy.separator=_\nreplication.policy.internal.topic.separator.enabled=false'
  assert.equal(flow(dots).offsetSyncs?.topic, 'mm2-offset-syncs.B.internal')
  assert.equal(flow('emit.offset-syncs.enabled=false').offsetSyncs, undefined)
})

test('a cluster line comes before a flow line for both sides, and a flow line for one side before it', () => {
  assert.equal(
    flow('A.consumer.isolation.level=read_committed\nA->B.consumer.isolation.level=read_uncommitted').fetch
      .isolationLevel,
    'read_committed',
  )
  assert.equal(
    flow('A.consumer.isolation.level=read_committed\nA->B.source.consumer.isolation.level=read_uncommitted').fetch
      .isolationLevel,
    'read_uncommitted',
  )
  assert.equal(flow('A->B.consumer.isolation.level=read_committed').fetch.isolationLevel, 'read_committed')
  assert.equal(flow('consumer.isolation.level=read_committed').fetch.isolationLevel, 'read_uncommitted')
})

test('the data producer follows B.producer and A->B.producer.override, and nothing else', () => {
  assert.equal(flow('B.producer.max.request.size=7').produce.maxRequestSizeBytes, 7)
  assert.equal(
    flow('B.producer.max.request.size=7\nA->B.producer.override.max.request.size=8').produce.maxRequestSizeBytes,
    8,
  )
  assert.equal(
    flow('A->B.producer.max.request.size=9\nA->B.target.producer.max.request.size=9\nproducer.max.request.size=9')
      .produce.maxRequestSizeBytes,
    1_048_576,
  )
})

test('worker settings come from the target; those at top level of the listed families win', () => {
  assert.equal(flow('B.offset.flush.interval.ms=5\noffset.flush.interval.ms=6').positions.flushIntervalMs, 5)
  assert.equal(flow('B.offset.storage.topic=x\noffset.storage.topic=y').positions.offsetsTopic, 'y')
  assert.equal(flow('').positions.offsetsTopic, 'mm2-offsets.A.internal')
})

test('only the 66 client keys are inherited from top level and from a cluster', () => {
  const { source, target } = flow(
    'security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p w;";\nB.security.protocol=PLAINTEXT\nA.request.timeout.ms=1\nA.admin.request.timeout.ms=2',
  )
  assert.equal(source.dataClient.sasl?.password.reveal(), 'p w;')
  assert.equal(target.dataClient.securityProtocol, 'PLAINTEXT')
  assert.equal(source.dataClient.requestTimeoutMs, 30_000)
  assert.equal(source.client.requestTimeoutMs, 2)
})

test('a password is in no text form of the plan', () => {
  const jaas =
    'A.security.protocol=SASL_PLAINTEXT\nA.sasl.mechanism=SCRAM-SHA-512\nA.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="hunter2";'
  const found = plan(base + jaas)
  assert.ok(!`${inspect(found, { depth: 20 })}${JSON.stringify(found)}`.includes('hunter2'))
})

test('all problems are reported together, with line, cause and remedy', () => {
  const text = problemsOf(
    'clusters=A,B\nA.bootstrap.servers=a\nA->B.enabled=true\nA->X.enabled=true\nreplication.factor=two\nA->B.topics=(a\nA->B.exactly.once.support=required\ntransforms=t\nA.sasl.mechanism=GSSAPI\nA.security.protocol=SASL_SSL\nkey.converter=org.apache.kafka.connect.json.JsonConverter',
  )
  for (const part of [
    ':2: A.bootstrap.servers: "a" is not an address',
    ': B.bootstrap.servers: the cluster "B" has no addresses',
    ':4: A->X.enabled: "X" is not among',
    ':5: replication.factor: must be a whole number',
    ':6: A->B.topics: the regular expression (a has an error',
    ':7: A->B.exactly.once.support',
    ':8: transforms',
    ':9: A.sasl.mechanism: GSSAPI',
    ':11: key.converter',
  ]) {
    assert.ok(text.includes(part), `${part}\n${text}`)
  }
})

test('what a store cannot be is said with the line that converts it', () => {
  assert.match(
    problemsOf(`${base}A.security.protocol=SSL\nA.ssl.truststore.location=/x.jks`),
    /keytool -list -rfc -keystore \/x\.jks/,
  )
})

test('nothing is silently ignored', () => {
  const { notices } = plan(
    `${base}topic=x\nmetric.reporters=x\nB.producer.linger.ms=5\noffset.flush.interval.ms=6\nB->A.topics=y`,
  )
  const kinds = Object.fromEntries(notices.filter(({ line }) => line !== undefined).map(({ key, kind }) => [key, kind]))
  assert.deepEqual(kinds, {
    topic: 'unknown-key',
    'metric.reporters': 'not-done-yet',
    'B.producer.linger.ms': 'not-needed',
    'offset.flush.interval.ms': 'no-effect',
    'B->A.topics': 'no-effect',
  })
  assert.match(notices.find(({ key }) => key === 'topic')?.text ?? '', /Did you mean topics\?/)
})

test('with twinlog.strict an unknown key is an error', () => {
  assert.match(
    problemsOf(`${base}twinlog.strict=true\ntopik=x`),
    /:6: topik: is not a known setting. Did you mean topics\?/,
  )
})

test('references are resolved from files, directories and the environment, and said when they cannot be', () => {
  const folder = mkdtempSync(join(tmpdir(), 'twinlog-plan-'))
  try {
    writeFileSync(join(folder, 'f.properties'), 'rf=4\n')
    writeFileSync(join(folder, 'tasks'), '3')
    const providers =
      'config.providers=file,dir,env\nconfig.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider\nconfig.providers.dir.class=DirectoryConfigProvider\nconfig.providers.env.class=EnvVarConfigProvider\n'
    const lines = `${providers}replication.factor=\${file:${folder}/f.properties:rf}\nrefresh.topics.interval.seconds=\${dir:${folder}:tasks}\ntopics=\${env:TOPICS}.*\nA->B.replication.policy.separator=\${env:NONE}`
    const resolved = flow(lines, { environment: { TOPICS: 'x' } })
    assert.equal(resolved.topics.replicationFactor, 4)
    assert.equal(resolved.topics.refreshIntervalMs, 3_000)
    assert.deepEqual(resolved.topicFilter.matches(['xy', 'z']), ['xy'])
    assert.ok(
      plan(base + lines, { environment: { TOPICS: 'x' } }).notices.some(({ text }) =>
        text.includes('${env:NONE} stays as it is'),
      ),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the topics of a flow are those of the filter and heartbeats, without internal ones and cycles', () => {
  const resolved = flow('topics=orders.*,B.x\ntopics.exclude=orders-secret')
  assert.deepEqual(
    selectMirroredTopics(resolved, ['orders', 'orders-secret', 'heartbeats', 'B.x', '__consumer_offsets', 'other']),
    ['orders', 'heartbeats'],
  )
  assert.deepEqual(explainMirroredTopic(resolved, 'orders-secret'), {
    isIncluded: false,
    reason: 'excluded',
    rule: 'orders-secret',
  })
  assert.deepEqual(explainMirroredTopic(resolved, 'B.x'), { isIncluded: false, reason: 'cycle' })
})
