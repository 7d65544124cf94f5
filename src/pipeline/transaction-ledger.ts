import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { abortable } from '../kafka/abortable.ts'
import { transactionalIdentity } from '../mirror/ledger-entry.ts'
import type { LedgerIdentity, LedgerWrite, LedgerWriter } from '../mirror/ledger-entry.ts'
import { sequenceAfter } from '../mirror/run.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { TransactionRuns } from './transaction-runs.ts'

/** A head is written whole, so that a partition's runs are gathered for so long; what a kill takes away of them is as old at most. */
const GATHER_MS = 500
const FINISH_MS = 1_000

export interface TransactionLedgerDependencies {
  readonly ledger: LedgerWriter
  readonly clock: Clock
  readonly signal: AbortSignal
  onDefect(error: unknown): void
}

/** Tells the ledger where records went that were written in transactions, soon after they are committed. Nothing waits for it. */
export class TransactionLedger {
  readonly #deps: TransactionLedgerDependencies
  readonly #due = new Set<MirroredPartition>()
  #isGathering = false
  #written: Promise<void> = Promise.resolve()

  constructor(dependencies: TransactionLedgerDependencies) {
    this.#deps = dependencies
  }

  /** These partitions were part of a transaction that is committed. */
  committed(partitions: Iterable<MirroredPartition>): void {
    for (const partition of partitions) if (partition.membership?.runs?.hasUnwritten === true) this.#due.add(partition)
    if (this.#due.size > 0 && !this.#isGathering) void this.#writeSoon()
  }

  forget(partition: MirroredPartition): void {
    this.#due.delete(partition)
  }

  /** Writes what is due at the end of the lane, as far as that is done in a moment. */
  async finish(): Promise<void> {
    const late = AbortSignal.timeout(FINISH_MS)
    try {
      await abortable(this.#flush(this.#deps.signal), late)
    } catch (error) {
      // Offsets of what was copied last are not known then; nothing else depends on it.
      if (!late.aborted && !this.#deps.signal.aborted) throw error
    }
  }

  async #flush(signal: AbortSignal): Promise<void> {
    const due = [...this.#due]
    this.#due.clear()
    // The store writes in the order of the calls: with the last one all are written.
    const written = this.#deps.ledger.write(due.flatMap(writeOf), { signal })
    this.#written = Promise.all([this.#written, written]).then(() => undefined)
    await this.#written
  }

  async #writeSoon(): Promise<void> {
    const { clock, signal, onDefect } = this.#deps
    this.#isGathering = true
    try {
      while (this.#due.size > 0) {
        await clock.sleep(GATHER_MS, { signal })
        await this.#flush(signal)
      }
    } catch (error) {
      if (!signal.aborted) onDefect(error)
    } finally {
      this.#isGathering = false
    }
  }
}

/**
 * The entry under which a partition is written down that will be copied in transactions from here on. What earlier lives wrote down of where its records went stays;
 * what of it was not written down any more is a stretch of unknown offsets.
 */
export function beginTransactionRuns(partition: MirroredPartition): LedgerWrite {
  const {
    sourceTopic: topic,
    partition: index,
    identity,
    ackedOffset: upstream,
    ackedDownstream,
    membership,
  } = partition
  assert(identity !== null && membership !== null, 'a partition that was located has an identity')
  const { earlierInTransactions: earlier = null } = partition.assignment
  let ids: Pick<LedgerIdentity, 'sourceTopicId' | 'targetTopicId'> = identity
  let replaces = false
  let sequence = 0
  if (earlier !== null) {
    const { last } = earlier
    const isKnown = last.downstream < 0 && last.upstream === upstream
    sequence = isKnown ? last.sequence : sequenceAfter(last.sequence, Math.max(1, upstream - last.upstream))
    ids = earlier
  } else if (partition.isRegistered) sequence = partition.nextSequence
  else replaces = true
  const { sourceTopicId, targetTopicId } = ids
  const identified = { ...transactionalIdentity(identity), sourceTopicId, targetTopicId }
  membership.runs = new TransactionRuns(identified, sequence, ackedDownstream, replaces ? upstream : -1)
  const run = { upstream, sequence, downstream: -1 }
  return { topic, partition: index, identity: identified, replaces, runs: [run] }
}

function writeOf({ sourceTopic: topic, partition, membership, copiedOffset }: MirroredPartition): LedgerWrite[] {
  const runs = membership?.runs ?? null
  if (runs === null || !runs.hasUnwritten) return []
  return [{ topic, partition, identity: runs.identity, replaces: false, runs: runs.takeUnwritten(copiedOffset) }]
}
