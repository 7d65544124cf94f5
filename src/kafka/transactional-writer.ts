import { NumericMap } from '@platformatic/kafka'
import { createBackoff } from '../base/backoff.ts'
import { systemClock } from '../base/clock.ts'
import { sequenceAfter } from '../mirror/run.ts'
import type { ClusterClient } from './cluster-client.ts'
import { classify, kafkaError } from './kafka-error.ts'
import { batchesByPartition } from './topic-writer.ts'
import type { RecordToWrite } from './topic-writer.ts'
import type { TransactionalProducer } from './transactions.ts'

const attemptsMax = 10
const duplicateSequence = 46
const leaderNotAvailable = 5

interface SequencedBatch {
  readonly partition: number
  readonly records: readonly RecordToWrite[]
  readonly sequence: number
}

/**
 * Writes small amounts into one topic as part of a transaction, whose partitions were added before. After a failure nobody knows what was
 * written: the transaction has to be aborted, and the producer's epoch raised.
 */
export class TransactionalWriter {
  readonly #cluster: ClusterClient
  readonly #topic: string
  #producer: TransactionalProducer | null = null
  readonly #sequences = new Map<number, number>()

  constructor(cluster: ClusterClient, topic: string) {
    this.#cluster = cluster
    this.#topic = topic
  }

  /**
   * Resolves when all records are on all in-sync replicas. Calls must not overlap.
   * @throws KAFKA_*, connection errors, after several attempts with the same sequences
   */
  async write(
    producer: TransactionalProducer,
    records: readonly RecordToWrite[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> {
    if (this.#producer !== producer) this.#sequences.clear()
    this.#producer = producer
    const queues = batchesByPartition(records)
    for (let round = 0; ; round++) {
      const open = [...queues].flatMap(([partition, queue]) => {
        const batch = queue[round]
        return batch === undefined ? [] : [{ partition, records: batch, sequence: this.#take(partition, batch.length) }]
      })
      if (open.length === 0) return
      await this.#writeRound(producer, open, signal)
    }
  }

  #take(partition: number, count: number): number {
    const sequence = this.#sequences.get(partition) ?? 0
    this.#sequences.set(partition, sequenceAfter(sequence, count))
    return sequence
  }

  async #writeRound(producer: TransactionalProducer, batches: readonly SequencedBatch[], signal: AbortSignal) {
    const { retryBackoffMs, retryBackoffMaxMs } = this.#cluster.settings
    const backoff = createBackoff(retryBackoffMs, Math.max(retryBackoffMs, retryBackoffMaxMs))
    let open = batches
    while (open.length > 0) {
      const groups = Map.groupBy(open, ({ partition }) => this.#leader(partition))
      const failures = (
        await Promise.all([...groups].map(([nodeId, group]) => this.#sendGroup(producer, nodeId, group, signal)))
      ).flat()
      const first = failures[0]
      if (first === undefined) return
      const { action } = classify(first.error)
      if ((action !== 'retry' && action !== 'refresh-metadata') || backoff.attempts >= attemptsMax) throw first.error
      await systemClock.sleep(backoff.next(), { signal })
      await this.#cluster.refreshMetadata({ signal, topics: [this.#topic] })
      open = failures.map(({ batch }) => batch)
    }
  }

  /** @returns the batches that are not known to be written, each with its reason */
  async #sendGroup(
    producer: TransactionalProducer,
    nodeId: number,
    batches: readonly SequencedBatch[],
    signal: AbortSignal,
  ) {
    const context = { cluster: this.#cluster.alias, broker: String(nodeId), api: `Produce to ${this.#topic}` }
    try {
      if (nodeId < 0) throw kafkaError(leaderNotAvailable, context)
      return await this.#produce(producer, nodeId, batches, signal)
    } catch (error) {
      signal.throwIfAborted()
      return batches.map((batch) => ({ batch, error }))
    }
  }

  async #produce(
    producer: TransactionalProducer,
    nodeId: number,
    batches: readonly SequencedBatch[],
    signal: AbortSignal,
  ) {
    const topic = this.#topic
    const { transactionalId, producerId, producerEpoch } = producer
    const sequences = new NumericMap(batches.map(({ partition, sequence }) => [`${topic}:${partition}`, sequence]))
    const timestamp = BigInt(systemClock.now())
    const messages = batches.flatMap(({ partition, records }) =>
      // The library's types do not have tombstones; its code does.
      records.map(({ key, value }) => ({ topic, partition, timestamp, key, value: value as Buffer })),
    )
    const identity = { transactionalId, producerId, producerEpoch }
    const options = { compression: 'none', ...identity, sequences, partitionLeaderEpoch: -1 } as const
    const { requestTimeoutMs } = this.#cluster.settings
    const allReplicas = -1
    const answer = await this.#cluster.call('produce', { nodeId }, [allReplicas, requestTimeoutMs, messages, options], {
      signal,
      retries: 0,
    })
    const answers = new Map(
      typeof answer === 'object' ? answer.responses[0]?.partitionResponses.map((one) => [one.index, one]) : [],
    )
    return batches.flatMap((batch) => {
      const { errorCode = 3, errorMessage = null } = answers.get(batch.partition) ?? {}
      if (errorCode === 0 || errorCode === duplicateSequence) return []
      const api = `Produce to ${topic}-${batch.partition}`
      const context = { cluster: this.#cluster.alias, broker: String(nodeId), api, detail: errorMessage }
      return [{ batch, error: kafkaError(errorCode, context) as unknown }]
    })
  }

  #leader(partition: number): number {
    return this.#cluster.metadata?.topics.get(this.#topic)?.partitions[partition]?.leader ?? -1
  }
}
