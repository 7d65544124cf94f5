import { isTransactional } from '../mirror/ledger-entry.ts'
import type { LedgerEntry } from '../mirror/ledger-entry.ts'
import type { EarlierRuns } from '../pipeline/partition-assignment.ts'
import { isAnotherIncarnation } from '../mirror/topic-incarnation.ts'

/** What earlier runs wrote down about a partition. */
export interface PartitionHistory {
  readonly ledger: LedgerEntry | null
  /** As `mm2-offsets` has it: the *last* copied upstream offset, not the next one. */
  readonly lastCopiedOffset: number | null
}

/** The incarnations of both topics as they are now; null where a broker is too old for topic ids. */
export interface TopicIds {
  readonly source: string | null
  readonly target: string | null
}

/** Where the copy of a partition takes up, and what has to be said about it. */
export interface PartitionStart {
  /** Next upstream offset by what is stored; null when nothing is, or when it says nothing about this incarnation. */
  readonly storedPosition: number | null
  readonly ledger: LedgerEntry | null
  readonly isAdded: boolean
  /** First upstream offset that was lost with the earlier topic of the same name; null if the source topic is still the same. */
  readonly lostFromOffset: number | null
  readonly isRemoteTopicRecreated: boolean
  readonly earlierInTransactions?: EarlierRuns
}

/**
 * Decides where a partition starts. Pure. A ledger counts sequences in one incarnation of the remote topic, and offsets in one
 * of the source topic; when either is another one by now, it says nothing about what there is.
 * @param isNewToFlow   the partition appeared after the flow first ran: copied from its start whatever auto.offset.reset says
 */
export function decidePartitionStart(history: PartitionHistory, ids: TopicIds, isNewToFlow: boolean): PartitionStart {
  const { ledger, lastCopiedOffset } = history
  const storedPosition = lastCopiedOffset === null ? null : lastCopiedOffset + 1
  const unchanged = { storedPosition, ledger, isAdded: false, lostFromOffset: null, isRemoteTopicRecreated: false }
  if (ledger === null) return { ...unchanged, isAdded: storedPosition === null && isNewToFlow }
  if (isAnotherIncarnation(ledger.sourceTopicId, ids.source)) {
    const lostFromOffset = Math.max(storedPosition ?? 0, lastRunStart(ledger))
    return { storedPosition: null, ledger: null, isAdded: true, lostFromOffset, isRemoteTopicRecreated: false }
  }
  if (isAnotherIncarnation(ledger.targetTopicId, ids.target)) {
    // A run is written down before its batches are sent and after all earlier ones were: its start is a sound lower bound.
    return {
      ...unchanged,
      storedPosition: storedPosition ?? lastRunStart(ledger),
      ledger: null,
      isRemoteTopicRecreated: true,
    }
  }
  if (isTransactional(ledger)) {
    return {
      ...unchanged,
      storedPosition: storedPosition ?? lastRunStart(ledger),
      ledger: null,
      ...earlierRuns(ledger),
    }
  }
  return unchanged
}

function earlierRuns({ runs, sourceTopicId, targetTopicId }: LedgerEntry): { earlierInTransactions?: EarlierRuns } {
  const last = runs.at(-1)
  return last === undefined ? {} : { earlierInTransactions: { last, sourceTopicId, targetTopicId } }
}

function lastRunStart({ runs }: LedgerEntry): number {
  return runs.at(-1)?.upstream ?? 0
}
