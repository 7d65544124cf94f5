import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTopics, describeTopicConfigs, describeTopic } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import { systemClock } from '../../src/base/clock.ts'
import { LedgerStore } from '../../src/control/ledger-store.ts'
import { SourceOffsetStore } from '../../src/control/source-offset-store.ts'
import { ClusterClient } from '../../src/kafka/cluster-client.ts'
import type { Gap } from '../../src/mirror/gap.ts'
import type { LedgerIdentity } from '../../src/mirror/ledger-entry.ts'
import type { Run } from '../../src/mirror/run.ts'
import { encodeSourceOffsetKey, SOURCE_CONNECTOR_NAME } from '../../src/mirror/source-offset-record.ts'
import { plainClientSettings } from '../support/plain-client-settings.ts'

const options = { signal: AbortSignal.timeout(180_000) }
const owner = { connectorName: SOURCE_CONNECTOR_NAME, sourceAlias: 'eu' }
const identity: LedgerIdentity = {
  producerId: 4_000n,
  producerEpoch: 1,
  firstSequence: 0,
  sourceTopicId: '00000000-0000-0000-0000-000000000001',
  targetTopicId: null,
  sourceLeaderEpoch: 5,
}

let cluster: KafkaCluster
let client: ClusterClient

before(async () => {
  cluster = await startCluster()
  client = connect()
})

after(async () => {
  await client[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

function connect(): ClusterClient {
  return new ClusterClient('us', plainClientSettings(cluster.bootstrap), { clock: systemClock, random: Math.random })
}

function openLedger(on: ClusterClient, ledgerTopic: string, replicationFactor = 1): Promise<LedgerStore> {
  return LedgerStore.open(on, { ledgerTopic, replicationFactor, sourceClusterId: 'source', planHash: 7n }, options)
}

function openOffsets(on: ClusterClient, offsetsTopic: string): Promise<SourceOffsetStore> {
  const topicConfigs = { 'segment.bytes': '1048576' }
  return SourceOffsetStore.open(
    on,
    { offsetsTopic, partitionsCount: 25, replicationFactor: 1, topicConfigs, owner },
    options,
  )
}

function runsOf(count: number): Run[] {
  return Array.from({ length: count }, (_, index) => ({ upstream: index * 2, sequence: index, downstream: index }))
}

test('the ledger is created compacted with one partition, and another process finds what was written', async () => {
  const ledgerTopic = 'mm2-ledger.a.internal'
  const store = await openLedger(client, ledgerTopic)
  assert.equal((await describeTopicConfigs(cluster, ledgerTopic))['cleanup.policy'], 'compact')
  assert.equal((await describeTopic(cluster, ledgerTopic)).partitions.length, 1)
  const runs = runsOf(6_000)
  const gap: Gap = { topic: 'orders', partition: 0, fromOffset: 3, toOffset: 9, reason: 'truncated', atMs: 5 }
  await Promise.all([
    store.write([{ topic: 'orders', partition: 0, identity, replaces: true, runs: runs.slice(0, 5_000) }], options),
    store.write([{ topic: 'orders', partition: 0, identity, replaces: false, runs: runs.slice(5_000) }], options),
    store.writeGap(gap, options),
  ])
  await using second = connect()
  const found = await openLedger(second, ledgerTopic)
  assert.deepEqual(found.find('orders', 0), { ...identity, runs })
  assert.deepEqual(found.gaps(), [gap])
})

test('the ledger takes ten thousand partitions at once and is read again within seconds', async () => {
  const ledgerTopic = 'mm2-ledger.many.internal'
  const store = await openLedger(client, ledgerTopic)
  const writes = Array.from({ length: 10_000 }, (_, partition) => ({
    topic: 'a-topic-with-a-name-of-usual-length',
    partition,
    identity,
    replaces: true,
    runs: runsOf(1),
  }))
  await store.write(writes, options)
  const startMs = performance.now()
  const found = await openLedger(client, ledgerTopic)
  assert.ok(performance.now() - startMs < 5_000, `${performance.now() - startMs} ms`)
  for (const partition of [0, 5_000, 9_999]) {
    assert.deepEqual(found.find('a-topic-with-a-name-of-usual-length', partition)?.runs, runsOf(1))
  }
})

test('a ledger topic that cannot have its replicas is refused with the reason, not made with fewer', async () => {
  await assert.rejects(openLedger(client, 'mm2-ledger.three.internal', 3), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'KAFKA_REFUSED')
    assert.match(error.message, /INVALID_REPLICATION_FACTOR/)
    return true
  })
})

test('a ledger topic that is not compacted is refused', async () => {
  await createTopics(cluster, { name: 'mm2-ledger.b.internal', configs: { 'cleanup.policy': 'delete' } })
  await assert.rejects(openLedger(client, 'mm2-ledger.b.internal'), { code: 'INTERNAL_TOPIC_NOT_COMPACTED' })
})

test('positions lie where a Java producer would put them, and another process finds them', async () => {
  const offsetsTopic = 'mm2-offsets.eu.internal'
  const store = await openOffsets(client, offsetsTopic)
  const configs = await describeTopicConfigs(cluster, offsetsTopic)
  assert.equal(configs['cleanup.policy'], 'compact')
  assert.equal(configs['segment.bytes'], '1048576')
  const entries = Array.from({ length: 200 }, (_, index) => ({
    topic: `topic-${index}`,
    partition: index % 7,
    lastCopiedOffset: index,
  }))
  await store.write(entries, options)
  await store.write([{ topic: 'topic-0', partition: 0, lastCopiedOffset: 1_000 }], options)
  const found = await openOffsets(client, offsetsTopic)
  assert.equal(found.find('topic-0', 0), 1_000)
  assert.equal(found.nextOffset('topic-199', 199 % 7), 200)
  assert.equal(found.find('topic-1', 0), null)
  const dumped = await dumpRecords({ client: cluster.adminProperties, topic: offsetsTopic })
  assert.equal(dumped.length, 201)
  const inFirst = dumped.find(({ key }) =>
    key?.equals(encodeSourceOffsetKey(owner, { topic: 'topic-0', partition: 0 })),
  )
  assert.equal(inFirst?.value?.toString(), '{"offset":0}')
})

test('tombstones and positions of aborted transactions do not count', async () => {
  const offsetsTopic = 'mm2-offsets.c.internal'
  const first = await openOffsets(client, offsetsTopic)
  await first.write(
    [1, 2].map((partition) => ({ topic: 't', partition, lastCopiedOffset: 10 })),
    options,
  )
  const dumped = await dumpRecords({ client: cluster.adminProperties, topic: offsetsTopic })
  const transactional = { ...cluster.adminProperties, 'transactional.id': 'connect-worker' }
  const record = (index: number, value: string | null) => ({
    topic: offsetsTopic,
    partition: dumped[index]?.partition ?? 0,
    key: dumped[index]?.key ?? null,
    value,
  })
  await produceRecords(transactional, [
    'begin',
    record(0, '{"offset":99}'),
    'abort',
    'begin',
    record(1, null),
    'commit',
  ])
  const found = await openOffsets(client, offsetsTopic)
  const positions = new Set([1, 2].map((partition) => found.find('t', partition)))
  assert.deepEqual(positions, new Set([10, null]))
})

test('a write while the broker restarts waits for it and is durable', async () => {
  const ledgerTopic = 'mm2-ledger.restart.internal'
  const store = await openLedger(client, ledgerTopic)
  await store.write([{ topic: 'orders', partition: 0, identity, replaces: true, runs: runsOf(1) }], options)
  const broker = cluster.brokers[0]
  assert.ok(broker !== undefined)
  await broker.kill()
  const write = { topic: 'orders', partition: 0, identity, replaces: false, runs: runsOf(3) }
  await Promise.all([store.write([write], options), broker.start()])
  await using second = connect()
  assert.deepEqual((await openLedger(second, ledgerTopic)).find('orders', 0)?.runs, runsOf(3))
})
