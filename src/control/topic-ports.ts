import type { PartitionAssignment, TargetTopicSettings } from '../pipeline/partition-assignment.ts'
import type { PartitionStatus } from '../pipeline/lane-status.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { TopicConfigSetting } from '../kafka/alter-topic-configs.ts'
import type { TopicConfigEntry } from './topic-config-selection.ts'
import type { TopicView } from './topic-reconciliation.ts'

export interface CallOptions {
  readonly signal: AbortSignal
}

/** Why one topic could not be served; the others of the same call were. */
export interface TopicError {
  /** Kafka's error name, or the code of our own error. */
  readonly error: string
  /** In words, the broker's own where it gave some. */
  readonly cause: string
}

export interface NewTopic {
  readonly topic: string
  readonly partitionsCount: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly configs: ReadonlyMap<string, string>
}

/** What topic sync asks of the source cluster. */
export interface SourceTopics {
  /** All topics that we may see, without the broker's own. */
  list(options: CallOptions): Promise<readonly TopicView[]>
  /** Of these topics, the ones that surely do not exist: a topic that we may not see is not among them. */
  findGone(topics: readonly string[], options: CallOptions): Promise<ReadonlySet<string>>
  describeConfigs(
    topics: readonly string[],
    options: CallOptions,
  ): Promise<ReadonlyMap<string, readonly TopicConfigEntry[] | TopicError>>
}

/** What topic sync asks of the target cluster. Creations answer with what failed; a topic that exists already did not. */
export interface TargetTopics {
  describe(topics: readonly string[], options: CallOptions): Promise<ReadonlyMap<string, TopicView>>
  create(topics: readonly NewTopic[], options: CallOptions): Promise<ReadonlyMap<string, TopicError>>
  /** Asks what `create` would answer, and creates nothing. */
  tryCreate(topics: readonly NewTopic[], options: CallOptions): Promise<ReadonlyMap<string, TopicError>>
  describeConfigs(
    topics: readonly string[],
    options: CallOptions,
  ): Promise<ReadonlyMap<string, readonly TopicConfigEntry[] | TopicError>>
  /** All that is asked for a topic is done, or nothing of it. */
  alterConfigs(
    settings: ReadonlyMap<string, readonly TopicConfigSetting[]>,
    options: CallOptions,
  ): Promise<ReadonlyMap<string, TopicError>>
  /** @param counts   topic and its new total number of partitions */
  grow(counts: ReadonlyMap<string, number>, options: CallOptions): Promise<ReadonlyMap<string, TopicError>>
  /** Topics whose configuration cannot be read are missing from the answer. */
  settings(topics: readonly string[], options: CallOptions): Promise<ReadonlyMap<string, TargetTopicSettings>>
  brokersCount(): number
}

/** The part of a lane that topic sync directs. */
export interface PartitionCopier {
  assign(assignments: readonly PartitionAssignment[]): void
  revoke(partitions: readonly TopicPartition[]): void
  status(): { readonly partitions: readonly PartitionStatus[] }
}
