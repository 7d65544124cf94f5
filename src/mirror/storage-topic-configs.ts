import type { Resolution } from '../config/resolution.ts'
import type { View } from '../config/view.ts'

/**
 * Topic configs with which Kafka Connect creates one of its topics: `offset.storage.<config>`, `config.storage.<config>`. It ignores cleanup.policy
 * there. Source: DistributedConfig.topicSettings.
 */
export function storageTopicConfigs(
  resolution: Resolution,
  worker: View,
  prefix: 'offset.storage.' | 'config.storage.',
): Record<string, string> {
  const configs: Record<string, string> = {}
  for (const [key, property] of worker) {
    const name = key.slice(prefix.length)
    if (!key.startsWith(prefix) || ['topic', 'partitions', 'replication.factor', 'cleanup.policy'].includes(name))
      continue
    configs[name] = resolution.text(property)
  }
  return configs
}
