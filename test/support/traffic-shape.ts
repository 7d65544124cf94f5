/** How bytes travel in one direction of a proxy; every connection obeys, also those that exist already. */
export class TrafficShape {
  /** Added to each byte's way, in ms. What is on its way is held without limit, so a delay does not narrow the link. */
  delayMs = 0
  /** Upper limit for each connection; Infinity for none. */
  bytesPerSecond = Infinity
  #isStalled = false
  #bytesUntilCut = Infinity
  readonly #wakers = new Set<() => void>()

  get isStalled(): boolean {
    return this.#isStalled
  }

  /** Nothing passes until `resume`; senders feel it as a full window. */
  stall(): void {
    this.#isStalled = true
  }

  resume(): void {
    this.#isStalled = false
    for (const wake of this.#wakers) wake()
  }

  /**
   * Lets exactly so many further bytes pass, of whichever connection, then cuts the connection that carried the last of
   * them: mostly in mid-frame. Happens once.
   */
  cutAfter(byteCount: number): void {
    this.#bytesUntilCut = byteCount
  }

  /** @returns how many of these bytes may pass, and whether the connection is cut after them */
  admit(byteCount: number): { readonly allowed: number; readonly isCut: boolean } {
    if (byteCount < this.#bytesUntilCut) {
      this.#bytesUntilCut -= byteCount
      return { allowed: byteCount, isCut: false }
    }
    const allowed = this.#bytesUntilCut
    this.#bytesUntilCut = Infinity
    return { allowed, isCut: true }
  }

  /** Calls back whenever a stall ends. */
  onResume(wake: () => void): Disposable {
    this.#wakers.add(wake)
    return { [Symbol.dispose]: () => void this.#wakers.delete(wake) }
  }
}
