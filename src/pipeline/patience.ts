export interface PatienceLimits {
  readonly leastMs: number
  readonly longestMs: number
}

/**
 * How long something may take before others are not to wait for it any more. It doubles with each thing that took longer although it was begun after the last doubling,
 * and falls again with each that did not: so what is always slow is waited for, and one slow moment changes little.
 */
export class Patience {
  readonly #limits: PatienceLimits
  #currentMs: number
  #changedAtMs = -Infinity

  constructor(limits: PatienceLimits) {
    this.#limits = limits
    this.#currentMs = limits.leastMs
  }

  /** ms */
  get currentMs(): number {
    return this.#currentMs
  }

  /** Something is done. @param beganAtMs   by the same clock as `nowMs` */
  took(beganAtMs: number, nowMs: number): void {
    const { leastMs, longestMs } = this.#limits
    if (nowMs - beganAtMs <= this.#currentMs) this.#currentMs = Math.max(leastMs, this.#currentMs / 2)
    else if (beganAtMs > this.#changedAtMs) {
      this.#currentMs = Math.min(longestMs, this.#currentMs * 2)
      this.#changedAtMs = nowMs
    }
  }
}
