/**
 * What a batch costs that is sent on its own, on our side and at the brokers of the target, in us of CPU time: a request, an answer, a look at the log.
 * Measured with 400,000 batches of one record (docs/architecture.md, "Small batches").
 */
const SENT_ALONE_US = 25
/** No codec takes longer for a small batch. */
const BELIEVED_US_MAX = 200
/** Before anything is measured it is tried. */
const FIRST_GUESS_US = 0
/**
 * Share of the newest measurement. One that took longer says little: code that is not compiled yet, the garbage collector. One that took less is what it
 * can be done in.
 */
const LONGER_SHARE = 0.05
const SHORTER_SHARE = 0.5
/** As often it is measured anew where it did not pay, in groups that could have been put together. */
const PROBE_EVERY = 16
/** Measuring takes some us itself: what is so far from not paying is measured so much more seldom. */
const CLEARLY_PAYS_US = SENT_ALONE_US / 8
const MEASURE_EVERY = 8

/**
 * Whether it pays to put small batches of a partition together. Without compression it nearly always does; with it, what was compressed has to be
 * expanded and compressed again, which costs more the larger the batches are and the slower the codec is: so it is measured, for each partition.
 */
export class CoalescingGain {
  /** Of one source batch that is put together with others. */
  #batchUs = FIRST_GUESS_US
  #refusedCount = 0
  #unmeasuredCount = 0

  /** @param batchesCount   that would become one */
  pays(batchesCount: number): boolean {
    if (batchesCount < 2) return false
    if (this.#batchUs * batchesCount < SENT_ALONE_US * (batchesCount - 1)) return true
    this.#refusedCount = (this.#refusedCount + 1) % PROBE_EVERY
    return this.#refusedCount === 0
  }

  /** Whether it is to be measured what putting the next batches together takes. */
  isMeasuredNext(): boolean {
    if (this.#batchUs > CLEARLY_PAYS_US) return true
    this.#unmeasuredCount = (this.#unmeasuredCount + 1) % MEASURE_EVERY
    return this.#unmeasuredCount === 0
  }

  /** Batches were put together. @param cpuUs   processor time of this thread that it took */
  took(batchesCount: number, cpuUs: number): void {
    const batchUs = Math.min(cpuUs / batchesCount, BELIEVED_US_MAX)
    this.#batchUs += (batchUs - this.#batchUs) * (batchUs > this.#batchUs ? LONGER_SHARE : SHORTER_SHARE)
  }
}
