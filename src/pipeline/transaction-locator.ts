import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import { Notifier } from '../base/notifier.ts'
import type { LedgerWriter } from '../mirror/ledger-entry.ts'
import type { Continuation } from './continuation.ts'
import type { Locator } from './locator.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { UNKNOWN_TARGET_SETTINGS } from './partition-assignment.ts'
import type { TargetTopicSettings } from './partition-assignment.ts'
import { beginTransactionRuns } from './transaction-ledger.ts'

const RETRY_MS = 50

export interface TransactionLocatorDependencies {
  /** Finds out where a partition goes on that this lane has not written yet. */
  readonly first: Locator
  readonly ledger: LedgerWriter
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Stores the positions of partitions; resolves when they are committed. */
  targetSettings(topics: readonly string[]): Promise<ReadonlyMap<string, TargetTopicSettings>>
  store(partitions: readonly MirroredPartition[]): Promise<void>
  /** What the partition wrote is part of a transaction that may still be committed. */
  isMember(partition: MirroredPartition): boolean
  onLocated(partition: MirroredPartition, remark: Continuation['remark']): void
  onDefect(error: unknown): void
}

/**
 * Where copies go on when they are written in transactions: at what the last commit says, which is known without asking anybody.
 *
 * Only the first time the target is asked, as without transactions: an earlier life may have written without them. Then, in this order, the
 * position is committed, the ledger's entry is replaced by one that says "the stored position counts", and the first batch is written: a crash
 * between two of these steps finds a ledger entry and a position that say the same.
 */
export class TransactionLocator {
  readonly #deps: TransactionLocatorDependencies
  readonly #waiting = new Set<MirroredPartition>()
  /** Found, and not written down yet. */
  #found = new Map<MirroredPartition, Continuation['remark']>()
  readonly #registering = new Set<MirroredPartition>()
  readonly #changed = new Notifier()

  constructor(dependencies: TransactionLocatorDependencies) {
    this.#deps = dependencies
  }

  locate(partition: MirroredPartition): void {
    if (partition.membership?.isPlaced === true) {
      this.#waiting.add(partition)
      this.#changed.notify()
      return
    }
    // Whoever wrote it before did so under another identity. What may still be on its way of that is refused by a marker.
    partition.isIdentitySpent = true
    this.#deps.first.locate(partition)
  }

  forget(partition: MirroredPartition): void {
    this.#waiting.delete(partition)
    this.#found.delete(partition)
    this.#registering.delete(partition)
    this.#deps.first.forget(partition)
  }

  /** The first locator has found out where the partition goes on. */
  found(partition: MirroredPartition, remark: Continuation['remark']): void {
    if (this.#found.size === 0) queueMicrotask(() => void this.#register())
    this.#found.set(partition, remark)
  }

  async run({ signal }: { signal: AbortSignal }): Promise<void> {
    await Promise.all([this.#deps.first.run({ signal }), this.#settleDue(signal)])
  }

  async #settleDue(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#changed.wait(this.#waiting.size === 0 ? { signal } : { signal, timeoutMs: RETRY_MS })
      const due = this.#findDue()
      await this.#readDoubted(due)
      for (const partition of due)
        if (!partition.isTargetDoubted && this.#waiting.delete(partition)) this.#settle(partition)
    }
  }

  #findDue(): MirroredPartition[] {
    const nowMs = this.#deps.clock.monotonic()
    return [...this.#waiting].filter(
      ({ retryAtMs, membership }) => retryAtMs <= nowMs || membership?.isOnTrial !== true,
    )
  }

  /** Remote topics that did not take a batch: somebody may have changed them since. Where the target does not say, it is asked again. */
  async #readDoubted(due: readonly MirroredPartition[]): Promise<void> {
    const doubted = due.filter(({ isTargetDoubted }) => isTargetDoubted)
    if (doubted.length === 0) return
    try {
      const settings = await this.#deps.targetSettings([...new Set(doubted.map(({ targetTopic }) => targetTopic))])
      for (const partition of doubted) {
        partition.target = settings.get(partition.targetTopic) ?? UNKNOWN_TARGET_SETTINGS
        partition.isTargetDoubted = false
      }
    } catch (error) {
      if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
    }
  }

  #settle(partition: MirroredPartition): void {
    const { membership } = partition
    if (membership === null) return
    const upstream = this.#deps.isMember(partition) ? partition.ackedOffset : partition.copiedOffset
    if (!this.#deps.isMember(partition)) membership.startOffset = null
    partition.ackedOffset = upstream
    partition.ackedDownstream = -1
    partition.hole = null
    partition.refusedOffset = null
    partition.delayReason = null
    partition.continueAt({ upstream, sequence: 0, downstream: -1, leaderEpoch: -1 })
    this.#deps.onLocated(partition, 'none')
  }

  async #register(): Promise<void> {
    const found = this.#found
    this.#found = new Map()
    const partitions = [...found.keys()]
    for (const partition of partitions) this.#registering.add(partition)
    try {
      await this.#writeDown(partitions)
    } catch (error) {
      if (!this.#deps.signal.aborted) this.#deps.onDefect(error)
      return
    }
    for (const [partition, remark] of found) {
      if (!this.#registering.delete(partition) || partition.membership === null) continue
      partition.membership.isPlaced = true
      partition.map = null
      partition.strays = null
      partition.mustFence = false
      partition.fence = null
      partition.continueAt({ upstream: partition.ackedOffset, sequence: 0, downstream: -1, leaderEpoch: -1 })
      this.#deps.onLocated(partition, remark)
    }
  }

  async #writeDown(partitions: readonly MirroredPartition[]): Promise<void> {
    const { store, ledger, signal } = this.#deps
    const unstored = partitions.filter(
      ({ ackedOffset, assignment }) => ackedOffset > 0 && ackedOffset !== assignment.storedPosition,
    )
    if (unstored.length > 0) await store(unstored)
    await ledger.write(partitions.map(beginTransactionRuns), { signal })
  }
}
