import type { ClientSettings } from '../config/client-settings.ts'
import type { Codec } from '../wire/compression.ts'
import type { ReplicationPolicy } from './replication-policy.ts'
import type { TopicFilter } from './topic-filter.ts'

/** One side of a flow: its alias and the clients that the settings describe for it. */
export interface ClusterPlan {
  readonly alias: string
  /** For metadata and admin requests (MirrorMaker 2's source or target admin). */
  readonly client: ClientSettings
  /** For the data connections of this side: the source's consumer, the target's producer. */
  readonly dataClient: ClientSettings
  /** For reading and writing Kafka Connect's own topics (positions, ledger) on this side. */
  readonly workerClient: ClientSettings
}

/** What the source consumer's settings ask for. */
export interface FetchSettings {
  readonly isolationLevel: 'read_uncommitted' | 'read_committed'
  readonly checkCrcs: boolean
  /** Where a partition without a position begins. `none`: such a partition stops with an error. */
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none'
  readonly fetchMaxBytes: number
  readonly fetchMinBytes: number
  readonly fetchMaxWaitMs: number
}

/** What the target producer's settings ask for. acks is always all. */
export interface ProduceSettings {
  /** False only if the user switched it off: then the copy may hold duplicates after a failure. */
  readonly isIdempotent: boolean
  readonly maxRequestSizeBytes: number
  /** Small batches are put together up to this size in bytes; 0: they are not. */
  readonly batchSizeBytes: number
  /** What batches are compressed with; null: each keeps the codec that it has at the source. */
  readonly compression: { readonly codec: Codec; readonly level: number | null } | null
  /** How long a batch may be retried before its partition is said to have failed. */
  readonly deliveryTimeoutMs: number
  /** Bytes of fetched batches that one flow may hold until they are handed to the target, on top of `fetchMaxBytes`. */
  readonly bufferMemoryBytes: number
}

/** Where Kafka Connect's source offsets and our ledger live on the target. */
export interface PositionsSettings {
  /** `mm2-offsets.<source>.internal` unless offset.storage.topic says otherwise. */
  readonly offsetsTopic: string
  /** `mm2-ledger.<source>.internal`. */
  readonly ledgerTopic: string
  readonly flushIntervalMs: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  /** Partitions of the offsets topic when it is created; -1: the broker's default. */
  readonly partitionsCount: number
  /** Topic configs for creating the offsets topic (offset.storage.<config>). */
  readonly topicConfigs: Readonly<Record<string, string>>
}

/** Transactions of KIP-618, and how MirrorMaker 2's are fenced. */
export interface TransactionsSettings {
  readonly support: 'disabled' | 'preparing' | 'enabled'
  /** Of the task with this number: MirrorMaker 2's, and ours is that of task 0. */
  taskTransactionalId(task: number): string
  /** Of the leader of the Connect cluster, under which it writes its configuration. */
  readonly leaderTransactionalId: string
  /** After so long the target aborts a transaction that nobody ends. */
  readonly timeoutMs: number
  /** How long a transaction lasts at most while there is always more to write. */
  readonly intervalMs: number
  /** So long it may last where ending it takes its time. */
  readonly longestMs: number
  readonly bytesMax: number
  /** It ends as soon as nothing is left to write. */
  readonly isEndedEarly: boolean
  /** After how long a hanging transaction of the source is reported. */
  readonly hangingMs: number
  /** MirrorMaker 2's configuration topic on the target, and how it is created where it is missing. */
  readonly configTopic: {
    readonly topic: string
    readonly replicationFactor: number
    readonly configs: Readonly<Record<string, string>>
  }
}

/** How remote topics are found, created and kept. */
export interface TopicsSettings {
  /** Undefined when refresh.topics.enabled is false: topics are looked up at start only. */
  readonly refreshIntervalMs: number | undefined
  /** Of created remote topics; -1: the broker's default. */
  readonly replicationFactor: number
  /** Topic configs that are not copied, matched as whole names. */
  readonly configPropertiesExclude: TopicFilter
  /** Whose default a topic config gets that the source topic does not set. */
  readonly useDefaultsFrom: 'source' | 'target'
  readonly isHeartbeatsReplicationEnabled: boolean
  /** How often configs are synced after the creation; undefined: they are not. */
  readonly configSyncIntervalMs: number | undefined
  /** How often topic ACLs are synced; undefined: they are not. */
  readonly aclSyncIntervalMs: number | undefined
}

/** The heartbeats that a flow writes to its target. */
export interface HeartbeatsSettings {
  readonly intervalMs: number
  /** Of the topic `heartbeats` when it is created; -1: the broker's default. */
  readonly replicationFactor: number
}

/** The offset syncs that a flow writes for MirrorMaker 2. */
export interface OffsetSyncsSettings {
  readonly topic: string
  readonly location: 'source' | 'target'
  /** Of the topic when it is created; -1: the broker's default. */
  readonly replicationFactor: number
  /** offset.lag.max, records. */
  readonly lagMax: number
  /** MirrorMaker 2's producer of offset syncs, which also stands for its admin client. */
  readonly client: ClientSettings
}

/** Which consumer groups of the source have their offsets translated, and where to. */
export interface GroupsSettings {
  /** groups and groups.exclude */
  readonly filter: TopicFilter
  /** How often new groups are looked for; undefined: at the start only. */
  readonly refreshIntervalMs: number | undefined
  /** Undefined: no checkpoints are written. */
  readonly checkpoints: CheckpointsSettings | undefined
  /** How often translated offsets are committed on the target; undefined: they are not. */
  readonly syncIntervalMs: number | undefined
}

export interface CheckpointsSettings {
  readonly topic: string
  readonly intervalMs: number
  /** Of the topic when it is created; -1: the broker's default. */
  readonly replicationFactor: number
}

/** What to do when data was lost before it could be copied (design.md section 5). */
export type GapPolicy = 'continue' | 'stop'

/** What becomes of records that the target does not take. */
export interface RecordPolicies {
  /** Larger than the target takes, alone: `dead-letter` writes them to another topic. */
  readonly oversized: 'stop' | 'dead-letter'
  /** Without a key, where the remote topic is compacted. */
  readonly nullKey: 'drop' | 'stop'
  readonly deadLetterTopic: { readonly topic: string; readonly replicationFactor: number }
}

/** Everything that one flow needs to know. Read-only; a changed setting makes a new plan. */
export interface FlowPlan {
  /** `source->target`, as in the file. */
  readonly name: string
  readonly source: ClusterPlan
  readonly target: ClusterPlan
  readonly policy: ReplicationPolicy
  /** topics and topics.exclude alone; see `selectMirroredTopics` (topic-filter-selection.ts) for the whole rule. */
  readonly topicFilter: TopicFilter
  readonly topics: TopicsSettings
  readonly fetch: FetchSettings
  readonly produce: ProduceSettings
  readonly positions: PositionsSettings
  readonly transactions: TransactionsSettings
  /** Undefined: none are written. */
  readonly heartbeats: HeartbeatsSettings | undefined
  /** Undefined: none are written. */
  readonly offsetSyncs: OffsetSyncsSettings | undefined
  readonly groups: GroupsSettings
  readonly gapPolicy: GapPolicy
  readonly recordPolicies: RecordPolicies
  /** Which forms of MirrorMaker 2's metric names are served (metric.names.formats, KIP-1280). */
  readonly nameFormats: readonly ('legacy' | 'new')[]
  /** The group that guards ownership on the target: `<source>-mm2` unless group.id says otherwise. */
  readonly groupId: string
  /** How long an owner may be silent before another takes over. */
  readonly sessionTimeoutMs: number
}

/** A flow that is not enabled: it copies nothing, and only writes heartbeats to its target. */
export type HeartbeatFlowPlan = Pick<FlowPlan, 'name' | 'target' | 'groupId' | 'sessionTimeoutMs'> & {
  readonly source: Pick<ClusterPlan, 'alias'>
  readonly heartbeats: HeartbeatsSettings
}
