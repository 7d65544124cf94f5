import { LONG_WAY_WRITE_MS } from './long-way.ts'

const LEAST_MS = 400
/** As long as it is not known what is usual here. */
const FIRST_MS = 1_000
const USUAL_TIMES = 20
const SMOOTHING = 0.1
/** So many answers must have come before it is known what is usual, and before the way can be called long. */
const ANSWERS_LEAST = 8

/**
 * How long the broker may wait for the followers of a request's partitions before it answers (Produce's timeout_ms). It answers for all
 * partitions of a request at once, and for the next request after that: so on a shared connection it waits only some times longer than is usual,
 * and then names the partition that was not acknowledged, which moves to a connection of its own where it may take the whole time.
 */
export class AckTimeout {
  readonly #longestMs: number
  readonly #isShared: boolean
  #usualMs = 0
  /** The shortest that an answer ever took: about the round trip, and not the queue in front of a busy broker. */
  #leastMs = Infinity
  #answersCount = 0

  constructor(longestMs: number, isShared: boolean) {
    this.#longestMs = longestMs
    this.#isShared = isShared
  }

  get currentMs(): number {
    if (!this.#isShared) return this.#longestMs
    const leastMs = this.#answersCount < ANSWERS_LEAST ? FIRST_MS : LEAST_MS
    return Math.ceil(Math.min(this.#longestMs, Math.max(leastMs, this.#usualMs * USUAL_TIMES)))
  }

  /** Whether the broker is a long way off. */
  get isLongWay(): boolean {
    return this.#answersCount >= ANSWERS_LEAST && this.#leastMs >= LONG_WAY_WRITE_MS
  }

  /**
   * @param servedMs    from when the broker could take the request up: it takes one at a time
   * @param elapsedMs   from when it was sent
   */
  acknowledged(servedMs: number, elapsedMs: number): void {
    this.#answersCount++
    this.#leastMs = Math.min(this.#leastMs, elapsedMs)
    this.#usualMs += (servedMs - this.#usualMs) * SMOOTHING
  }
}
