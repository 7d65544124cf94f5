/** Durations in buckets, as Prometheus has them. Noting one costs a few comparisons and no memory. */
export class DurationHistogram {
  /** Upper bounds in seconds, rising; the last bucket has none. */
  readonly boundsSeconds: readonly number[]
  sumSeconds = 0
  count = 0
  readonly #counts: Float64Array

  constructor(boundsSeconds: readonly number[]) {
    this.boundsSeconds = boundsSeconds
    this.#counts = new Float64Array(boundsSeconds.length + 1)
  }

  /** @param count   of how many things it is the duration */
  note(seconds: number, count: number): void {
    let index = 0
    // Few buckets, and most durations are short.
    while (index < this.boundsSeconds.length && seconds > (this.boundsSeconds[index] ?? Infinity)) index++
    this.#counts[index] = (this.#counts[index] ?? 0) + count
    this.sumSeconds += seconds * count
    this.count += count
  }

  /** How many took at most as long as each bound says, in the order of the bounds; those above all bounds are in `count` only. */
  cumulativeCounts(): number[] {
    let sum = 0
    return this.boundsSeconds.map((_, index) => (sum += this.#counts[index] ?? 0))
  }
}
