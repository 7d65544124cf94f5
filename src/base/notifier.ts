/** setTimeout takes at most this many ms; more would fire at once. Waking early is harmless: who waits looks again. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** Lets one loop wait until something changed. A notification that nobody waits for is kept for the next wait. */
export class Notifier {
  #isNotified = false
  #wake: (() => void) | null = null

  notify(): void {
    this.#isNotified = true
    this.#wake?.()
  }

  /**
   * Resolves at once if notified since the last wait, otherwise at the next notification or after `timeoutMs`.
   * @throws the signal's reason as soon as it is aborted
   */
  async wait({ signal, timeoutMs }: { signal: AbortSignal; timeoutMs?: number }): Promise<void> {
    signal.throwIfAborted()
    if (!this.#isNotified) {
      await new Promise<void>((resolve) => {
        const timer =
          timeoutMs === undefined
            ? undefined
            : setTimeout(() => this.#wake?.(), Math.min(timeoutMs, LONGEST_TIMEOUT_MS))
        const wake = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', wake)
          this.#wake = null
          resolve()
        }
        this.#wake = wake
        signal.addEventListener('abort', wake)
      })
      signal.throwIfAborted()
    }
    this.#isNotified = false
  }
}
