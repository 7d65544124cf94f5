import type { MetadataV12 } from './api-table.ts'

/** One broker, as the cluster advertises it to clients of our listener. */
export interface BrokerInfo {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface PartitionMetadata {
  readonly partition: number
  /** Node id; -1 when there is none now. */
  readonly leader: number
  /** -1 where the broker is too old to say. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly offline: readonly number[]
  /** Kafka's error code; 0 is none. */
  readonly errorCode: number
}

export interface TopicMetadata {
  readonly topic: string
  /** Uuid text; null where the broker is too old for topic ids (before 2.8). */
  readonly topicId: string | null
  /** The same as 16 bytes; all zero where there is none. */
  readonly topicIdBytes: Buffer
  readonly isInternal: boolean
  /** Kafka's error code; 0 is none. With an error, `partitions` is empty as a rule. */
  readonly errorCode: number
  /** Sorted: the index is the partition. */
  readonly partitions: readonly PartitionMetadata[]
}

/** What a cluster said about itself, as of its last answers. A new object after each refresh; never changed. */
export interface ClusterMetadata {
  readonly clusterId: string | null
  /** Node id; -1 if unknown. With KRaft any broker, which passes requests on. */
  readonly controllerId: number
  readonly brokers: ReadonlyMap<number, BrokerInfo>
  readonly topics: ReadonlyMap<string, TopicMetadata>
}

const zeroUuid = '00000000-0000-0000-0000-000000000000'

/**
 * Joins an answer with what was known before. What is known of a partition stays where the answer is older, by its leader epoch: a broker that has stood still, or lags behind,
 * still names the leader of then (as Kafka's Metadata.updateLatestMetadata; only where topic ids tell a topic from one that was made again).
 * @param asked  the topics that were asked for: these are replaced, others stay; 'all' replaces everything
 */
export function mergeMetadata(
  before: ClusterMetadata | null,
  answer: MetadataV12,
  asked: 'all' | readonly string[],
): ClusterMetadata {
  const topics = new Map(asked === 'all' ? [] : before?.topics)
  if (asked !== 'all') for (const topic of asked) topics.delete(topic)
  for (const topic of answer.topics) {
    if (typeof topic.name !== 'string') continue
    topics.set(topic.name, newest(before?.topics.get(topic.name), topicMetadata(topic.name, topic)))
  }
  return {
    clusterId: answer.clusterId ?? null,
    controllerId: answer.controllerId,
    brokers: new Map(
      answer.brokers.map(({ nodeId, host, port, rack }) => [nodeId, { nodeId, host, port, rack: rack ?? null }]),
    ),
    topics,
  }
}

function newest(before: TopicMetadata | undefined, now: TopicMetadata): TopicMetadata {
  if (before === undefined || now.topicId === null || before.topicId !== now.topicId) return now
  const partitions = now.partitions.map((partition, index) => {
    const known = before.partitions[index]
    const isOlder = known !== undefined && partition.leaderEpoch >= 0 && partition.leaderEpoch < known.leaderEpoch
    return isOlder ? known : partition
  })
  return { ...now, partitions }
}

function topicMetadata(name: string, topic: MetadataV12['topics'][number]): TopicMetadata {
  const hasId = topic.topicId !== '' && topic.topicId !== zeroUuid
  return {
    topic: name,
    topicId: hasId ? topic.topicId : null,
    topicIdBytes: hasId ? Buffer.from(topic.topicId.replaceAll('-', ''), 'hex') : Buffer.alloc(16),
    isInternal: topic.isInternal,
    errorCode: topic.errorCode,
    partitions: topic.partitions.map(partitionMetadata).sort((a, b) => a.partition - b.partition),
  }
}

function partitionMetadata(partition: MetadataV12['topics'][number]['partitions'][number]): PartitionMetadata {
  return {
    partition: partition.partitionIndex,
    leader: partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaNodes,
    isr: partition.isrNodes,
    offline: partition.offlineReplicas,
    errorCode: partition.errorCode,
  }
}
