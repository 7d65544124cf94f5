import { ConfigResourceTypes } from '@platformatic/kafka'
import type { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import { byTopic } from './by-topic.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { TopicMetadata } from './cluster-metadata.ts'
import { kafkaError } from './kafka-error.ts'
import { callLeaders } from './leader-calls.ts'
import type { PartitionAnswer, PartitionOutcome } from './leader-calls.ts'

export interface AdminOptions {
  readonly signal: AbortSignal
}

export interface NewTopicRequest {
  readonly topic: string
  readonly partitionsCount: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly configs: ReadonlyMap<string, string>
}

/** One setting of a topic, as its brokers see it. */
export interface ConfigEntry {
  readonly name: string
  /** Null for secrets. */
  readonly value: string | null
  /** True when nothing was set for the topic itself: value of the broker or of Kafka. */
  readonly isDefault: boolean
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
}

export type IsolationLevel = 'read_uncommitted' | 'read_committed'

export interface OffsetRequest extends TopicPartition {
  /** A number is a timestamp, ms since the epoch: the first offset at or after it; -1 in the answer when there is none. */
  readonly at: 'earliest' | 'latest' | number | bigint
}

export interface ListedOffset {
  readonly offset: number
  /** Timestamp of that record, ms; -1 for earliest and latest. */
  readonly timestamp: bigint
  readonly leaderEpoch: number
}

export interface ActiveProducer {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: bigint
  /** -1 when it has no transaction under way. */
  readonly currentTxnStartOffset: bigint
}

/** Topics a request asks about at once: an answer holds every setting of each, about 3 KB a topic. */
const describeChunkTopics = 100
const topicResource = ConfigResourceTypes.TOPIC
/** ConfigSource DYNAMIC_TOPIC_CONFIG: set for the topic itself. */
const topicSource = 1

/** @returns all topics that our user may see, internal ones included */
export async function listTopics(cluster: ClusterClient, { signal }: AdminOptions): Promise<readonly TopicMetadata[]> {
  const { topics } = await cluster.refreshMetadata({ signal, topics: 'all' })
  return [...topics.values()]
}

/**
 * Creates topics. Not all brokers know them yet when it returns.
 * @param options.isTry   nothing is created; the answer is what it would be
 * @returns the topics that were not created, each with its reason; TOPIC_ALREADY_EXISTS among them
 */
export async function createTopics(
  cluster: ClusterClient,
  topics: readonly NewTopicRequest[],
  { signal, isTry = false }: AdminOptions & { readonly isTry?: boolean },
): Promise<ReadonlyMap<string, TwinlogError>> {
  if (topics.length === 0) return new Map()
  const request = topics.map(({ topic, partitionsCount, replicationFactor, configs }) => ({
    name: topic,
    numPartitions: partitionsCount,
    replicationFactor,
    assignments: [],
    configs: [...configs].map(([name, value]) => ({ name, value })),
  }))
  const { requestTimeoutMs } = cluster.settings
  const answer = await cluster.call('createTopics', 'controller', [request, requestTimeoutMs, isTry], { signal })
  return itemErrors(cluster, 'CreateTopics', answer.topics)
}

/**
 * @param counts  topic and its new total number of partitions
 * @returns       the topics that were not grown, each with its reason
 */
export async function createPartitions(
  cluster: ClusterClient,
  counts: ReadonlyMap<string, number>,
  { signal }: AdminOptions,
): Promise<ReadonlyMap<string, TwinlogError>> {
  if (counts.size === 0) return new Map()
  const request = [...counts].map(([name, count]) => ({ name, count, assignments: null }))
  const { requestTimeoutMs } = cluster.settings
  const answer = await cluster.call('createPartitions', 'controller', [request, requestTimeoutMs, false], { signal })
  return itemErrors(cluster, 'CreatePartitions', answer.results)
}

/**
 * Reads topic configurations, in chunks. A topic that does not exist or may not be described does not fail the others.
 * @param options.names  the settings wanted; absent: all
 * @returns              an entry for each topic asked for: its settings, or why there are none
 */
export async function describeTopicConfigs(
  cluster: ClusterClient,
  topics: readonly string[],
  { signal, names }: AdminOptions & { readonly names?: readonly string[] },
): Promise<ReadonlyMap<string, readonly ConfigEntry[] | TwinlogError>> {
  const described = new Map<string, readonly ConfigEntry[] | TwinlogError>()
  for (let start = 0; start < topics.length; start += describeChunkTopics) {
    const resources = topics.slice(start, start + describeChunkTopics).map((resourceName) => ({
      resourceType: topicResource,
      resourceName,
      configurationKeys: names === undefined ? null : [...names],
    }))
    const answer = await cluster.call('describeConfigs', 'any', [resources, false, false], { signal })
    const failed = itemErrors(
      cluster,
      'DescribeConfigs',
      answer.results.map((result) => ({ ...result, name: result.resourceName })),
    )
    for (const { resourceName, configs } of answer.results) {
      described.set(resourceName, failed.get(resourceName) ?? configs.map(configEntry))
    }
  }
  return described
}

/**
 * Looks up offsets at the partitions' leaders.
 * @returns one outcome a request, in their order: an offset, or the reason why there is none
 * Source: KIP-396 (Admin.listOffsets); isolation read_committed makes 'latest' the last stable offset.
 */
export function listOffsets(
  cluster: ClusterClient,
  requests: readonly OffsetRequest[],
  { signal, isolation = 'read_uncommitted' }: AdminOptions & { readonly isolation?: IsolationLevel },
): Promise<readonly PartitionOutcome<ListedOffset>[]> {
  return callLeaders(
    cluster,
    requests,
    {
      api: 'ListOffsets',
      async ask(nodeId, partitions) {
        const topics = byTopic(partitions, ({ partition, leaderEpoch, at }) => ({
          partitionIndex: partition,
          currentLeaderEpoch: leaderEpoch,
          timestamp: at === 'earliest' ? -2n : at === 'latest' ? -1n : BigInt(at),
        }))
        const request = topics.map(([name, items]) => ({ name, partitions: items }))
        const level = isolation === 'read_committed' ? 1 : 0
        // Its leader may have changed: callLeaders looks it up again, a retry here would ask the same broker.
        const answer = await cluster.call('listOffsets', { nodeId }, [-1, level, request], { signal, retries: 0 })
        const answers = new Map<string, PartitionAnswer<ListedOffset>>()
        for (const topic of answer.topics) {
          for (const { partitionIndex, errorCode, offset, timestamp, leaderEpoch } of topic.partitions) {
            const value = { offset: toOffset(offset), timestamp, leaderEpoch }
            answers.set(topicPartitionKey(topic.name, partitionIndex), { errorCode, value })
          }
        }
        return answers
      },
    },
    { signal },
  )
}

/** @returns a new producer id of the cluster with epoch 0, for idempotent writes without transactions */
export async function initProducerId(
  cluster: ClusterClient,
  { signal }: AdminOptions,
): Promise<{ readonly producerId: bigint; readonly producerEpoch: number }> {
  const noTransactionTimeoutMs = 2 ** 31 - 1
  const answer = await cluster.call('initProducerId', 'any', [null, noTransactionTimeoutMs], { signal })
  return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
}

/**
 * Asks the leaders which producers they remember for each partition (KIP-664; brokers from 2.8 on).
 * @returns one outcome a partition, in their order
 */
export function describeProducers(
  cluster: ClusterClient,
  partitions: readonly TopicPartition[],
  { signal }: AdminOptions,
): Promise<readonly PartitionOutcome<{ readonly producers: readonly ActiveProducer[] }>[]> {
  return callLeaders(
    cluster,
    partitions,
    {
      api: 'DescribeProducers',
      async ask(nodeId, asked) {
        const topics = byTopic(asked, ({ partition }) => partition)
        const request = topics.map(([name, partitionIndexes]) => ({ name, partitionIndexes }))
        const answer = await cluster.call('describeProducers', { nodeId }, [request], { signal, retries: 0 })
        const answers = new Map<string, PartitionAnswer<{ readonly producers: readonly ActiveProducer[] }>>()
        for (const topic of answer.topics) {
          for (const { partitionIndex, errorCode, errorMessage, activeProducers } of topic.partitions) {
            const value = { producers: activeProducers }
            answers.set(topicPartitionKey(topic.name, partitionIndex), {
              errorCode,
              errorMessage: errorMessage ?? null,
              value,
            })
          }
        }
        return answers
      },
    },
    { signal },
  )
}

function itemErrors(
  cluster: ClusterClient,
  api: string,
  items: readonly { name: string; errorCode: number; errorMessage?: string | null | undefined }[],
): ReadonlyMap<string, TwinlogError> {
  const failed = items.filter(({ errorCode }) => errorCode !== 0)
  return new Map(
    failed.map(({ name, errorCode, errorMessage }) => {
      const context = { cluster: cluster.alias, broker: 'any', api: `${api} of ${name}`, detail: errorMessage ?? null }
      return [name, kafkaError(errorCode, context)]
    }),
  )
}

function configEntry(config: {
  name: string
  value?: string | null | undefined
  readOnly: boolean
  configSource: number
  isSensitive: boolean
}): ConfigEntry {
  return {
    name: config.name,
    value: config.value ?? null,
    isDefault: config.configSource !== topicSource,
    isReadOnly: config.readOnly,
    isSensitive: config.isSensitive,
  }
}

/** Offsets are int64 on the wire and numbers in twinlog: checked here, where they are decoded. */
function toOffset(offset: bigint): number {
  const number = Number(offset)
  if (!Number.isSafeInteger(number)) throw errors.DEFECT({ what: `the offset ${offset} is larger than a number holds` })
  return number
}
