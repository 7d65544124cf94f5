import type { Run } from './run.ts'
import { SEQUENCE_MODULUS, sequenceAfter, sequenceDistance } from './run.ts'
import { RunList, sequenceAt } from './run-list.ts'

/**
 * The runs of one partition in memory: which upstream record has which sequence and which downstream offset, exact at any age
 * and in every direction. It stands for all records of the copy and costs about 2 bytes a run.
 *
 * ```
 *   upstream    100 ......... 149 | hole | 152 ... 160 | hole | 163 ...      (markers, compacted or dropped records)
 *   sequence     0  ......... 49         |  50 ...  58        |  59 ...      (no holes; wraps at 2^31)
 *   downstream  700 ......... 749        | 750 ... 758        | 759 ...      (holes where somebody else wrote)
 * ```
 *
 * Invariants (docs/invariants.md):
 * 8. Positions (sequences that do not wrap) rise strictly from run to run. A run that begins at or before others replaces them: those were
 *    written down and never sent, and the source is read again from there.
 * 9. A run's record count is the distance to the next position; the last run is open.
 * 10. Between neighbours of known downstream offset, downstream offsets never fall.
 * Upstream offsets rise too, but for one case: the source was truncated and writes offsets anew. Then the newest run that reaches
 * an offset speaks for it.
 */
export class OffsetMap {
  readonly #runs = new RunList()
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
    return this.#runs.length
  }

  /** The oldest run, or null when there is none. */
  get first(): Run | null {
    return this.#runs.length === 0 ? null : this.#runAt(0)
  }

  /** The newest run, or null when there is none. */
  get last(): Run | null {
    return this.#runs.length === 0 ? null : this.#runAt(this.#runs.length - 1)
  }

  /** All runs, oldest first: what to write down again. */
  *runs(): Generator<Run> {
    for (let index = 0; index < this.#runs.length; index++) yield this.#runAt(index)
  }

  /**
   * Starts a new run; the one before ends there. A run whose sequence is at or before that of others replaces those.
   * Because sequences wrap, "before" means less than 2^30 behind the newest: start a run at the latest every 2^30 records.
   */
  begin(run: Run): void {
    const position = this.#positionOf(run.sequence)
    while (this.#runs.length > 0 && this.#runs.position(this.#runs.length - 1) >= position) this.#pop()
    const count = this.#runs.length
    if (count > 0 && run.upstream < this.#endOfRun(count - 1, position)) this.#restarts.push(count)
    this.#runs.push(count === 0 ? run.sequence : position, run.upstream, run.downstream)
  }

  /**
   * Takes note that a record lies elsewhere on the target than was expected, because somebody else wrote there. From it on a run of
   * its own begins; later runs are expected as much further on. Upstream offsets and sequences stay what they are.
   * @param sequence   of the record; nothing happens when it lies before the first run
   * @param downstream where the target has it
   */
  shiftDownstream(sequence: number, downstream: number): void {
    const position = this.#positionOf(sequence)
    const run = this.runAtSequence(sequence)
    if (run === null) return
    const later: Run[] = []
    while (this.#runs.position(this.#runs.length - 1) > position) {
      later.push(this.#runAt(this.#runs.length - 1))
      this.#pop()
    }
    const ahead = sequenceDistance(run.sequence, sequence)
    const shift = run.downstream < 0 ? 0 : downstream - (run.downstream + ahead)
    this.begin({ upstream: run.upstream + ahead, sequence, downstream })
    for (const next of later.toReversed()) {
      this.begin({ ...next, downstream: next.downstream < 0 ? -1 : next.downstream + shift })
    }
  }

  /** @returns the run that holds the record of this sequence; null when it lies before the first run */
  runAtSequence(sequence: number): Run | null {
    const index = this.#runs.lastAtOrBefore('positions', this.#positionOf(sequence), 0, this.#runs.length)
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
    let end = this.#runs.length
    let newer = -1
    for (let restart = this.#restarts.length - 1; restart >= -1; restart--) {
      const start = this.#restarts[restart] ?? 0
      const index = this.#runs.lastAtOrBefore('upstreams', upstream, start, end)
      if (index >= start) return this.#downstreamFrom(index, upstream, newer)
      if (newer < 0 || this.#runs.upstream(start) < this.#runs.upstream(newer)) newer = start
      end = start
    }
    return null
  }

  /**
   * Where `downstreamOf` does not know: the end of what is known before, so that no record at or after the upstream offset lies below it.
   * @returns null when nothing is known before, or the source was truncated and order says nothing
   */
  downstreamBound(upstream: number): number | null {
    if (this.#restarts.length > 0) return null
    let index = this.#runs.lastAtOrBefore('upstreams', upstream, 0, this.#runs.length)
    while (index >= 0 && this.#runs.downstream(index) < 0) index--
    if (index < 0) return null
    const count = Math.min(this.#countOf(index), upstream - this.#runs.upstream(index))
    return this.#runs.downstream(index) + count
  }

  /**
   * @returns the upstream offset of the first record at or after this downstream offset; null when that lies before the first run
   * or is not known.
   */
  upstreamOf(downstream: number): number | null {
    return this.recordAtDownstream(downstream)?.upstream ?? null
  }

  /** @returns upstream offset and sequence of the first record at or after this downstream offset; null as with `upstreamOf` */
  recordAtDownstream(downstream: number): { upstream: number; sequence: number } | null {
    const index = this.#lastKnownAtOrBefore(downstream)
    if (index < 0) return null
    const { upstream, sequence, downstream: start } = this.#runAt(index)
    const delta = downstream - start
    if (delta < this.#countOf(index)) return { upstream: upstream + delta, sequence: sequenceAfter(sequence, delta) }
    return this.#runs.downstream(index + 1) < 0 ? null : this.#runAt(index + 1)
  }

  /** @returns the run that holds the record of this sequence, and all later ones; empty when it lies before the first run */
  runsFrom(sequence: number): Run[] {
    const first = this.#runs.lastAtOrBefore('positions', this.#positionOf(sequence), 0, this.#runs.length)
    if (first < 0) return []
    return Array.from({ length: this.#runs.length - first }, (_, index) => this.#runAt(first + index))
  }

  /**
   * Forgets runs that lie wholly before an upstream offset; the last run always stays.
   * @returns how many runs were forgotten
   */
  trim(keepFromUpstream: number): number {
    let count = 0
    while (count < this.#runs.length - 1 && this.#isBefore(count, keepFromUpstream)) count++
    if (count === 0) return 0
    this.#runs.dropFirst(count)
    this.#restarts = this.#restarts.filter((index) => index > count).map((index) => index - count)
    return count
  }

  /** Once there are twice as many runs, forgets the oldest of them, so that about `count` stay; none that reaches `keepFromUpstream` is forgotten. */
  keepNewest(count: number, keepFromUpstream: number): void {
    const excess = this.#runs.length - count
    if (excess > count) this.trim(Math.min(this.#runs.upstream(excess), keepFromUpstream))
  }

  /** True when no record of this run, and no record asked for by an offset in the hole behind it, is at or after `upstream`. */
  #isBefore(index: number, upstream: number): boolean {
    return (
      this.#endOfRun(index, this.#runs.position(index + 1)) <= upstream && this.#runs.upstream(index + 1) <= upstream
    )
  }

  /** The upstream offset after the last record of a run that ends at `endPosition`. */
  #endOfRun(index: number, endPosition: number): number {
    return this.#runs.upstream(index) + endPosition - this.#runs.position(index)
  }

  #countOf(index: number): number {
    return index === this.#runs.length - 1
      ? Number.POSITIVE_INFINITY
      : this.#runs.position(index + 1) - this.#runs.position(index)
  }

  /**
   * @param index the last run that begins at or before `upstream`
   * @param newer first run after a truncation that begins behind `upstream`, -1 for none: it wins over an older run behind a hole
   */
  #downstreamFrom(index: number, upstream: number, newer: number): number | null {
    const delta = upstream - this.#runs.upstream(index)
    if (delta < this.#countOf(index)) {
      const downstream = this.#runs.downstream(index)
      return downstream < 0 ? null : downstream + delta
    }
    const isShadowed = newer >= 0 && this.#runs.upstream(newer) <= this.#runs.upstream(index + 1)
    const downstream = this.#runs.downstream(isShadowed ? newer : index + 1)
    return downstream < 0 ? null : downstream
  }

  #lastKnownAtOrBefore(downstream: number): number {
    let low = 0
    let high = this.#runs.length
    let found = -1
    while (low < high) {
      const middle = this.#runs.middleOf(low, high)
      let known = middle
      while (known >= low && this.#runs.downstream(known) < 0) known--
      if (known >= low && this.#runs.downstream(known) > downstream) {
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
    const count = this.#runs.length
    if (count === 0) return sequence
    const newest = this.#runs.position(count - 1)
    const ahead = sequenceDistance(sequenceAt(newest), sequence)
    return newest + (ahead < SEQUENCE_MODULUS / 2 ? ahead : ahead - SEQUENCE_MODULUS)
  }

  #runAt(index: number): Run {
    return {
      upstream: this.#runs.upstream(index),
      sequence: sequenceAt(this.#runs.position(index)),
      downstream: this.#runs.downstream(index),
    }
  }

  #pop(): void {
    this.#runs.pop()
    if (this.#restarts.at(-1) === this.#runs.length) this.#restarts.pop()
  }
}
