import type { Run } from './run.ts'
import { SEQUENCE_MODULUS, sequenceDistance } from './run.ts'

/**
 * The runs of one partition in memory: which upstream record has which sequence and which downstream offset, exact at any age
 * and in every direction. It stands for all records of the copy and costs 24 bytes a run.
 *
 * ```
 *   upstream    100 ......... 149 | hole | 152 ... 160 | hole | 163 ...      (markers, compacted or dropped records)
 *   sequence     0  ......... 49         |  50 ...  58        |  59 ...      (no holes; wraps at 2^31)
 *   downstream  700 ......... 749        | 750 ... 758        | 759 ...      (holes where somebody else wrote)
 * ```
 *
 * Invariants:
 * A. Positions (sequences that do not wrap) rise strictly from run to run. A run that begins at or before others replaces them: those were
 *    written down and never sent, and the source is read again from there.
 * B. A run's record count is the distance to the next position; the last run is open.
 * C. Between neighbours of known downstream offset, downstream offsets never fall.
 * Upstream offsets rise too, but for one case: the source was truncated and writes offsets anew. Then the newest run that reaches
 * an offset speaks for it.
 */
export class OffsetMap {
  /** Sequence of the first record, counted on past 2^31, so that order is plain order. */
  readonly #positions: number[] = []
  readonly #upstreams: number[] = []
  /** -1: not known. */
  readonly #downstreams: number[] = []
  /** Indexes of runs that begin at or before an upstream offset of an older run; rising, nearly always empty. */
  #restarts: number[] = []

  /**
   * @param runs oldest first, as they were written down: a run may replace earlier ones, as with `begin`
   */
  static from(runs: Iterable<Run>): OffsetMap {
    const map = new OffsetMap()
    for (const run of runs) map.begin(run)
    return map
  }

  /** How many runs there are. */
  get runCount(): number {
    return this.#positions.length
  }

  /** The newest run, or null when there is none. */
  get last(): Run | null {
    return this.#positions.length === 0 ? null : this.#runAt(this.#positions.length - 1)
  }

  /** All runs, oldest first: what to write down again. */
  *runs(): Generator<Run> {
    for (let index = 0; index < this.#positions.length; index++) yield this.#runAt(index)
  }

  /**
   * Starts a new run; the one before ends there. A run whose sequence is at or before that of others replaces those.
   * Because sequences wrap, "before" means less than 2^30 behind the newest: start a run at the latest every 2^30 records.
   */
  begin(run: Run): void {
    const position = this.#positionOf(run.sequence)
    while (this.#positions.length > 0 && at(this.#positions, this.#positions.length - 1) >= position) this.#pop()
    const count = this.#positions.length
    if (count > 0 && run.upstream < this.#endOfRun(count - 1, position)) this.#restarts.push(count)
    this.#positions.push(count === 0 ? run.sequence : position)
    this.#upstreams.push(run.upstream)
    this.#downstreams.push(run.downstream)
  }

  /** @returns the run that holds the record of this sequence; null when it lies before the first run */
  runAtSequence(sequence: number): Run | null {
    const index = lastAtOrBefore(this.#positions, this.#positionOf(sequence), 0, this.#positions.length)
    return index < 0 ? null : this.#runAt(index)
  }

  /**
   * @returns the upstream offset of the record that carries this sequence, the newest where sequences have wrapped; null when it lies
   * before the first run. The last run is open: a sequence that was never sent gets the offset it would have.
   */
  upstreamAtSequence(sequence: number): number | null {
    const run = this.runAtSequence(sequence)
    return run === null ? null : run.upstream + sequenceDistance(run.sequence, sequence)
  }

  /**
   * @returns the downstream offset of the first record at or after this upstream offset; null when that lies before the first run
   * (what was copied earlier is not known here) or in a run of unknown downstream offset. The last run is open: for the
   * offset after the last copied one the answer is the target's next offset.
   */
  downstreamOf(upstream: number): number | null {
    let end = this.#upstreams.length
    let newer = -1
    for (let restart = this.#restarts.length - 1; restart >= -1; restart--) {
      const start = restart < 0 ? 0 : at(this.#restarts, restart)
      const index = lastAtOrBefore(this.#upstreams, upstream, start, end)
      if (index >= start) return this.#downstreamFrom(index, upstream, newer)
      if (newer < 0 || at(this.#upstreams, start) < at(this.#upstreams, newer)) newer = start
      end = start
    }
    return null
  }

  /**
   * @returns the upstream offset of the first record at or after this downstream offset; null when that lies before the first run
   * or is not known.
   */
  upstreamOf(downstream: number): number | null {
    const index = this.#lastKnownAtOrBefore(downstream)
    if (index < 0) return null
    const delta = downstream - at(this.#downstreams, index)
    if (delta < this.#countOf(index)) return at(this.#upstreams, index) + delta
    return at(this.#downstreams, index + 1) < 0 ? null : at(this.#upstreams, index + 1)
  }

  /**
   * Forgets runs that lie wholly before an upstream offset; the last run always stays.
   * @returns how many runs were forgotten
   */
  trim(keepFromUpstream: number): number {
    let count = 0
    while (count < this.#positions.length - 1 && this.#isBefore(count, keepFromUpstream)) count++
    if (count === 0) return 0
    this.#positions.splice(0, count)
    this.#upstreams.splice(0, count)
    this.#downstreams.splice(0, count)
    this.#restarts = this.#restarts.filter((index) => index > count).map((index) => index - count)
    return count
  }

  /** True when no record of this run, and no record asked for by an offset in the hole behind it, is at or after `upstream`. */
  #isBefore(index: number, upstream: number): boolean {
    return this.#endOfRun(index, at(this.#positions, index + 1)) <= upstream && at(this.#upstreams, index + 1) <= upstream
  }

  /** The upstream offset after the last record of a run that ends at `endPosition`. */
  #endOfRun(index: number, endPosition: number): number {
    return at(this.#upstreams, index) + endPosition - at(this.#positions, index)
  }

  #countOf(index: number): number {
    return index === this.#positions.length - 1
      ? Number.POSITIVE_INFINITY
      : at(this.#positions, index + 1) - at(this.#positions, index)
  }

  /**
   * @param index the last run that begins at or before `upstream`
   * @param newer first run after a truncation that begins behind `upstream`, -1 for none: it wins over an older run behind a hole
   */
  #downstreamFrom(index: number, upstream: number, newer: number): number | null {
    const delta = upstream - at(this.#upstreams, index)
    if (delta < this.#countOf(index)) {
      const downstream = at(this.#downstreams, index)
      return downstream < 0 ? null : downstream + delta
    }
    const isShadowed = newer >= 0 && at(this.#upstreams, newer) <= at(this.#upstreams, index + 1)
    const downstream = at(this.#downstreams, isShadowed ? newer : index + 1)
    return downstream < 0 ? null : downstream
  }

  #lastKnownAtOrBefore(downstream: number): number {
    let low = 0
    let high = this.#downstreams.length
    let found = -1
    while (low < high) {
      const middle = (low + high) >>> 1
      let known = middle
      while (known >= low && at(this.#downstreams, known) < 0) known--
      if (known >= low && at(this.#downstreams, known) > downstream) {
        high = known
      } else {
        if (known >= low) found = known
        low = middle + 1
      }
    }
    return found
  }

  /** Unwraps a sequence next to the newest run: at most 2^30 - 1 ahead of it, otherwise behind. */
  #positionOf(sequence: number): number {
    const count = this.#positions.length
    if (count === 0) return sequence
    const newest = at(this.#positions, count - 1)
    const ahead = sequenceDistance(wrap(newest), sequence)
    return newest + (ahead < SEQUENCE_MODULUS / 2 ? ahead : ahead - SEQUENCE_MODULUS)
  }

  #runAt(index: number): Run {
    return {
      upstream: at(this.#upstreams, index),
      sequence: wrap(at(this.#positions, index)),
      downstream: at(this.#downstreams, index),
    }
  }

  #pop(): void {
    this.#positions.pop()
    this.#upstreams.pop()
    this.#downstreams.pop()
    if (this.#restarts.at(-1) === this.#positions.length) this.#restarts.pop()
  }
}

/** The sequence of a position; positions may be negative after a rewind across the wrap. */
function wrap(position: number): number {
  return ((position % SEQUENCE_MODULUS) + SEQUENCE_MODULUS) % SEQUENCE_MODULUS
}

/** Index of the last value at or below `limit` in values[start, end), which rise; start - 1 or less when there is none. */
function lastAtOrBefore(values: readonly number[], limit: number, start: number, end: number): number {
  let low = start
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    if (at(values, middle) <= limit) low = middle + 1
    else high = middle
  }
  return low > start ? low - 1 : -1
}

/** All indexes here are computed from lengths: a missing value cannot occur and would read as -1. */
function at(values: readonly number[], index: number): number {
  return values[index] ?? -1
}
