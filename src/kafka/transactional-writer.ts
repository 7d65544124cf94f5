import { createBackoff } from '../base/backoff.ts'
import { systemClock } from '../base/clock.ts'
import { sequenceAfter } from '../mirror/run.ts'
import type { ClusterClient } from './cluster-client.ts'
import { classify, kafkaError } from './kafka-error.ts'
import { appendToStore } from './store-append.ts'
import { batchesByPartition } from './store-batch.ts'
import type { RecordToWrite, SequencedBatch } from './store-batch.ts'
import type { TransactionalProducer } from './transactions.ts'

const attemptsMax = 10
const leaderNotAvailable = 5

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
    const timestamp = BigInt(systemClock.now())
    for (let round = 0; ; round++) {
      const open = [...queues].flatMap(([partition, queue]) => {
        const batch = queue[round]
        if (batch === undefined) return []
        return [{ partition, records: batch, timestamp, sequence: this.#take(partition, batch.length) }]
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
      const target = { topic: this.#topic, nodeId, identity: producer }
      return await appendToStore(this.#cluster, target, batches, { signal })
    } catch (error) {
      signal.throwIfAborted()
      return batches.map((batch) => ({ batch, error }))
    }
  }

  #leader(partition: number): number {
    return this.#cluster.metadata?.topics.get(this.#topic)?.partitions[partition]?.leader ?? -1
  }
}
