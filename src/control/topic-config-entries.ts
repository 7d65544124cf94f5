import { ConfigResourceTypes } from '@platformatic/kafka'
import type { ApiResponse } from '../kafka/api-table.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { kafkaErrorName } from '../kafka/kafka-error.ts'
import type { ConfigSource, TopicConfigEntry } from './topic-config-selection.ts'
import type { CallOptions, TopicError } from './topic-ports.ts'

/** Topics a request asks about at once: an answer holds every config of each, about 3 KB a topic. */
const describeChunkTopics = 100

/** Kafka's numbers for where a config's value comes from (DescribeConfigsResponse.ConfigSource). */
const configSources: Readonly<Record<number, ConfigSource>> = {
  1: 'topic',
  2: 'dynamic broker',
  3: 'dynamic broker default',
  4: 'static broker',
  5: 'default',
  8: 'group',
}

/**
 * Reads all configs of topics, each with where its value comes from; the admin functions of src/kafka fold all sources but the topic's own into "default".
 * @returns for each topic its configs, or why there are none
 */
export async function readTopicConfigEntries(
  cluster: ClusterClient,
  topics: readonly string[],
  { signal }: CallOptions,
): Promise<ReadonlyMap<string, readonly TopicConfigEntry[] | TopicError>> {
  const described = new Map<string, readonly TopicConfigEntry[] | TopicError>()
  for (let start = 0; start < topics.length; start += describeChunkTopics) {
    const resources = topics.slice(start, start + describeChunkTopics).map((resourceName) => ({
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName,
      configurationKeys: null,
    }))
    const answer = await cluster.call('describeConfigs', 'any', [resources, false, false], { signal })
    for (const result of answer.results) described.set(result.resourceName, entriesOrError(result))
  }
  return described
}

type DescribedTopic = ApiResponse<'describeConfigs'>['results'][number]

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
