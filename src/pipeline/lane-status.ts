import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { DropReason } from '../wire/choose-rewrite.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { isPlausible } from './lane-figures.ts'
import type { LaneFigures } from './lane-figures.ts'
import type { LaneTransactions } from './lane-transactions.ts'
import type { PartitionFigures } from './partition-figures.ts'
import type { ReadSide } from './read-side.ts'
import type { WriteSide } from './write-side.ts'

/** What a partition is doing. `recovering`: after a failure, it finds out from the target how far it came. */
export type PartitionPhase = 'locating' | 'copying' | 'recovering' | 'stopped'

export interface PartitionStatus {
  /** Source topic and partition. */
  readonly topic: string
  readonly partition: number
  readonly targetTopic: string
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
  /**
   * For how long the copy has been behind, by this machine's clock and the timestamps of records; 0 when nothing is missing, null when it cannot be told. No longer
   * than since the source was last seen to have nothing more, however old the records claim to be.
   */
  readonly lagSeconds: number | null
  /** Age of the oldest record that is not copied, by its timestamp (the newest of its batch); null: there is none, or its timestamp cannot be. */
  readonly oldestAgeSeconds: number | null
  readonly recordsTotal: number
  readonly bytesTotal: number
  /** Read and not acknowledged. */
  readonly activeRecords: number
  readonly activeBytes: number
  /** Not to be changed by who reads them. */
  readonly figures: PartitionFigures
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
  readonly dropped: Readonly<Record<DropReason, number>>
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
  /** Upstream offsets that were not sent again although nobody had acknowledged them: the target was asked. */
  readonly duplicatesAvoidedTotal: number
  readonly committedTotal: number
  readonly abortedTotal: number
  /** Acknowledged base offsets that were not the expected ones: somebody else writes to the remote topic. */
  readonly foreignWritesTotal: number
}

export interface LaneStatus {
  readonly totals: LaneTotals
  readonly partitions: readonly PartitionStatus[]
  /** Not to be changed by who reads them. */
  readonly figures: LaneFigures
  /** Bytes of fetched batches that wait to be sent on, and how many may. */
  readonly buffer: { readonly usedBytes: number; readonly totalBytes: number }
}

/** What a lane counts itself, and where the rest is asked for. */
export interface LaneFacts {
  readonly plan: FlowPlan
  readonly nowMs: number
  readonly figures: LaneFigures
  readonly readSide: Pick<ReadSide, 'isEndKnown' | 'totals' | 'buffer'>
  readonly writeSide: Pick<WriteSide, 'totals'>
  /** Null: what is written is not part of transactions. */
  readonly transactions: Pick<LaneTransactions, 'totals'> | null
  readonly counts: Pick<
    LaneTotals,
    'recoveriesTotal' | 'fencesTotal' | 'unfencedTotal' | 'targetLossesTotal' | 'duplicatesPossibleTotal'
  >
}

export function laneStatusOf(all: readonly MirroredPartition[], facts: LaneFacts): LaneStatus {
  const { plan, readSide, writeSide, transactions, counts, figures, nowMs } = facts
  const isReadCommitted = plan.fetch.isolationLevel === 'read_committed'
  const partitions = all.map((partition) =>
    partitionStatusOf(partition, isReadCommitted, readSide.isEndKnown(partition), nowMs),
  )
  const sum = (value: (status: PartitionStatus) => number): number =>
    partitions.reduce((total, status) => total + value(status), 0)
  const totals = {
    blindPartitionsCount: all.filter(({ isTargetBlind }) => isTargetBlind).length,
    isIdempotent: plan.produce.isIdempotent,
    recordsTotal: sum(({ recordsTotal }) => recordsTotal),
    bytesTotal: sum(({ bytesTotal }) => bytesTotal),
    duplicatesAvoidedTotal: sum((status) => status.figures.duplicatesAvoidedTotal),
    ...readSide.totals,
    ...counts,
    ...writeSide.totals,
    committedTotal: transactions?.totals.committedTotal ?? 0,
    abortedTotal: transactions?.totals.abortedTotal ?? 0,
  }
  return { totals, partitions, figures, buffer: readSide.buffer }
}

/**
 * @param isReadCommitted   the flow reads committed data only: its end is the last stable offset
 * @param nowMs             wall clock
 */
function partitionStatusOf(
  partition: MirroredPartition,
  isReadCommitted: boolean,
  isEndKnown: boolean,
  nowMs: number,
): PartitionStatus {
  const { sourceTopic, partition: index, state, copiedOffset, recordsTotal, bytesTotal } = partition
  const endOffset = isReadCommitted ? partition.lastStableOffset : partition.highWatermark
  const lagRecords = copiedOffset >= 0 && endOffset > copiedOffset ? endOffset - copiedOffset : 0
  let activeRecords = 0
  for (const batch of partition.inFlight) activeRecords += batch.count
  for (const batch of partition.queue) activeRecords += batch.count
  return {
    topic: sourceTopic,
    partition: index,
    targetTopic: partition.targetTopic,
    phase: state.name === 'probing' || state.name === 'flowing' ? 'copying' : state.name,
    reason: 'reason' in state ? state.reason : (partition.pendingRefusal?.message ?? partition.delayReason),
    heldUpBy: partition.heldUpBy,
    nextOffset: copiedOffset,
    endOffset,
    isEndKnown,
    lagRecords,
    lagSeconds: lagRecords === 0 ? (isEndKnown ? 0 : null) : secondsSince(behindSince(partition, nowMs), nowMs),
    oldestAgeSeconds: lagRecords === 0 ? null : secondsSince(oldestTimestamp(partition, nowMs), nowMs),
    recordsTotal,
    bytesTotal,
    activeRecords,
    activeBytes: partition.inFlightBytes + partition.queuedBytes,
    figures: partition.figures,
  }
}

/** Of the oldest batch under way, or of the last one that arrived where nothing is; -1: no clock can have written it. */
function oldestTimestamp({ inFlight, queue, figures }: MirroredPartition, nowMs: number): number {
  const timestampMs = (inFlight.first() ?? queue.first())?.timestampMs ?? figures.lastTimestampMs
  return isPlausible(timestampMs, nowMs) ? timestampMs : -1
}

function behindSince(partition: MirroredPartition, nowMs: number): number {
  return Math.max(oldestTimestamp(partition, nowMs), partition.figures.behindSinceMs)
}

function secondsSince(sinceMs: number, nowMs: number): number | null {
  return sinceMs < 0 ? null : Math.max(0, nowMs - sinceMs) / 1000
}
