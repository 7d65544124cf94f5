import type { MirroredPartition } from './mirrored-partition.ts'

/** What a partition is doing. `recovering`: after a failure, it finds out from the target how far it came. */
export type PartitionPhase = 'locating' | 'copying' | 'recovering' | 'stopped'

export interface PartitionStatus {
  /** Source topic and partition. */
  readonly topic: string
  readonly partition: number
  readonly phase: PartitionPhase
  /** Why it is stopped or recovering; null while all is well. */
  readonly reason: string | null
  /** What of the source holds it up although all is well here: a transaction that nobody ends. */
  readonly heldUpBy: string | null
  /** Next upstream offset that the target has not acknowledged (with transactions: not committed); -1 before it is known. */
  readonly nextOffset: number
  /** End of what a consumer of the flow's isolation level may read at the source; -1 before the first answer. */
  readonly endOffset: number
  /** The end is not older than a moment, or no other came after it: the topic is gone. */
  readonly isEndKnown: boolean
  readonly lagRecords: number
  readonly recordsTotal: number
  readonly bytesTotal: number
}

export interface LaneTotals {
  readonly recordsTotal: number
  readonly bytesTotal: number
  /** Target batches by what was done to make them, and dropped source batches. */
  readonly resealedTotal: number
  readonly forwardedTotal: number
  readonly rebuiltTotal: number
  readonly coalescedTotal: number
  readonly droppedTotal: number
  /** Records without a key that were left out, because the remote topic is compacted. */
  readonly nullKeysTotal: number
  /** Records that were too large for their remote topics, and were written to the dead letter topic. */
  readonly deadLettersTotal: number
  readonly recoveriesTotal: number
  /** Partitions whose target does not say how far the copy came: no READ permission, or brokers before 2.8. */
  readonly blindPartitionsCount: number
  /** False: the user switched idempotence off, and the copy may hold records twice. */
  readonly isIdempotent: boolean
  /** Partitions that a marker was put into, because a batch of an earlier life could still have come. */
  readonly fencesTotal: number
  /** Partitions that needed one and could not get it: there such a batch may be in the copy twice. */
  readonly unfencedTotal: number
  /** How often the target had lost what it had acknowledged. */
  readonly targetLossesTotal: number
  /** How often records may have been copied twice, because the target does not tell how far the copy came. */
  readonly duplicatesPossibleTotal: number
  readonly committedTotal: number
  readonly abortedTotal: number
  /** Acknowledged base offsets that were not the expected ones: somebody else writes to the remote topic. */
  readonly foreignWritesTotal: number
}

export interface LaneStatus {
  readonly totals: LaneTotals
  readonly partitions: readonly PartitionStatus[]
}

/** @param isReadCommitted   the flow reads committed data only: its end is the last stable offset */
export function partitionStatusOf(
  partition: MirroredPartition,
  isReadCommitted: boolean,
  isEndKnown: boolean,
): PartitionStatus {
  const { sourceTopic, partition: index, state, copiedOffset, recordsTotal, bytesTotal } = partition
  const endOffset = isReadCommitted ? partition.lastStableOffset : partition.highWatermark
  return {
    topic: sourceTopic,
    partition: index,
    phase: state.name === 'probing' || state.name === 'flowing' ? 'copying' : state.name,
    reason: 'reason' in state ? state.reason : (partition.pendingRefusal?.message ?? partition.delayReason),
    heldUpBy: partition.heldUpBy,
    nextOffset: copiedOffset,
    endOffset,
    isEndKnown,
    lagRecords: copiedOffset >= 0 && endOffset > copiedOffset ? endOffset - copiedOffset : 0,
    recordsTotal,
    bytesTotal,
  }
}
