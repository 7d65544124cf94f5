/**
 * What a batch costs that is sent on its own, on our side and at the brokers of the target, in us of CPU time: a request, an answer, a look at the log.
 * Measured with 400,000 batches of one record (docs/architecture.md, "Small batches").
 */
const SENT_ALONE_US = 25
/** Before anything is measured it is tried. */
const FIRST_GUESS_US = 0
/** Share of the newest measurement. */
const NEWEST_SHARE = 0.2
/** As often it is measured anew where it did not pay, in groups that could have been put together. */
const PROBE_EVERY = 64

/**
 * Whether it pays to put small batches of a partition together. Without compression it nearly always does; with it, what was compressed has to be
 * expanded and compressed again, which costs more the larger the batches are and the slower the codec is: so it is measured, for each partition.
 */
export class CoalescingGain {
  /** Of one source batch that is put together with others. */
  #batchUs = FIRST_GUESS_US
  #refusedCount = 0

  /** @param batchesCount   that would become one */
  pays(batchesCount: number): boolean {
    if (batchesCount < 2) return false
    if (this.#batchUs * batchesCount < SENT_ALONE_US * (batchesCount - 1)) return true
    this.#refusedCount = (this.#refusedCount + 1) % PROBE_EVERY
    return this.#refusedCount === 0
  }

  /** Batches were put together. */
  took(batchesCount: number, elapsedMs: number): void {
    const batchUs = (elapsedMs * 1_000) / batchesCount
    // What the garbage collector or another process took says nothing about the batches: it is not believed at once.
    const believed = Math.min(batchUs, 4 * Math.max(this.#batchUs, SENT_ALONE_US))
    this.#batchUs += (believed - this.#batchUs) * NEWEST_SHARE
  }
}
