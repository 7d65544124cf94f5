import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import type { CommittedOffset, ListedGroup } from '../kafka/consumer-groups.ts'
import { isCheckpointDue } from '../mirror/checkpoint.ts'
import type { Checkpoint } from '../mirror/checkpoint.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { isCycle } from '../mirror/replication-policy.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { CheckpointTopic } from './checkpoint-topic.ts'
import { CheckpointLatencies } from './checkpoint-latencies.ts'
import type { FlowClusters } from './flow-clusters.ts'
import type { FlowDuty } from './flow-duty.ts'
import { GroupBook } from './group-book.ts'
import type { FoundPosition } from './group-book.ts'
import { GroupOffsetSync } from './group-offset-sync.ts'
import type { GroupPosition, MirroredGroup } from './group-position.ts'
import type { GroupsReading } from './groups-reading.ts'
import type { LogBounds, OffsetTranslator } from './offset-translator.ts'
import type { PastSyncReader } from './past-sync-reader.ts'
import { SourceGroups } from './source-groups.ts'
import type { BrokerGroups } from './source-groups.ts'
import { targetBounds } from './target-bounds.ts'
import type { CallOptions } from './topic-ports.ts'

export interface GroupOffsetsDependencies {
  readonly clusters: Pick<FlowClusters, 'sourceAdmin' | 'targetAdmin' | 'targetData'>
  readonly clock: Clock
  readonly observe: Observer<EventName>
  readonly translator: OffsetTranslator
  /** Null: offset syncs are switched off, so that MirrorMaker 2 wrote none. */
  readonly pastSyncs: PastSyncReader | null
  /** False while it is not sure that the flow is still ours: then nothing is written. */
  readonly mayWrite: () => boolean
  /** False while partitions are being located: a moment after the start. */
  readonly isLocated: () => boolean
}

type MirroredOffset = CommittedOffset & { readonly targetTopic: string }

interface ReadGroup {
  readonly group: ListedGroup
  readonly committed: readonly MirroredOffset[]
}

/** The first round waits so long for partitions to be located: what is not then has no mapping yet, and the next round is an interval away. */
const LOCATE_MS = 10_000
const LOCATE_POLL_MS = 100
/** So long offsets are translated in one turn of the event loop. */
const TURN_MS = 5

/**
 * Translates what the consumer groups of the source committed, writes it as checkpoints, and commits it to the groups of the target: MirrorMaker 2's checkpoint
 * connector. Each round asks every broker of the source for its groups; what one of them tells is taken through to the end without waiting for the others.
 * Source: MirrorCheckpointConnector, MirrorCheckpointTask.
 */
export class GroupOffsets implements FlowDuty {
  readonly name = 'group offsets'
  readonly intervalMs: number
  readonly #book = new GroupBook()
  readonly #latencies = new CheckpointLatencies()
  readonly #plan: FlowPlan
  readonly #timeoutMs: number
  readonly #deps: GroupOffsetsDependencies
  readonly #sources: SourceGroups
  readonly #checkpoints: CheckpointTopic | null
  readonly #sync: GroupOffsetSync
  #nextCheckpointMs = -Infinity
  #nextSyncMs = -Infinity
  #checkpointsTotal = 0
  #hasLooked = false

  constructor(plan: FlowPlan, dependencies: GroupOffsetsDependencies) {
    const { checkpoints, syncIntervalMs = Infinity, filter, refreshIntervalMs } = plan.groups
    const { clusters, clock, observe, mayWrite } = dependencies
    this.intervalMs = Math.min(checkpoints?.intervalMs ?? Infinity, syncIntervalMs)
    this.#plan = plan
    this.#deps = dependencies
    // A broker that is away must not hold up the next round of the others.
    this.#timeoutMs = Math.min(plan.source.client.requestTimeoutMs, Math.max(1_000, Math.round(this.intervalMs / 2)))
    const timeoutMs = this.#timeoutMs
    this.#sources = new SourceGroups({
      cluster: clusters.sourceAdmin,
      groupFilter: filter,
      refreshIntervalMs,
      clock,
      timeoutMs,
    })
    const { targetAdmin: admin, targetData: data } = clusters
    this.#checkpoints = checkpoints === undefined ? null : new CheckpointTopic(checkpoints, { admin, data, clock })
    this.#sync = new GroupOffsetSync({ flow: plan.name, target: admin, clock, observe, timeoutMs, mayWrite })
  }

  reading(): GroupsReading {
    return { groups: [...this.#book.groups.values()], others: this.#sources.others, latencies: this.#latencies.all() }
  }

  async round({ signal }: CallOptions): Promise<void> {
    const { clock, observe } = this.#deps
    const { checkpoints, syncIntervalMs } = this.#plan.groups
    const flow = this.#plan.name
    await this.#awaitLocated(signal)
    // Checkpoints that cannot be written are no reason to leave groups where they are.
    const [opened] = await Promise.allSettled([this.#openCheckpoints(signal)])
    this.#hasLooked = true
    const nowMs = clock.monotonic()
    // Rounds are a little early or late.
    const isDue = (nextMs: number): boolean => nowMs >= nextMs - this.intervalMs / 2
    const isOpen = checkpoints !== undefined && opened.status === 'fulfilled'
    const isCheckpointDue = isOpen && isDue(this.#nextCheckpointMs)
    const isSyncDue = syncIntervalMs !== undefined && isDue(this.#nextSyncMs)
    const othersBefore = this.#sources.others.size
    const look = await this.#sources.look(
      async (read) => {
        const groups = await this.#take(read, { signal })
        const [emitted, synced] = await Promise.allSettled([
          isCheckpointDue ? this.#emit(groups, { signal }) : null,
          isSyncDue ? this.#sync.sync(groups, { signal }) : null,
        ])
        throwIfRejected(emitted)
        throwIfRejected(synced)
      },
      { signal },
    )
    for (const groupId of look.gone) this.#book.forget(groupId)
    for (const [groupId, error] of look.missing) this.#noteTrouble(groupId, error)
    if (this.#sources.others.size > othersBefore)
      observe.event('GroupsNotMirrored', {
        flow,
        groups: [...this.#sources.others].map(([id, type]) => `${id} (${type})`),
      })
    if (isCheckpointDue) this.#nextCheckpointMs = nowMs + checkpoints.intervalMs
    if (isSyncDue) this.#nextSyncMs = nowMs + syncIntervalMs
    throwIfRejected(opened)
  }

  details(): Readonly<Record<string, unknown>> {
    return { groupsCount: this.#book.groups.size, checkpointsTotal: this.#checkpointsTotal }
  }

  async #openCheckpoints(signal: AbortSignal): Promise<void> {
    const { checkpoints } = this.#plan.groups
    const wasRefused = (this.#checkpoints?.refusal ?? null) !== null
    await this.#checkpoints?.open((checkpoint) => this.#book.noteCheckpoint(checkpoint), { signal })
    const error = this.#checkpoints?.refusal ?? null
    if (error !== null && !wasRefused)
      this.#deps.observe.event('CheckpointsUnreadable', { flow: this.#plan.name, topic: checkpoints?.topic, error })
  }

  async #awaitLocated(signal: AbortSignal): Promise<void> {
    const { clock, isLocated } = this.#deps
    const deadlineMs = clock.monotonic() + LOCATE_MS
    while (!this.#hasLooked && !isLocated() && clock.monotonic() < deadlineMs)
      await clock.sleep(LOCATE_POLL_MS, { signal })
  }

  /** @returns the groups whose offsets were read and that stand somewhere in what is mirrored */
  async #take({ groups, offsets }: BrokerGroups, { signal }: CallOptions): Promise<readonly MirroredGroup[]> {
    const { pastSyncs } = this.#deps
    const relevant: ReadGroup[] = groups.flatMap((group) => {
      const read = offsets.get(group.groupId)
      if (read instanceof TwinlogError) this.#noteTrouble(group.groupId, read)
      return read === undefined || read instanceof TwinlogError ? [] : [{ group, committed: this.#mirrored(read) }]
    })
    const remote = new Map(
      relevant
        .flatMap(({ committed }) => committed)
        .map(({ targetTopic: topic, partition }) => [topicPartitionKey(topic, partition), { topic, partition }]),
    )
    const bounds = await this.#boundsOf([...remote.values()], signal)
    const found = await this.#translate(relevant, bounds, signal)
    const isMapped = found.every((ofGroup) => ofGroup.every(({ translation }) => translation.kind !== 'unknown'))
    if (isMapped || pastSyncs === null || pastSyncs.syncs !== null) return this.#noteAll(relevant, found)
    await pastSyncs.open({ signal })
    return this.#noteAll(relevant, await this.#translate(relevant, bounds, signal))
  }

  /** Turn by turn: others wait for the event loop as well. */
  async #translate(
    relevant: readonly ReadGroup[],
    bounds: ReadonlyMap<string, LogBounds>,
    signal: AbortSignal,
  ): Promise<readonly (readonly FoundPosition[])[]> {
    const { translator, clock } = this.#deps
    const found: FoundPosition[][] = []
    let turnStartMs = clock.monotonic()
    for (const { committed } of relevant) {
      if (clock.monotonic() - turnStartMs > TURN_MS) {
        await clock.sleep(0, { signal })
        turnStartMs = clock.monotonic()
      }
      const positions = committed.map(({ topic, targetTopic, partition, offset: upstreamOffset, metadata }) => {
        const ofPartition = bounds.get(topicPartitionKey(targetTopic, partition)) ?? null
        const translation = translator.downstreamOf(topic, partition, upstreamOffset, ofPartition)
        return { topic, targetTopic, partition, upstreamOffset, metadata, translation }
      })
      found.push(positions)
    }
    return found
  }

  #noteAll(relevant: readonly ReadGroup[], found: readonly (readonly FoundPosition[])[]): MirroredGroup[] {
    return relevant.flatMap(({ group }, index) => this.#note(group, found[index] ?? []) ?? [])
  }

  /** Those that are told in time: without them the lane's own knowledge of the ends has to do. */
  async #boundsOf(remote: readonly TopicPartition[], signal: AbortSignal): Promise<ReadonlyMap<string, LogBounds>> {
    const late = AbortSignal.timeout(this.#timeoutMs)
    try {
      return await targetBounds(this.#deps.clusters.targetAdmin, remote, { signal: AbortSignal.any([signal, late]) })
    } catch (error) {
      signal.throwIfAborted()
      if (!late.aborted) throw error
      return new Map()
    }
  }

  #note(group: ListedGroup, found: readonly FoundPosition[]): MirroredGroup | null {
    const { clock, observe } = this.#deps
    const flow = this.#plan.name
    const { groupId } = group
    const wasInTrouble = this.#book.groups.get(groupId)?.trouble ?? null
    const wasUnmapped = unmappedOf(this.#book.groups.get(groupId)).length > 0
    const noted = this.#book.noteOffsets(group, found, clock.now())
    if (wasInTrouble !== null) observe.event('GroupReadAgain', { flow, group: groupId })
    const unmapped = unmappedOf(noted ?? undefined)
    const [first] = unmapped
    if (first !== undefined && !wasUnmapped) {
      const { topic, partition, reason } = first
      observe.event('GroupUnmapped', {
        flow,
        group: groupId,
        topic,
        partition,
        reason,
        partitionsCount: unmapped.length,
      })
    }
    return noted
  }

  /**
   * What of the offsets lies in topics that the topic filter takes, as in MirrorMaker 2, and that can be copied at all: what came from the target is on its way round
   * there. -1 is no offset.
   */
  #mirrored(committed: readonly CommittedOffset[]): readonly MirroredOffset[] {
    const { topicFilter, policy, source, target } = this.#plan
    const copied = [...new Set(committed.map(({ topic }) => topic))].filter(
      (topic) => !policy.isInternalTopic(topic) && !isCycle(policy, topic, target.alias),
    )
    const topics = new Set(topicFilter.matches(copied))
    return committed
      .filter(({ topic, offset }) => offset >= 0 && topics.has(topic))
      .map((one) => ({ ...one, targetTopic: policy.formatRemoteTopic(source.alias, one.topic) }))
  }

  async #emit(groups: readonly MirroredGroup[], { signal }: CallOptions): Promise<void> {
    const { clock, mayWrite } = this.#deps
    const due = groups.flatMap(({ groupId, positions }) =>
      [...positions.values()].flatMap((position) => checkpointDue(groupId, position) ?? []),
    )
    if (due.length === 0 || !mayWrite()) return
    const startMs = clock.monotonic()
    await this.#checkpoints?.write(due, { signal })
    const latencyMs = clock.monotonic() - startMs
    for (const checkpoint of due) {
      this.#book.noteCheckpoint(checkpoint)
      this.#latencies.note(checkpoint, latencyMs, clock.now())
    }
    this.#checkpointsTotal += due.length
  }

  #noteTrouble(groupId: string, error: TwinlogError): void {
    if (this.#book.noteTrouble(groupId, error.message))
      this.#deps.observe.event('GroupUnreadable', { flow: this.#plan.name, group: groupId, error })
  }
}

function throwIfRejected(outcome: PromiseSettledResult<unknown>): void {
  if (outcome.status === 'rejected') throw outcome.reason
}

/** @returns undefined where there is nothing to write */
function checkpointDue(groupId: string, position: GroupPosition): Checkpoint | undefined {
  const { targetTopic: topic, partition, upstreamOffset, translation, metadata, checkpoint: last } = position
  if (translation.kind === 'unknown') return undefined
  const next = { groupId, topic, partition, upstreamOffset, downstreamOffset: translation.offset, metadata }
  return isCheckpointDue(next, last) ? next : undefined
}

function unmappedOf(group: MirroredGroup | undefined): GroupPosition[] {
  return [...(group?.positions.values() ?? [])].filter(({ state }) => state === 'unmapped')
}
