import type { ClusterClient } from '../kafka/cluster-client.ts'
import { TransactionalWriter } from '../kafka/transactional-writer.ts'
import type { RecordToWrite } from '../kafka/store-batch.ts'
import {
  addPartitionsToTransaction,
  endTransaction,
  takeTransactionalId,
  tryAddPartitionsToTransaction,
} from '../kafka/transactions.ts'
import type { RefusedPartition, TransactionalProducer } from '../kafka/transactions.ts'
import type { SourceOffset } from '../mirror/source-offset-record.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { TransactionPorts } from './transaction-ports.ts'

interface CallOptions {
  readonly signal: AbortSignal
}

/** What a lane needs to write in transactions; made by control. */
export interface TransactionalTarget {
  /** Under which the lane begins: the transactional id was taken over with it. */
  readonly producer: TransactionalProducer
  /** transaction.timeout.ms */
  readonly transactionTimeoutMs: number
  /** The topic that holds positions, and the records that store some. */
  readonly offsetsTopic: string
  recordsOf(positions: readonly SourceOffset[]): readonly RecordToWrite[]
}

/** The questions of LaneTransactions, asked of a real cluster. One transaction at a time. */
export class KafkaTransactionPorts implements TransactionPorts {
  readonly #cluster: ClusterClient
  readonly #target: TransactionalTarget
  readonly #writer: TransactionalWriter
  /** Partitions of the offsets topic that are part of the transaction. */
  readonly #added = new Set<number>()
  readonly #homes = new WeakMap<MirroredPartition, number>()
  /** The coordinator may have heard of the transaction. */
  #hasBegun = false

  constructor(cluster: ClusterClient, target: TransactionalTarget) {
    this.#cluster = cluster
    this.#target = target
    this.#writer = new TransactionalWriter(cluster, target.offsetsTopic)
  }

  async add(
    producer: TransactionalProducer,
    partitions: readonly MirroredPartition[],
    options: CallOptions,
  ): Promise<readonly RefusedPartition[]> {
    const homes = this.#notAdded(partitions.map((partition) => this.#homeOf(partition)))
    const targets = partitions.map(({ targetTopic: topic, partition }) => ({ topic, partition }))
    this.#hasBegun = true
    const all = [...targets, ...homes.map((partition) => this.#home(partition))]
    const refused = await tryAddPartitionsToTransaction(this.#cluster, producer, all, options)
    if (refused.length === 0) for (const home of homes) this.#added.add(home)
    return refused
  }

  async writePositions(
    producer: TransactionalProducer,
    positions: readonly SourceOffset[],
    options: CallOptions,
  ): Promise<void> {
    if (positions.length === 0) return
    const records = this.#target.recordsOf(positions)
    const homes = this.#notAdded(records.map(({ partition }) => partition))
    if (homes.length > 0) {
      this.#hasBegun = true
      const partitions = homes.map((partition) => this.#home(partition))
      await addPartitionsToTransaction(this.#cluster, producer, partitions, options)
      for (const home of homes) this.#added.add(home)
    }
    await this.#writer.write(producer, records, options)
  }

  async end(producer: TransactionalProducer, outcome: 'commit' | 'abort', options: CallOptions): Promise<void> {
    if (this.#hasBegun) await endTransaction(this.#cluster, producer, outcome, options)
    this.#hasBegun = false
    this.#added.clear()
  }

  renew(producer: TransactionalProducer, options: CallOptions): Promise<TransactionalProducer> {
    const { transactionTimeoutMs } = this.#target
    return takeTransactionalId(this.#cluster, producer.transactionalId, {
      ...options,
      transactionTimeoutMs,
      current: producer,
    })
  }

  #notAdded(partitions: readonly number[]): number[] {
    return [...new Set(partitions)].filter((partition) => !this.#added.has(partition))
  }

  #home(partition: number): TopicPartition {
    return { topic: this.#target.offsetsTopic, partition }
  }

  /** The partition of the offsets topic that holds a partition's position. */
  #homeOf(partition: MirroredPartition): number {
    const known = this.#homes.get(partition)
    if (known !== undefined) return known
    const { sourceTopic: topic, partition: index } = partition
    const [record] = this.#target.recordsOf([{ topic, partition: index, lastCopiedOffset: 0 }])
    const home = record?.partition ?? 0
    this.#homes.set(partition, home)
    return home
  }
}
