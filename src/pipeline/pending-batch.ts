import type { UpstreamPiece } from '../wire/transcoded.ts'
import type { BatchMemory } from './batch-memory.ts'

/** Set when the runs that a fetched answer begins are durable in the ledger; their batches wait for it. */
export interface LedgerTicket {
  isDurable: boolean
  /** Monotonic ms after which the write takes longer than is usual: batches that wait for it are not to hold up others. */
  lateAtMs: number
}

/** What happened to a batch on its way. */
export type BatchHandling = 'resealed' | 'forwarded' | 'rebuilt' | 'coalesced'

/** One target batch on its way: first queued, then in flight. Its boundaries and sequence are frozen here. */
export interface PendingBatch {
  readonly memory: BatchMemory
  /** Where the batch lies in the memory. */
  readonly at: number
  readonly size: number
  /** Upstream offset of its first record. */
  readonly upstream: number
  /** All its records. */
  readonly count: number
  /** Where there are holes between its records; null: there are none. */
  readonly pieces: readonly UpstreamPiece[] | null
  /** In a transaction it is given when the batch is sent. */
  sequence: number
  readonly downstreamExpected: number
  readonly handling: BatchHandling
  readonly ticket: LedgerTicket | null
  /** Next upstream offset once this batch is acknowledged: its last offset + 1, or more when what follows it was dropped. */
  positionAfter: number
  /** Of its newest record, ms since the epoch as its header says; any number. */
  readonly timestampMs: number
  /** Monotonic ms when it was handed to the socket; 0 while queued. */
  sentAtMs: number
}
