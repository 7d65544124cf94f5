import type { Clock } from '../base/clock.ts'
import { LONG_WAY_READ_MS } from './long-way.ts'

const FULL_SHARE = 0.75

export interface FetchSizerLimits {
  /** Size of an answer on a short way, in bytes: what fits an arena. */
  readonly usualBytes: number
  /** Size of an answer on a long way, in bytes. */
  readonly largestBytes: number
}

/**
 * How much to ask for in one Fetch. A partition's next fetch can only be asked for when the last answer has come, so on a long way one answer
 * a round trip is all there is: there it is large as soon as an answer came full.
 */
export class FetchSizer {
  readonly #limits: FetchSizerLimits
  readonly #clock: Clock
  #answerBytes: number
  #askedAtMs = 0
  /** The shortest that an answer with data ever took: about the round trip, and not the queue in front of a busy broker. */
  #leastMs = Infinity
  #share = 1

  constructor(limits: FetchSizerLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#answerBytes = limits.usualBytes
  }

  get answerBytes(): number {
    return this.#answerBytes
  }

  /** Half on a short way: so that one partition's backlog does not fill an answer alone while others wait. */
  get partitionBytes(): number {
    return this.isLongWay ? this.#answerBytes : Math.ceil(this.#answerBytes / 2)
  }

  get isLongWay(): boolean {
    return this.#leastMs >= LONG_WAY_READ_MS && this.#leastMs < Infinity
  }

  /** Several readers share the way: each asks for its part. */
  shareWith(readersCount: number): void {
    this.#share = readersCount
    this.#answerBytes = Math.min(this.#answerBytes, this.#longWayBytes)
  }

  asked(): void {
    this.#askedAtMs = this.#clock.monotonic()
  }

  /** @param hasData   the answer holds batches: an empty one came when its time was over, which says nothing about the way */
  answered(sizeBytes: number, hasData: boolean): void {
    if (!hasData) return
    this.#leastMs = Math.min(this.#leastMs, this.#clock.monotonic() - this.#askedAtMs)
    if (!this.isLongWay) this.#answerBytes = this.#limits.usualBytes
    else if (sizeBytes >= this.#answerBytes * FULL_SHARE) this.#answerBytes = this.#longWayBytes
  }

  get #longWayBytes(): number {
    return Math.max(this.#limits.usualBytes, Math.floor(this.#limits.largestBytes / this.#share))
  }
}
