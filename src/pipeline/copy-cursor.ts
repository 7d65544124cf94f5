import { sequenceAfter, sequenceDistance } from '../mirror/run.ts'
import type { Run } from '../mirror/run.ts'
import type { UpstreamPiece } from '../wire/transcoded.ts'

/** A new run begins at the latest after this many records, so that sequences can be compared by distance across their wrap. */
const RUN_RECORDS_MAX = 2 ** 30

/** What the next record of a partition's copy gets: its sequence, the downstream offset that is expected, and whether it begins a run. */
export class CopyCursor {
  sequence = 0
  /** -1: not known. */
  downstream = -1
  /** Of the source, at the last run that began. */
  leaderEpoch = -1
  /** Upstream offset with which a batch continues the current run; -1: the next batch begins one. */
  #runUpstream = -1
  #runRecords = 0
  /** All of the source below it, back to the last copied record, was dropped for reasons that whoever reads it has. */
  #clearedEnd = -1
  /** The source no longer had what was to be read next: who read before has seen other records there. */
  #hasJumped = false

  /** The next record is one at or after this upstream offset. */
  moveTo(upstream: number, sequence: number, downstream: number): void {
    this.sequence = sequence
    this.downstream = downstream
    this.#runUpstream = -1
    this.#clearedEnd = upstream
  }

  /**
   * Where the last run that is written down says the same as one that began here would, it goes on: a partition that only looks how far it came, through no fault
   * of its own as a rule, need not wait for the ledger then, which may be slow for the same reason.
   */
  resume(run: Run, upstream: number): void {
    // Of a sequence before the run the distance is nearly 2^31.
    const records = sequenceDistance(run.sequence, this.sequence)
    const isInRun = records <= RUN_RECORDS_MAX && run.upstream + records === upstream
    const isAsExpected = run.downstream >= 0 && run.downstream + records === this.downstream
    if (!isInRun || !isAsExpected) return
    this.#runUpstream = upstream
    this.#runRecords = records
  }

  /** The source has lost what should have come next. */
  jump(): void {
    this.#hasJumped = true
    this.#runUpstream = -1
  }

  /** What lies between these upstream offsets is dropped by whoever reads it: markers, aborted records. */
  clear(from: number, to: number): void {
    if (from <= this.#clearedEnd && to > this.#clearedEnd) this.#clearedEnd = to
  }

  /** Whether a record follows the last one, but for what everybody drops. */
  isAdjacent(upstream: number): boolean {
    return !this.#hasJumped && upstream === this.#clearedEnd
  }

  /** Downstream offsets are not what they were expected to be. */
  forgetDownstream(): void {
    this.downstream = -1
    this.#runUpstream = -1
  }

  /**
   * To be asked for the pieces of the next batch in their order, before `advance`.
   * @param aheadCount   records of the batch that come before the piece
   * @returns the run that the piece begins; null when it continues the current one
   */
  nextRun({ upstreamOffset, count }: UpstreamPiece, leaderEpoch: number, aheadCount: number): Run | null {
    const continues =
      aheadCount === 0 &&
      upstreamOffset === this.#runUpstream &&
      leaderEpoch === this.leaderEpoch &&
      this.#runRecords + count <= RUN_RECORDS_MAX
    if (continues) return null
    this.leaderEpoch = leaderEpoch
    this.#runRecords = 0
    return {
      upstream: upstreamOffset,
      sequence: sequenceAfter(this.sequence, aheadCount),
      downstream: this.downstream < 0 ? -1 : this.downstream + aheadCount,
    }
  }

  /** A batch of `count` records took its place, of which the last one has the upstream offset before `upstreamEnd`. */
  advance(count: number, upstreamEnd: number): void {
    this.sequence = sequenceAfter(this.sequence, count)
    if (this.downstream >= 0) this.downstream += count
    this.#runUpstream = upstreamEnd
    this.#clearedEnd = upstreamEnd
    this.#hasJumped = false
    this.#runRecords += count
  }
}
