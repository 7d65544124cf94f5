/** Gives out turns of the event loop, one each, first come first served: between two of them sockets are served. */
export class TurnQueue {
  readonly #waiting: (() => void)[] = []
  #isScheduled = false

  /** Resolves in a turn of its own. What is then done without waiting should take few ms. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#waiting.shift()?.()
      if (this.#waiting.length > 0) this.#schedule()
    })
  }
}
