import { createTopics } from '../kafka/admin.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { ensureCompactedTopic } from '../kafka/compacted-topic.ts'
import type { FencingProducer } from '../kafka/fencing-producer.ts'
import { TopicWriter } from '../kafka/topic-writer.ts'
import { committedReader } from './committed-reader.ts'
import type { RecordLog } from './record-log.ts'

/** How an internal topic is created where it is missing. */
export interface InternalTopicSpec {
  readonly topic: string
  /** -1: the broker's default. */
  readonly partitionsCount: number
  /**
   * -1: the broker's default. Never lowered here: on a cluster with fewer brokers the broker's refusal is the answer, as it is
   * with MirrorMaker 2, because a ledger with fewer copies than asked for would break its promise in silence.
   */
  readonly replicationFactor: number
  /** Topic configs besides cleanup.policy, which is always compact. */
  readonly configs?: Readonly<Record<string, string>>
}

/**
 * Opens a compacted topic on a cluster, creating it where it is missing.
 * @param options.producer   under whose transactional id is written: whoever opened the topic with it before can write nothing from now on
 * @throws INTERNAL_TOPIC_NOT_COMPACTED, INTERNAL_TOPIC_MISSING, KAFKA_* and connection errors
 * Source: Kafka Connect's TopicAdmin, KafkaTopicBasedBackingStore.
 */
export async function openInternalTopic(
  cluster: ClusterClient,
  spec: InternalTopicSpec,
  { signal, producer = null }: { signal: AbortSignal; producer?: FencingProducer | null },
): Promise<RecordLog> {
  const { topic, partitionsCount, replicationFactor } = spec
  await createWithConfigs(cluster, spec, signal)
  const metadata = await ensureCompactedTopic(
    cluster,
    topic,
    { partitions: partitionsCount, replicationFactor },
    { signal },
  )
  // Before anything is read: what an earlier process still has on its way is in the log by now, or never will be.
  const partitions = metadata.partitions.map(({ partition }) => ({ topic, partition }))
  await producer?.fenceAndWait(partitions, { signal })
  const writer = new TopicWriter(cluster, topic, { producer })
  return {
    topic,
    cluster: cluster.alias,
    partitionCount: metadata.partitions.length,
    read: committedReader(cluster, topic),
    append: (records, options) => writer.write(records, options),
  }
}

/** Asks for the topic with the configs that the user gave. A refusal shows again, with its remedy, in ensureCompactedTopic. */
async function createWithConfigs(cluster: ClusterClient, spec: InternalTopicSpec, signal: AbortSignal): Promise<void> {
  const { topic, partitionsCount, replicationFactor, configs = {} } = spec
  if (Object.keys(configs).length === 0) return
  const known = (await cluster.refreshMetadata({ signal, topics: [topic] })).topics.get(topic)
  if (known !== undefined && known.errorCode === 0) return
  const all = new Map([...Object.entries(configs), ['cleanup.policy', 'compact']] as const)
  await createTopics(cluster, [{ topic, partitionsCount, replicationFactor, configs: all }], { signal })
}
