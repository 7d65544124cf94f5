import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { fetchGroupOffsets, listGroupsOf } from '../kafka/consumer-groups.ts'
import type { CommittedOffset, ListedGroup } from '../kafka/consumer-groups.ts'
import type { TopicFilter } from '../mirror/topic-filter.ts'
import type { CallOptions } from './topic-ports.ts'

export interface SourceGroupsDependencies {
  readonly cluster: ClusterClient
  /** groups and groups.exclude */
  readonly groupFilter: TopicFilter
  readonly clock: Clock
  /** How often new groups are looked for; undefined: the first time only. */
  readonly refreshIntervalMs: number | undefined
  /** For each request, ms: a broker that is away holds up the next round no longer. */
  readonly timeoutMs: number
}

/** What one broker told of the groups that it looks after. */
export interface BrokerGroups {
  readonly groups: readonly ListedGroup[]
  /** By group; those whose offsets could not be read, with the reason. */
  readonly offsets: ReadonlyMap<string, readonly CommittedOffset[] | TwinlogError>
}

/** What a look at all brokers came to. */
export interface GroupsLook {
  /** Groups that are gone from the source: all brokers answered, and none has them. */
  readonly gone: readonly string[]
  /** Groups that were known and that no broker told of, because some could not be asked: with the reason. */
  readonly missing: ReadonlyMap<string, TwinlogError>
}

/**
 * The consumer groups of the source, by the group filter. Each broker is asked for its own, at the same time, and what one of them tells is handed on at once: a
 * broker that is away holds up its own groups only.
 * Source: MirrorCheckpointConnector.findConsumerGroups.
 */
export class SourceGroups {
  readonly #deps: SourceGroupsDependencies
  readonly #known = new Set<string>()
  /** Share groups, and others that cannot be mirrored: by type. */
  readonly #others = new Map<string, string>()
  #nextRefreshMs = -Infinity

  constructor(dependencies: SourceGroupsDependencies) {
    this.#deps = dependencies
  }

  /** Groups that pass the filter and whose offsets cannot be translated (share and streams groups), with their types. */
  get others(): ReadonlyMap<string, string> {
    return this.#others
  }

  /**
   * @param onRead   called for each broker as soon as it has answered; awaited
   * @throws what the last broker answered where none did; what `onRead` throws, once all brokers are through
   */
  async look(onRead: (read: BrokerGroups) => Promise<void>, { signal }: CallOptions): Promise<GroupsLook> {
    const { cluster, clock, refreshIntervalMs } = this.#deps
    const isRefresh = clock.monotonic() >= this.#nextRefreshMs
    const { brokers } = await cluster.refreshMetadata({ signal, topics: [] })
    const seen = new Set<string>()
    const failures: TwinlogError[] = []
    const ask = async (nodeId: number): Promise<void> => {
      const read = await this.#askBroker(nodeId, isRefresh, { signal }).catch((error: unknown) => {
        signal.throwIfAborted()
        if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
        failures.push(error)
        return null
      })
      if (read === null) return
      for (const { groupId } of read.groups) seen.add(groupId)
      await onRead(read)
    }
    const outcomes = await Promise.allSettled([...brokers.keys()].map(ask))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    const [failure] = failures
    if (failure !== undefined && failures.length === brokers.size) throw failure
    if (isRefresh && failures.length === 0) this.#nextRefreshMs = clock.monotonic() + (refreshIntervalMs ?? Infinity)
    const unseen = [...this.#known].filter((groupId) => !seen.has(groupId))
    if (failure === undefined) for (const groupId of unseen) this.#known.delete(groupId)
    return failure === undefined
      ? { gone: unseen, missing: new Map() }
      : { gone: [], missing: new Map(unseen.map((groupId) => [groupId, failure])) }
  }

  async #askBroker(nodeId: number, isRefresh: boolean, { signal }: CallOptions): Promise<BrokerGroups> {
    const { cluster, timeoutMs } = this.#deps
    const listed = await listGroupsOf(cluster, nodeId, { signal, timeoutMs })
    const groups = this.#select(listed, isRefresh)
    const ids = groups.map(({ groupId }) => groupId)
    return { groups, offsets: await fetchGroupOffsets(cluster, nodeId, ids, { signal, timeoutMs }) }
  }

  #select(listed: readonly ListedGroup[], isRefresh: boolean): ListedGroup[] {
    if (isRefresh) {
      const passed = new Set(this.#deps.groupFilter.matches(listed.map(({ groupId }) => groupId)))
      for (const { groupId, type, protocolType } of listed) {
        if (!passed.has(groupId)) continue
        if (type === 'share' || type === 'streams') this.#others.set(groupId, type)
        else if (protocolType === 'consumer' || protocolType === '') this.#known.add(groupId)
      }
    }
    return listed.filter(({ groupId }) => this.#known.has(groupId))
  }
}
