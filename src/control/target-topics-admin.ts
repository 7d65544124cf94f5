import type { TwinlogError } from '../base/catalogue.ts'
import { createPartitions, createTopics } from '../kafka/admin.ts'
import { alterTopicConfigs } from '../kafka/alter-topic-configs.ts'
import type { TopicConfigSetting } from '../kafka/alter-topic-configs.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { TargetTopicSettings } from '../pipeline/partition-assignment.ts'
import { readTargetSettings } from '../pipeline/target-settings.ts'
import { readTopicConfigEntries } from './topic-config-entries.ts'
import type { CallOptions, NewTopic, TargetTopics, TopicError } from './topic-ports.ts'
import type { TopicView } from './topic-reconciliation.ts'
import { topicView } from './topic-view.ts'

/** A controller takes at most 10,000 new partitions in one request (ReplicationControlManager); this stays well below. */
const createChunkPartitions = 2_000

/** What topic sync asks of the target, over its admin client. */
export class TargetTopicsAdmin implements TargetTopics {
  readonly #cluster: ClusterClient

  constructor(cluster: ClusterClient) {
    this.#cluster = cluster
  }

  async describe(topics: readonly string[], { signal }: CallOptions): Promise<ReadonlyMap<string, TopicView>> {
    const metadata = await this.#cluster.refreshMetadata({ signal, topics })
    const views = new Map<string, TopicView>()
    for (const name of topics) {
      const topic = metadata.topics.get(name)
      if (topic !== undefined && topic.partitions.length > 0) views.set(name, topicView(topic))
    }
    return views
  }

  create(topics: readonly NewTopic[], options: CallOptions): Promise<ReadonlyMap<string, TopicError>> {
    return this.#create(topics, { ...options, isTry: false })
  }

  tryCreate(topics: readonly NewTopic[], options: CallOptions): Promise<ReadonlyMap<string, TopicError>> {
    return this.#create(topics, { ...options, isTry: true })
  }

  async #create(topics: readonly NewTopic[], { signal, isTry }: CallOptions & { readonly isTry: boolean }) {
    const failures = new Map<string, TopicError>()
    for (const chunk of chunks(topics)) {
      collect(failures, await createTopics(this.#cluster, chunk, { signal, isTry }), 'TOPIC_ALREADY_EXISTS')
    }
    return failures
  }

  describeConfigs(topics: readonly string[], options: CallOptions) {
    return readTopicConfigEntries(this.#cluster, topics, options)
  }

  async alterConfigs(
    settings: ReadonlyMap<string, readonly TopicConfigSetting[]>,
    options: CallOptions,
  ): Promise<ReadonlyMap<string, TopicError>> {
    const failures = new Map<string, TopicError>()
    collect(failures, await alterTopicConfigs(this.#cluster, settings, options))
    return failures
  }

  async grow(counts: ReadonlyMap<string, number>, { signal }: CallOptions): Promise<ReadonlyMap<string, TopicError>> {
    const failures = new Map<string, TopicError>()
    // Said when somebody else grew it meanwhile; whether it has enough partitions now, the next look at the topic shows.
    collect(failures, await createPartitions(this.#cluster, counts, { signal }), 'INVALID_PARTITIONS')
    return failures
  }

  settings(topics: readonly string[], options: CallOptions): Promise<ReadonlyMap<string, TargetTopicSettings>> {
    return readTargetSettings(this.#cluster, topics, options)
  }

  brokersCount(): number {
    return this.#cluster.metadata?.brokers.size ?? 0
  }
}

function collect(
  failures: Map<string, TopicError>,
  failed: ReadonlyMap<string, TwinlogError>,
  tolerated?: string,
): void {
  for (const [topic, { code, message, parameters }] of failed) {
    const { error, detail } = parameters
    if (error === tolerated) continue
    failures.set(topic, { error: String(error ?? code), cause: String(detail ?? message) })
  }
}

function* chunks(topics: readonly NewTopic[]): Generator<readonly NewTopic[]> {
  let chunk: NewTopic[] = []
  let partitionsCount = 0
  for (const topic of topics) {
    if (chunk.length > 0 && partitionsCount + topic.partitionsCount > createChunkPartitions) {
      yield chunk
      chunk = []
      partitionsCount = 0
    }
    chunk.push(topic)
    partitionsCount += topic.partitionsCount
  }
  if (chunk.length > 0) yield chunk
}
