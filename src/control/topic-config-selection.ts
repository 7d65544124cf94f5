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

/**
 * Which configs of a source topic its new remote topic gets. Read-only and sensitive entries, values from the source broker's
 * own file and excluded names never; defaults only with use.defaults.from=source.
 * Dynamic broker-level overrides are copied down to the topic, as MirrorMaker 2 does.
 * Source: MirrorSourceConnector.targetConfig and DefaultConfigPropertyFilter.
 */
export function selectTopicConfigs(
  entries: readonly TopicConfigEntry[],
  rules: { readonly exclude: TopicFilter; readonly useDefaultsFrom: 'source' | 'target' },
): Map<string, string> {
  const excluded = new Set(rules.exclude.matches(entries.map(({ name }) => name)))
  const selected = new Map<string, string>()
  for (const { name, value, source, isReadOnly, isSensitive } of entries) {
    if (value === null || isReadOnly || isSensitive || source === 'static broker') continue
    if (source === 'default' && rules.useDefaultsFrom === 'target') continue
    if (!excluded.has(name)) selected.set(name, value)
  }
  return selected
}
