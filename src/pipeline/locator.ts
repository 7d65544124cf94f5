import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import { Notifier } from '../base/notifier.ts'
import { enterWindow } from '../base/trace-window.ts'
import type { LedgerIdentity } from '../mirror/ledger-entry.ts'
import { OffsetMap } from '../mirror/offset-map.ts'
import { isAnotherIncarnation } from '../mirror/topic-incarnation.ts'
import { continuationOf } from './continuation.ts'
import type { Continuation } from './continuation.ts'
import type { LocatorCallOptions as CallOptions, PartitionAnswers, TargetSequence } from './locator-ports.ts'
import type { LocatorDependencies } from './locator-dependencies.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { UNKNOWN_TARGET_SETTINGS } from './partition-assignment.ts'
import { recallRuns } from './recall-runs.ts'
import { StrayBatches } from './stray-batches.ts'
import { endsBeforeRuns, isPlaceable, traceOf } from './target-trace.ts'
import type { TargetFacts, Unplaced, Unseen } from './target-trace.ts'

const RETRY_MS = 200

/** Finds out, for many partitions at a time, where their copies go on: at the start, and after every failure. */
export class Locator {
  readonly #deps: LocatorDependencies
  readonly #waiting = new Set<MirroredPartition>()
  /** Leaders whose partitions are being located. */
  readonly #busy = new Set<number>()
  readonly #changed = new Notifier()

  constructor(dependencies: LocatorDependencies) {
    this.#deps = dependencies
  }

  locate(partition: MirroredPartition): void {
    this.#waiting.add(partition)
    this.#changed.notify()
  }

  forget(partition: MirroredPartition): void {
    this.#waiting.delete(partition)
  }

  async run({ signal }: { signal: AbortSignal }): Promise<void> {
    const defect = Promise.withResolvers<never>()
    await Promise.race([this.#runGroups({ signal }, defect.reject), defect.promise])
  }

  async #runGroups(options: CallOptions, onDefect: (error: unknown) => void): Promise<void> {
    const { signal } = options
    let isOver = false
    while (!signal.aborted && !isOver) {
      await this.#changed.wait(this.#waiting.size === 0 ? { signal } : { signal, timeoutMs: this.#nextDueMs() })
      for (const [leader, due] of this.#dueByLeader()) {
        this.#busy.add(leader)
        void this.#locateGroup(due, options)
          .catch((error: unknown) => {
            isOver = true
            onDefect(error)
          })
          .finally(() => {
            this.#busy.delete(leader)
            this.#changed.notify()
          })
      }
    }
  }

  /** ms until the next partition may be looked at again; a leader that is busy says when it is not. */
  #nextDueMs(): number {
    const nowMs = this.#deps.clock.monotonic()
    let least = RETRY_MS
    for (const { retryAtMs } of this.#waiting) if (retryAtMs > nowMs) least = Math.min(least, retryAtMs - nowMs)
    return Math.ceil(least)
  }

  #dueByLeader(): Map<number, MirroredPartition[]> {
    const nowMs = this.#deps.clock.monotonic()
    const groups = new Map<number, MirroredPartition[]>()
    for (const partition of this.#waiting) {
      if (partition.retryAtMs > nowMs) continue
      const leader = this.#deps.ports.targetLeader(partition)
      if (this.#busy.has(leader)) continue
      const group = groups.get(leader)
      if (group === undefined) groups.set(leader, [partition])
      else group.push(partition)
    }
    return groups
  }

  async #locateGroup(due: readonly MirroredPartition[], options: CallOptions): Promise<void> {
    try {
      await this.#locateAll(due, options)
    } catch (error) {
      if (options.signal.aborted) return
      // Who was replaced by another process has nothing left to find out.
      if (!(error instanceof TwinlogError) || error.kind === 'defect' || error.action === 'fence') throw error
      for (const partition of due) this.#delay(partition, error)
    }
  }

  /** A partition may be given up during any of the waits here: whatever was found out about it then is of no use any more. */
  async #locateAll(all: readonly MirroredPartition[], options: CallOptions): Promise<void> {
    const { ports, isIdempotent } = this.#deps
    const due = all.filter((partition) => {
      if (this.#areTopicsKnown(partition)) return true
      this.#delay(partition, errors.TOPIC_NOT_FOUND({ topic: partition.sourceTopic }))
      return false
    })
    for (const partition of due) this.#adoptLedger(partition)
    await this.#readTargetSettings(due, options)
    const sequences: PartitionAnswers<TargetSequence> = isIdempotent
      ? await ports.targetSequences(due, options)
      : new Map()
    const ends = await ports.targetEnds(due, options)
    const unplaced: Unplaced[] = []
    const unseen: Unseen[] = []
    for (const partition of due) {
      const sequence = sequences.get(partition) ?? null
      const targetEnd = ends.get(partition)
      const failure = [sequence, targetEnd].find((answer) => answer instanceof TwinlogError && answer.action !== 'stop')
      this.#noteBlindness(partition, sequence instanceof TwinlogError && sequence.action === 'stop' ? sequence : null)
      if (failure instanceof TwinlogError) this.#delay(partition, failure)
      else if (targetEnd instanceof TwinlogError) this.#delay(partition, targetEnd)
      else if (targetEnd === undefined) continue
      else if (sequence === null && endsBeforeRuns(partition, targetEnd) && !this.#recall(partition)) continue
      else if (isPlaceable(partition, sequence, targetEnd))
        await this.#place(partition, traceOf(partition, sequence, targetEnd), unplaced, options)
      else unseen.push({ partition, targetEnd })
    }
    await this.#placeByTail(await this.#fence(unseen, options), unplaced, options)
    await this.#placeByReset(unplaced, options)
  }

  /**
   * Refuses what may still be on its way under identities of which the target cannot tell how far they came, or whose sequences might be taken for other
   * records; all partitions of a call together (design.md section 5, step 4). One marker a partition is enough, however often it is looked at afterwards.
   * @returns the partitions whose tails can be read now, with their ends behind the markers
   */
  async #fence(unseen: readonly Unseen[], options: CallOptions): Promise<readonly Unseen[]> {
    // Whom we may not ask we may not read either: then the broker's memory of repeated batches has to do.
    const fencible = unseen.filter(({ partition }) => !partition.isTargetBlind)
    if (fencible.length === 0) return unseen
    const due = fencible.filter(({ partition }) => partition.fence === null).map(({ partition }) => partition)
    const fences = due.length === 0 ? new Map<never, never>() : await this.#deps.ports.fence(due, options)
    for (const partition of due) {
      const fence = fences.get(partition) ?? null
      if (fence instanceof TwinlogError) this.#delay(partition, fence)
      else if (fence === null) this.#unfenced(partition)
      else {
        partition.fence = fence
        enterWindow('epoch-changing')
        this.#deps.onFenced(partition)
      }
    }
    const open = fencible.map(({ partition }) => partition).filter((partition) => this.#isDue(partition))
    const ends = await this.#deps.ports.targetEnds(open, options)
    const seen: Unseen[] = unseen.filter(({ partition }) => partition.isTargetBlind)
    for (const partition of open) {
      const targetEnd = ends.get(partition)
      if (typeof targetEnd === 'number') seen.push({ partition, targetEnd })
      else if (targetEnd !== undefined) this.#delay(partition, targetEnd)
    }
    return seen
  }

  #noteBlindness(partition: MirroredPartition, error: TwinlogError | null): void {
    if (error !== null && !partition.isTargetBlind) this.#deps.onBlind(partition, error)
    partition.isTargetBlind = error !== null
  }

  #unfenced(partition: MirroredPartition): void {
    partition.mustFence = false
    partition.strays = null
    this.#deps.onUnfenced(partition)
  }

  /** False once it was delayed or given up in this round. */
  #isDue(partition: MirroredPartition): boolean {
    return this.#waiting.has(partition) && partition.retryAtMs <= this.#deps.clock.monotonic()
  }

  /**
   * Whether metadata is as new as the assignment. Otherwise this would happen: a topic is made again, control hears of it first, and the
   * partition is located as one of the old topic, whose id no broker knows any more and nobody corrects.
   */
  #areTopicsKnown(partition: MirroredPartition): boolean {
    const ids = this.#deps.ports.topicIds(partition)
    const { sourceTopicId, targetTopicId } = partition.assignment
    return (
      ids !== null &&
      !isAnotherIncarnation(sourceTopicId, ids.source) &&
      !isAnotherIncarnation(targetTopicId, ids.target)
    )
  }

  /** Of remote topics that did not take a batch: somebody may have changed them since. */
  async #readTargetSettings(due: readonly MirroredPartition[], options: CallOptions): Promise<void> {
    const doubted = due.filter(({ isTargetDoubted }) => isTargetDoubted)
    if (doubted.length === 0) return
    const topics = [...new Set(doubted.map(({ targetTopic }) => targetTopic))]
    const settings = await this.#deps.ports.targetSettings(topics, options)
    for (const partition of doubted) {
      partition.target = settings.get(partition.targetTopic) ?? UNKNOWN_TARGET_SETTINGS
      partition.isTargetDoubted = false
    }
  }

  /** Not in the producer state: the broker may have forgotten the id, but its log has not (design.md section 5, step 4). */
  async #placeByTail(unseen: readonly Unseen[], unplaced: Unplaced[], options: CallOptions): Promise<void> {
    if (unseen.length === 0) return
    const tails = await this.#deps.ports.tails(unseen, options)
    for (const { partition, targetEnd } of unseen) {
      const tail = tails.get(partition)
      if (tail === undefined) continue
      if (tail instanceof TwinlogError) {
        if (tail.action !== 'stop') this.#delay(partition, tail)
        else {
          const nothing = { targetSequence: null, isAbsent: false, isTargetKnown: false, targetEnd, dataEnd: targetEnd }
          await this.#place(partition, nothing, unplaced, options)
        }
        continue
      }
      const { sequence: targetSequence, isAbsent, markerEpoch, dataEnd } = tail
      if (partition.fence !== null && markerEpoch < partition.fence.producerEpoch) {
        // Decided, but not in the log of all replicas yet. Until then an append may come before it.
        const { targetTopic: topic, partition: index } = partition
        this.#delay(
          partition,
          errors.NOT_REPLICATED_YET({ topic, partition: index, end: targetEnd, expected: 'a transaction marker' }),
        )
        continue
      }
      await this.#place(
        partition,
        { targetSequence, isAbsent, isTargetKnown: true, targetEnd, dataEnd },
        unplaced,
        options,
      )
    }
  }

  /** The first time in this life: what the ledger says is taken over, unless it speaks of another incarnation of a topic. */
  #adoptLedger(partition: MirroredPartition): void {
    if (partition.identity !== null) return
    partition.sourceTopicId = this.#deps.ports.topicIds(partition)?.source ?? null
    const { ledger } = partition
    partition.ledger = null
    if (ledger === null || !this.#deps.isIdempotent) return
    const { runs, allRuns, isOtherPlan = false, ...identity } = ledger
    partition.identity = identity
    partition.map = OffsetMap.from(runs)
    partition.allRuns = allRuns ?? null
    partition.strays = new StrayBatches(runs, { leaderEpoch: identity.sourceLeaderEpoch, isOtherPlan, end: null })
    partition.isRegistered = true
    partition.hasWritten = true
  }

  /** @returns false when the older runs cannot be read: the partition stops */
  #recall(partition: MirroredPartition): boolean {
    const failure = recallRuns(partition)
    if (failure !== null) this.#delay(partition, failure)
    return failure === null
  }

  async #place(
    partition: MirroredPartition,
    target: TargetFacts,
    unplaced: Unplaced[],
    options: CallOptions,
  ): Promise<void> {
    const { targetSequence } = target
    const isFound = targetSequence !== null && partition.map?.runAtSequence(targetSequence) !== null
    if (!isFound && !this.#recall(partition)) return
    const { map, hasWritten, ackedSequence, ackedOffset, hole } = partition
    const { storedPosition } = partition.assignment
    const isIdentitySpent = partition.isIdentitySpent || partition.fence !== null
    const facts = { ...target, map, hasWritten, ackedSequence, ackedOffset, storedPosition, hole, isIdentitySpent }
    const continuation = continuationOf(facts)
    if (continuation.upstream === null) unplaced.push({ partition, continuation })
    else await this.#settle(partition, continuation, continuation.upstream, target.targetEnd, options)
  }

  async #placeByReset(unplaced: readonly Unplaced[], options: CallOptions): Promise<void> {
    const { ports, autoOffsetReset } = this.#deps
    for (const at of ['earliest', 'latest'] as const) {
      const chosen = unplaced.filter(({ partition }) => (at === 'latest') === this.#beginsAtEnd(partition))
      if (chosen.length === 0) continue
      const bounds = await ports.sourceBounds(
        chosen.map(({ partition }) => partition),
        at,
        options,
      )
      for (const { partition, continuation } of chosen) {
        const bound = bounds.get(partition)
        if (autoOffsetReset === 'none' && !partition.assignment.isAdded) this.#deps.onUnpositioned(partition)
        else if (bound instanceof TwinlogError) this.#delay(partition, bound)
        else if (bound !== undefined)
          await this.#settle(partition, continuation, bound, continuation.downstream, options)
        if (typeof bound === 'number' && bound > 0 && partition.assignment.isAdded)
          this.#deps.onStartMissing(partition, bound)
      }
    }
  }

  #beginsAtEnd(partition: MirroredPartition): boolean {
    return this.#deps.autoOffsetReset === 'latest' && !partition.assignment.isAdded
  }

  async #settle(
    partition: MirroredPartition,
    continuation: Continuation,
    upstream: number,
    targetEnd: number,
    options: CallOptions,
  ): Promise<void> {
    // Appended, but not by all replicas yet: neither lost nor safe. It is waited for, as acks=all would.
    const isReplicated = continuation.appendedSequence < 0 || targetEnd >= continuation.downstream
    if (!isReplicated) {
      const { targetTopic: topic, partition: index } = partition
      this.#delay(
        partition,
        errors.NOT_REPLICATED_YET({ topic, partition: index, end: targetEnd, expected: continuation.downstream }),
      )
      return
    }
    const hasFence = partition.fence !== null
    if (continuation.identity !== 'same' && this.#deps.isIdempotent)
      await this.#renewIdentity(partition, continuation, options)
    if (!this.#waiting.delete(partition)) return
    // Behind a marker the next record comes after all that is there.
    const downstream = hasFence ? targetEnd : continuation.downstream
    partition.delayReason = null
    partition.hole = null
    partition.refusedOffset = null
    partition.ackedOffset = upstream
    if (continuation.appendedSequence >= 0 && continuation.identity !== 'new')
      partition.ackedSequence = continuation.appendedSequence
    else if (continuation.identity !== 'same') partition.ackedSequence = -1
    partition.ackedDownstream = downstream
    const claimed = partition.assignment.storedPosition ?? -1
    const isSilent = continuation.remark === 'none' && partition.recordsTotal === 0
    partition.claimedOffset = isSilent && claimed > upstream ? claimed : null
    const leaderEpoch = this.#leaderEpochAt(partition, continuation.appendedSequence)
    partition.continueAt({
      upstream,
      sequence: continuation.sequence,
      downstream,
      leaderEpoch,
    })
    this.#deps.onLocated(partition, continuation.remark)
  }

  /** Epoch of the last copied batch, by which the source can tell whether it has truncated it since; -1 if not known for sure. */
  #leaderEpochAt(partition: MirroredPartition, sequence: number): number {
    const { map, identity } = partition
    if (sequence < 0 || identity === null || map === null) return -1
    return map.runAtSequence(sequence)?.sequence === map.last?.sequence ? identity.sourceLeaderEpoch : -1
  }

  async #renewIdentity(
    partition: MirroredPartition,
    { identity: kind, sequence }: Continuation,
    options: CallOptions,
  ): Promise<void> {
    const ids = this.#deps.ports.topicIds(partition)
    const { identity: old, fence } = partition
    const spent = partition.hasWritten ? old : partition.spentIdentity
    const { producerId, producerEpoch } = fence ?? (await this.#deps.ports.producerIdentity(spent, options))
    const producer = { producerId, producerEpoch, firstSequence: sequence }
    if (kind === 'next' && old !== null) partition.identity = { ...old, ...producer }
    else {
      partition.identity = {
        ...producer,
        sourceTopicId: ids?.source ?? null,
        targetTopicId: ids?.target ?? null,
        sourceLeaderEpoch: -1,
      } satisfies LedgerIdentity
      partition.map = new OffsetMap()
      partition.allRuns = null
      partition.isRegistered = false
    }
    partition.hasWritten = false
    partition.isIdentitySpent = false
    partition.mustFence = false
    partition.fence = null
    if (fence !== null) partition.strays = null
  }

  #delay(partition: MirroredPartition, error: TwinlogError): void {
    if (!this.#waiting.has(partition)) return
    if (error.action === 'stop') {
      this.#waiting.delete(partition)
      this.#deps.onRefused(partition, error)
      return
    }
    partition.retryAtMs = this.#deps.clock.monotonic() + RETRY_MS
    const isNews = partition.delayReason !== error.message
    partition.delayReason = error.message
    this.#deps.onDelayed(partition, error, isNews)
  }
}
