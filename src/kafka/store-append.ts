import { NumericMap } from '@platformatic/kafka'
import type { TwinlogError } from '../base/catalogue.ts'
import type { ClusterClient } from './cluster-client.ts'
import { kafkaError } from './kafka-error.ts'
import type { SequencedBatch } from './store-batch.ts'
import type { ProducerIdentity } from './transactions.ts'

/** A batch that a leader has not taken, as far as it said. */
export interface FailedAppend<Batch extends SequencedBatch> {
  readonly batch: Batch
  /** Kafka's number of the error. */
  readonly errorCode: number
  readonly error: TwinlogError
}

const ALL_REPLICAS = -1
const UNKNOWN_TOPIC_OR_PARTITION = 3
const DUPLICATE_SEQUENCE_NUMBER = 46

/**
 * Asks one broker to append batches to partitions of one internal topic, one batch each, and waits for all in-sync replicas. One attempt.
 * @param identity   whose sequences the batches carry; with a transactional id they are part of its transaction
 * @returns          the batches that the broker has not taken. One that it calls a duplicate was written by an earlier attempt, whose answer was lost
 * @throws           connection errors, and what ClusterClient.call throws: then nothing is known of any batch
 */
export async function appendToStore<Batch extends SequencedBatch>(
  cluster: ClusterClient,
  { topic, nodeId, identity }: AppendTarget,
  batches: readonly Batch[],
  { signal }: { readonly signal: AbortSignal },
): Promise<FailedAppend<Batch>[]> {
  const sequences = new NumericMap(batches.map(({ partition, sequence }) => [`${topic}:${partition}`, sequence]))
  const messages = batches.flatMap(({ partition, records, timestamp: writtenAt }) =>
    // The library's types do not have tombstones and records without a key; its code does. A key of a map is a buffer, so that headers may repeat.
    records.map(({ key, value, headers = [], timestamp = writtenAt }) => ({
      topic,
      partition,
      timestamp,
      key: key as Buffer,
      value: value as Buffer,
      headers: new Map(headers as readonly (readonly [Buffer, Buffer])[]),
    })),
  )
  const options = { compression: 'none', ...identity, sequences, partitionLeaderEpoch: -1 } as const
  const { requestTimeoutMs } = cluster.settings
  const answer = await cluster.call('produce', { nodeId }, [ALL_REPLICAS, requestTimeoutMs, messages, options], {
    signal,
    retries: 0,
  })
  const parts = typeof answer === 'object' ? (answer.responses[0]?.partitionResponses ?? []) : []
  const answers = new Map(parts.map((one) => [one.index, one]))
  return batches.flatMap((batch) => {
    const { errorCode = UNKNOWN_TOPIC_OR_PARTITION, errorMessage = null } = answers.get(batch.partition) ?? {}
    if (errorCode === 0 || errorCode === DUPLICATE_SEQUENCE_NUMBER) return []
    const api = `Produce to ${topic}-${batch.partition}`
    const context = { cluster: cluster.alias, broker: String(nodeId), api, detail: errorMessage }
    return [{ batch, errorCode, error: kafkaError(errorCode, context) }]
  })
}

interface AppendTarget {
  readonly topic: string
  /** The leader of all these partitions. */
  readonly nodeId: number
  readonly identity: ProducerIdentity & { readonly transactionalId?: string }
}
