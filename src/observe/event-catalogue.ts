import type { EventEntry } from './event.ts'

/** Every event that twinlog reports: a noun and what happened to it. Standard fields: flow, topic, partition, broker, upstreamOffset. */
export const eventEntries = {
  // --- kafka ----------------------------------------------------------------------------------------------------------
  ClusterUnreachable: { level: 'warn', text: 'Flow {flow} waits: {error}. It is tried again' },
  ClusterReached: { level: 'debug', text: 'Flow {flow} reached cluster {cluster}' },
  ClusterCameBack: { level: 'info', text: 'Flow {flow} reached cluster {cluster} after {rounds} failed attempts' },
  ClusterRebootstrapped: {
    level: 'info',
    text: 'Flow {flow}: no known broker of cluster {cluster} answers any more; the addresses of bootstrap.servers are tried again',
  },
  ClusterIdChanged: {
    level: 'error',
    text: 'Flow {flow}: another cluster answers as {cluster} (id {before} before, {after} now). Positions of the one mean nothing on the other: check bootstrap.servers and DNS',
  },
  ConnectionClosed: {
    level: 'debug',
    text: 'Flow {flow}: the connection to {broker} of cluster {cluster} ({role}) was closed: {reason}',
  },
  CallRetried: {
    level: 'debug',
    counter: 'twinlog_call_retries_total',
    text: 'Flow {flow}: {error}. {api} is tried again (attempt {attempt})',
  },
  // --- pipeline -------------------------------------------------------------------------------------------------------
  PartitionLocated: {
    level: 'debug',
    text: 'Flow {flow}: {topic} partition {partition} goes on at upstream offset {upstreamOffset}',
  },
  PartitionDelayed: {
    level: 'warn',
    text: 'Flow {flow}: it is not known yet where {topic} partition {partition} goes on: {error}',
  },
  PartitionRecovering: {
    level: 'warn',
    counter: 'twinlog_recoveries_total',
    text: 'Flow {flow}: writing {topic} partition {partition} was interrupted at upstream offset {upstreamOffset}: {reason}. The target is asked how far it came',
  },
  PartitionStopped: {
    level: 'error',
    counter: 'twinlog_partition_stops_total',
    text: 'Flow {flow}: {topic} partition {partition} stops at upstream offset {upstreamOffset}: {reason}',
  },
  PartitionRetried: {
    level: 'info',
    text: 'Flow {flow}: {topic} partition {partition} is tried again at upstream offset {upstreamOffset}',
  },
  PartitionIsolated: {
    level: 'info',
    text: 'Flow {flow}: {topic} partition {partition} is slow to be acknowledged and gets a connection of its own',
  },
  PartitionReadingRefused: {
    level: 'debug',
    text: 'Flow {flow}: broker {broker} does not serve {topic} partition {partition} now: {error}',
  },
  ReplicaPreferred: {
    level: 'debug',
    text: 'Flow {flow}: {topic} partition {partition} is read from broker {broker}, as its leader recommends',
  },
  NullKeysDropped: {
    level: 'warn',
    text: 'Flow {flow}: {recordsCount} records of {topic} partition {partition} have no key and are left out, because the remote topic is compacted. See twinlog.null.key.policy',
  },
  TargetRefusedBatch: {
    level: 'info',
    text: 'Flow {flow}: the target refused a batch of {topic} partition {partition} at upstream offset {upstreamOffset} with {error}; its records are written anew, so that it takes them',
  },
  RecordDeadLettered: {
    level: 'warn',
    text: 'Flow {flow}: the record at upstream offset {upstreamOffset} of {topic} partition {partition} is too large for its remote topic ({sizeBytes} bytes) and was written to {deadLetterTopic}',
  },
  TargetRecordsLost: {
    level: 'warn',
    counter: 'twinlog_target_losses_total',
    text: 'Flow {flow}: the target lost acknowledged records of {topic} partition {partition}; they are copied again from upstream offset {upstreamOffset}',
  },
  DuplicatesPossible: {
    level: 'warn',
    counter: 'twinlog_duplicates_possible_total',
    text: 'Flow {flow}: the target does not tell how far the copy of {topic} partition {partition} came; it goes on at upstream offset {upstreamOffset}, and records may be there twice',
  },
  StoodStill: {
    level: 'warn',
    text: 'Flow {flow}: this process stood still for {seconds} s. Another one may have gone on: the target is asked before anything is sent',
  },
  TargetBlind: {
    level: 'warn',
    text:
      'Flow {flow}: cluster of {targetTopic} does not say how far the copy of {topic} partition {partition} came ({error}). After a crash records may be there twice. ' +
      'Brokers before Kafka 2.8 cannot; others need: kafka-acls --add --allow-principal User:<user> --operation Read --topic {targetTopic}',
  },
  IdempotenceDisabled: {
    level: 'warn',
    text: 'Flow {flow}: idempotence is off (enable.idempotence=false), so records may be copied twice after any failure. Remove the setting',
  },
  PartitionFenced: {
    level: 'info',
    counter: 'twinlog_fences_total',
    text: 'Flow {flow}: {targetTopic} partition {partition} refuses what may still be on its way to it: a transaction marker costs it one offset',
  },
  PartitionUnfenced: {
    level: 'warn',
    text: 'Flow {flow}: a batch of an earlier life may still come to {targetTopic} partition {partition}, and cannot be refused there: it was written under a producer id without a transactional id',
  },
  ProducerUnfenceable: {
    level: 'warn',
    text:
      'Flow {flow}: cluster {cluster} does not give the transactional id {transactionalId} ({error}). Copying goes on with a plain producer id. A batch of a process that died may then ' +
      'be appended twice where the broker has forgotten the id. Allow it: kafka-acls --add --allow-principal User:<user> --operation Write --operation Describe --transactional-id {transactionalId}',
  },
  ForeignWriteFound: {
    level: 'warn',
    counter: 'twinlog_foreign_writes_total',
    text: 'Flow {flow}: somebody else writes to {targetTopic} partition {partition}: offset {expected} was expected and {downstreamOffset} given',
  },
  ConnectionFailed: {
    level: 'warn',
    counter: 'twinlog_connection_failures_total',
    text: 'Flow {flow}: no connection to broker {broker} of cluster {cluster}: {error}',
  },
  ConnectionOpened: { level: 'debug', text: 'Flow {flow}: connected to broker {broker} of cluster {cluster}' },
  MetadataRefreshFailed: {
    level: 'warn',
    text: 'Flow {flow}: the metadata of cluster {cluster} cannot be read: {error}',
  },
  TransactionAborted: {
    level: 'warn',
    text: 'Flow {flow}: the transaction under way is aborted; its {partitionsCount} partitions go back to the last commit',
  },
  TransactionCallFailed: { level: 'warn', text: 'Flow {flow}: {error}. The transaction under way is aborted' },
  TransactionOutcomeUnknown: {
    level: 'warn',
    text: 'Flow {flow}: it is not known yet whether the target did "{outcome}" with the transaction: {error}. It is asked again until it is known',
  },
  SourceTransactionHanging: {
    level: 'warn',
    text:
      'Flow {flow}: a transaction of the source holds {topic} partition {partition} up at offset {startOffset} for {seconds} s. Producer {producerId}, epoch {producerEpoch}, ' +
      'last wrote {lastWrittenAt}, transactional id {transactionalId}. Its program should end it; kafka-transactions.sh abort does if that is gone',
  },
  // --- control --------------------------------------------------------------------------------------------------------
  FlowWaiting: {
    level: 'info',
    text: 'Flow {flow} connects to {source} ({sourceAddress}) and {target} ({targetAddress})',
  },
  FlowStarted: { level: 'info', text: 'Flow {flow} copies {partitionsCount} partitions of {topicsCount} topics' },
  OwnershipGained: {
    level: 'debug',
    counter: 'twinlog_ownership_changes_total',
    text: 'Flow {flow} is owned by this process (group {groupId} on {cluster})',
  },
  OwnershipTaken: {
    level: 'info',
    counter: 'twinlog_ownership_changes_total',
    text: 'Flow {flow} is taken over by this process (group {groupId} on {cluster})',
  },
  OwnershipLost: {
    level: 'warn',
    counter: 'twinlog_ownership_changes_total',
    text: 'Flow {flow} is not owned by this process any more and stops at once: {cause}',
  },
  OwnershipRefused: { level: 'error', text: 'Flow {flow} does not copy: {error}' },
  FlowStandsBy: {
    level: 'info',
    text: 'Flow {flow} stands by: process {ownerPid} on {ownerHost} copies it (group {groupId} on {cluster})',
  },
  MemberRemoved: {
    level: 'info',
    text: 'Flow {flow}: process {pid} on this machine has ended without a word; its place in group {groupId} is free',
  },
  CoordinatorUnreachable: {
    level: 'warn',
    text: 'Flow {flow}: the coordinator of group {groupId} on {cluster} does not answer: {error}',
  },
  CoordinatorBack: {
    level: 'info',
    text: 'Flow {flow}: the coordinator of group {groupId} on {cluster} answers again',
  },
  FlowFailed: {
    level: 'warn',
    counter: 'twinlog_flow_failures_total',
    text: 'Flow {flow} failed: {error}. It starts again in {retrySeconds} s',
  },
  FlowKeepsFailing: {
    level: 'error',
    counter: 'twinlog_flow_failures_total',
    text: 'Flow {flow} failed {failuresCount} times in a row: {error}. It starts again in {retrySeconds} s',
  },
  FlowEnded: {
    level: 'error',
    counter: 'twinlog_flow_failures_total',
    text: 'Flow {flow} ends and is not tried again: {error}',
  },
  FlowDraining: { level: 'info', text: 'Flow {flow} stops: what was read is written to the end' },
  FlowStopFailed: {
    level: 'warn',
    text: 'Flow {flow} did not stop cleanly: {error}. The next start finds out how far it came',
  },
  FlowStopped: { level: 'info', text: 'Flow {flow} has stopped' },
  FlowCaughtUp: { level: 'info', text: 'Flow {flow} has copied all that its source held at the start' },
  ClusterMirroredToItself: {
    level: 'error',
    text:
      'Flow {flow}: {source} and {target} are the same cluster (id {clusterId}). Records stay on it under another topic name; ' +
      'copies are not copied again. If that is not wanted, correct bootstrap.servers of one of the two',
  },
  TopicIdsMissing: {
    level: 'info',
    text: 'Flow {flow}: cluster {cluster} has no topic ids (Kafka before 2.8), so a topic that is deleted and made again is not noticed',
  },
  TopicsMatchedNone: {
    level: 'warn',
    text: 'Flow {flow}: none of the {topicsCount} topics of cluster {cluster} that may be seen is to be mirrored; look at topics and topics.exclude',
  },
  TopicsRefreshed: {
    level: 'debug',
    text: 'Flow {flow} looked for topics: {topicsCount} are mirrored, {partitionsCount} partitions were added',
  },
  TopicsRefreshFailed: {
    level: 'warn',
    counter: 'twinlog_topic_refresh_failures_total',
    text: 'Flow {flow} could not look for topics: {error}. Tried again in {retrySeconds} s',
  },
  TopicCreated: {
    level: 'info',
    text: 'Flow {flow} created topic {targetTopic} on {cluster} with {partitionsCount} partitions for {topic}',
  },
  TopicGrown: {
    level: 'info',
    text: 'Flow {flow} grew topic {targetTopic} on {cluster} from {partitionsCountBefore} to {partitionsCount} partitions',
  },
  TopicCreationFailed: {
    level: 'warn',
    text: 'Flow {flow}: topic {targetTopic} on {cluster} could not be {attempt}: {error}: {cause}. {remedy}',
  },
  TopicRefused: {
    level: 'error',
    text:
      'Flow {flow} does not copy {topic} to {targetTopic} on {cluster}: {cause} already, and two sources in one topic cannot be told apart. ' +
      'Exclude it from one of them, or use DefaultReplicationPolicy',
  },
  TopicDeleted: {
    level: 'warn',
    text: 'Flow {flow}: topic {topic} was deleted at the source; {targetTopic} is left as it is',
  },
  TopicRecreated: {
    level: 'warn',
    text: 'Flow {flow}: topic {topic} was deleted and made again at the source; it is copied from its start behind what {targetTopic} holds',
  },
  TopicHeldBack: {
    level: 'error',
    text:
      'Flow {flow}: topic {topic} is not copied any more, because it is another topic than before and twinlog.gap.policy is stop. ' +
      'Set twinlog.gap.policy=continue to copy the new one',
  },
  PartitionHeldBack: { level: 'error', text: 'Flow {flow}: {topic} partition {partition} is not copied: {error}' },
  RemoteTopicRecreated: {
    level: 'warn',
    text:
      'Flow {flow}: topic {targetTopic} was deleted and made again at the target. Partition {partition} of {topic} goes on at upstream offset ' +
      '{upstreamOffset}; what was copied before is gone with the old topic',
  },
  TopicSettingsUnreadable: {
    level: 'warn',
    text: 'Flow {flow}: the configuration of {topics} on {cluster} cannot be read, so sizes are left to the broker to judge. Allow DescribeConfigs on them',
  },
  GapFound: {
    level: 'warn',
    counter: 'twinlog_gaps_total',
    text: 'Flow {flow}: records of {topic} partition {partition} from upstream offset {fromOffset} to {toOffset} are not in the copy: {reason}',
  },
  ZombiesFenced: {
    level: 'info',
    text: 'Flow {flow} took {transactionalIds} over: whoever wrote under them before is fenced, and what it left open is aborted',
  },
  PositionsUnwritten: {
    level: 'warn',
    counter: 'twinlog_positions_unwritten_total',
    text: 'Flow {flow}: {error}. {pendingCount} positions wait for the next flush',
  },
  PositionUnreadable: {
    level: 'warn',
    text: 'Flow {flow}: a record of {offsetsTopic} (partition {partition}, offset {offset}) is passed over: {reason}',
  },
  StoresUnfenceable: {
    level: 'warn',
    text:
      'Flow {flow}: cluster {cluster} does not give the transactional id {transactionalId} ({error}). A process that was stopped and wakes up beside its successor may then overwrite ' +
      'ledger and positions. Allow it: kafka-acls --add --allow-principal User:<user> --operation Write --operation Describe --transactional-id {transactionalId}',
  },
  LedgerTrimmed: {
    level: 'debug',
    text: 'Flow {flow}: {trimmedCount} stretches of old runs were forgotten: neither log has their records any more',
  },
  LedgerHistoryDropped: {
    level: 'info',
    text: 'Flow {flow}: {droppedCount} stretches of the oldest runs were forgotten, because all of them take too much room. Offsets of records so old cannot be translated any more',
  },
  LedgerUntrimmed: { level: 'warn', text: 'Flow {flow}: the ledger could not be trimmed: {error}. It is tried again' },
  LedgerUnreadable: { level: 'warn', text: 'Flow {flow}: {error}' },
  GapUnrecorded: {
    level: 'warn',
    text: 'Flow {flow}: a gap of {topic} partition {partition} could not be written to the ledger: {error}',
  },
  // --- duties: what a flow does beside copying ------------------------------------------------------------------------
  HeartbeatsStarted: {
    level: 'info',
    text: 'Flow {flow} is not enabled and only writes heartbeats to {cluster}, as in MirrorMaker 2; {flow}.emit.heartbeats.enabled=false switches that off',
  },
  // --- groups ---------------------------------------------------------------------------------------------------------
  GroupOffsetsSynced: {
    level: 'debug',
    counter: 'twinlog_group_offset_syncs_total',
    text: 'Flow {flow}: the offsets of group {group} in {partitionsCount} partitions were committed on the target',
  },
  GroupOffsetsRefused: {
    level: 'warn',
    counter: 'twinlog_group_offset_sync_failures_total',
    text: 'Flow {flow}: the offsets of group {group} are not committed on the target: {error}. It is tried again',
  },
  GroupHeld: {
    level: 'info',
    text: 'Flow {flow}: group {group} has members on the target; its offsets there are left alone as long as it has',
  },
  GroupUnmapped: {
    level: 'info',
    text: 'Flow {flow}: the offset of group {group} in {topic} partition {partition} has no counterpart on the target yet ({partitionsCount} partitions of the group in all): {reason}',
  },
  GroupUnreadable: {
    level: 'warn',
    text: 'Flow {flow}: the offsets of group {group} cannot be read at the source: {error}. Other groups are not concerned; it is tried again',
  },
  GroupReadAgain: { level: 'info', text: 'Flow {flow}: the offsets of group {group} are read again at the source' },
  GroupsNotMirrored: {
    level: 'info',
    text: 'Flow {flow}: the offsets of these groups are not mirrored, since share and streams groups have none that could be translated: {groups}',
  },
  CheckpointsUnreadable: {
    level: 'warn',
    text: 'Flow {flow}: the checkpoints of earlier runs cannot be read ({error}), so the first one of each group is written again. Allow it: kafka-acls --add --allow-principal User:<user> --operation Read --topic {topic}',
  },
  DutyFailed: {
    level: 'warn',
    counter: 'twinlog_duty_failures_total',
    text: 'Flow {flow}: {duty}: {error}. Tried again in {retrySeconds} s; copying goes on',
  },
  TopicConfigsAltered: {
    level: 'info',
    counter: 'twinlog_topic_configs_altered_total',
    text: 'Flow {flow}: topic {targetTopic} on {cluster} did not have the configs of {topic} any more: {configs}',
  },
  TopicConfigRefused: {
    level: 'warn',
    text: 'Flow {flow}: cluster {cluster} does not take {name}={value} for {targetTopic}, and so for {topicsCount} topics: {cause}. It is left out, all else is set. To be rid of this, add it to config.properties.exclude',
  },
  TopicConfigsUnreadable: {
    level: 'warn',
    text: 'Flow {flow}: the configs of {topicsCount} topics cannot be read and are not synced, those of {topic} for example: {cause}',
  },
  AclsAbsent: {
    level: 'info',
    text: 'Flow {flow}: cluster {cluster} has no authorizer, so there are no access rules to sync. sync.topic.acls.enabled=false says that this is meant',
  },
  AclsCreated: {
    level: 'info',
    text: 'Flow {flow} created {rulesCount} access rules for remote topics on {cluster}, as their source topics have them; for example {operation} on {targetTopic} for {principal}',
  },
  DutyUnfinished: { level: 'warn', text: 'Flow {flow} stops, and its last {duty} are not written: {error}' },
  DutyRecovered: { level: 'info', text: 'Flow {flow}: {duty} work again' },
  // --- cli --------------------------------------------------------------------------------------------------------------
  LogLevelChanged: { level: 'info', text: 'The log shows level {logLevel} and above from now on ({origin})' },
  ListenerOpened: { level: 'info', text: 'Metrics, health and status are served at {address}' },
  ListenerFailed: {
    level: 'warn',
    text: 'Nothing is served at {address}: {error}. Copying goes on without. {remedy}',
  },
} as const satisfies Record<string, EventEntry>

export type EventName = keyof typeof eventEntries
