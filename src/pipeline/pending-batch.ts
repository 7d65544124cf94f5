import type { FrameLease } from './frame-lease.ts'

/** Set when the runs that a fetched answer begins are durable in the ledger; their batches wait for it. */
export interface LedgerTicket {
  isDurable: boolean
  /** Monotonic ms after which the write takes longer than is usual: batches that wait for it are not to hold up others. */
  lateAtMs: number
}

/** One source batch on its way: first queued, then in flight. Its boundaries and sequence are frozen here. */
export interface PendingBatch {
  readonly lease: FrameLease
  /** Where the batch lies in the lease's frame. */
  readonly at: number
  readonly size: number
  readonly upstream: number
  readonly count: number
  /** In a transaction it is given when the batch is sent. */
  sequence: number
  readonly downstreamExpected: number
  readonly isForwarded: boolean
  readonly ticket: LedgerTicket | null
  /** Next upstream offset once this batch is acknowledged: its last offset + 1, or more when what follows it was dropped. */
  positionAfter: number
  /** Monotonic ms when it was handed to the socket; 0 while queued. */
  sentAtMs: number
}
