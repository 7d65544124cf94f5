import type { LaneStatus, LaneTotals, PartitionStatus } from '../pipeline/lane-status.ts'
import type { FlowState } from './flow-state.ts'

/** The process that owns a flow. */
export interface OwnerSummary {
  readonly host: string
  readonly pid: number
  /** ISO 8601. */
  readonly since: string
  readonly isThisProcess: boolean
}

/** One flow in figures, for the status line. */
export interface FlowSummary {
  readonly flow: string
  readonly state: FlowState['name']
  /** Why it does not copy; null while all is well. */
  readonly reason: string | null
  /** Null while it is not known. */
  readonly owner: OwnerSummary | null
  readonly partitionsCount: number
  readonly copyingCount: number
  readonly recoveringCount: number
  readonly stoppedCount: number
  readonly lagRecords: number
  readonly recordsTotal: number
  readonly bytesTotal: number
  readonly gapsTotal: number
  /** What the promise of docs/delivery.md does not cover, as far as it happened; null: there is no lane now. */
  readonly exceptions: Pick<
    LaneTotals,
    | 'foreignWritesTotal'
    | 'targetLossesTotal'
    | 'duplicatesPossibleTotal'
    | 'fencesTotal'
    | 'unfencedTotal'
    | 'blindPartitionsCount'
    | 'isIdempotent'
    | 'nullKeysTotal'
    | 'deadLettersTotal'
  > | null
  /** Target batches by what was done to make them; null: there is no lane now. */
  readonly batches: Pick<LaneTotals, 'resealedTotal' | 'forwardedTotal' | 'rebuiltTotal' | 'coalescedTotal'> | null
  /** A few of the partitions that a hanging transaction of the source holds up. */
  readonly heldUp: readonly { readonly topic: string; readonly partition: number; readonly reason: string }[]
  /** A few of the partitions that stopped, with their reasons. */
  readonly stopped: readonly { readonly topic: string; readonly partition: number; readonly reason: string }[]
}

const stoppedShownMaxCount = 10

/**
 * @param lane            null while there is none (the flow waits, stands by or has ended)
 * @param more.owner      null while nobody is known to own the flow
 * @param more.gapsTotal  gaps that were found since the process started
 */
export function summarizeFlow(
  flow: string,
  state: FlowState,
  lane: LaneStatus | null,
  { owner, gapsTotal }: { readonly owner: OwnerSummary | null; readonly gapsTotal: number },
): FlowSummary {
  const partitions = lane?.partitions ?? []
  const count = (phase: PartitionStatus['phase']) => partitions.filter((partition) => partition.phase === phase).length
  return {
    flow,
    state: state.name,
    reason: 'cause' in state ? state.cause : null,
    owner,
    partitionsCount: partitions.length,
    copyingCount: count('copying'),
    recoveringCount: count('recovering'),
    stoppedCount: count('stopped'),
    lagRecords: partitions.reduce((sum, { lagRecords }) => sum + Math.max(0, lagRecords), 0),
    recordsTotal: lane?.totals.recordsTotal ?? 0,
    bytesTotal: lane?.totals.bytesTotal ?? 0,
    gapsTotal,
    exceptions: lane === null ? null : exceptionsOf(lane.totals),
    batches: lane === null ? null : batchesOf(lane.totals),
    heldUp: partitions
      .filter(({ heldUpBy }) => heldUpBy !== null)
      .slice(0, stoppedShownMaxCount)
      .map(({ topic, partition, heldUpBy }) => ({ topic, partition, reason: heldUpBy ?? 'unknown' })),
    stopped: partitions
      .filter(({ phase }) => phase === 'stopped')
      .slice(0, stoppedShownMaxCount)
      .map(({ topic, partition, reason }) => ({ topic, partition, reason: reason ?? 'unknown' })),
  }
}

function exceptionsOf(totals: LaneTotals): NonNullable<FlowSummary['exceptions']> {
  const { foreignWritesTotal, targetLossesTotal, duplicatesPossibleTotal } = totals
  const { fencesTotal, unfencedTotal, blindPartitionsCount, isIdempotent, nullKeysTotal, deadLettersTotal } = totals
  return {
    foreignWritesTotal,
    targetLossesTotal,
    duplicatesPossibleTotal,
    fencesTotal,
    unfencedTotal,
    blindPartitionsCount,
    isIdempotent,
    nullKeysTotal,
    deadLettersTotal,
  }
}

function batchesOf(totals: LaneTotals): NonNullable<FlowSummary['batches']> {
  const { resealedTotal, forwardedTotal, rebuiltTotal, coalescedTotal } = totals
  return { resealedTotal, forwardedTotal, rebuiltTotal, coalescedTotal }
}
