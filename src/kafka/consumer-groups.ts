import { TwinlogError } from '../base/catalogue.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { ApiResponse } from './api-table.ts'
import type { ClusterClient } from './cluster-client.ts'
import { kafkaError } from './kafka-error.ts'

/** `share` and `streams` groups of Kafka 4 are told apart by brokers from 3.8 on; what older ones have are classic groups. */
export type GroupType = 'classic' | 'consumer' | 'share' | 'streams'

/** A group as its coordinator lists it. */
export interface ListedGroup {
  readonly groupId: string
  readonly type: GroupType
  /** `consumer` for consumers, empty for groups that only commit offsets, `connect` and others for what is no consumer group. */
  readonly protocolType: string
  /** Kafka's word (`Empty`, `Stable`, `Dead`, `PreparingRebalance`, ...); empty where the broker (before 2.6) does not list it. */
  readonly state: string
  /** Broker that looks after it. */
  readonly nodeId: number
}

/** All that the brokers list, and which brokers could not be asked: their groups may be missing. */
export interface GroupListing {
  readonly groups: ReadonlyMap<string, ListedGroup>
  readonly failures: ReadonlyMap<number, TwinlogError>
}

/** An offset that a group committed. */
export interface CommittedOffset extends TopicPartition {
  /** -1: somebody set it back to nothing. */
  readonly offset: number
  readonly metadata: string
}

interface GroupCallOptions {
  readonly signal: AbortSignal
  /** For each request, ms; absent: request.timeout.ms. */
  readonly timeoutMs?: number
}

/** An answer holds every committed offset of each. */
const groupsPerRequest = 100

/** Asks a broker which groups it looks after. @throws connection errors and KAFKA_*. Source: ListGroups, KIP-518, KIP-848. */
export async function listGroupsOf(
  cluster: ClusterClient,
  nodeId: number,
  { signal, timeoutMs }: GroupCallOptions,
): Promise<readonly ListedGroup[]> {
  const answer = await cluster.call('listGroups', { nodeId }, [[], []], { signal, retries: 1, ...limit(timeoutMs) })
  return answer.groups.map(({ groupId, protocolType, groupState: state, groupType }) => {
    return { groupId, protocolType, state, nodeId, type: typeOf(groupType) }
  })
}

/** Asks every broker which groups it looks after, all at the same time; one that does not answer is left out. */
export async function listGroups(
  cluster: ClusterClient,
  { signal, timeoutMs }: GroupCallOptions,
): Promise<GroupListing> {
  const { brokers } = await cluster.refreshMetadata({ signal, topics: [] })
  const groups = new Map<string, ListedGroup>()
  const failures = new Map<number, TwinlogError>()
  const ask = async (nodeId: number): Promise<void> => {
    for (const group of await listGroupsOf(cluster, nodeId, { signal, ...limit(timeoutMs) }))
      groups.set(group.groupId, group)
  }
  await Promise.all(
    [...brokers.keys()].map((nodeId) =>
      ask(nodeId).catch((error: unknown) => failures.set(nodeId, operational(error, signal))),
    ),
  )
  return { groups, failures }
}

/**
 * Reads the committed offsets of groups that one broker looks after.
 * @returns an entry for each group: its offsets, or why they could not be read
 * @throws  connection errors and KAFKA_*: then nothing is known of any group
 * Source: OffsetFetch; KIP-709 for several groups in a request (brokers from 3.0 on).
 */
export async function fetchGroupOffsets(
  cluster: ClusterClient,
  nodeId: number,
  groupIds: readonly string[],
  { signal, timeoutMs }: GroupCallOptions,
): Promise<ReadonlyMap<string, readonly CommittedOffset[] | TwinlogError>> {
  const found = new Map<string, readonly CommittedOffset[] | TwinlogError>()
  const ask = async (asked: readonly string[]): Promise<void> => {
    const request = asked.map((groupId) => ({ groupId, memberId: null, memberEpoch: -1, topics: null }))
    const options = { signal, retries: 0, ...limit(timeoutMs) }
    const answer = await cluster.call('offsetFetch', { nodeId }, [request, false], options)
    for (const { groupId, errorCode, topics } of groupsOf(answer, asked)) {
      const context = { cluster: cluster.alias, broker: String(nodeId), api: `OffsetFetch of ${groupId}` }
      found.set(groupId, errorCode === 0 ? topics.flatMap(committedOf) : kafkaError(errorCode, context))
    }
  }
  for (let start = 0; start < groupIds.length; start += groupsPerRequest) {
    const chunk = groupIds.slice(start, start + groupsPerRequest)
    await ask(chunk)
    for (const groupId of chunk) if (!found.has(groupId)) await ask([groupId])
  }
  return found
}

/**
 * Commits offsets for a group without members, as Admin.alterConsumerGroupOffsets does; the group is made where there is none.
 * @returns the partitions that were refused, each with its reason: UNKNOWN_MEMBER_ID for all of them where the group has members
 * @throws  connection errors and KAFKA_*: then it is not known what was committed
 */
export async function commitGroupOffsets(
  cluster: ClusterClient,
  groupId: string,
  offsets: readonly CommittedOffset[],
  { signal, timeoutMs }: GroupCallOptions,
): Promise<readonly (TopicPartition & { readonly error: TwinlogError })[]> {
  const byTopic = Map.groupBy(offsets, ({ topic }) => topic)
  const topics = [...byTopic].map(([name, ofTopic]) => ({
    name,
    partitions: ofTopic.map(({ partition, offset, metadata }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: -1,
      committedMetadata: metadata,
    })),
  }))
  const to = { coordinator: 'group', key: groupId } as const
  const noGeneration = -1
  const options = { signal, retries: 2, ...limit(timeoutMs) }
  const answer = await cluster.call('offsetCommit', to, [groupId, noGeneration, '', null, topics], options)
  return answer.topics.flatMap(({ name: topic, partitions }) =>
    partitions
      .filter(({ errorCode }) => errorCode !== 0)
      .map(({ partitionIndex: partition, errorCode }) => {
        const api = `OffsetCommit of ${groupId} for ${topic}-${partition}`
        return { topic, partition, error: kafkaError(errorCode, { cluster: cluster.alias, broker: 'any', api }) }
      }),
  )
}

/** @returns Kafka's word for the state of a classic group, for brokers that do not list it; `Dead`: there is none */
export async function describeGroupState(
  cluster: ClusterClient,
  groupId: string,
  { signal, timeoutMs }: GroupCallOptions,
): Promise<string> {
  const to = { coordinator: 'group', key: groupId } as const
  const answer = await cluster.call('describeGroups', to, [[groupId], false], {
    signal,
    retries: 2,
    ...limit(timeoutMs),
  })
  const { errorCode = 0, groupState = 'Dead' } = answer.groups[0] ?? {}
  const context = { cluster: cluster.alias, broker: 'any', api: `DescribeGroups of ${groupId}` }
  if (errorCode !== 0) throw kafkaError(errorCode, context)
  return groupState
}

type OffsetFetchAnswer = ApiResponse<'offsetFetch'>
type OffsetFetchGroup = OffsetFetchAnswer['groups'][number]

/** Brokers before 3.0 answer for one group, without its name and in a field that the library's types do not have. */
function groupsOf(answer: OffsetFetchAnswer, [first = '']: readonly string[]): readonly OffsetFetchGroup[] {
  if (answer.groups.length > 0) return answer.groups
  const { topics = [], errorCode = 0 } = answer as Partial<OffsetFetchGroup>
  return [{ groupId: first, topics, errorCode }]
}

function committedOf(topic: OffsetFetchGroup['topics'][number]): CommittedOffset[] {
  return topic.partitions
    .filter(({ errorCode }) => errorCode === 0)
    .map(({ partitionIndex: partition, committedOffset, metadata }) => ({
      topic: topic.name,
      partition,
      offset: Number(committedOffset),
      metadata: metadata ?? '',
    }))
}

function typeOf(groupType: string): GroupType {
  const type = groupType.toLowerCase()
  return type === 'consumer' || type === 'share' || type === 'streams' ? type : 'classic'
}

function limit(timeoutMs: number | undefined): { readonly timeoutMs?: number } {
  return timeoutMs === undefined ? {} : { timeoutMs }
}

function operational(error: unknown, signal: AbortSignal): TwinlogError {
  signal.throwIfAborted()
  if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
  return error
}
