import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, electLeaders, listOffsets, waitForTopic } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import { assertExactlyOnceInOrder, assertLogsValid } from '../support/judge.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'
import { oneInFlight, startRecords } from '../support/record-stream.ts'
import { storedOffsets } from '../support/stored-offsets.ts'

/** After this a broker that stands still is missed, and nobody waits for it any more. */
const SESSION_MS = 15_000

/** One cluster is both sides, since three brokers cost much; where replicas are placed says which side a broker serves. */
let cluster: KafkaCluster

before(async () => {
  // Brokers 1 and 2 come and go: what Kafka itself needs, and positions and ledger, are on the third alone.
  const one = { 'offsets.topic.num.partitions': '1', 'transaction.state.log.num.partitions': '1' }
  // As long as twinlog may take to start on a busy machine.
  const patient = { 'broker.session.timeout.ms': String(SESSION_MS) }
  cluster = await startCluster({ brokers: 3, heap: '384m', properties: { ...one, ...patient } })
  const configs = { 'cleanup.policy': 'compact' }
  const names = ['__consumer_offsets', '__transaction_state', ...['mark', 'lost', 'cut'].flatMap(internalTopics)]
  await createTopics(cluster, ...names.map((name) => ({ name, assignments: { 0: [3] }, configs })))
})

after(() => cluster[Symbol.asyncDispose]())

function mirror(alias: string, topics: string, properties: MirrorOptions['properties'] = {}): Promise<Mirror> {
  const usual = { 'us.offset.flush.interval.ms': '3600000', 'twinlog.session.timeout.ms': '6000' }
  return startMirror({ source: cluster, target: cluster, alias, topics, properties: { ...usual, ...properties } })
}

function internalTopics(alias: string): string[] {
  return [`mm2-offsets.${alias}.internal`, `mm2-ledger.${alias}.internal`]
}

async function write(topic: string, first: number, count: number): Promise<void> {
  const steps = Array.from({ length: count }, (_, index) => {
    const record = { topic, partition: 0, key: String(first + index), value: 'x'.repeat(100) }
    return (index + 1) % 10 === 0 ? [record, 'flush' as const] : [record]
  })
  await produceRecords({ ...cluster.adminProperties, ...oneInFlight, 'linger.ms': '1000' }, steps.flat())
}

async function keysAt(topic: string): Promise<string[]> {
  const records = await dumpRecords({ client: cluster.adminProperties, topic })
  return records.map(({ key }) => String(key))
}

async function waitForReplicas(topic: string, count: number): Promise<void> {
  await waitForTopic(cluster, topic, ({ partitions }) => partitions.every(({ isr }) => isr.length === count))
}

test('killed while the end of the copy is above the high watermark, it waits for the replicas, and repeats nothing', async () => {
  await createTopics(cluster, { name: 'above', assignments: { 0: [3] } })
  await createTopics(cluster, { name: 'mark.above', assignments: { 0: [1, 2] } })
  await waitForReplicas('mark.above', 2)
  // Whoever asks a broker that stands still for the others waits for request.timeout.ms.
  const { host, port } = cluster.broker(3)
  const awake = { 'mark.bootstrap.servers': `${host}:${port}`, 'us.bootstrap.servers': `${host}:${port}` }
  await using stack = new AsyncDisposableStack()
  {
    await using twinlog = await mirror('mark', 'above', awake)
    await using stream = startRecords(
      cluster,
      { topic: 'above', partitions: 1, recordsPerSecond: 500, valueBytes: 200 },
      { 'linger.ms': '2' },
    )
    await twinlog.waitUntilGrown('above', 300)
    cluster.broker(2).pause()
    stack.defer(() => cluster.broker(2).resume())
    // Some batches more are appended, and are not acknowledged.
    await sleep(300)
    await twinlog.kill()
    await stream.stop()
  }
  await using twinlog = await mirror('mark', 'above', awake)
  const { msg } = await twinlog.waitForEvent('PartitionDelayed', undefined, { timeoutMs: SESSION_MS })
  assert.match(msg, /is not on all replicas in sync yet/)
  cluster.broker(2).resume()
  await twinlog.waitUntilCopied('above')
  await assertExactlyOnceInOrder(cluster, cluster, 'above', 'mark.above')
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  assert.deepEqual(twinlog.eventsOf('TargetRecordsLost'), [])
  await assertLogsValid(cluster, 'mark.above')
  await twinlog.stop()
})

/** Broker 1 goes, and broker 2, which lacks what was written after it went, leads the topic and has so many records of it. */
async function electUnclean(topic: string, count: number): Promise<void> {
  await cluster.broker(1).kill()
  await cluster.broker(2).start()
  await waitForTopic(cluster, topic, ({ partitions }) => partitions[0]?.leader === -1)
  await electLeaders(cluster, topic, [0], true)
  await waitForTopic(cluster, topic, ({ partitions }) => partitions[0]?.leader === 2)
  assert.equal((await listOffsets(cluster, topic))[0]?.latest, count)
}

test('what an unclean election took from the target between crash and restart is copied again, and no hole is left', async () => {
  await createTopics(cluster, { name: 'redone', assignments: { 0: [3] } })
  await createTopics(cluster, {
    name: 'lost.redone',
    assignments: { 0: [1, 2] },
    configs: { 'min.insync.replicas': '1' },
  })
  await waitForReplicas('lost.redone', 2)
  await write('redone', 0, 50)
  {
    await using twinlog = await mirror('lost', 'redone', { 'us.offset.flush.interval.ms': '200' })
    await twinlog.waitUntilCopied('redone')
    await cluster.broker(2).kill()
    await waitForReplicas('lost.redone', 1)
    await write('redone', 50, 30)
    await twinlog.waitUntilCopied('redone')
    // A position that says more than the target has afterwards.
    while ((await storedOffsets(cluster, 'lost'))['redone-0'] !== 79) await sleep(100)
    await twinlog.kill()
  }
  await electUnclean('lost.redone', 50)
  await write('redone', 80, 20)
  await using twinlog = await mirror('lost', 'redone')
  await twinlog.waitUntilCopied('redone')
  const { msg } = await twinlog.waitForEvent('TargetRecordsLost')
  assert.match(msg, /redone partition 0; they are copied again from upstream offset 50/)
  assert.deepEqual(
    await keysAt('lost.redone'),
    Array.from({ length: 100 }, (_, index) => String(index)),
  )
  await cluster.broker(1).start()
  await waitForReplicas('lost.redone', 2)
  await twinlog.stop()
})

test('a source that was truncated between crash and restart: what it lost is a gap, and all that stands there now is copied', async () => {
  await createTopics(cluster, {
    name: 'truncated',
    assignments: { 0: [1, 2] },
    configs: { 'min.insync.replicas': '1' },
  })
  await createTopics(cluster, { name: 'cut.truncated', assignments: { 0: [3] } })
  await waitForReplicas('truncated', 2)
  await write('truncated', 0, 50)
  {
    await using twinlog = await mirror('cut', 'truncated')
    await twinlog.waitUntilCopied('truncated')
    await cluster.broker(2).kill()
    await waitForReplicas('truncated', 1)
    await write('truncated', 50, 30)
    await twinlog.waitUntilCopied('truncated')
    await twinlog.kill()
  }
  await electUnclean('truncated', 50)
  // More than was lost: at the offset where the copy stands there is another record now.
  await write('truncated', 80, 40)
  await using twinlog = await mirror('cut', 'truncated')
  const { msg } = await twinlog.waitForEvent('GapFound')
  assert.match(msg, /truncated partition 0/)
  await twinlog.waitUntilCopied('truncated', { counts: { 0: 120 } })
  assert.deepEqual(
    await keysAt('cut.truncated'),
    Array.from({ length: 120 }, (_, index) => String(index)),
  )
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  await cluster.broker(1).start()
  await twinlog.stop()
})
