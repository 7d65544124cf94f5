import { errors } from '../base/errors.ts'

/** A record that was copied: where it lies on both sides. */
export interface OffsetPair {
  readonly upstream: number
  readonly downstream: number
}

/** More than twice as many as thinning leaves, which is two for each doubling of the distance. */
const capacity = 256

/**
 * Which records of one partition were copied since somebody last asked, sparsely: the last one, and others before it at distances that double, so that of an
 * offset somewhat behind a record is known that is not much farther behind. Costs nothing but three numbers for each stretch without holes.
 *
 * Invariants (docs/invariants.md):
 * 75. Upstream offsets rise, and every pair was given by an acknowledgement (or the ledger) that still holds: what is copied again takes its pairs back.
 * 76. Of what is written in a transaction nothing is handed out before it is committed.
 */
export class OffsetTrail {
  readonly #settlesAtOnce: boolean
  /** Of each stretch of records without holes: upstream offsets of its first and its last record, downstream offset of the last. */
  #starts: number[] = []
  #ends: number[] = []
  #downstreams: number[] = []
  /** So many stretches, the oldest, are copied for good. */
  #settledCount = 0
  #takenDownstream = -1

  /** @param isTransacted   what is noted counts only once `settle` is called */
  constructor(isTransacted: boolean) {
    this.#settlesAtOnce = !isTransacted
  }

  /** There is something that may be taken some day, but not now. */
  get hasUnsettled(): boolean {
    return this.#settledCount < this.#ends.length
  }

  /** How many records were copied for good since `take` handed out the last one; Infinity: it never did. */
  get recordsCount(): number {
    if (this.#settledCount === 0) return 0
    if (this.#takenDownstream < 0) return Infinity
    return Math.abs(valueAt(this.#downstreams, this.#settledCount - 1) - this.#takenDownstream)
  }

  /** `count` records without holes between them were copied, the first from `upstream` to `downstream`. */
  note(upstream: number, count: number, downstream: number): void {
    this.goBackTo(upstream)
    const last = this.#ends.length - 1
    const mayGrow = last >= 0 && (this.#settlesAtOnce || this.hasUnsettled)
    if (mayGrow && this.#ends[last] === upstream - 1 && this.#downstreams[last] === downstream - 1) {
      this.#ends[last] = upstream + count - 1
      this.#downstreams[last] = downstream + count - 1
    } else {
      this.#starts.push(upstream)
      this.#ends.push(upstream + count - 1)
      this.#downstreams.push(downstream + count - 1)
    }
    if (this.#settlesAtOnce) this.settle()
    if (this.#ends.length >= capacity) this.#thin()
  }

  /** Copying goes on at this offset: whatever was noted from there on does not hold any more. */
  goBackTo(upstream: number): void {
    let count = this.#ends.length
    while (count > 0 && valueAt(this.#starts, count - 1) >= upstream) count--
    if (count < this.#ends.length) this.#cutTo(count)
    if (count === 0) return
    const excess = valueAt(this.#ends, count - 1) - upstream + 1
    if (excess <= 0) return
    this.#ends[count - 1] = upstream - 1
    this.#downstreams[count - 1] = valueAt(this.#downstreams, count - 1) - excess
  }

  /** All that was noted is copied for good. */
  settle(): void {
    this.#settledCount = this.#ends.length
  }

  /** @returns records that are copied for good, oldest first; all that is known of them is forgotten here */
  take(): OffsetPair[] {
    const count = this.#settledCount
    if (count === 0) return []
    const pairs = this.#pairsOf(count)
    this.#takenDownstream = valueAt(this.#downstreams, count - 1)
    this.#starts = this.#starts.slice(count)
    this.#ends = this.#ends.slice(count)
    this.#downstreams = this.#downstreams.slice(count)
    this.#settledCount = 0
    return pairs
  }

  /** Each at most twice as far from the last record as the one after it, where there is one. */
  #pairsOf(count: number): OffsetPair[] {
    const head = valueAt(this.#ends, count - 1)
    const pairs = [this.#pairAt(count - 1, head)]
    let index = count - 1
    for (let last = head; last > valueAt(this.#starts, 0);) {
      const wanted = head - Math.max(1, 2 * (head - last))
      while (index > 0 && valueAt(this.#starts, index) > wanted) index--
      // In a hole: the record behind it, unless that is the one before.
      const isBehind = wanted > valueAt(this.#ends, index) && valueAt(this.#starts, index + 1) < last
      if (isBehind) index++
      last = isBehind
        ? valueAt(this.#starts, index)
        : Math.min(Math.max(wanted, valueAt(this.#starts, index)), valueAt(this.#ends, index))
      pairs.push(this.#pairAt(index, last))
    }
    return pairs.reverse()
  }

  #pairAt(index: number, upstream: number): OffsetPair {
    return { upstream, downstream: valueAt(this.#downstreams, index) - (valueAt(this.#ends, index) - upstream) }
  }

  /** Leaves of the stretches as many as `take` will need. The last settled one stays: it is handed out if the rest is taken back. */
  #thin(): void {
    const settled = this.#neededOf(this.#settledCount)
    const unsettled = this.#neededOf(this.#ends.length).filter((index) => index >= this.#settledCount)
    const kept = [...settled, ...unsettled]
    this.#starts = kept.map((index) => valueAt(this.#starts, index))
    this.#ends = kept.map((index) => valueAt(this.#ends, index))
    this.#downstreams = kept.map((index) => valueAt(this.#downstreams, index))
    this.#settledCount = settled.length
  }

  /** Indexes of the stretches to be kept of the oldest `count`, rising: one goes if the next older is at most twice as far as the one kept before. */
  #neededOf(count: number): number[] {
    const kept: number[] = []
    if (count === 0) return kept
    const head = valueAt(this.#ends, count - 1)
    let farthest = -1
    for (let index = count - 1; index >= 0; index--) {
      if (index > 0 && head - valueAt(this.#ends, index - 1) <= 2 * farthest) continue
      kept.push(index)
      farthest = head - valueAt(this.#starts, index)
    }
    return kept.reverse()
  }

  #cutTo(count: number): void {
    this.#starts.length = count
    this.#ends.length = count
    this.#downstreams.length = count
    this.#settledCount = Math.min(this.#settledCount, count)
  }
}

function valueAt(values: readonly number[], index: number): number {
  const value = values[index]
  if (value === undefined) throw errors.DEFECT({ what: `stretch ${index} of ${values.length}` })
  return value
}
