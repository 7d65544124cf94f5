import type { TopicConfigSetting } from '../kafka/alter-topic-configs.ts'
import { wantedTopicConfigs } from './topic-config-selection.ts'
import type { ConfigRules, TopicConfigEntry } from './topic-config-selection.ts'

/** A config of a remote topic that is not what it should be. */
export interface TopicConfigDifference extends TopicConfigSetting {
  /** What the remote topic itself sets now; null: nothing. */
  readonly before: string | null
}

/**
 * What has to be altered so that a remote topic has the configs of its source topic. What the source topic leaves to its cluster, the remote topic leaves to its
 * own, unless use.defaults.from=source.
 * @param target   of the remote topic. A name that is not there is one that its cluster does not know
 * Source: MirrorSourceConnector.syncTopicConfigs, which sets and deletes everything each time.
 */
export function topicConfigDifferences(
  source: readonly TopicConfigEntry[],
  target: readonly TopicConfigEntry[],
  rules: ConfigRules,
): TopicConfigDifference[] {
  const own = new Map(target.filter((entry) => entry.source === 'topic').map(({ name, value }) => [name, value]))
  return [...wantedTopicConfigs(source, rules)]
    .map(([name, value]) => ({ name, value, before: own.get(name) ?? null }))
    .filter(({ value, before }) => value !== before)
}
