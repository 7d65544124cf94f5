import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  commitGroupOffsets,
  createAcls,
  createTopics,
  describeTopic,
  describeTopicConfigs,
  listGroupOffsets,
  listOffsets,
  listTopics,
  waitForTopic,
} from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { generateRecords, produceRecords } from '../../dev/kafka/records.ts'
import { mustRunTool } from '../../dev/kafka/tools.ts'
import type { ReviewedPermission } from '../../src/check/permission-review.ts'
import type { TopicPreflight } from '../../src/check/preflight.ts'
import { startMirror } from '../support/mirror.ts'
import type { MirrorOptions } from '../support/mirror.ts'
import type { FlowForecast } from '../../src/check/flow-forecast.ts'
import { longTest } from '../support/long-test.ts'
import { openSockets } from '../support/open-sockets.ts'
import { until } from '../support/until.ts'
import { runCheck, runPlan } from '../support/verification.ts'

let source: KafkaCluster
let target: KafkaCluster
let guarded: KafkaCluster

const user = { name: 'mirror', password: 'mirror-secret' }

before(async () => {
  ;[source, target, guarded] = await Promise.all([
    startCluster(),
    startCluster(),
    startCluster({ security: 'SASL_PLAINTEXT', users: [user], authorizer: true }),
  ])
})

after(async () => {
  await Promise.all([source, target, guarded].map((cluster) => cluster[Symbol.asyncDispose]()))
})

function flow(topics: string, properties: MirrorOptions['properties'] = {}): MirrorOptions {
  return { source, target, alias: 'eu', topics, properties }
}

test('preflight finds what the target will refuse, says what to set, and changes nothing', async () => {
  const ahead = Date.now() + 5 * 3_600_000
  await createTopics(
    source,
    { name: 'fine', partitions: 2 },
    { name: 'ahead', configs: { 'message.timestamp.after.max.ms': '9223372036854775807' } },
    { name: 'keyless' },
    { name: 'large' },
    { name: 'stamped', configs: { 'message.timestamp.type': 'LogAppendTime' } },
  )
  await createTopics(
    target,
    { name: 'eu.keyless', configs: { 'cleanup.policy': 'compact', 'compression.type': 'gzip' } },
    { name: 'eu.large', configs: { 'max.message.bytes': '1000' } },
    { name: 'eu.ahead' },
    { name: 'eu.stamped', configs: { 'min.insync.replicas': '2' } },
  )
  await produceRecords(source.adminProperties, [
    { topic: 'fine', partition: 1, key: 'k', value: 'x' },
    { topic: 'ahead', partition: 0, key: 'k', value: 'x', timestamp: ahead },
    { topic: 'keyless', partition: 0, value: 'x' },
    { topic: 'large', partition: 0, key: 'k', value: 'x'.repeat(2_000) },
    { topic: 'stamped', partition: 0, key: 'k', value: 'x' },
    'flush',
  ])
  const before = await listTopics(target)
  const { exitCode, lines, output } = await runCheck(flow('fine,ahead,keyless,large,stamped'))
  assert.equal(exitCode, 5, output)
  const preflights = lines.filter(({ event }) => event === 'topic') as unknown as TopicPreflight[]
  const found = Object.fromEntries(
    preflights.map(({ topic, findings }) => [topic, findings.map(({ level, code }) => `${level} ${code}`)]),
  )
  assert.deepEqual(found, {
    fine: [],
    ahead: ['problem timestamps-too-late'],
    keyless: ['warning null-keys', 'warning recompression', 'warning cleanup-policy'],
    large: ['problem records-too-large'],
    stamped: ['problem too-few-replicas', 'info append-time-lost'],
  })
  const remedies = preflights.flatMap(({ findings }) => findings.map(({ remedy }) => remedy)).join('\n')
  assert.match(remedies, /--alter --topic eu\.ahead --add-config message\.timestamp\.after\.max\.ms=/)
  assert.equal(preflights.find(({ topic }) => topic === 'fine')?.target.exists, false)
  assert.deepEqual((await listTopics(target)).toSorted(), before.toSorted())
  assert.equal((await runCheck(flow('fine,ahead,keyless,large,stamped'), '--topics', 'fine')).exitCode, 0)
  assert.equal((await runCheck(flow('none-such'))).exitCode, 5)
})

test('a remote topic that is not there is judged by what it would be created with', async () => {
  await createTopics(source, { name: 'new', configs: { 'max.message.bytes': '3000000', 'compression.type': 'gzip' } })
  await produceRecords(source.adminProperties, [{ topic: 'new', partition: 0, key: 'k', value: 'x' }])
  const { exitCode, lines, output } = await runCheck(flow('new', { 'replication.factor': '3' }))
  assert.equal(exitCode, 5, output)
  const topic = lines.find(({ event }) => event === 'topic') as unknown as TopicPreflight
  assert.equal(topic.target.maxMessageBytes, 3_000_000)
  assert.deepEqual(
    topic.findings.map(({ code }) => code),
    ['too-few-brokers'],
  )
})

test('problems of the file come first, with the nearest name; a cluster that does not answer is an error', async () => {
  const typo = await runCheck(flow('fine', { 'replication.facotr': '1', 'us.bootstrap.servers': '127.0.0.1:1' }))
  assert.equal(typo.exitCode, 2, typo.output)
  const problems = typo.lines[0]?.['problems'] as { key: string; remedy: string; line: number }[]
  assert.equal(problems.length, 1, typo.output)
  assert.equal(problems[0]?.key, 'replication.facotr')
  assert.match(JSON.stringify(problems[0]), /replication\.factor/)
  const offline = await runCheck(flow('fine', { 'us.bootstrap.servers': '127.0.0.1:1' }), '--offline')
  assert.equal(offline.exitCode, 0, offline.output)
  const dead = await runCheck(flow('fine', { 'us.bootstrap.servers': '127.0.0.1:1' }))
  assert.equal(dead.exitCode, 1, dead.output)
  assert.match(dead.output, /Cluster us: none of its brokers can be reached \(127\.0\.0\.1:1\)/)
})

function login(alias: string): Record<string, string> {
  return {
    [`${alias}.security.protocol`]: 'SASL_PLAINTEXT',
    [`${alias}.sasl.mechanism`]: 'PLAIN',
    [`${alias}.sasl.jaas.config`]: `org.apache.kafka.common.security.plain.PlainLoginModule required username="${user.name}" password="${user.password}";`,
  }
}

/** What of a check's permissions is not there, as `capability: operations on names`. */
function lacking(lines: readonly Readonly<Record<string, unknown>>[]): string[] {
  const reviews = lines.filter(({ event }) => event === 'permissions')
  const permissions = reviews.flatMap((review) => review['permissions'] as ReviewedPermission[])
  return permissions.flatMap(({ capability, lacking: found, level }) =>
    found.map(({ name, operations }) => `${level} ${capability}: ${operations.join(' ')} on ${name}`),
  )
}

/** Runs the lines that check prints, as an administrator would. */
async function runLines(lines: readonly Readonly<Record<string, unknown>>[]): Promise<number> {
  const commands = lines.filter(({ event }) => event === 'permissions').flatMap((line) => line['commands'] as string[])
  const asAdministrator = commands.map((command) => command.replace(/^kafka-acls --bootstrap-server \S+ /, ''))
  await Promise.all(
    asAdministrator.map((command) =>
      mustRunTool(
        guarded,
        'kafka-acls',
        [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ''),
      ),
    ),
  )
  return commands.length
}

test('each permission that is missing at the target is named, and the lines of kafka-acls mend it', async () => {
  await createTopics(source, { name: 'allowed-1', partitions: 1 }, { name: 'allowed-2', partitions: 1 })
  await produceRecords(source.adminProperties, [{ topic: 'allowed-1', partition: 0, key: 'k', value: 'x' }, 'flush'])
  await commitGroupOffsets(source, 'acl-readers', 'allowed-1', { 0: 1 })
  const properties = {
    ...login('us'),
    'us.exactly.once.source.support': 'preparing',
    'acl->us.emit.heartbeats.enabled': 'true',
    'emit.checkpoints.enabled': 'true',
    'sync.group.offsets.enabled': 'true',
    groups: 'acl-.*',
  }
  const options = { ...flow('allowed-1,allowed-2', properties), target: guarded, alias: 'acl' }
  const before = await listTopics(guarded)
  const { exitCode, lines, output } = await runCheck(options)
  assert.equal(exitCode, 5, output)
  const remote = ['acl.allowed-1', 'acl.allowed-2']
  const internal = ['mm2-offsets.acl.internal', 'mm2-ledger.acl.internal']
  const each = (names: readonly string[], text: string) => names.map((name) => `${text} on ${name}`)
  assert.deepEqual(lacking(lines), [
    ...each(remote, 'problem create remote topics: Create Describe'),
    ...each(remote, 'problem write records: Write Describe'),
    ...each(remote, 'warning find out how far the copy came: Read'),
    ...each(remote, 'warning let remote topics grow: Alter'),
    ...each(remote, 'warning know what remote topics take: DescribeConfigs'),
    ...each(remote, 'warning keep configs in step: AlterConfigs'),
    'problem one owner per flow: Read Describe on acl-mm2',
    ...each(internal, 'problem keep positions and the ledger: Create Read Write Describe DescribeConfigs'),
    'warning fence what a dead process left on its way: Write Describe on acl-mm2-acl-twinlog-stores',
    'warning fence what a dead process left on its way: Write Describe on acl-mm2-acl-twinlog-data',
    'problem exactly once: fence other writers: Write Describe on connect-cluster-acl-mm2',
    'warning emit heartbeats: Create Write Describe on heartbeats',
    'warning write access rules: Describe Alter on kafka-cluster',
    'warning emit checkpoints: Create Read Write Describe on acl.checkpoints.internal',
    'warning commit offsets of groups: Read Describe on acl-readers',
    ...each(remote, 'warning commit offsets in remote topics: Read'),
  ])
  assert.deepEqual(await listTopics(guarded), before)
  assert.ok((await runLines(lines)) <= 10, output)
  const mended = await runCheck(options)
  assert.equal(mended.exitCode, 0, mended.output)
  assert.deepEqual(lacking(mended.lines), [])
  await using twinlog = await startMirror(options)
  await twinlog.waitUntilCopied('allowed-1')
  await waitForTopic(guarded, 'acl.checkpoints.internal', () => true)
  assert.deepEqual(
    twinlog.events.filter(({ event }) => /Unfenceable|Unwritten|Failed|Refused/.test(event)),
    [],
  )
  await twinlog.stop()
})

longTest(
  'each permission that is missing at the source is named, also of a topic that may not even be seen',
  async () => {
    await createTopics(guarded, { name: 'seen', partitions: 1 }, { name: 'unseen', partitions: 1 })
    const principal = `User:${user.name}`
    await createAcls(guarded, { resourceType: 'TOPIC', name: 'seen', principal, operation: 'DESCRIBE' })
    const options = {
      ...flow('seen,unseen', { ...login('src'), 'heartbeats.replication.enabled': 'false' }),
      source: guarded,
      alias: 'src',
    }
    const { exitCode, lines, output } = await runCheck(options)
    assert.equal(exitCode, 5, output)
    const atSource = lacking(lines).filter((line) => !line.includes('access rules'))
    assert.deepEqual(atSource, [
      'problem find topics and their configs: DescribeConfigs on seen',
      'problem find topics and their configs: Describe DescribeConfigs on unseen',
      'problem read records: Read on seen',
      'problem read records: Read Describe on unseen',
    ])
    assert.match(output, /"code":"topic-hidden".*unseen/)
    await runLines(lines)
    const mended = await runCheck(options)
    assert.equal(mended.exitCode, 0, mended.output)
    assert.deepEqual(lacking(mended.lines), [])
    assert.match(mended.output, /"name":"unseen","decision":\{"isIncluded":true/)
  },
)

/** Everything that a command could change on a cluster: topics with their ids, partitions, configs and offsets, and what groups committed. */
async function contentOf(cluster: KafkaCluster, groups: readonly string[]): Promise<Record<string, unknown>> {
  const content: Record<string, unknown> = {}
  for (const topic of await listTopics(cluster)) {
    const parts = [describeTopic(cluster, topic), describeTopicConfigs(cluster, topic), listOffsets(cluster, topic)]
    content[topic] = await Promise.all(parts)
  }
  for (const group of groups) content[`group ${group}`] = await listGroupOffsets(cluster, group)
  return content
}

test('plan says what will be created, changed and copied, touches nothing, and it comes so', async () => {
  const configs = { 'retention.ms': '777600000' }
  await createTopics(
    source,
    { name: 'plan-done' },
    { name: 'plan-new', partitions: 2, configs },
    { name: 'plan-old', partitions: 3, configs },
  )
  await createTopics(target, { name: 'pl.plan-old', partitions: 1, configs: { 'retention.ms': '60000' } })
  for (const topic of ['plan-done', 'plan-new', 'plan-old'])
    await generateRecords(source.adminProperties, { topic, partitions: 1, count: 1_000, valueBytes: 1_000 })
  await commitGroupOffsets(source, 'plan-readers', 'plan-new', { 0: 5 })
  const options = { ...flow('plan-.*', { 'emit.offset-syncs.enabled': 'true' }), alias: 'pl' }
  await using first = await startMirror({ ...flow('plan-done'), alias: 'pl' })
  await first.waitUntilCopied('plan-done')
  await first.stop()
  const groups = ['plan-readers', 'pl-mm2']
  const before = await Promise.all([contentOf(source, groups), contentOf(target, groups)])
  const { exitCode, lines, output } = await runPlan(options)
  assert.equal(exitCode, 0, output)
  assert.deepEqual(await Promise.all([contentOf(source, groups), contentOf(target, groups)]), before)
  const forecast = lines.find(({ event }) => event === 'flow') as unknown as FlowForecast
  const { create, grow, alter, refuse, createInternal, createAtSource, internal } = forecast.topics
  assert.deepEqual(
    create.map(({ topic, partitionsCount, replicationFactor, configs: set, refusal }) => [
      topic,
      partitionsCount,
      replicationFactor,
      set,
      refusal,
    ]),
    [['pl.plan-new', 2, 1, configs, null]],
  )
  assert.deepEqual(
    grow.map(({ targetTopic, partitionsCountBefore, partitionsCount }) => [
      targetTopic,
      partitionsCountBefore,
      partitionsCount,
    ]),
    [['pl.plan-old', 1, 3]],
  )
  assert.deepEqual(alter, [
    { topic: 'pl.plan-old', configs: [{ name: 'retention.ms', value: '777600000', before: '60000' }] },
  ])
  assert.deepEqual([refuse, createInternal], [[], []])
  assert.deepEqual(
    createAtSource.map(({ topic, refusal }) => [topic, refusal]),
    [['mm2-offset-syncs.us.internal', null]],
  )
  assert.deepEqual(internal.toSorted(), ['mm2-ledger.pl.internal', 'mm2-offsets.pl.internal'])
  const { copy } = forecast
  assert.deepEqual([copy.offsetsLeft, copy.offsetsTotal, copy.topicsCount, copy.partitionsCount], [2_000, 3_000, 3, 6])
  assert.ok(copy.bytesFrom === 'disk' && (copy.bytesLeft ?? 0) > 2_000_000 && (copy.bytesLeft ?? 0) < 2_500_000, output)
  assert.ok((copy.probe?.bytes ?? 0) > 2_000_000 && copy.rateFrom === 'probe' && (copy.seconds ?? 0) > 0, output)
  const rated = await runPlan(options, '--rate', '1MB')
  const { seconds } = (rated.lines[0] as unknown as FlowForecast).copy
  assert.ok(Math.abs((seconds ?? 0) - (copy.bytesLeft ?? 0) / 1e6) < 0.01, rated.output)
  await using second = await startMirror(options)
  await second.waitUntilCopied('plan-new')
  await second.waitUntilCopied('plan-old')
  await until('the config that plan said would be altered', async () => {
    return (await describeTopicConfigs(target, 'pl.plan-old'))['retention.ms'] === '777600000'
  })
  const { sourceConnections, targetConnections } = forecast.demand
  for (const [cluster, { usual, most }] of [
    [source, sourceConnections],
    [target, targetConnections],
  ] as const) {
    const count = openSockets(second.pid, Number(cluster.bootstrap.split(':').at(-1)))
    assert.ok(count <= most && count >= usual / 2, `${count} connections; ${usual} to ${most} were planned`)
  }
  await second.stop()
  const after = await contentOf(target, [])
  assert.deepEqual(
    Object.keys(after).filter((topic) => !(topic in (before[1] ?? {}))),
    ['pl.plan-new'],
  )
})
