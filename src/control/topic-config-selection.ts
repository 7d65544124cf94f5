import type { TopicFilter } from '../mirror/topic-filter.ts'

/** Where a topic config's value comes from, as DescribeConfigs says. Kafka: ConfigEntry.ConfigSource. */
export type ConfigSource =
  | 'topic'
  | 'dynamic broker'
  | 'dynamic broker default'
  | 'static broker'
  | 'default'
  | 'group'
  | 'unknown'

export interface TopicConfigEntry {
  readonly name: string
  /** Null for a sensitive entry. */
  readonly value: string | null
  readonly source: ConfigSource
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
}

export interface ConfigRules {
  /** Names that are never copied. */
  readonly exclude: TopicFilter
  readonly useDefaultsFrom: 'source' | 'target'
}

/**
 * Which configs of a source topic its new remote topic gets: those that it is wanted to have a value of its own for.
 * Source: MirrorSourceConnector.targetConfig (not incremental).
 */
export function selectTopicConfigs(entries: readonly TopicConfigEntry[], rules: ConfigRules): Map<string, string> {
  const selected = new Map<string, string>()
  for (const [name, value] of wantedTopicConfigs(entries, rules)) if (value !== null) selected.set(name, value)
  return selected
}

/**
 * What a remote topic is to have of the configs of its source topic; null: no value of its own. Read-only and sensitive entries, values from the source broker's
 * own file and excluded names are left out: there the remote topic keeps what it has. Dynamic broker-level overrides are copied down to the topic, as MirrorMaker 2 does.
 * Source: MirrorSourceConnector.targetConfig and DefaultConfigPropertyFilter.
 */
export function wantedTopicConfigs(
  entries: readonly TopicConfigEntry[],
  { exclude, useDefaultsFrom }: ConfigRules,
): Map<string, string | null> {
  const excluded = new Set(exclude.matches(entries.map(({ name }) => name)))
  const wanted = new Map<string, string | null>()
  for (const { name, value, source, isReadOnly, isSensitive } of entries) {
    if (value === null || isReadOnly || isSensitive || source === 'static broker' || excluded.has(name)) continue
    wanted.set(name, source === 'default' && useDefaultsFrom === 'target' ? null : value)
  }
  return wanted
}
