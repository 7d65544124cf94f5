import { createTopics } from '../../dev/kafka/admin.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { produceRecords } from '../../dev/kafka/records.ts'
import { startRecords, startTransactions } from '../../test/support/record-stream.ts'

/** Topics of the soak and their numbers of partitions; nothing is ever written to the idle one before the end. */
export const TOPICS = { large: 2, small: 4, transactions: 3, idle: 40 } as const

/** Key of the last record of each partition. */
export const END_KEY = 'end'

/** The load, running; `stop` ends it and marks the end of each partition. */
export interface SoakLoad extends AsyncDisposable {
  stop(): Promise<string>
}

/** Begins to write: large lz4 batches, a batch for each small record, and transactions of which half are aborted. @param rate   1: as it is meant */
export async function startLoad(source: KafkaCluster, rate: number): Promise<SoakLoad> {
  const replicationFactor = source.brokers.length
  await createTopics(
    source,
    ...Object.entries(TOPICS).map(([name, partitions]) => ({ name, partitions, replicationFactor })),
  )
  const streams = [
    startRecords(
      source,
      { topic: 'large', partitions: TOPICS.large, recordsPerSecond: 400 * rate, valueBytes: 1_000 },
      { 'compression.type': 'lz4', 'linger.ms': '200', 'batch.size': '262144' },
    ),
    startRecords(
      source,
      { topic: 'small', partitions: TOPICS.small, recordsPerSecond: 150 * rate, valueBytes: 100 },
      { 'linger.ms': '0' },
    ),
  ]
  const transactions = startTransactions(source, {
    topic: 'transactions',
    partitions: TOPICS.transactions,
    transactionalId: 'soak',
    transactionsPerSecond: 15 * rate,
  })
  return {
    async stop() {
      const written = await Promise.all(streams.map((stream) => stream.stop()))
      const { committed, aborted, failed } = await transactions.stop()
      await markEnds(source)
      const acked = written.map(({ acked: each }) => Object.values(each).reduce((sum, count) => sum + count, 0))
      return `${acked.join(' large and ')} small records, ${committed} transactions committed, ${aborted} aborted, ${failed} failed`
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...streams, transactions].map((stream) => stream[Symbol.asyncDispose]()))
    },
  }
}

async function markEnds(source: KafkaCluster): Promise<void> {
  const ends = Object.entries(TOPICS).flatMap(([topic, partitions]) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition, key: END_KEY, value: '' })),
  )
  await produceRecords(source.adminProperties, ends)
}
