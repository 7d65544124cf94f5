import { assert } from '../base/assert.ts'
import type { ProducerIdentity } from '../kafka/transactions.ts'
import { sequenceAfter } from '../mirror/run.ts'
import type { TransactionRuns } from './transaction-runs.ts'

/**
 * A partition's part in the transactions of its lane: whether it may write now, under which epoch, and where it goes back to.
 *
 * Invariants (docs/invariants.md):
 * 65. Sequences of one epoch begin at 0 and have no holes: those that were sent and not acknowledged are given again only under another epoch,
 *     unless the target said that it has not appended them.
 * 66. `startOffset` is set from the first batch that is sent in a transaction until its outcome is known.
 */
export class TransactionMembership {
  /** It is part of the open transaction, which takes more. */
  mayWrite = false
  /** Its writing failed: it is tried again in a transaction that it shares with none that is well. */
  isOnTrial = false
  /** It is known where it goes on, and that is written down. */
  isPlaced = false
  /** Next upstream offset by the last commit, while something behind it is written and not committed; null: nothing is. */
  startOffset: number | null = null
  /** Where its records went; null: it is not known yet where it goes on. */
  runs: TransactionRuns | null = null
  #producer: ProducerIdentity | null = null
  #nextSequence = 0

  /** The partition is part of the transaction that this producer has open. Nothing may be in flight. */
  join(producer: ProducerIdentity): void {
    if (this.#producer?.producerId !== producer.producerId || this.#producer.producerEpoch !== producer.producerEpoch) {
      this.#producer = producer
      this.#nextSequence = 0
    }
    this.mayWrite = true
  }

  /** @param ackedOffset   next upstream offset that was not acknowledged when the batch is sent */
  nextSequence(count: number, ackedOffset: number): number {
    assert(this.mayWrite, 'a batch is sent only in an open transaction')
    this.startOffset ??= ackedOffset
    const sequence = this.#nextSequence
    this.#nextSequence = sequenceAfter(sequence, count)
    return sequence
  }

  /** The target said that it did not append the batch with this sequence, which was the last one sent. */
  takeBack(sequence: number): void {
    this.#nextSequence = sequence
  }

  /** What was written is part of the target for good. */
  committed(): void {
    this.startOffset = null
    this.isOnTrial = false
    this.runs?.committed()
  }

  /** What was written is not part of the target. */
  aborted(): void {
    this.mayWrite = false
    this.runs?.aborted()
  }
}
