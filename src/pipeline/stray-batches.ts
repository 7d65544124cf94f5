import { OffsetMap } from '../mirror/offset-map.ts'
import type { Run } from '../mirror/run.ts'
import { SEQUENCE_MODULUS, sequenceAfter, sequenceDistance } from '../mirror/run.ts'
import type { UpstreamPiece } from '../wire/transcoded.ts'

/**
 * A broker forgets a producer a day after the timestamp of its last batch (producer.id.expiration.ms), and looks every ten minutes. What is older than
 * this may be forgotten soon, also where the setting is somewhat lower.
 */
const FORGETTABLE_AFTER_MS = 3_600_000
/** More than one partition has in flight: who has written so much since is ahead of every stray. */
const FLIGHT_BATCHES_MAX = 2048
const FLIGHT_BYTES_MAX = 128 * 1024 * 1024

/** What decides about records besides their offsets. */
export interface PieceCircumstances {
  /** They begin where the records before them ended, or where what whoever reads the source drops ended. */
  readonly isAdjacent: boolean
  /** Of the source, as the batch says. */
  readonly leaderEpoch: number
  /** ms since the epoch; -1: none. */
  readonly maxTimestampMs: number
  readonly nowMs: number
}

/**
 * Batches that were sent and never answered, by a connection that was lost or a process that died. One of them may be appended at any time, as long as its
 * sequence is the next. That is harmless where the same sequences stand for the same records: then it is what would be sent anyway, and one of the two
 * is dropped as a duplicate. It is not where the source was compacted or truncated in between, or is read differently; a late batch would then take the
 * place of other records, and these would be counted as copied. Nor is it where the broker may forget the sequence. In these cases strays have to be fenced first.
 */
export class StrayBatches {
  #map: OffsetMap
  readonly #leaderEpoch: number
  readonly #isOtherPlan: boolean
  /** Sequence after the last one that was sent; null where another process sent them. */
  readonly end: number | null
  #batchesCount = 0
  #bytesCount = 0

  /**
   * @param runs   that stood in the ledger when the batches were sent, oldest first: no batch is sent before its run is there
   * @param sent   `end`: sequence after the last one that was sent; null where another process sent them
   */
  constructor(
    runs: Iterable<Run>,
    sent: { readonly leaderEpoch: number; readonly isOtherPlan: boolean; readonly end: number | null },
  ) {
    const { leaderEpoch, isOtherPlan, end } = sent
    this.end = end
    this.#map = OffsetMap.from(runs)
    this.#leaderEpoch = leaderEpoch
    this.#isOtherPlan = isOtherPlan
  }

  /** Older runs that stood in the ledger, too. */
  recall(older: readonly Run[]): void {
    this.#map = OffsetMap.from([...older, ...this.#map.runs()])
  }

  /** Takes note of an acknowledged batch. @returns whether all strays are behind what was written since */
  isPassed(sizeBytes: number): boolean {
    this.#batchesCount++
    this.#bytesCount += sizeBytes
    return this.#batchesCount > FLIGHT_BATCHES_MAX && this.#bytesCount > FLIGHT_BYTES_MAX
  }

  /** @param sequence   that the first record would get */
  isAtOdds(sequence: number, { upstreamOffset, count }: UpstreamPiece, circumstances: PieceCircumstances): boolean {
    const { isAdjacent, leaderEpoch, maxTimestampMs, nowMs } = circumstances
    const run = this.#map.runAtSequence(sequence)
    if (run === null || (this.end !== null && !isBefore(sequence, this.end))) return false
    if (maxTimestampMs < nowMs - FORGETTABLE_AFTER_MS) return true
    const isInOpenRun = run.sequence === this.#map.last?.sequence
    if (this.#map.upstreamAtSequence(sequence) !== upstreamOffset) {
      // What was dropped before our eyes, under the same plan, was dropped before theirs; and they wrote a run for it before they sent on.
      return !isInOpenRun || !isAdjacent || this.#isOtherPlan
    }
    const end = this.#map.upstreamAtSequence(sequenceAfter(sequence, count - 1))
    if (end !== upstreamOffset + count - 1) return true
    return isInOpenRun && this.#leaderEpoch >= 0 && this.#leaderEpoch !== leaderEpoch
  }
}

function isBefore(sequence: number, end: number): boolean {
  return sequence !== end && sequenceDistance(sequence, end) < SEQUENCE_MODULUS / 2
}
