import type { LaneStatus } from '../pipeline/lane-status.ts'
import type { FlowState } from './flow-state.ts'
import type { OwnerSummary } from './flow-summary.ts'
import type { GroupsReading } from './groups-reading.ts'
import type { DutyStatus } from './flow-duty.ts'
import type { DurableWrites } from './durable-writes.ts'

/** One flow as it is at one moment, for metrics and status. */
export interface FlowReading {
  /** `source->target` */
  readonly name: string
  readonly source: string
  readonly target: string
  /** It is not enabled and copies nothing; it only writes heartbeats to its target. */
  readonly isHeartbeatsOnly: boolean
  readonly state: FlowState
  /** Why it cannot reach its clusters; null: nothing is in the way. */
  readonly trouble: string | null
  readonly owner: OwnerSummary | null
  readonly gapsTotal: number
  /** Null while there is no lane: the flow waits, stands by or has ended. */
  readonly lane: LaneStatus | null
  /** Null: positions are stored by transactions, or there is no lane. */
  readonly positions: DurableWrites | null
  readonly ledger: DurableWrites | null
  /** What it does beside copying; empty while it does not own the flow. */
  readonly duties: readonly DutyStatus[]
  /** Its consumer groups; null: their offsets are not asked for, or this process does not own the flow. */
  readonly groups: GroupsReading | null
  /** Which forms of MirrorMaker 2's names are served (metric.names.formats). */
  readonly nameFormats: readonly ('legacy' | 'new')[]
}
