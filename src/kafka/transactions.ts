import type { TopicPartition } from '../mirror/topic-partition.ts'
import { byTopic } from './by-topic.ts'
import type { ClusterClient } from './cluster-client.ts'
import { kafkaError } from './kafka-error.ts'

/** A producer id that the target gave out, and how often it was taken over. */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** The identity that a transactional id stands for now. */
export interface TransactionalProducer extends ProducerIdentity {
  readonly transactionalId: string
}

interface TransactionOptions {
  readonly signal: AbortSignal
}

/**
 * The coordinator refuses (CONCURRENT_TRANSACTIONS) until the markers of the transaction before are written. Kafka's producer asks again after 20 ms
 * (TransactionManager.ADD_PARTITIONS_RETRY_BACKOFF_MS); half a minute of it is more than any of that takes.
 */
const patience = { retryBackoffMs: 20, retries: 1500 }

/**
 * Takes a transactional id over: whoever had it is fenced at the transaction coordinator, and what it left open is aborted before this returns.
 * A partition leader goes on taking the old epoch until a marker of the new one is in the partition (tried: ../shared/spike/fence.mjs).
 * @param options.transactionTimeoutMs   after so long the coordinator aborts what is left open; at most the broker's transaction.max.timeout.ms
 * @param options.current                our own identity, to raise its epoch after an error (KIP-360); it fails with a fence if another took over meanwhile
 * @throws KAFKA_FENCED, KAFKA_UNAUTHORIZED, KAFKA_REFUSED, connection errors, the signal's reason
 * Source: InitProducerId, KIP-98, KIP-360.
 */
export async function takeTransactionalId(
  cluster: ClusterClient,
  transactionalId: string,
  options: TransactionOptions & { readonly transactionTimeoutMs: number; readonly current?: ProducerIdentity },
): Promise<TransactionalProducer> {
  const { signal, transactionTimeoutMs, current } = options
  const answer = await cluster.call(
    'initProducerId',
    { coordinator: 'transaction', key: transactionalId },
    [transactionalId, transactionTimeoutMs, current?.producerId ?? -1n, current?.producerEpoch ?? -1],
    { signal, ...patience },
  )
  return { transactionalId, producerId: answer.producerId, producerEpoch: answer.producerEpoch }
}

/**
 * Makes partitions part of the transaction; with the first ones it begins. Version 1 of the protocol (design.md section 5). All or none are added.
 * @throws KAFKA_*: of the first partition that could not be added
 */
export async function addPartitionsToTransaction(
  cluster: ClusterClient,
  producer: TransactionalProducer,
  partitions: readonly TopicPartition[],
  { signal }: TransactionOptions,
): Promise<void> {
  if (partitions.length === 0) return
  const topics = byTopic(partitions, ({ partition }) => partition).map(([name, indexes]) => ({
    name,
    partitions: indexes,
  }))
  const request = { ...producer, verifyOnly: false, topics }
  const answer = await cluster.call('addPartitionsToTxn', coordinatorOf(producer), [[request]], { signal, ...patience })
  const failures = answer.resultsByTransaction.flatMap(({ topicResults }) =>
    topicResults.flatMap(({ name, resultsByPartition }) =>
      resultsByPartition
        .filter(({ partitionErrorCode }) => partitionErrorCode !== 0)
        .map(({ partitionIndex, partitionErrorCode }) => ({ name, partitionIndex, partitionErrorCode })),
    ),
  )
  const operationNotAttempted = 55
  const cause = failures.find(({ partitionErrorCode }) => partitionErrorCode !== operationNotAttempted) ?? failures[0]
  if (cause === undefined) return
  const api = `AddPartitionsToTxn of ${cause.name}-${cause.partitionIndex} to ${producer.transactionalId}`
  throw kafkaError(cause.partitionErrorCode, { cluster: cluster.alias, broker: 'any', api })
}

/**
 * Commits or aborts. When it returns the outcome is decided and durable; the markers are in the partitions a moment later.
 * @throws KAFKA_FENCED when another took the transactional id over, KAFKA_REFUSED (INVALID_TXN_STATE) when nothing was open
 */
export async function endTransaction(
  cluster: ClusterClient,
  producer: TransactionalProducer,
  outcome: 'commit' | 'abort',
  { signal }: TransactionOptions,
): Promise<void> {
  const { transactionalId, producerId, producerEpoch } = producer
  const isCommit = outcome === 'commit'
  const args = [transactionalId, producerId, producerEpoch, isCommit] as [string, bigint, number, boolean]
  await cluster.call('endTxn', coordinatorOf(producer), args, { signal, ...patience })
}

function coordinatorOf({ transactionalId }: TransactionalProducer): { coordinator: 'transaction'; key: string } {
  return { coordinator: 'transaction', key: transactionalId }
}
