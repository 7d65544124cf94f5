import type { LaneTotals, PartitionStatus } from '../pipeline/lane-status.ts'
import type { DutyStatus } from './flow-duty.ts'
import type { FlowOwnership } from './flow-ownership.ts'
import type { FlowReading } from './flow-reading.ts'
import type { FlowState } from './flow-state.ts'
import { partitionReadings } from './partition-readings.ts'

/** The process that owns a flow. */
export interface OwnerSummary {
  readonly host: string
  readonly pid: number
  /** ISO 8601. */
  readonly since: string
  readonly isThisProcess: boolean
}

/** One flow in figures, for the status line and GET /status. */
export interface FlowSummary {
  readonly flow: string
  /** It is not enabled and copies nothing; it only writes heartbeats to its target. */
  readonly isHeartbeatsOnly: boolean
  readonly state: FlowState['name']
  /** Why it does not copy; null while all is well. */
  readonly reason: string | null
  /** Null while it is not known. */
  readonly owner: OwnerSummary | null
  readonly partitionsCount: number
  /** It is being found out where they go on. */
  readonly locatingCount: number
  readonly copyingCount: number
  readonly recoveringCount: number
  readonly stoppedCount: number
  /** Of so many the source has not told its end for a while: the lag may be greater than it seems. */
  readonly endUnknownCount: number
  readonly lagRecords: number
  /** The longest of all partitions; null: it cannot be told. See PartitionStatus. */
  readonly lagSeconds: number | null
  readonly oldestAgeSeconds: number | null
  readonly recordsTotal: number
  readonly bytesTotal: number
  /** Over the last 30 to 60 seconds. */
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  readonly gapsTotal: number
  /** What it does beside copying; empty while it does not own the flow. */
  readonly duties: readonly DutyStatus[]
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

/** @param nowMs   wall clock */
export function summarizeFlow(reading: FlowReading, nowMs: number): FlowSummary {
  const { state, lane, owner, gapsTotal, trouble } = reading
  const partitions = lane?.partitions ?? []
  const count = (phase: PartitionStatus['phase']) => partitions.filter((partition) => partition.phase === phase).length
  const [total] = partitionReadings([reading], 'flow', nowMs)
  return {
    flow: reading.name,
    isHeartbeatsOnly: reading.isHeartbeatsOnly,
    state: state.name,
    reason: 'cause' in state ? state.cause : state.name === 'waiting' ? trouble : null,
    owner,
    partitionsCount: partitions.length,
    locatingCount: count('locating'),
    copyingCount: count('copying'),
    recoveringCount: count('recovering'),
    stoppedCount: count('stopped'),
    endUnknownCount: partitions.filter(({ isEndKnown }) => !isEndKnown).length,
    lagRecords: partitions.reduce((sum, { lagRecords }) => sum + Math.max(0, lagRecords), 0),
    lagSeconds: orNull(total?.lagSeconds),
    oldestAgeSeconds: orNull(total?.oldestAgeSeconds),
    recordsTotal: lane?.totals.recordsTotal ?? 0,
    bytesTotal: lane?.totals.bytesTotal ?? 0,
    recordsPerSecond: total?.recordsPerSecond ?? 0,
    bytesPerSecond: total?.bytesPerSecond ?? 0,
    gapsTotal,
    duties: reading.duties,
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

/** Who owns a flow, as far as it is known here. */
export function ownerSummary(ownership: Pick<FlowOwnership, 'owner' | 'isOwner'> | null): OwnerSummary | null {
  const owner = ownership?.owner ?? null
  if (owner === null) return null
  const { host, pid, sinceMs } = owner
  return { host, pid, since: new Date(sinceMs).toISOString(), isThisProcess: ownership?.isOwner === true }
}

function orNull(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value
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
