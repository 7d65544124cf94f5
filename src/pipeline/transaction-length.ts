import type { Clock } from '../base/clock.ts'

/** A transaction that has nothing left to write is ended at the earliest after so long: each costs the brokers several writes. */
const SHORTEST_MS = 5
/** What an end costs in time is at most about a seventh of the whole, however slow the brokers are. */
const AMORTISED_OVER = 6
/** Weight of the newest end in what an end is taken to cost. */
const NEWEST_SHARE = 0.3
/** setTimeout takes no more. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

export interface TransactionLengthDependencies {
  readonly clock: Clock
  /** A transaction is ended when it has lasted for so long or written so much. */
  readonly intervalMs: number
  readonly bytesMax: number
  /** So long it may last where ends take their time, so that they do not cost more than the writing; not less than `intervalMs`. */
  readonly longestMs: number
  /** To be called when a transaction may be over that was not when it was last asked. */
  onDue(): void
}

/** How long a transaction lasts. */
export class TransactionLength {
  readonly #deps: TransactionLengthDependencies
  #beganAtMs = 0
  #bytes = 0
  #endCostMs = 0
  #alarm: { readonly atMs: number; readonly timeout: NodeJS.Timeout } | null = null

  constructor(dependencies: TransactionLengthDependencies) {
    this.#deps = dependencies
  }

  begin(): void {
    this.#beganAtMs = this.#deps.clock.monotonic()
    this.#bytes = 0
  }

  wrote(sizeBytes: number): void {
    this.#bytes += sizeBytes
  }

  /** Nothing could be written for so long because one transaction ended and the next began. */
  noteEnd(costMs: number): void {
    this.#endCostMs += NEWEST_SHARE * (costMs - this.#endCostMs)
  }

  /** @param isSpent   it has nothing left to write, and need not last any longer */
  isOver(isSpent: boolean): boolean {
    const { clock, bytesMax } = this.#deps
    const elapsedMs = clock.monotonic() - this.#beganAtMs
    const intervalMs = this.#intervalMs()
    const lengthMs = isSpent ? Math.min(SHORTEST_MS, intervalMs) : intervalMs
    if (elapsedMs >= lengthMs || this.#bytes >= bytesMax) return true
    this.#wakeIn(lengthMs - elapsedMs)
    return false
  }

  #intervalMs(): number {
    const { intervalMs, longestMs } = this.#deps
    return Math.max(intervalMs, Math.min(AMORTISED_OVER * this.#endCostMs, longestMs))
  }

  #wakeIn(ms: number): void {
    const atMs = this.#deps.clock.monotonic() + ms
    if (this.#alarm !== null) {
      if (this.#alarm.atMs <= atMs) return
      clearTimeout(this.#alarm.timeout)
    }
    const wake = (): void => {
      this.#alarm = null
      this.#deps.onDue()
    }
    this.#alarm = { atMs, timeout: setTimeout(wake, Math.max(1, Math.min(ms, LONGEST_TIMEOUT_MS))).unref() }
  }
}
