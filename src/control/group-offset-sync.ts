import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { commitGroupOffsets, describeGroupState, fetchGroupOffsets, listGroups } from '../kafka/consumer-groups.ts'
import type { CommittedOffset, GroupListing } from '../kafka/consumer-groups.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { GroupPosition, MirroredGroup } from './group-position.ts'
import type { CallOptions } from './topic-ports.ts'

export interface GroupOffsetSyncDependencies {
  readonly flow: string
  readonly target: ClusterClient
  readonly clock: Clock
  readonly observe: Observer<EventName>
  /** For each request, ms. */
  readonly timeoutMs: number
  /** False while it is not sure that the flow is still ours: then nothing is committed. */
  readonly mayWrite: () => boolean
}

const UNKNOWN_MEMBER_ID = 25

/**
 * Commits translated offsets to groups of the target, by MirrorMaker 2's rule: only to a group without members there, and never lower than what it has. Unlike
 * MirrorMaker 2 it looks at the state of the group and at its offsets just before it commits, each time.
 * Source: MirrorCheckpointTask.syncGroupOffset, refreshIdleConsumerGroupOffset.
 */
export class GroupOffsetSync {
  readonly #deps: GroupOffsetSyncDependencies

  constructor(dependencies: GroupOffsetSyncDependencies) {
    this.#deps = dependencies
  }

  /** Commits what can be committed of these groups; what becomes of each partition is noted in its position. @throws when no broker of the target answers */
  async sync(groups: readonly MirroredGroup[], { signal }: CallOptions): Promise<void> {
    const mapped = groups.filter(({ positions }) => [...positions.values()].some(isMapped))
    if (mapped.length === 0) return
    const { target, timeoutMs } = this.#deps
    const listing = await listGroups(target, { signal, timeoutMs })
    const [failure] = listing.failures.values()
    if (failure !== undefined && listing.failures.size === (target.metadata?.brokers.size ?? 0)) throw failure
    const idle: MirroredGroup[] = []
    for (const group of mapped) if (await this.#isIdle(group, listing, { signal })) idle.push(group)
    const committed = await this.#committed(idle, listing, { signal })
    await Promise.all(idle.map((group) => this.#syncGroup(group, committed.get(group.groupId) ?? [], { signal })))
  }

  /** Whether the group has no members on the target, as far as is known; the broker refuses the commit where that has changed. */
  async #isIdle(group: MirroredGroup, listing: GroupListing, { signal }: CallOptions): Promise<boolean> {
    const listed = listing.groups.get(group.groupId)
    const [failure] = listing.failures.values()
    if (listed === undefined && failure !== undefined) {
      this.#noteAll(group, 'failed', `whether the group has members on the target is not known: ${failure.message}`)
      return false
    }
    try {
      const state =
        listed === undefined ? 'Dead' : listed.state === '' ? await this.#describe(group, { signal }) : listed.state
      if (listed !== undefined && (listed.type === 'share' || listed.type === 'streams')) {
        this.#noteAll(group, 'held', `the target has a ${listed.type} group of that name`)
        return false
      }
      if (state === 'Empty' || state === 'Dead') {
        group.aliveSinceMs = null
        return true
      }
      this.#hold(group)
    } catch (error) {
      this.#fail(group, error, signal)
    }
    return false
  }

  #describe({ groupId }: MirroredGroup, { signal }: CallOptions): Promise<string> {
    const { target, timeoutMs } = this.#deps
    return describeGroupState(target, groupId, { signal, timeoutMs })
  }

  /** What the groups have committed on the target; a group that has nothing there is left out. */
  async #committed(
    idle: readonly MirroredGroup[],
    { groups }: GroupListing,
    { signal }: CallOptions,
  ): Promise<ReadonlyMap<string, readonly CommittedOffset[] | TwinlogError>> {
    const { target, timeoutMs } = this.#deps
    const byNode = Map.groupBy(
      idle.filter(({ groupId }) => groups.has(groupId)),
      ({ groupId }) => groups.get(groupId)?.nodeId ?? -1,
    )
    const found = new Map<string, readonly CommittedOffset[] | TwinlogError>()
    const ask = async (nodeId: number, ofNode: readonly MirroredGroup[]): Promise<void> => {
      const ids = ofNode.map(({ groupId }) => groupId)
      try {
        for (const [id, offsets] of await fetchGroupOffsets(target, nodeId, ids, { signal, timeoutMs }))
          found.set(id, offsets)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
        for (const id of ids) found.set(id, error)
      }
    }
    await Promise.all([...byNode].map(([nodeId, ofNode]) => ask(nodeId, ofNode)))
    return found
  }

  async #syncGroup(
    group: MirroredGroup,
    committed: readonly CommittedOffset[] | TwinlogError,
    { signal }: CallOptions,
  ): Promise<void> {
    if (committed instanceof TwinlogError) {
      this.#fail(group, committed, signal)
      return
    }
    const onTarget = new Map(committed.map((one) => [topicPartitionKey(one.topic, one.partition), one.offset]))
    const due: GroupPosition[] = []
    for (const position of group.positions.values()) {
      const { translation, targetTopic, partition } = position
      if (translation.kind === 'unknown') continue
      const offset = onTarget.get(topicPartitionKey(targetTopic, partition)) ?? -1
      if (offset < translation.offset) due.push(position)
      else if (offset === translation.offset) this.#note(position, 'synced', describe(position))
      else
        this.#note(position, 'ahead', `the group is at ${offset} on the target already, and no offset is ever set back`)
    }
    if (due.length > 0 && this.#deps.mayWrite()) await this.#commit(group, due, { signal })
  }

  async #commit(group: MirroredGroup, due: readonly GroupPosition[], { signal }: CallOptions): Promise<void> {
    const { target, timeoutMs, observe, flow } = this.#deps
    const { groupId } = group
    const offsets = due.flatMap(({ targetTopic: topic, partition, translation, metadata }) =>
      translation.kind === 'unknown' ? [] : [{ topic, partition, offset: translation.offset, metadata }],
    )
    try {
      const refused = await commitGroupOffsets(target, groupId, offsets, { signal, timeoutMs })
      const isAlive = refused.some(({ error }) => error.parameters['errorCode'] === UNKNOWN_MEMBER_ID)
      if (isAlive) {
        this.#hold(group)
        return
      }
      const refusals = new Map(refused.map((one) => [topicPartitionKey(one.topic, one.partition), one.error]))
      for (const position of due) {
        const refusal = refusals.get(topicPartitionKey(position.targetTopic, position.partition))
        if (refusal === undefined) this.#note(position, 'synced', describe(position), true)
        else this.#note(position, 'failed', refusal.message)
      }
      observe.event('GroupOffsetsSynced', { flow, group: groupId, partitionsCount: due.length - refused.length })
      const [first] = refused
      if (first !== undefined) observe.event('GroupOffsetsRefused', { flow, group: groupId, error: first.error })
    } catch (error) {
      this.#fail(group, error, signal)
    }
  }

  #hold(group: MirroredGroup): void {
    const { clock, observe, flow } = this.#deps
    const isNews = group.aliveSinceMs === null
    group.aliveSinceMs ??= clock.now()
    const since = new Date(group.aliveSinceMs).toISOString()
    this.#noteAll(group, 'held', `the group has members on the target since ${since}, and what they commit counts`)
    if (isNews) observe.event('GroupHeld', { flow, group: group.groupId })
  }

  #fail(group: MirroredGroup, error: unknown, signal: AbortSignal): void {
    signal.throwIfAborted()
    if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
    const isNews = [...group.positions.values()].every(({ reason }) => reason !== error.message)
    this.#noteAll(group, 'failed', error.message)
    const { observe, flow } = this.#deps
    if (isNews) observe.event('GroupOffsetsRefused', { flow, group: group.groupId, error })
  }

  #noteAll({ positions }: MirroredGroup, state: GroupPosition['state'], reason: string): void {
    for (const position of positions.values()) if (isMapped(position)) this.#note(position, state, reason)
  }

  /** @param isDone   something was just done about it */
  #note(position: GroupPosition, state: GroupPosition['state'], reason: string | null, isDone = false): void {
    if (isDone || position.state !== state) position.sinceMs = this.#deps.clock.now()
    position.state = state
    position.reason = reason
  }
}

function isMapped({ translation }: GroupPosition): boolean {
  return translation.kind !== 'unknown'
}

/** What is to be said of an offset that is not the exact one. */
function describe({ translation, upstreamOffset }: GroupPosition): string | null {
  if (translation.kind === 'at-end')
    return `the group is at ${upstreamOffset} at the source, ${translation.aheadRecords} beyond what is copied: it stands at the end of the copy`
  return translation.kind === 'approximate' ? translation.reason : null
}
