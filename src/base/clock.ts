import { setTimeout as sleepFor } from 'node:timers/promises'

/** Time, injected so that a test can drive it. All values are milliseconds. */
export interface Clock {
  /** Wall clock, ms since the epoch. For what is written down or compared with record timestamps. */
  now(): number
  /** Monotonic clock, ms from an arbitrary start. For durations and deadlines. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, options: { signal: AbortSignal }): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, { signal }) {
    try {
      await sleepFor(ms, undefined, { signal })
    } catch (error) {
      signal.throwIfAborted()
      throw error
    }
  },
}
