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

/** One cluster is both sides, since three brokers cost much; where replicas are placed says which side a broker serves. */
let cluster: KafkaCluster

before(async () => {
  cluster = await startCluster({ brokers: 3, heap: '384m' })
})

after(() => cluster[Symbol.asyncDispose]())

function mirror(alias: string, topics: string, properties: MirrorOptions['properties'] = {}): Promise<Mirror> {
  const usual = { 'us.offset.flush.interval.ms': '3600000', 'twinlog.session.timeout.ms': '6000' }
  return startMirror({ source: cluster, target: cluster, alias, topics, properties: { ...usual, ...properties } })
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
  await createTopics(cluster, { name: 'above', assignments: { 0: [1] } })
  await createTopics(cluster, { name: 'mark.above', assignments: { 0: [1, 3] } })
  await waitForReplicas('mark.above', 2)
  {
    await using twinlog = await mirror('mark', 'above')
    await using stream = startRecords(
      cluster,
      { topic: 'above', partitions: 1, recordsPerSecond: 500, valueBytes: 200 },
      { 'linger.ms': '2' },
    )
    await twinlog.waitUntilGrown('above', 300)
    cluster.broker(3).pause()
    await sleep(1_500)
    await twinlog.kill()
    await stream.stop().catch(() => undefined)
  }
  const starting = mirror('mark', 'above')
  await sleep(3_000)
  cluster.broker(3).resume()
  await using twinlog = await starting
  await twinlog.waitUntilCopied('above')
  await assertExactlyOnceInOrder(cluster, cluster, 'above', 'mark.above')
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  assert.deepEqual(twinlog.eventsOf('TargetRecordsLost'), [])
  await assertLogsValid(cluster, 'mark.above')
  await twinlog.stop()
})

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
    // The position of record 79 is stored, so that it says more than the target has afterwards.
    await sleep(1_500)
    await twinlog.kill()
  }
  await cluster.broker(1).kill()
  await cluster.broker(2).start()
  await waitForTopic(cluster, 'lost.redone', ({ partitions }) => partitions[0]?.leader === -1)
  await electLeaders(cluster, 'lost.redone', [0], true)
  await waitForTopic(cluster, 'lost.redone', ({ partitions }) => partitions[0]?.leader === 2)
  assert.equal((await listOffsets(cluster, 'lost.redone'))[0]?.latest, 50)
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
  await twinlog.stop()
})
