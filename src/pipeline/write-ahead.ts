import type { Clock } from '../base/clock.ts'
import { enterWindow } from '../base/trace-window.ts'
import type { LedgerWrite, LedgerWriter } from '../mirror/ledger-entry.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { Patience } from './patience.ts'
import type { LedgerTicket } from './pending-batch.ts'

/** No longest: a ledger that is always slow is waited for, as to read again would only begin the same run again. */
const PATIENCE = { leastMs: 300, longestMs: Infinity }

export interface WriteAheadDependencies {
  readonly ledger: LedgerWriter
  readonly clock: Clock
  /** Aborted when nothing more is written. */
  readonly signal: AbortSignal
  /** Batches of these partitions may be sent now. */
  onDurable(partitions: readonly MirroredPartition[]): void
  onDefect(error: unknown): void
}

/** Writes runs into the ledger, and lets their batches go once they are there (invariant 31). */
export class WriteAhead {
  readonly #deps: WriteAheadDependencies
  readonly #patience = new Patience(PATIENCE)

  constructor(dependencies: WriteAheadDependencies) {
    this.#deps = dependencies
  }

  /** @param ticket   what the batches wait for; becomes durable with the writes */
  write(writes: readonly LedgerWrite[], ticket: LedgerTicket, partitions: readonly MirroredPartition[]): void {
    const { ledger, clock, signal, onDurable, onDefect } = this.#deps
    const askedAtMs = clock.monotonic()
    ticket.lateAtMs = askedAtMs + this.#patience.currentMs
    const durable = ledger.write(writes, { signal }).then(() => {
      this.#patience.took(askedAtMs, clock.monotonic())
      enterWindow('ledger-written-batch-unsent')
      ticket.isDurable = true
      onDurable(partitions)
    })
    durable.catch((error: unknown) => {
      if (!signal.aborted) onDefect(error)
    })
  }
}
