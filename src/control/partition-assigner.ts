import type { Clock } from '../base/clock.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { Gap, GapReason } from '../mirror/gap.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { UNKNOWN_TARGET_SETTINGS } from '../pipeline/partition-assignment.ts'
import type { PartitionAssignment, TargetTopicSettings } from '../pipeline/partition-assignment.ts'
import { isDefect } from './failure.ts'
import { decidePartitionStart } from './partition-start.ts'
import type { PartitionHistory, PartitionStart } from './partition-start.ts'
import type { CallOptions, PartitionCopier, TargetTopics } from './topic-ports.ts'
import type { AssignedTopic, TopicAssignment, TopicRevocation } from './topic-reconciliation.ts'

/** What earlier runs of the flow wrote down. */
export interface FlowHistory {
  /** True when the ledger knows any partition: then a partition that it does not know is new to the flow. */
  readonly hasRunBefore: boolean
  /** Every source partition that was copied before. */
  known(): Iterable<TopicPartition>
  /** Whether the loss of a deleted topic's partition is written down already. */
  isDeletionKnown(topic: string, partition: number): boolean
  /** @throws an error of the catalogue when the partition must not be copied before a human has decided */
  find(topic: string, partition: number): PartitionHistory
}

export interface PartitionAssignerDependencies {
  readonly plan: FlowPlan
  readonly target: TargetTopics
  readonly copier: PartitionCopier
  readonly history: FlowHistory
  readonly clock: Clock
  readonly observe: Observer<EventName>
  readonly onGap: (gap: Gap) => void
}

/**
 * Gives partitions to the lane and takes them away, and says what was lost where a topic is gone or is another one.
 *
 * Invariants (docs/invariants.md):
 * 6. `assigned` is what the lane has: partitions 0 to partitionsCount - 1 of each topic, none twice;
 * 7. an incarnation of a source topic that is held back (gap policy `stop`) is never assigned by itself again.
 */
export class PartitionAssigner {
  readonly #deps: PartitionAssignerDependencies
  readonly #assigned = new Map<string, AssignedTopic>()
  /** Held back topics and the topic id they have. */
  readonly #held = new Map<string, string | null>()
  /** Where partitions of a recreated topic go on, by partition: what was written down about them says nothing any more. */
  readonly #resumeAt = new Map<string, readonly number[]>()
  /** Source topics that were recreated while the flow ran: copied from the start, whatever was written down. */
  readonly #fresh = new Set<string>()
  /** Partition counts at the first look; what came later is copied from its start. */
  #firstSeen: ReadonlyMap<string, number> | null = null

  constructor(deps: PartitionAssignerDependencies) {
    this.#deps = deps
  }

  get assigned(): ReadonlyMap<string, AssignedTopic> {
    return this.#assigned
  }

  /** Notes which partitions the flow finds when it starts; later calls change nothing. */
  noteFirstSeen(partitionsCounts: ReadonlyMap<string, number>): void {
    this.#firstSeen ??= new Map(partitionsCounts)
  }

  /** Topics that were copied before the flow started, and of which nothing is assigned. */
  formerTopics(): Set<string> {
    const topics = new Set<string>()
    for (const { topic } of this.#deps.history.known()) if (!this.#assigned.has(topic)) topics.add(topic)
    return topics
  }

  /** Says of topics that were deleted while the flow did not run that what they still held is lost. Said once, not at each start. */
  reportDeletedBefore(topics: ReadonlySet<string>): void {
    const { history, plan, observe } = this.#deps
    const said = new Set<string>()
    for (const { topic, partition } of history.known()) {
      if (!topics.has(topic) || history.isDeletionKnown(topic, partition)) continue
      const targetTopic = plan.policy.formatRemoteTopic(plan.source.alias, topic)
      if (!said.has(topic)) observe.event('TopicDeleted', { flow: plan.name, topic, targetTopic })
      said.add(topic)
      const lastCopiedOffset = this.#lastCopiedOffset(topic, partition)
      this.#reportGap(topic, partition, lastCopiedOffset + 1, 'topic deleted')
    }
  }

  revoke(revocations: readonly TopicRevocation[]): void {
    if (revocations.length === 0) return
    const positions = this.#positions()
    for (const revocation of revocations) this.#revokeOne(revocation, positions)
  }

  /** @returns how many partitions the lane got */
  async assign(decided: readonly TopicAssignment[], { signal }: CallOptions): Promise<number> {
    const free = decided.filter(({ topic, topicId }) => !this.#isHeld(topic, topicId))
    if (free.length === 0) return 0
    const settings = await this.#settings(free, { signal })
    const assignments = free.flatMap((one) =>
      this.#assignmentsOf(one, settings.get(one.targetTopic) ?? UNKNOWN_TARGET_SETTINGS),
    )
    if (assignments.length > 0) this.#deps.copier.assign(assignments)
    return assignments.length
  }

  async #settings(topics: readonly TopicAssignment[], { signal }: CallOptions) {
    const { plan, target, observe } = this.#deps
    const names = topics.map(({ targetTopic }) => targetTopic)
    const settings = await target.settings(names, { signal })
    const unknown = names.filter((name) => !settings.has(name))
    if (unknown.length > 0) {
      observe.event('TopicSettingsUnreadable', { flow: plan.name, cluster: plan.target.alias, topics: unknown })
    }
    return settings
  }

  #assignmentsOf(decided: TopicAssignment, target: TargetTopicSettings): PartitionAssignment[] {
    const { topic, targetTopic, topicId, targetTopicId, fromPartition, toPartition } = decided
    const assignments: PartitionAssignment[] = []
    let isHeld = false
    for (let partition = fromPartition; partition < toPartition; partition++) {
      const start = this.#tryStartOf(decided, partition)
      if (start === null) continue
      if (start.lostFromOffset !== null)
        isHeld = this.#reportRecreated(topic, partition, start.lostFromOffset) || isHeld
      const { storedPosition, ledger, isAdded, earlierInTransactions: earlier } = start
      const ids = { sourceTopicId: topicId, targetTopicId }
      const place = { sourceTopic: topic, targetTopic, partition, ...ids, storedPosition, ledger, isAdded, target }
      assignments.push(earlier === undefined ? place : { ...place, earlierInTransactions: earlier })
    }
    this.#resumeAt.delete(topic)
    this.#fresh.delete(topic)
    if (isHeld) {
      this.#hold(topic, topicId)
      return []
    }
    this.#assigned.set(topic, { topic, targetTopic, topicId, targetTopicId, partitionsCount: toPartition })
    return assignments
  }

  /** -1 when it is not known: then all of the partition may be missing. */
  #lastCopiedOffset(topic: string, partition: number): number {
    try {
      return this.#deps.history.find(topic, partition).lastCopiedOffset ?? -1
    } catch (error) {
      if (isDefect(error)) throw error
      return -1
    }
  }

  /** @returns null when what was written down about the partition cannot be read: then it stays out, and the others go on */
  #tryStartOf(decided: TopicAssignment, partition: number): PartitionStart | null {
    try {
      return this.#startOf(decided, partition)
    } catch (error) {
      if (isDefect(error)) throw error
      this.#deps.observe.event('PartitionHeldBack', {
        flow: this.#deps.plan.name,
        topic: decided.topic,
        partition,
        error,
      })
      return null
    }
  }

  #startOf({ topic, targetTopic, topicId, targetTopicId }: TopicAssignment, partition: number): PartitionStart {
    const { history, plan, observe } = this.#deps
    if (this.#fresh.has(topic)) return { ...startAnew, isAdded: true }
    const resumeAt = this.#resumeAt.get(topic)?.[partition] ?? -1
    if (resumeAt >= 0) return { ...startAnew, storedPosition: resumeAt }
    const isNewToFlow = history.hasRunBefore || partition >= (this.#firstSeen?.get(topic) ?? 0)
    const ids = { source: topicId, target: targetTopicId }
    const start = decidePartitionStart(history.find(topic, partition), ids, isNewToFlow)
    if (start.isRemoteTopicRecreated) {
      const upstreamOffset = start.storedPosition
      observe.event('RemoteTopicRecreated', { flow: plan.name, topic, partition, targetTopic, upstreamOffset })
    }
    return start
  }

  #revokeOne({ assigned, reason }: TopicRevocation, positions: ReadonlyMap<string, readonly Position[]>): void {
    const { topic, targetTopic, partitionsCount } = assigned
    const { plan, copier, observe } = this.#deps
    const partitions = Array.from({ length: partitionsCount }, (_, partition) => ({ topic, partition }))
    copier.revoke(partitions)
    this.#assigned.delete(topic)
    const known = positions.get(topic) ?? []
    if (reason === 'remote topic recreated') {
      this.#resumeAt.set(
        topic,
        known.map(({ nextOffset }) => nextOffset),
      )
      observe.event('RemoteTopicRecreated', {
        flow: plan.name,
        topic,
        targetTopic,
        partition: 'all',
        upstreamOffset: 'where it was',
      })
      return
    }
    observe.event(reason === 'topic deleted' ? 'TopicDeleted' : 'TopicRecreated', {
      flow: plan.name,
      topic,
      targetTopic,
    })
    for (const { partition } of partitions)
      this.#reportLoss(topic, partition, known[partition] ?? unknownPosition, reason)
    // Without topic ids nothing else would tell a topic of the same name from this one later.
    if (reason === 'topic recreated' || assigned.topicId === null) this.#fresh.add(topic)
    if (reason !== 'topic recreated') return
    if (plan.gapPolicy === 'stop') this.#hold(topic, null)
  }

  /** A deleted topic whose records were all copied has lost nothing; of a recreated one nobody knows what came last. */
  #reportLoss(topic: string, partition: number, { nextOffset, endOffset }: Position, reason: GapReason): void {
    const isAllCopied = nextOffset >= 0 && endOffset >= 0 && nextOffset >= endOffset
    if (reason === 'topic deleted' && isAllCopied) return
    this.#reportGap(topic, partition, Math.max(0, nextOffset), reason)
  }

  /** @returns whether the topic has to be held back */
  #reportRecreated(topic: string, partition: number, lostFromOffset: number): boolean {
    this.#reportGap(topic, partition, lostFromOffset, 'topic recreated')
    return this.#deps.plan.gapPolicy === 'stop'
  }

  #reportGap(topic: string, partition: number, fromOffset: number, reason: GapReason): void {
    this.#deps.onGap({ topic, partition, fromOffset, toOffset: null, reason, atMs: this.#deps.clock.now() })
  }

  #hold(topic: string, topicId: string | null): void {
    this.#held.set(topic, topicId)
    this.#deps.observe.event('TopicHeldBack', { flow: this.#deps.plan.name, topic })
  }

  #isHeld(topic: string, topicId: string | null): boolean {
    if (!this.#held.has(topic)) return false
    const heldId = this.#held.get(topic) ?? null
    return heldId === null || heldId === topicId
  }

  #positions(): Map<string, Position[]> {
    const positions = new Map<string, Position[]>()
    for (const { topic, partition, nextOffset, endOffset, isEndKnown } of this.#deps.copier.status().partitions) {
      const ofTopic = positions.get(topic) ?? []
      ofTopic[partition] = { nextOffset, endOffset: isEndKnown ? endOffset : -1 }
      positions.set(topic, ofTopic)
    }
    return positions
  }
}

interface Position {
  readonly nextOffset: number
  readonly endOffset: number
}

const startAnew: PartitionStart = {
  storedPosition: null,
  ledger: null,
  isAdded: false,
  lostFromOffset: null,
  isRemoteTopicRecreated: false,
}

const unknownPosition: Position = { nextOffset: -1, endOffset: -1 }
