import type { LedgerEntry } from '../mirror/ledger-entry.ts'

/** One partition that a lane is to copy, with all that was found out about it before. Plain data; made by control. */
export interface PartitionAssignment {
  readonly sourceTopic: string
  readonly targetTopic: string
  readonly partition: number
  /** Next upstream offset by `mm2-offsets` (its last copied offset + 1); null when nothing is stored. */
  readonly storedPosition: number | null
  /** The partition's ledger entry if there is one. It wins over the stored position, which may be a minute old. */
  readonly ledger: LedgerEntry | null
  /** A partition that appeared while the flow ran: it is copied from its start whatever `auto.offset.reset` says. */
  readonly isAdded: boolean
  readonly target: TargetTopicSettings
}

/** What the rewrite choice must know of the remote topic's configuration. */
export interface TargetTopicSettings {
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly maxMessageBytes: number
}
