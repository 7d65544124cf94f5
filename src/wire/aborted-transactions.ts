import { errors } from '../base/errors.ts'
import { ABORT_MARKER, NO_CONTROL_TYPE } from './control-record.ts'
import type { BatchHeader } from './record-batch.ts'

/** An entry of a Fetch answer's list: this producer's data was aborted from `firstOffset` to its abort marker. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

/**
 * Tells which batches of one partition in one Fetch answer belong to aborted transactions (for read_committed).
 * A new answer has a list of its own and needs a new object. Behaves as Java's CompletedFetch.nextFetchedRecord:
 *
 *  A. Transactions are begun in the order of their first offsets; the broker's list is not sorted.
 *  B. A producer id is in `active` from the batch whose last offset reaches its transaction's first offset until its
 *     abort marker.
 *  C. Only transactional batches are aborted; the same id may write others.
 *  D. A commit marker, or an emptied control batch, ends nothing.
 */
export class AbortedTransactions {
  /** Sorted by first offset; those before `#next` have begun. */
  readonly #sorted: readonly AbortedTransaction[]
  readonly #active = new Set<bigint>()
  #next = 0

  constructor(transactions: readonly AbortedTransaction[] | null) {
    this.#sorted =
      transactions === null ? [] : transactions.toSorted((one, other) => one.firstOffset - other.firstOffset)
  }

  /**
   * To be called for every batch of the answer, control batches included, in offset order.
   * @returns true when the batch is data of an aborted transaction
   * @throws BATCH_CORRUPT when a control batch cannot be read, because committed data might be dropped
   */
  isAborted(header: BatchHeader): boolean {
    if (!header.hasProducerId) return false
    while (this.#next < this.#sorted.length) {
      const transaction = this.#sorted[this.#next]
      if (transaction === undefined || transaction.firstOffset > header.lastOffset) break
      this.#active.add(transaction.producerId)
      this.#next++
    }
    // Nearly always: then no bigint is made for the batch.
    if (this.#active.size === 0) return false
    if (header.isControl) return this.#endTransaction(header)
    return header.isTransactional && this.#active.has(header.producerId)
  }

  #endTransaction(header: BatchHeader): false {
    if (header.controlType === ABORT_MARKER) this.#active.delete(header.producerId)
    else if (header.controlType === NO_CONTROL_TYPE && header.recordCount > 0) {
      throw errors.BATCH_CORRUPT({ offset: header.baseOffset, what: 'its control record cannot be read' })
    }
    return false
  }
}
