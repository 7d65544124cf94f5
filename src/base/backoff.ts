/** Exponential back-off with jitter, as Kafka's ExponentialBackoff (clients/utils): base, factor 2, ceiling, +-20 %. */
export interface Backoff {
  /** The next delay in ms; grows with each call. */
  next(): number
  /** Starts again from the base delay: to be called after a success. */
  reset(): void
  /** How many delays were handed out since the last reset. */
  readonly attempts: number
}

/**
 * @param baseMs   first delay
 * @param maxMs    ceiling before jitter
 * @param random   0 <= random() < 1; injected so that a test can drive it
 */
export function createBackoff(baseMs: number, maxMs: number, random: () => number = Math.random): Backoff {
  let attempts = 0
  return {
    next() {
      const delayMs = Math.min(maxMs, baseMs * 2 ** Math.min(attempts, 30))
      attempts++
      return delayMs * (0.8 + 0.4 * random())
    },
    reset() {
      attempts = 0
    },
    get attempts() {
      return attempts
    },
  }
}
