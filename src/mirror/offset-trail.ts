import { assert } from '../base/assert.ts'

/** A record that was copied: where it lies on both sides. */
export interface OffsetPair {
  readonly upstream: number
  readonly downstream: number
}

/** Twice as many as doubling distances can be, with room between two thinnings. */
const capacity = 128

/**
 * Which records of one partition were copied since somebody last asked, sparsely: the last one, and before it others at distances that double, so that an offset
 * somewhat behind is known nearly as well as its distance allows. Costs two numbers for each acknowledged batch.
 *
 * Invariants (docs/invariants.md):
 * 87. Upstream offsets rise, and every pair was given by an acknowledgement (or the ledger) that still holds: what is copied again takes its pairs back.
 * 88. Of what is written in a transaction nothing is handed out before it is committed.
 */
export class OffsetTrail {
  readonly #spacing: number
  readonly #settlesAtOnce: boolean
  #upstreams: number[] = []
  #downstreams: number[] = []
  /** So many of the oldest are copied for good. */
  #settledCount = 0

  /**
   * @param lagMax         offset.lag.max: pairs lie no closer than that, in records
   * @param isTransacted   pairs count only once `settle` is called
   */
  constructor(lagMax: number, isTransacted: boolean) {
    this.#spacing = Math.max(1, lagMax)
    this.#settlesAtOnce = !isTransacted
  }

  /** There are pairs that may be taken some day, but not now. */
  get hasUnsettled(): boolean {
    return this.#settledCount < this.#upstreams.length
  }

  /** The record at `upstream` was copied to `downstream`. */
  note(upstream: number, downstream: number): void {
    this.goBackTo(upstream)
    this.#upstreams.push(upstream)
    this.#downstreams.push(downstream)
    if (this.#settlesAtOnce) this.#settledCount = this.#upstreams.length
    if (this.#upstreams.length >= capacity) this.#thin()
  }

  /** Copying goes on at this offset: whatever was noted from there on does not hold any more. */
  goBackTo(upstream: number): void {
    let count = this.#upstreams.length
    while (count > 0 && valueAt(this.#upstreams, count - 1) >= upstream) count--
    this.#upstreams.length = count
    this.#downstreams.length = count
    this.#settledCount = Math.min(this.#settledCount, count)
  }

  /** All that was noted is copied for good. */
  settle(): void {
    this.#settledCount = this.#upstreams.length
  }

  /** @returns the pairs that are copied for good, oldest first; they are forgotten here */
  take(): OffsetPair[] {
    const count = this.#settledCount
    const pairs = this.#keptOf(count).map((index) => this.#pairAt(index))
    this.#upstreams = this.#upstreams.slice(count)
    this.#downstreams = this.#downstreams.slice(count)
    this.#settledCount = 0
    return pairs
  }

  /** The last settled pair stays too: it is the one to be handed out if the rest is taken back. */
  #thin(): void {
    const settled = this.#keptOf(this.#settledCount)
    const unsettled = this.#keptOf(this.#upstreams.length).filter((index) => index >= this.#settledCount)
    const kept = [...settled, ...unsettled]
    this.#upstreams = kept.map((index) => valueAt(this.#upstreams, index))
    this.#downstreams = kept.map((index) => valueAt(this.#downstreams, index))
    this.#settledCount = settled.length
  }

  /** Indexes of those that stay of the oldest `count`, rising. */
  #keptOf(count: number): number[] {
    const kept: number[] = []
    if (count === 0) return kept
    const head = valueAt(this.#upstreams, count - 1)
    let least = 0
    for (let index = count - 1; index >= 0; index--) {
      const distance = head - valueAt(this.#upstreams, index)
      if (distance < least) continue
      kept.push(index)
      least = Math.max(this.#spacing, 2 * distance)
    }
    return kept.reverse()
  }

  #pairAt(index: number): OffsetPair {
    return { upstream: valueAt(this.#upstreams, index), downstream: valueAt(this.#downstreams, index) }
  }
}

function valueAt(values: readonly number[], index: number): number {
  const value = values[index]
  assert(value !== undefined, `pair ${index} of ${values.length}`)
  return value
}
