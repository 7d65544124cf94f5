import type { TwinlogError } from '../base/catalogue.ts'
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

/** A partition that could not be made part of a transaction. */
export interface RefusedPartition extends TopicPartition {
  readonly error: TwinlogError
}

/** What a partition gets that is all right itself, where another one of the call is not. */
const OPERATION_NOT_ATTEMPTED = 55
/** Errors that say something about one partition; all others are the same for each, and concern the producer. */
const ofPartition: ReadonlySet<unknown> = new Set([
  3, // UNKNOWN_TOPIC_OR_PARTITION
  17, // INVALID_TOPIC_EXCEPTION
  29, // TOPIC_AUTHORIZATION_FAILED
])

/** The coordinator refuses as long as the markers of the transaction before are being written: on a healthy cluster a few milliseconds. */
const markerPatience = { retryBackoffMs: 4, retries: 7500 }

/**
 * Makes partitions part of the transaction; with the first ones it begins. Version 1 of the protocol (design.md section 5).
 * @returns the partitions that stand in the way; if there are any, none was added
 * @throws KAFKA_FENCED and others that concern the transaction as a whole
 */
export async function tryAddPartitionsToTransaction(
  cluster: ClusterClient,
  producer: TransactionalProducer,
  partitions: readonly TopicPartition[],
  { signal }: TransactionOptions,
): Promise<readonly RefusedPartition[]> {
  if (partitions.length === 0) return []
  const topics = byTopic(partitions, ({ partition }) => partition).map(([name, indexes]) => ({
    name,
    partitions: indexes,
  }))
  const request = { ...producer, verifyOnly: false, topics }
  const options = { signal, ...markerPatience }
  const answer = await cluster.call('addPartitionsToTxn', coordinatorOf(producer), [[request]], options)
  const refused = answer.resultsByTransaction.flatMap(({ topicResults }) =>
    topicResults.flatMap(({ name, resultsByPartition }) =>
      resultsByPartition
        .filter(({ partitionErrorCode: code }) => code !== 0 && code !== OPERATION_NOT_ATTEMPTED)
        .map(({ partitionIndex, partitionErrorCode }) => {
          const api = `AddPartitionsToTxn of ${name}-${partitionIndex} to ${producer.transactionalId}`
          const error = kafkaError(partitionErrorCode, { cluster: cluster.alias, broker: 'any', api })
          return { topic: name, partition: partitionIndex, error }
        }),
    ),
  )
  const whole = refused.find(({ error }) => !ofPartition.has(error.parameters['errorCode']))
  if (whole !== undefined) throw whole.error
  return refused
}

/**
 * As tryAddPartitionsToTransaction, for those who need all of them.
 * @throws KAFKA_*: of the first partition that could not be added
 */
export async function addPartitionsToTransaction(
  cluster: ClusterClient,
  producer: TransactionalProducer,
  partitions: readonly TopicPartition[],
  options: TransactionOptions,
): Promise<void> {
  const [refused] = await tryAddPartitionsToTransaction(cluster, producer, partitions, options)
  if (refused !== undefined) throw refused.error
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

/**
 * Looks for the transactional id of a producer, at every broker that answers: only its coordinator knows it (KIP-664; brokers from 3.0 on).
 * @returns null when it is not there, or our user may not see it (Describe on the transactional id)
 * @throws KAFKA_*, API_UNSUPPORTED, connection errors, the signal's reason
 */
export async function findTransactionalId(
  cluster: ClusterClient,
  producerId: bigint,
  { signal }: TransactionOptions,
): Promise<string | null> {
  for (const nodeId of cluster.metadata?.brokers.keys() ?? []) {
    const answer = await cluster.call('listTransactions', { nodeId }, [[], [producerId], -1n, null], {
      signal,
      retries: 0,
    })
    const found = answer.transactionStates.find((state) => state.producerId === producerId)
    if (found !== undefined) return found.transactionalId
  }
  return null
}
