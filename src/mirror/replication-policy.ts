/**
 * How topics are named on the target, and what a name says about where a topic came from.
 * Source: org.apache.kafka.connect.mirror.ReplicationPolicy (connect/mirror-client).
 */
export interface ReplicationPolicy {
  /** @returns the name on the target of `topic` of the cluster `sourceAlias` */
  formatRemoteTopic(sourceAlias: string, topic: string): string
  /** @returns the alias that a remote topic's name carries; undefined for a topic that is not remote */
  topicSource(topic: string): string | undefined
  /** @returns the topic's name on the cluster it was copied from; undefined for a topic that is not remote */
  upstreamTopic(topic: string): string | undefined
  /** @returns the name with all source prefixes taken off */
  originalTopic(topic: string): string
  /** True for topics that replication tools keep for themselves: never mirrored. */
  isInternalTopic(topic: string): boolean
  isCheckpointsTopic(topic: string): boolean
  isMm2InternalTopic(topic: string): boolean
  /** True for `heartbeats` and its remote copies. */
  isHeartbeatsTopic(topic: string): boolean
  heartbeatsTopic(): string
  /** @param alias the other cluster's alias (the target's when the topic lies on the source, and the other way round) */
  offsetSyncsTopic(alias: string): string
  checkpointsTopic(sourceAlias: string): string
}
