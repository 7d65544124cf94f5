import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { NumericMap } from '@platformatic/kafka'
import { createTopics, listOffsets } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { systemClock } from '../../src/base/clock.ts'
import { LedgerStore } from '../../src/control/ledger-store.ts'
import { SourceOffsetStore } from '../../src/control/source-offset-store.ts'
import { describeProducers } from '../../src/kafka/admin.ts'
import { ClusterClient } from '../../src/kafka/cluster-client.ts'
import { FencingProducer } from '../../src/kafka/fencing-producer.ts'
import { kafkaErrorName } from '../../src/kafka/kafka-error.ts'
import { addPartitionsToTransaction, endTransaction, takeTransactionalId } from '../../src/kafka/transactions.ts'
import type { ProducerIdentity } from '../../src/kafka/transactions.ts'
import { SOURCE_CONNECTOR_NAME } from '../../src/mirror/source-offset-record.ts'
import { plainClientSettings } from '../support/plain-client-settings.ts'

const options = { signal: AbortSignal.timeout(240_000) }

let cluster: KafkaCluster
let client: ClusterClient
/** Errors after which a call was tried again. */
const retried: string[] = []

before(async () => {
  cluster = await startCluster()
  client = new ClusterClient('us', plainClientSettings(cluster.bootstrap), {
    clock: systemClock,
    random: Math.random,
    onEvent: (event) => void (event.name === 'CallRetried' && retried.push(event.error.message)),
  })
})

after(async () => {
  await client[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

/** Writes one record as a plain idempotent batch. @returns Kafka's name of the answer's error */
async function write(topic: string, identity: ProducerIdentity, sequence: number): Promise<string> {
  await client.refreshMetadata({ ...options, topics: [topic] })
  const records = [{ topic, partition: 0, key: Buffer.from('k'), value: Buffer.from('v') }]
  const sequences = new NumericMap([[`${topic}:0`, sequence]])
  const producing = { compression: 'none', ...identity, sequences, partitionLeaderEpoch: -1 } as const
  const args = [-1, 10_000, records, producing] as const
  const answer = await client.call('produce', { nodeId: 1 }, [...args] as never, { ...options, retries: 0 })
  assert.ok(typeof answer === 'object')
  return kafkaErrorName(answer.responses[0]?.partitionResponses[0]?.errorCode ?? 0)
}

test('a marker refuses the earlier epochs of a producer id, costs one offset, and the new epoch begins at sequence 0', async () => {
  await createTopics(cluster, { name: 'fenced' })
  const first = await new FencingProducer(client, 'fence-a').take(options)
  assert.ok(first !== null)
  assert.deepEqual([await write('fenced', first, 0), await write('fenced', first, 1)], ['NONE', 'NONE'])
  const successor = new FencingProducer(client, 'fence-a')
  const taken = await successor.take(options)
  assert.deepEqual(taken?.producerId, first.producerId)
  assert.equal(await write('fenced', first, 2), 'NONE', 'without a marker the old epoch is still taken')
  const second = await successor.fenceAndWait([{ topic: 'fenced', partition: 0 }], options)
  assert.ok(second !== null && second.producerEpoch > first.producerEpoch)
  assert.equal(await write('fenced', first, 3), 'INVALID_PRODUCER_EPOCH')
  assert.equal(await write('fenced', second, 0), 'NONE')
  assert.deepEqual(await listOffsets(cluster, 'fenced'), { 0: { earliest: 0, latest: 5 } })
})

test('who was replaced can neither fence nor raise its epoch', async () => {
  await createTopics(cluster, { name: 'replaced' })
  const old = new FencingProducer(client, 'replaced')
  await old.take(options)
  const successor = new FencingProducer(client, 'replaced')
  await successor.take(options)
  const partition = { topic: 'replaced', partition: 0 }
  await assert.rejects(old.fence([partition], options), { code: 'PRODUCER_REPLACED', action: 'fence' })
  await assert.rejects(old.renew(options), { code: 'PRODUCER_REPLACED', action: 'fence' })
  assert.notEqual(await successor.fence([partition], options), null)
})

test('fences that come close upon each other wait until the markers of the one before are written', async () => {
  await createTopics(cluster, { name: 'often', partitions: 40 })
  const producer = new FencingProducer(client, 'often')
  const partitions = Array.from({ length: 40 }, (_, partition) => ({ topic: 'often', partition }))
  retried.length = 0
  const epochs: number[] = []
  for (let round = 0; round < 5; round++) {
    // Asked for at the same time, too.
    const identities = await Promise.all([producer.fence(partitions, options), producer.fence(partitions, options)])
    for (const identity of identities) epochs.push(identity?.producerEpoch ?? -1)
  }
  assert.ok(new Set(epochs).size === 10, `epochs: ${epochs.join(', ')}`)
  assert.ok(
    retried.some((message) => message.includes('CONCURRENT_TRANSACTIONS')),
    'nothing had to be waited for, so this test shows nothing',
  )
  const last = await producer.renew(options)
  const outcomes = await describeProducers(client, partitions, options)
  for (const { value } of outcomes) {
    assert.deepEqual(
      value?.producers.map(({ producerEpoch, lastSequence }) => [producerEpoch, lastSequence]),
      [[epochs.at(-1), -1]],
    )
  }
  assert.ok((last?.producerEpoch ?? -1) > (epochs.at(-1) ?? 0))
  assert.equal((await listOffsets(cluster, 'often'))[0]?.latest, 10)
})

test('a transaction that a dead process left open is aborted by whoever takes its id over', async () => {
  await createTopics(cluster, { name: 'left-open' })
  const partition = { topic: 'left-open', partition: 0 }
  const dead = await takeTransactionalId(client, 'left-open', { ...options, transactionTimeoutMs: 600_000 })
  await addPartitionsToTransaction(client, dead, [partition], options)
  const next = await takeTransactionalId(client, 'left-open', { ...options, transactionTimeoutMs: 600_000 })
  assert.ok(next.producerEpoch > dead.producerEpoch)
  await assert.rejects(endTransaction(client, dead, 'commit', options), { action: 'fence' })
  await addPartitionsToTransaction(client, next, [partition], options)
  await endTransaction(client, next, 'commit', options)
})

test('partitions that do not exist are named, and nothing is added', async () => {
  await createTopics(cluster, { name: 'exists' })
  const producer = await takeTransactionalId(client, 'missing', { ...options, transactionTimeoutMs: 60_000 })
  const partitions = [
    { topic: 'exists', partition: 0 },
    { topic: 'exists', partition: 7 },
  ]
  // Kafka's own client waits for such a partition to appear; so does the call, unless it is told to stop.
  await assert.rejects(
    addPartitionsToTransaction(client, producer, partitions, { signal: AbortSignal.timeout(5_000) }),
    (error: unknown) =>
      error instanceof Error && /UNKNOWN_TOPIC_OR_PARTITION|abort|timeout/i.test(`${error.name} ${error.message}`),
  )
})

test('ledger and positions take nothing from a process whose successor has opened them', async () => {
  const openBoth = async () => {
    const producer = new FencingProducer(client, 'stores')
    const ledgerOptions = {
      ledgerTopic: 'mm2-ledger.eu.internal',
      replicationFactor: 1,
      sourceClusterId: 's',
      planHash: 7n,
    }
    const owner = { connectorName: SOURCE_CONNECTOR_NAME, sourceAlias: 'eu' }
    const offsetsOptions = { offsetsTopic: 'mm2-offsets.eu.internal', partitionsCount: 25, replicationFactor: 1 }
    const [ledger, offsets] = await Promise.all([
      LedgerStore.open(client, ledgerOptions, { ...options, producer }),
      SourceOffsetStore.open(client, { ...offsetsOptions, topicConfigs: {}, owner }, { ...options, producer }),
    ])
    return { ledger, offsets }
  }
  const run = (upstream: number) => ({ upstream, sequence: upstream, downstream: upstream })
  const write = (upstream: number, replaces: boolean) => ({
    ...{ topic: 'orders', partition: 0, replaces, runs: [run(upstream)] },
    identity: {
      producerId: 1n,
      producerEpoch: 0,
      firstSequence: 0,
      sourceTopicId: null,
      targetTopicId: null,
      sourceLeaderEpoch: 0,
    },
  })
  const position = (lastCopiedOffset: number) => [{ topic: 'orders', partition: 0, lastCopiedOffset }]
  const old = await openBoth()
  await old.ledger.write([write(0, true)], options)
  await old.offsets.write(position(10), options)
  const successor = await openBoth()
  assert.equal(successor.ledger.find('orders', 0)?.runs.length, 1)
  assert.equal(successor.offsets.find('orders', 0), 10)
  // Before the successor has written anything: its markers alone refuse the old process.
  await assert.rejects(old.ledger.write([write(500, false)], options), { code: 'STORE_FENCED' })
  await assert.rejects(old.offsets.write(position(500), options), { code: 'STORE_FENCED' })
  // Nor does it get a new identity when it tries again.
  await assert.rejects(old.ledger.write([write(600, false)], options), { code: 'PRODUCER_REPLACED' })
  await assert.rejects(old.offsets.write(position(600), options), { code: 'PRODUCER_REPLACED' })
  await successor.ledger.write([write(100, false)], options)
  await successor.offsets.write(position(20), options)
  const third = await openBoth()
  assert.deepEqual(
    third.ledger.find('orders', 0)?.runs.map(({ upstream }) => upstream),
    [0, 100],
  )
  assert.equal(third.offsets.find('orders', 0), 20)
  assert.deepEqual(third.ledger.problems, [])
  assert.deepEqual(third.offsets.unreadable, [])
})
