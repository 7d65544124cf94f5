import { setTimeout as sleep } from 'node:timers/promises'
import { javaHelper } from './java-helper.ts'
import type { ClientProperties } from './records.ts'

/** Whoever has the super user's client settings; a KafkaCluster does. */
export interface AdminTarget {
  readonly adminProperties: ClientProperties
}

export interface TopicToCreate {
  readonly name: string
  /** Default 1. */
  readonly partitions?: number
  /** Default: the broker's. */
  readonly replicationFactor?: number
  readonly configs?: Readonly<Record<string, string>>
  /** Broker ids of each partition, in place of the two numbers. */
  readonly assignments?: Readonly<Record<number, readonly number[]>>
}

export interface PartitionDescription {
  readonly partition: number
  /** -1 when there is none. */
  readonly leader: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

export interface TopicDescription {
  /** Kafka's text form; all A's on brokers without topic ids. */
  readonly topicId: string
  readonly partitions: readonly PartitionDescription[]
}

export interface AclRule {
  readonly resourceType: 'TOPIC' | 'GROUP' | 'CLUSTER' | 'TRANSACTIONAL_ID'
  readonly name: string
  readonly patternType?: 'LITERAL' | 'PREFIXED'
  /** Default User:ANONYMOUS, which is everybody on a PLAINTEXT listener. */
  readonly principal?: string
  readonly operation: string
  /** Default ALLOW. */
  readonly permission?: 'ALLOW' | 'DENY'
}

export interface OffsetRange {
  readonly earliest: number
  readonly latest: number
}

const POLL_MS = 50

/** Makes topics and waits until every partition has a leader: before that, clients are told to come back later. */
export async function createTopics(target: AdminTarget, ...topics: readonly TopicToCreate[]): Promise<void> {
  await ask(target, 'createTopics', { topics })
  for (const { name } of topics) await waitForTopic(target, name, ({ partitions }) => partitions.every(hasLeader))
}

export async function deleteTopics(target: AdminTarget, ...topics: readonly string[]): Promise<void> {
  await ask(target, 'deleteTopics', { topics })
}

/** All topics, internal ones included, sorted. */
export async function listTopics(target: AdminTarget): Promise<string[]> {
  return (await ask<{ topics: string[] }>(target, 'listTopics', {})).topics
}

export function describeTopic(target: AdminTarget, topic: string): Promise<TopicDescription> {
  return ask(target, 'describeTopic', { topic })
}

/**
 * Waits until a topic is as wanted. A topic that is not known (yet) is asked for again.
 * @param signal   ends the waiting; default after 30 s
 */
export async function waitForTopic(
  target: AdminTarget,
  topic: string,
  isWanted: (description: TopicDescription) => boolean,
  signal: AbortSignal = AbortSignal.timeout(30_000),
): Promise<TopicDescription> {
  for (;;) {
    const description = await describeIfKnown(target, topic)
    if (description !== undefined && isWanted(description)) return description
    await sleep(POLL_MS, undefined, { signal })
  }
}

/** Gives a topic more partitions; count is the new total. */
export async function createPartitions(target: AdminTarget, topic: string, count: number): Promise<void> {
  await ask(target, 'createPartitions', { topic, count })
}

/** Moves the log start of partitions. */
export async function deleteRecords(target: AdminTarget, topic: string, before: Record<number, number>): Promise<void> {
  await ask(target, 'deleteRecords', { topic, before })
}

/** Sets topic settings; null takes one back to its default. */
export async function alterTopic(
  target: AdminTarget,
  name: string,
  configs: Record<string, string | null>,
): Promise<void> {
  await ask(target, 'alterConfigs', { type: 'TOPIC', name, configs })
}

/** Sets dynamic broker settings; id undefined means all brokers. */
export async function alterBroker(
  target: AdminTarget,
  id: number | undefined,
  configs: Record<string, string | null>,
): Promise<void> {
  await ask(target, 'alterConfigs', { type: 'BROKER', name: id === undefined ? '' : String(id), configs })
}

/** Limits what every client may write or read, in bytes a second and broker; null takes a limit back. */
export async function alterQuotas(
  target: AdminTarget,
  quotas: Partial<Record<'producer_byte_rate' | 'consumer_byte_rate', number | null>>,
): Promise<void> {
  await ask(target, 'alterQuotas', { quotas })
}

/** A topic's settings that differ from the defaults. */
export function describeTopicConfigs(target: AdminTarget, name: string): Promise<Record<string, string>> {
  return ask(target, 'describeConfigs', { type: 'TOPIC', name })
}

/** Log start and end of each partition; with read_committed the end is the last stable offset. */
export function listOffsets(
  target: AdminTarget,
  topic: string,
  isolation: 'read_committed' | 'read_uncommitted' = 'read_uncommitted',
): Promise<Record<string, OffsetRange>> {
  return ask(target, 'listOffsets', { topic, isolation })
}

/** Asks for other replicas of partitions; waitForTopic tells when it is done. */
export async function moveReplicas(
  target: AdminTarget,
  topic: string,
  replicas: Record<number, readonly number[]>,
): Promise<void> {
  await ask(target, 'moveReplicas', { topic, replicas })
}

export async function electLeaders(
  target: AdminTarget,
  topic: string,
  partitions: readonly number[],
  isUnclean = false,
): Promise<void> {
  await ask(target, 'electLeaders', { topic, partitions, isUnclean })
}

export async function createAcls(target: AdminTarget, ...rules: readonly AclRule[]): Promise<void> {
  await ask(target, 'createAcls', { rules })
}

export async function deleteAcls(target: AdminTarget, ...rules: readonly AclRule[]): Promise<void> {
  await ask(target, 'deleteAcls', { rules })
}

/** Sets the offsets of a group without members. */
export async function commitGroupOffsets(
  target: AdminTarget,
  group: string,
  topic: string,
  offsets: Record<number, number>,
): Promise<void> {
  await ask(target, 'commitGroupOffsets', { group, topic, offsets })
}

/** A group's committed offsets by topic and partition. */
export function listGroupOffsets(target: AdminTarget, group: string): Promise<Record<string, Record<string, number>>> {
  return ask(target, 'listGroupOffsets', { group })
}

/** Numeric attributes of the MBeans of a JVM on this machine, such as a broker, by name. */
export async function readJmx(pid: number, pattern: string): Promise<Record<string, Record<string, number>>> {
  const helper = await javaHelper()
  return (await helper.request('jmx', { pid, pattern })) as Record<string, Record<string, number>>
}

function hasLeader({ leader }: PartitionDescription): boolean {
  return leader >= 0
}

async function describeIfKnown(target: AdminTarget, topic: string): Promise<TopicDescription | undefined> {
  try {
    return await describeTopic(target, topic)
  } catch (error) {
    if (error instanceof Error && error.message.includes('UnknownTopicOrPartition')) return undefined
    throw error
  }
}

async function ask<Result>(target: AdminTarget, command: string, body: Record<string, unknown>): Promise<Result> {
  const helper = await javaHelper()
  return (await helper.request(command, { client: target.adminProperties, ...body })) as Result
}
