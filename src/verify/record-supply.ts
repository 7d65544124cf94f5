import type { AbortedTransactions } from '../wire/aborted-transactions.ts'

/** One fetched answer's batches, whole but for the last one. They are not to be touched after the release. */
export interface FetchedRecords {
  readonly bytes: Buffer
  /** Index of the first batch, and index after the last one. */
  readonly recordsStart: number
  readonly recordsEnd: number
  /** Null when reading uncommitted. */
  readonly aborted: AbortedTransactions | null
  release(): void
}

/** Where a cursor gets its batches from: a partition of a cluster, or a test's memory. */
export interface RecordSupply extends AsyncDisposable {
  /**
   * @returns the next answer, in offset order; null at the end of the range. It may begin before the position, with the batch that holds it.
   */
  next(): Promise<FetchedRecords | null>
}

/** Opens a supply from one offset to another (exclusive). */
export type OpenSupply = (from: number, to: number) => RecordSupply
