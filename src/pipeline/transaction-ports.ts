import type { RefusedPartition, TransactionalProducer } from '../kafka/transactions.ts'
import type { SourceOffset } from '../mirror/source-offset-record.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

interface CallOptions {
  readonly signal: AbortSignal
}

/** What the transactions of a lane ask the target. */
export interface TransactionPorts {
  /** Makes partitions, and those of the offsets topic that hold their positions, part of the transaction. @returns those that stand in the way */
  add(
    producer: TransactionalProducer,
    partitions: readonly MirroredPartition[],
    options: CallOptions,
  ): Promise<readonly RefusedPartition[]>
  /** Writes positions as part of the transaction. */
  writePositions(
    producer: TransactionalProducer,
    positions: readonly SourceOffset[],
    options: CallOptions,
  ): Promise<void>
  end(producer: TransactionalProducer, outcome: 'commit' | 'abort', options: CallOptions): Promise<void>
  /** Raises the epoch of a producer that still has its transactional id. */
  renew(producer: TransactionalProducer, options: CallOptions): Promise<TransactionalProducer>
}
