import { ConfigResourceTypes } from '@platformatic/kafka'
import { listTopics } from '../kafka/admin.ts'
import type { ApiResponse } from '../kafka/api-table.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { kafkaErrorName } from '../kafka/kafka-error.ts'
import type { ConfigSource, TopicConfigEntry } from './topic-config-selection.ts'
import type { CallOptions, SourceTopics, TopicError } from './topic-ports.ts'
import type { TopicView } from './topic-reconciliation.ts'
import { topicView } from './topic-view.ts'

/** Topics a request asks about at once: an answer holds every config of each, about 3 KB a topic. */
const describeChunkTopics = 100
const unknownTopicCode = 3

/** Kafka's numbers for where a config's value comes from (DescribeConfigsResponse.ConfigSource). */
const configSources: Readonly<Record<number, ConfigSource>> = {
  1: 'topic',
  2: 'dynamic broker',
  3: 'dynamic broker default',
  4: 'static broker',
  5: 'default',
  8: 'group',
}

/** What topic sync asks of the source, over its admin client. */
export class SourceTopicsAdmin implements SourceTopics {
  readonly #cluster: ClusterClient

  constructor(cluster: ClusterClient) {
    this.#cluster = cluster
  }

  async list({ signal }: CallOptions): Promise<readonly TopicView[]> {
    const topics = await listTopics(this.#cluster, { signal })
    // A topic without partitions is one that the answer has an error for: it is neither there nor gone.
    return topics.filter(({ isInternal, partitions }) => !isInternal && partitions.length > 0).map(topicView)
  }

  async findGone(topics: readonly string[], { signal }: CallOptions): Promise<ReadonlySet<string>> {
    const metadata = await this.#cluster.refreshMetadata({ signal, topics })
    return new Set(topics.filter((topic) => metadata.topics.get(topic)?.errorCode === unknownTopicCode))
  }

  async describeConfigs(topics: readonly string[], { signal }: CallOptions) {
    const described = new Map<string, readonly TopicConfigEntry[] | TopicError>()
    for (let start = 0; start < topics.length; start += describeChunkTopics) {
      const resources = topics.slice(start, start + describeChunkTopics).map((resourceName) => ({
        resourceType: ConfigResourceTypes.TOPIC,
        resourceName,
        configurationKeys: null,
      }))
      const answer = await this.#cluster.call('describeConfigs', 'any', [resources, false, false], { signal })
      for (const result of answer.results) described.set(result.resourceName, entriesOrError(result))
    }
    return described
  }
}

type DescribedTopic = ApiResponse<'describeConfigs'>['results'][number]

/** The admin functions of src/kafka fold all sources but the topic's own into "default"; creation has to tell them apart. */
function entriesOrError({
  errorCode,
  errorMessage,
  configs,
}: DescribedTopic): readonly TopicConfigEntry[] | TopicError {
  if (errorCode !== 0) {
    const error = kafkaErrorName(errorCode)
    return { error, cause: errorMessage ?? error }
  }
  return configs.map(({ name, value, readOnly, configSource, isSensitive }) => ({
    name,
    value: value ?? null,
    source: configSources[configSource] ?? 'unknown',
    isReadOnly: readOnly,
    isSensitive,
  }))
}
