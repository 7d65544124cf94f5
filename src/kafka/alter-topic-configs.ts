import { ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka'
import type { TwinlogError } from '../base/catalogue.ts'
import type { AdminOptions } from './admin.ts'
import type { ClusterClient } from './cluster-client.ts'
import { kafkaError } from './kafka-error.ts'

/** What one config of a topic is to be. */
export interface TopicConfigSetting {
  readonly name: string
  /** Null: the topic's own value is taken away, so that it has the cluster's. */
  readonly value: string | null
}

/** Topics in one request. */
const chunkTopics = 500

/**
 * Alters configs of topics, and leaves all others of theirs alone. All that is asked for a topic is done, or nothing of it.
 * @returns the topics that were not altered, each with its reason
 * Source: KIP-339 (incrementalAlterConfigs).
 */
export async function alterTopicConfigs(
  cluster: ClusterClient,
  settings: ReadonlyMap<string, readonly TopicConfigSetting[]>,
  { signal }: AdminOptions,
): Promise<ReadonlyMap<string, TwinlogError>> {
  const failed = new Map<string, TwinlogError>()
  const all = [...settings]
  for (let start = 0; start < all.length; start += chunkTopics) {
    const resources = all.slice(start, start + chunkTopics).map(([resourceName, configs]) => ({
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName,
      configs: configs.map(operationOf),
    }))
    const answer = await cluster.call('incrementalAlterConfigs', 'any', [resources, false], { signal })
    for (const { resourceName, errorCode, errorMessage } of answer.responses) {
      if (errorCode === 0) continue
      const api = `IncrementalAlterConfigs of ${resourceName}`
      const context = { cluster: cluster.alias, broker: 'any', api, detail: errorMessage ?? null }
      failed.set(resourceName, kafkaError(errorCode, context))
    }
  }
  return failed
}

function operationOf({ name, value }: TopicConfigSetting) {
  const { SET, DELETE } = IncrementalAlterConfigOperationTypes
  return value === null ? { name, configOperation: DELETE } : { name, configOperation: SET, value }
}
