import type { FoundDifference } from './stretch-comparison.ts'
import type { ShownRecord } from './shown-record.ts'

/** A part of a record that differs. */
export type RecordField = 'key' | 'value' | 'headers' | 'timestamp'

/** A difference with what is shown of it: the first record of each side that has one. */
export interface ReportedDifference extends FoundDifference {
  readonly flow: string
  readonly topic: string
  readonly targetTopic: string
  readonly partition: number
  /** Which parts of a changed record differ; empty for other kinds. */
  readonly fields: readonly RecordField[]
  readonly source: ShownRecord | null
  readonly target: ShownRecord | null
}

/** What came of one partition. */
export interface PartitionVerdict {
  readonly flow: string
  readonly topic: string
  readonly targetTopic: string
  readonly partition: number
  /** Different wins over incomplete: what is known to be wrong is not hidden by what is not known. */
  readonly result: 'equal' | 'different' | 'incomplete'
  /** Why it is incomplete; empty otherwise. */
  readonly reasons: readonly string[]
  /** What was left out without being a difference. */
  readonly notes: readonly string[]
  /** Records that are the same on both sides; with --compacted keys. */
  readonly sameCount: number
  readonly differencesCount: number
  /** Everything before these offsets was compared. */
  readonly verifiedUpstream: number
  readonly verifiedDownstream: number
  /** Offsets of the source that are not copied yet. */
  readonly pendingCount: number
}
