import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  createTopics,
  describeTopic,
  electLeaders,
  moveReplicas,
  readJmx,
  waitForTopic,
} from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import { longTest } from '../support/long-test.ts'
import { assertLogsValid, assertSameRecords } from '../support/judge.ts'
import { countOffsets, startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'
import { oneInFlight, startRecords } from '../support/record-stream.ts'
import type { RecordStream } from '../support/record-stream.ts'

/** One cluster is both sides, since three brokers cost much; where replicas are placed says which side a broker serves. */
let cluster: KafkaCluster

before(async () => {
  cluster = await startCluster({ brokers: 3, heap: '384m', racks: ['a', 'b', 'c'] })
})

after(() => cluster[Symbol.asyncDispose]())

function mirror(alias: string, topics: string, properties: MirrorOptions['properties'] = {}): Promise<Mirror> {
  return startMirror({ source: cluster, target: cluster, alias, topics, properties })
}

function stream(topic: string, partitions: number, recordsPerSecond = 500): RecordStream {
  return startRecords(cluster, { topic, partitions, recordsPerSecond, valueBytes: 300 }, { 'linger.ms': '2' })
}

async function finish(twinlog: Mirror, topic: string, records: RecordStream): Promise<void> {
  await records.stop()
  await twinlog.waitUntilCopied(topic)
  await assertSameRecords(cluster, cluster, topic, twinlog.remote(topic), { hasOffsets: true })
  await assertLogsValid(cluster, twinlog.remote(topic))
  assert.deepEqual(
    twinlog.eventsOf('DuplicatesPossible').concat(twinlog.eventsOf('FlowFailed'), twinlog.eventsOf('GapFound')),
    [],
  )
  await twinlog.stop()
}

async function waitForLeader(topic: string, leader: number): Promise<void> {
  await waitForTopic(cluster, topic, ({ partitions }) => partitions[0]?.leader === leader)
}

/** A broker that was restarted for the test before may still be catching up. */
async function waitForReplicas(topic: string): Promise<void> {
  await waitForTopic(cluster, topic, ({ partitions }) =>
    partitions.every(({ isr, replicas }) => isr.length === replicas.length),
  )
}

/** Makes the last replica the first, and the leader. */
async function moveLeader(topic: string, partition: number): Promise<void> {
  const description = await describeTopic(cluster, topic)
  const replicas = description.partitions[partition]?.replicas ?? []
  const moved = [...replicas.slice(-1), ...replicas.slice(0, -1)]
  await moveReplicas(cluster, topic, { [partition]: moved })
  await waitForTopic(cluster, topic, ({ partitions }) => partitions[partition]?.replicas[0] === moved[0])
  await electLeaders(cluster, topic, [partition])
  await waitForTopic(cluster, topic, ({ partitions }) => partitions[partition]?.leader === moved[0])
}

longTest('leaders may move on both sides while records flow', async () => {
  await createTopics(cluster, { name: 'moving', partitions: 2 })
  await using twinlog = await mirror('moves', 'moving')
  await using records = stream('moving', 2)
  await twinlog.waitUntilGrown('moving')
  for (const partition of [0, 1, 0]) {
    await moveLeader('moving', partition)
    await twinlog.waitUntilGrown('moving', 100, { partitions: [partition] })
    await moveLeader('moves.moving', partition)
    await twinlog.waitUntilGrown('moving', 100, { partitions: [partition] })
  }
  await finish(twinlog, 'moving', records)
})

longTest('a broker of either side may be killed and come back: nothing is lost or doubled', async () => {
  // Broker 2 serves the source side alone, broker 3 the target side.
  await createTopics(
    cluster,
    { name: 'killed', assignments: { 0: [1, 2], 1: [2, 1], 2: [2, 1] } },
    { name: 'kills.killed', assignments: { 0: [3, 1], 1: [1, 3], 2: [3, 1] } },
  )
  await using twinlog = await mirror('kills', 'killed')
  await using records = stream('killed', 3)
  await twinlog.waitUntilGrown('killed')
  for (const id of [3, 2]) {
    await cluster.broker(id).kill()
    for (const partition of [0, 1, 2]) await twinlog.waitUntilGrown('killed', 150, { partitions: [partition] })
    await cluster.broker(id).start()
    await twinlog.waitUntilGrown('killed')
  }
  await finish(twinlog, 'killed', records)
})

longTest('a partition held below min.insync.replicas waits, and the others on the same broker go on', async () => {
  await createTopics(cluster, { name: 'short', assignments: { 0: [1, 3], 1: [1, 3], 2: [3, 1] } })
  await createTopics(cluster, {
    name: 'isr.short',
    assignments: { 0: [1, 2], 1: [1, 3], 2: [3, 1] },
    configs: { 'min.insync.replicas': '2' },
  })
  await waitForReplicas('isr.short')
  await using twinlog = await mirror('isr', 'short')
  await using records = stream('short', 3)
  for (const partition of [0, 1, 2]) await twinlog.waitUntilGrown('short', 100, { partitions: [partition] })
  await cluster.broker(2).kill()
  await waitForTopic(cluster, 'isr.short', ({ partitions }) => partitions[0]?.isr.length === 1)
  const stuckAt = (await countOffsets(cluster, 'isr.short'))[0] ?? 0
  for (const partition of [1, 2]) await twinlog.waitUntilGrown('short', 200, { partitions: [partition] })
  // What was on its way when the replica went may count once it is back; nothing new is acknowledged meanwhile.
  assert.ok(((await countOffsets(cluster, 'isr.short'))[0] ?? 0) - stuckAt < 200)
  await cluster.broker(2).start()
  await twinlog.waitUntilGrown('short', 500, { partitions: [0] })
  await finish(twinlog, 'short', records)
})

longTest('with client.rack it reads from the replica in its rack, and from the leader when that is gone', async () => {
  await createTopics(
    cluster,
    { name: 'near', assignments: { 0: [1, 2] } },
    { name: 'rack.near', assignments: { 0: [3] } },
  )
  await waitForReplicas('near')
  await using twinlog = await mirror('rack', 'near', {
    'rack.consumer.client.rack': 'b',
    'rack.consumer.metadata.max.age.ms': '5000',
  })
  await using records = stream('near', 1)
  const { broker } = await twinlog.waitForEvent('ReplicaPreferred')
  assert.equal(broker, 2)
  await twinlog.waitUntilGrown('near')
  const reads = await brokerReads(2)
  await twinlog.waitUntilGrown('near')
  assert.ok((await brokerReads(2)) > reads, `broker 2 was not read from (${reads} bytes):\n${twinlog.describe()}`)
  await cluster.broker(2).kill()
  await twinlog.waitUntilGrown('near')
  await cluster.broker(2).start()
  await twinlog.waitUntilGrown('near')
  await finish(twinlog, 'near', records)
})

/** Bytes that a source broker handed to consumers. */
async function brokerReads(id: number): Promise<number> {
  const beans = await readJmx(
    cluster.broker(id).pid,
    'kafka.server:type=BrokerTopicMetrics,name=BytesOutPerSec,topic=near',
  )
  return Object.values(beans).reduce((sum, { Count: count = 0 }) => sum + count, 0)
}

async function write(topic: string, first: number, count: number): Promise<void> {
  const steps = Array.from({ length: count }, (_, index) => [
    { topic, partition: 0, key: 'k', value: String(first + index) },
    'flush' as const,
  ])
  await produceRecords(
    { ...cluster.adminProperties, ...oneInFlight, acks: '1', 'enable.idempotence': 'false' },
    steps.flat(),
  )
}

async function values(topic: string): Promise<number[]> {
  const records = await dumpRecords({ client: cluster.adminProperties, topic })
  return records.map(({ value }) => Number(value))
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index)
}

/** Broker 2 becomes leader of a partition although it lacks what was written after it went; then broker 1 is back. */
async function electUnclean(topic: string): Promise<void> {
  await cluster.broker(1).kill()
  await cluster.broker(2).start()
  await waitForTopic(cluster, topic, ({ partitions }) => partitions[0]?.leader === -1)
  await electLeaders(cluster, topic, [0], true)
  await waitForLeader(topic, 2)
}

longTest('what an unclean election took from the source is a gap, and what stands there now is copied', async () => {
  await createTopics(
    cluster,
    { name: 'cut-off', assignments: { 0: [1, 2] }, configs: { 'min.insync.replicas': '1' } },
    { name: 'unclean.cut-off', assignments: { 0: [3] } },
  )
  await waitForReplicas('cut-off')
  await write('cut-off', 0, 50)
  await using twinlog = await mirror('unclean', 'cut-off')
  await twinlog.waitUntilCopied('cut-off')
  await cluster.broker(2).kill()
  await waitForTopic(cluster, 'cut-off', ({ partitions }) => partitions[0]?.isr.length === 1)
  await write('cut-off', 50, 30)
  await twinlog.waitUntilCopied('cut-off', { counts: { 0: 80 } })
  await electUnclean('cut-off')
  // What the new leader has: 50, unless the kill took more from it.
  const kept = (await countOffsets(cluster, 'cut-off'))[0] ?? -1
  assert.ok(kept >= 0 && kept <= 50, `${kept} records`)
  await write('cut-off', 1_000, 40)
  const gap = await twinlog.waitForEvent('GapFound')
  assert.deepEqual(
    [gap.topic, gap.partition, gap.fromOffset, gap.toOffset, gap.reason],
    ['cut-off', 0, kept, 80, 'truncated'],
  )
  await twinlog.waitUntilCopied('cut-off', { counts: { 0: 120 } })
  assert.deepEqual(await values('unclean.cut-off'), [...range(0, 80), ...range(1_000, 40)])
  await cluster.broker(1).start()
  await twinlog.stop()
})

test('what an unclean election took from the target is copied again, and said', async () => {
  await createTopics(cluster, { name: 'again', assignments: { 0: [3] } })
  await createTopics(cluster, {
    name: 'redo.again',
    assignments: { 0: [1, 2] },
    configs: { 'min.insync.replicas': '1' },
  })
  await waitForReplicas('redo.again')
  await write('again', 0, 50)
  await using twinlog = await mirror('redo', 'again')
  await twinlog.waitUntilCopied('again')
  await cluster.broker(2).kill()
  await waitForTopic(cluster, 'redo.again', ({ partitions }) => partitions[0]?.isr.length === 1)
  await write('again', 50, 30)
  await twinlog.waitUntilCopied('again')
  await electUnclean('redo.again')
  assert.deepEqual(await countOffsets(cluster, 'redo.again'), { 0: 50 })
  await write('again', 80, 20)
  await twinlog.waitForEvent(
    'TargetRecordsLost',
    ({ topic, upstreamOffset }) => topic === 'again' && upstreamOffset === 50,
  )
  await twinlog.waitUntilCopied('again')
  assert.deepEqual(await values('redo.again'), range(0, 100))
  await cluster.broker(1).start()
  await twinlog.stop()
})
