import type { LedgerEntry } from '../mirror/ledger-entry.ts'
import type { Run } from '../mirror/run.ts'

/** One partition that a lane is to copy, with all that was found out about it before. Plain data; made by control. */
export interface PartitionAssignment {
  readonly sourceTopic: string
  readonly targetTopic: string
  readonly partition: number
  /**
   * Which incarnations of the two topics all this was found out about; null where a broker has no topic ids. A lane's own metadata may be
   * older: then it waits for newer.
   */
  readonly sourceTopicId: string | null
  readonly targetTopicId: string | null
  /** Next upstream offset by `mm2-offsets` (its last copied offset + 1); null when nothing is stored. */
  readonly storedPosition: number | null
  /** The partition's ledger entry if there is one. It wins over the stored position, which may be a minute old. */
  readonly ledger: LedgerEntry | null
  /** A partition that appeared while the flow ran: it is copied from its start whatever `auto.offset.reset` says. */
  readonly isAdded: boolean
  readonly target: TargetTopicSettings
  /** Present where an earlier life copied it in transactions: then there is no `ledger`, and the stored position counts. */
  readonly earlierInTransactions?: EarlierRuns
}

/** What earlier transactions wrote down of where records went, as far as more can be added to it. */
export interface EarlierRuns {
  /** The last run; without a downstream offset it begins where all before it ends. */
  readonly last: Run
  /** As they are written down: an entry goes on under these. */
  readonly sourceTopicId: string | null
  readonly targetTopicId: string | null
}

/** What is assumed of a remote topic whose configuration cannot be read: the broker has the last word on sizes anyway. */
export const UNKNOWN_TARGET_SETTINGS: TargetTopicSettings = {
  timestampType: 'CreateTime',
  maxMessageBytes: Number.MAX_SAFE_INTEGER,
}

/** What the rewrite choice must know of the remote topic's configuration. */
export interface TargetTopicSettings {
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly maxMessageBytes: number
}
