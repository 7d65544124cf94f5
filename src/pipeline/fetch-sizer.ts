import type { Clock } from '../base/clock.ts'

/** Answers that took at least this long, and were full, are limited by the way and not by the work. */
const LONG_WAY_MS = 60
const FULL_SHARE = 0.75

export interface FetchSizerLimits {
  /** Size of an answer on a short way, in bytes: what fits an arena. */
  readonly usualBytes: number
  /** Size of an answer on a long way, in bytes. */
  readonly largestBytes: number
}

/**
 * How much to ask for in one Fetch. A partition's next fetch can only be asked for when the last answer has come, so on a long way one answer
 * a round trip is all there is: it grows while full answers take long, and shrinks again when they do not.
 */
export class FetchSizer {
  readonly #limits: FetchSizerLimits
  readonly #clock: Clock
  #answerBytes: number
  #askedAtMs = 0

  constructor(limits: FetchSizerLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#answerBytes = limits.usualBytes
  }

  get answerBytes(): number {
    return this.#answerBytes
  }

  /** Half: so that one partition's backlog does not fill an answer alone while others wait, if there are others. */
  get partitionBytes(): number {
    return this.#answerBytes > this.#limits.usualBytes ? this.#answerBytes : this.#answerBytes / 2
  }

  asked(): void {
    this.#askedAtMs = this.#clock.monotonic()
  }

  answered(sizeBytes: number): void {
    const elapsedMs = this.#clock.monotonic() - this.#askedAtMs
    const isFull = sizeBytes >= this.#answerBytes * FULL_SHARE * (this.#answerBytes > this.#limits.usualBytes ? 1 : 0.5)
    if (isFull && elapsedMs >= LONG_WAY_MS) {
      this.#answerBytes = Math.min(this.#answerBytes * 2, this.#limits.largestBytes)
    } else if (elapsedMs < LONG_WAY_MS / 2 && this.#answerBytes > this.#limits.usualBytes) {
      this.#answerBytes = Math.max(this.#answerBytes / 2, this.#limits.usualBytes)
    }
  }
}
