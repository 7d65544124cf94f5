import { readFileSync } from 'node:fs'

/** What Kafka says of one of its settings. */
export interface KafkaSetting {
  /** Of ConfigDef: STRING, INT, LIST and so on. */
  readonly type: string
  /** As it would be written; null: there is none. */
  readonly default: string | null
  /** Kafka's own words for what its validator takes. */
  readonly allowed?: string
}

/** Who declares settings: MirrorMaker 2's driver, its three connectors and filters, Connect's worker and source connectors, and the three clients. */
export type SettingOwner =
  | 'driver'
  | 'client'
  | 'consumer'
  | 'producer'
  | 'admin'
  | 'worker'
  | 'source.connector'
  | 'checkpoint.connector'
  | 'heartbeat.connector'
  | 'framework'
  | 'topic.creation'
  | 'DefaultTopicFilter'
  | 'DefaultGroupFilter'
  | 'DefaultConfigPropertyFilter'

export type KafkaSettings = Readonly<Record<SettingOwner, Readonly<Record<string, KafkaSetting>>>>

/** @returns the settings of Kafka 4.3, captured with test/support/capture-settings.ts; a compat test holds them against the jars */
export function kafkaSettings(): KafkaSettings {
  const file = new URL('../../src/config/fixtures/kafka-settings.json', import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as KafkaSettings
}
