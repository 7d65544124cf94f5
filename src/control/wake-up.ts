import type { Clock } from '../base/clock.ts'

/** setTimeout takes at most this many ms; more would fire at once. */
const longestSleepMs = 2 ** 31 - 1

/** A sleep that can be cut short from outside. */
export class WakeUp {
  readonly #clock: Clock
  #isDue = false
  #sleeper: AbortController | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Ends the sleep under way, or the next one if nobody sleeps. */
  wake(): void {
    this.#isDue = true
    this.#sleeper?.abort()
  }

  /** Resolves after `ms` or when woken; rejects with the signal's reason. `ms` may be Infinity. */
  async sleep(ms: number, { signal }: { signal: AbortSignal }): Promise<void> {
    const sleeper = new AbortController()
    this.#sleeper = sleeper
    try {
      if (!this.#isDue) await this.#sleepUntil(ms, AbortSignal.any([signal, sleeper.signal]))
    } catch (error) {
      if (!sleeper.signal.aborted || signal.aborted) throw error
    } finally {
      this.#sleeper = null
      this.#isDue = false
    }
    signal.throwIfAborted()
  }

  async #sleepUntil(ms: number, signal: AbortSignal): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= longestSleepMs) {
      await this.#clock.sleep(Math.min(leftMs, longestSleepMs), { signal })
    }
  }
}
