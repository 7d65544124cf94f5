import type { Clock } from '../base/clock.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import { Notifier } from '../base/notifier.ts'
import type { LedgerIdentity } from '../mirror/ledger-entry.ts'
import { OffsetMap } from '../mirror/offset-map.ts'
import { continuationOf } from './continuation.ts'
import type { Continuation, ContinuationFacts } from './continuation.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { UNKNOWN_TARGET_SETTINGS } from './partition-assignment.ts'
import type { TargetTopicSettings } from './partition-assignment.ts'

const RETRY_MS = 200

/** An answer about one partition, or why there is none. */
export type PartitionAnswers<Answer> = ReadonlyMap<MirroredPartition, Answer | TwinlogError>

interface CallOptions {
  readonly signal: AbortSignal
}

/** What the locator asks the two clusters; many partitions a call. */
export interface LocatorPorts {
  /** Broker that leads the target partition, -1 if unknown: a broker that does not answer holds up its own partitions only. */
  targetLeader(partition: MirroredPartition): number
  /** Topic ids as both clusters have them now. Null: the topic is not there. */
  topicIds(partition: MirroredPartition): { source: string | null; target: string | null } | null
  /** A producer id to write under; another one than `spent`, if that is given. */
  producerIdentity(spent: bigint | null, options: CallOptions): Promise<{ producerId: bigint; producerEpoch: number }>
  /** Reads the configuration of remote topics again. Topics whose configuration cannot be read are missing from the answer. */
  targetSettings(topics: readonly string[], options: CallOptions): Promise<ReadonlyMap<string, TargetTopicSettings>>
  /** Last sequence of the partition's identity by the target's producer state; null: it has none. */
  targetSequences(
    partitions: readonly MirroredPartition[],
    options: CallOptions,
  ): Promise<PartitionAnswers<number | null>>
  /** End of the target partition: what all replicas in sync have. */
  targetEnds(partitions: readonly MirroredPartition[], options: CallOptions): Promise<PartitionAnswers<number>>
  /** First offset of the source partition, or its end. */
  sourceBounds(
    partitions: readonly MirroredPartition[],
    at: 'earliest' | 'latest',
    options: CallOptions,
  ): Promise<PartitionAnswers<number>>
  /** Last sequence of each partition's identity by the headers at the end of the target's log; null: none of the last batches is ours. */
  tailSequences(
    questions: readonly { partition: MirroredPartition; targetEnd: number }[],
    options: CallOptions,
  ): Promise<PartitionAnswers<number | null>>
}

export interface LocatorDependencies {
  readonly ports: LocatorPorts
  readonly clock: Clock
  readonly isIdempotent: boolean
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none'
  /** The partition may be read and written from here on. */
  onLocated(partition: MirroredPartition, remark: Continuation['remark']): void
  /** It could not be found out yet, and is tried again. */
  onDelayed(partition: MirroredPartition, error: TwinlogError, isNews: boolean): void
  onRefused(partition: MirroredPartition, error: TwinlogError): void
  /** No stored position, and auto.offset.reset is `none`. */
  onUnpositioned(partition: MirroredPartition): void
  /** A partition that is new to the flow begins above offset 0: what was before is not in the copy. */
  onStartMissing(partition: MirroredPartition, firstOffset: number): void
}

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
    while (!signal.aborted) {
      await this.#changed.wait(this.#waiting.size === 0 ? { signal } : { signal, timeoutMs: RETRY_MS })
      for (const [leader, due] of this.#dueByLeader()) {
        this.#busy.add(leader)
        void this.#locateGroup(due, options)
          .catch(onDefect)
          .finally(() => {
            this.#busy.delete(leader)
            this.#changed.notify()
          })
      }
    }
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
      if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
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
    const sequences: PartitionAnswers<number | null> = isIdempotent
      ? await ports.targetSequences(due, options)
      : new Map()
    const ends = await ports.targetEnds(due, options)
    const unplaced: Unplaced[] = []
    const unseen: { partition: MirroredPartition; targetEnd: number }[] = []
    for (const partition of due) {
      const sequence = sequences.get(partition) ?? null
      const targetEnd = ends.get(partition)
      const failure = [sequence, targetEnd].find((answer) => answer instanceof TwinlogError && answer.action !== 'stop')
      partition.isTargetBlind = sequence instanceof TwinlogError
      if (failure instanceof TwinlogError) this.#delay(partition, failure)
      else if (targetEnd instanceof TwinlogError) this.#delay(partition, targetEnd)
      else if (targetEnd === undefined) continue
      else if (typeof sequence === 'number' || !partition.hasWritten || partition.identity === null) {
        await this.#place(
          partition,
          { targetSequence: numberOrNull(sequence), isTargetKnown: true, targetEnd },
          unplaced,
          options,
        )
      } else unseen.push({ partition, targetEnd })
    }
    await this.#placeByTail(unseen, unplaced, options)
    await this.#placeByReset(unplaced, options)
  }

  /**
   * Whether metadata is as new as the assignment. Otherwise this would happen: a topic is made again, control hears of it first, and the
   * partition is located as one of the old topic, whose id no broker knows any more and nobody corrects.
   */
  #areTopicsKnown(partition: MirroredPartition): boolean {
    const ids = this.#deps.ports.topicIds(partition)
    const { sourceTopicId, targetTopicId } = partition.assignment
    return ids !== null && !isAnother(sourceTopicId, ids.source) && !isAnother(targetTopicId, ids.target)
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
  async #placeByTail(
    unseen: readonly { partition: MirroredPartition; targetEnd: number }[],
    unplaced: Unplaced[],
    options: CallOptions,
  ): Promise<void> {
    if (unseen.length === 0) return
    const tails = await this.#deps.ports.tailSequences(unseen, options)
    for (const { partition, targetEnd } of unseen) {
      const tail = tails.get(partition) ?? null
      if (tail instanceof TwinlogError && tail.action !== 'stop') this.#delay(partition, tail)
      else {
        const isTargetKnown = !(tail instanceof TwinlogError)
        await this.#place(
          partition,
          { targetSequence: numberOrNull(tail), isTargetKnown, targetEnd },
          unplaced,
          options,
        )
      }
    }
  }

  /** The first time in this life: what the ledger says is taken over, unless it speaks of another incarnation of a topic. */
  #adoptLedger(partition: MirroredPartition): void {
    if (partition.identity !== null) return
    partition.sourceTopicId = this.#deps.ports.topicIds(partition)?.source ?? null
    const { ledger } = partition
    partition.ledger = null
    if (ledger === null || !this.#deps.isIdempotent) return
    const { runs, ...identity } = ledger
    partition.identity = identity
    partition.map = OffsetMap.from(runs)
    partition.isRegistered = true
    partition.hasWritten = true
  }

  async #place(
    partition: MirroredPartition,
    target: Pick<ContinuationFacts, 'targetSequence' | 'isTargetKnown' | 'targetEnd'>,
    unplaced: Unplaced[],
    options: CallOptions,
  ): Promise<void> {
    const { map, hasWritten, ackedSequence, ackedOffset, hole, isIdentitySpent } = partition
    const { storedPosition } = partition.assignment
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
    if (continuation.needsNewIdentity && this.#deps.isIdempotent) await this.#renewIdentity(partition, options)
    if (!this.#waiting.delete(partition)) return
    partition.delayReason = null
    partition.hole = null
    partition.refusedOffset = null
    partition.ackedOffset = upstream
    if (continuation.needsNewIdentity) partition.ackedSequence = -1
    else if (continuation.appendedSequence >= 0) partition.ackedSequence = continuation.appendedSequence
    partition.ackedDownstream = continuation.downstream
    const leaderEpoch = this.#leaderEpochAt(partition, continuation.appendedSequence)
    partition.continueAt({
      upstream,
      sequence: continuation.sequence,
      downstream: continuation.downstream,
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

  async #renewIdentity(partition: MirroredPartition, options: CallOptions): Promise<void> {
    const ids = this.#deps.ports.topicIds(partition)
    const spent = partition.hasWritten ? (partition.identity?.producerId ?? null) : partition.spentProducerId
    const producer = await this.#deps.ports.producerIdentity(spent, options)
    partition.identity = {
      ...producer,
      sourceTopicId: ids?.source ?? null,
      targetTopicId: ids?.target ?? null,
      sourceLeaderEpoch: -1,
    } satisfies LedgerIdentity
    partition.map = new OffsetMap()
    partition.isRegistered = false
    partition.hasWritten = false
    partition.isIdentitySpent = false
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

/** A partition about which nothing is stored: auto.offset.reset decides. */
interface Unplaced {
  readonly partition: MirroredPartition
  readonly continuation: Continuation
}

function isAnother(before: string | null, now: string | null): boolean {
  return before !== null && now !== null && before !== now
}

function numberOrNull(answer: number | null | TwinlogError): number | null {
  return typeof answer === 'number' ? answer : null
}
