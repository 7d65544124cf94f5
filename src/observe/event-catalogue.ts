import type { EventEntry } from './event.ts'

/** Every event that twinlog reports: a noun and what happened to it. Standard fields: flow, topic, partition, broker, upstreamOffset. */
export const eventEntries = {
  // --- kafka ----------------------------------------------------------------------------------------------------------
  // --- pipeline -------------------------------------------------------------------------------------------------------
  // --- control --------------------------------------------------------------------------------------------------------
  FlowWaiting: { level: 'info', text: 'Flow {flow} connects to {source} ({sourceAddress}) and {target} ({targetAddress})' },
  FlowClusterUnreachable: {
    level: 'warn',
    text: 'Flow {flow} waits for cluster {cluster} at {address}: {error}. It is tried again',
  },
  FlowStarted: { level: 'info', text: 'Flow {flow} copies {partitionsCount} partitions of {topicsCount} topics' },
  FlowFailed: { level: 'warn', text: 'Flow {flow} failed: {error}. It starts again in {retrySeconds} s' },
  FlowKeepsFailing: {
    level: 'error',
    text: 'Flow {flow} failed {failuresCount} times in a row: {error}. It starts again in {retrySeconds} s',
  },
  FlowEnded: { level: 'error', text: 'Flow {flow} ends and is not tried again: {error}' },
  FlowDraining: { level: 'info', text: 'Flow {flow} stops: what was read is written to the end' },
  FlowStopFailed: { level: 'warn', text: 'Flow {flow} did not stop cleanly: {error}. The next start finds out how far it came' },
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
  TopicsRefreshed: { level: 'debug', text: 'Flow {flow} looked for topics: {topicsCount} are mirrored, {partitionsCount} partitions were added' },
  TopicsRefreshFailed: { level: 'warn', text: 'Flow {flow} could not look for topics: {error}. Tried again in {retrySeconds} s' },
  TopicCreated: { level: 'info', text: 'Flow {flow} created topic {targetTopic} on {cluster} with {partitionsCount} partitions for {topic}' },
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
  TopicDeleted: { level: 'warn', text: 'Flow {flow}: topic {topic} was deleted at the source; {targetTopic} is left as it is' },
  TopicRecreated: { level: 'warn', text: 'Flow {flow}: topic {topic} was deleted and made again at the source; it is copied from its start behind what {targetTopic} holds' },
  TopicHeldBack: {
    level: 'error',
    text:
      'Flow {flow}: topic {topic} is not copied any more, because it is another topic than before and twinlog.gap.policy is stop. ' +
      'Set twinlog.gap.policy=continue to copy the new one',
  },
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
    text: 'Flow {flow}: records of {topic} partition {partition} from upstream offset {fromOffset} to {toOffset} are not in the copy: {reason}',
  },
  GapUnrecorded: { level: 'warn', text: 'Flow {flow}: a gap of {topic} partition {partition} could not be written to the ledger: {error}' },
} as const satisfies Record<string, EventEntry>

export type EventName = keyof typeof eventEntries
