import type { LedgerIdentity } from '../mirror/ledger-entry.ts'
import { OffsetMap } from '../mirror/offset-map.ts'
import type { Run } from '../mirror/run.ts'
import { sequenceAfter } from '../mirror/run.ts'
import { piecesOf } from './batch-records.ts'
import type { BatchRecords } from './batch-records.ts'
import { RUNS_KEPT } from './runs-kept.ts'

/** Records of the open transaction that the target acknowledged, one after the other on both sides. */
interface Stretch {
  readonly upstream: number
  /** -1: the target did not say. */
  readonly downstream: number
  count: number
}

/**
 * Where the records of a partition went that are written in transactions. It is known with each acknowledgement, true with the commit, and written to the ledger
 * after that: positions are exact in that mode, so nothing waits for it. Sequences are only counted here, since those of the batches begin anew with each epoch.
 *
 * The run that is written last has no downstream offset. It says where the next one begins, so that the one before it is not taken to reach
 * further: what was committed and not written down any more, by a process that was killed, is not known, and not guessed.
 */
export class TransactionRuns {
  readonly identity: LedgerIdentity
  readonly map = new OffsetMap()
  #open: Stretch[] = []
  #unwritten: Run[] = []
  #sequence: number
  #downstreamEnd: number
  #origin: number

  /**
   * @param identity        under which the ledger has them
   * @param sequence        of the next record, by the count of the ledger
   * @param downstreamEnd   offset after the last record that is committed; -1: not known
   * @param origin          upstream offset from which on all that is copied will be written down here; -1: earlier runs are
   */
  constructor(identity: LedgerIdentity, sequence: number, downstreamEnd: number, origin: number) {
    this.identity = identity
    this.#sequence = sequence
    this.#downstreamEnd = downstreamEnd
    this.#origin = origin
  }

  /** Downstream offset after the last record that is committed; -1: not known. */
  get downstreamEnd(): number {
    return this.#downstreamEnd
  }

  /** Something was committed that the ledger has not heard of. */
  get hasUnwritten(): boolean {
    return this.#unwritten.length > 0
  }

  /**
   * The target has a batch of the open transaction.
   * @param baseOffset   what it gave to the first record; -1: it did not say
   */
  acknowledged(batch: BatchRecords, baseOffset: number): void {
    let ahead = 0
    for (const { upstreamOffset: upstream, count } of piecesOf(batch)) {
      const downstream = baseOffset < 0 ? -1 : baseOffset + ahead
      const last = this.#open.at(-1)
      const continues =
        last !== undefined &&
        upstream === last.upstream + last.count &&
        downstream >= 0 &&
        downstream === last.downstream + last.count
      if (continues) last.count += count
      else this.#open.push({ upstream, downstream, count })
      ahead += count
    }
  }

  /** What was acknowledged since the last commit is there for good. */
  committed(): void {
    for (const { upstream, downstream, count } of this.#open) {
      // Where the copy began with what nobody copies, that is behind nothing as well: the first record stands for it, as if there were one.
      if (this.#origin >= 0 && this.#origin < upstream) this.#begin(this.#origin, downstream, 1)
      this.#origin = -1
      this.#begin(upstream, downstream, count)
      this.#downstreamEnd = downstream < 0 ? -1 : downstream + count
    }
    this.#open = []
  }

  #begin(upstream: number, downstream: number, count: number): void {
    const run = { upstream, sequence: this.#sequence, downstream }
    this.map.begin(run)
    this.#unwritten.push(run)
    this.#sequence = sequenceAfter(this.#sequence, count)
  }

  /** What was acknowledged since the last commit counts no more. */
  aborted(): void {
    this.#open = []
  }

  /**
   * What the ledger has to hear, with the run that ends it.
   * @param copiedOffset   next upstream offset that is not committed
   */
  takeUnwritten(copiedOffset: number): readonly Run[] {
    const runs = this.#unwritten
    this.#unwritten = []
    this.map.keepNewest(RUNS_KEPT, copiedOffset)
    return [...runs, { upstream: copiedOffset, sequence: this.#sequence, downstream: -1 }]
  }
}
