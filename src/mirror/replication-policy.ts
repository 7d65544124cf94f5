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
  /** True for topics that Kafka and replication tools keep for themselves: never mirrored. */
  isInternalTopic(topic: string): boolean
  isCheckpointsTopic(topic: string): boolean
  /** True for topics of MirrorMaker 2 and for our ledger topics. */
  isMm2InternalTopic(topic: string): boolean
  /** True for `heartbeats` and its remote copies. */
  isHeartbeatsTopic(topic: string): boolean
  heartbeatsTopic(): string
  /** @param alias the other cluster's alias (the target's when the topic lies on the source, and the other way round) */
  offsetSyncsTopic(alias: string): string
  checkpointsTopic(sourceAlias: string): string
}

export interface ReplicationPolicySettings {
  readonly separator: string
  /** False: checkpoints and offset-syncs topics use `.` whatever the separator. */
  readonly isInternalTopicSeparatorEnabled: boolean
}

const heartbeats = 'heartbeats'

/** Puts the source's alias and the separator before the name. Source: DefaultReplicationPolicy. */
export function createDefaultReplicationPolicy(settings: ReplicationPolicySettings): ReplicationPolicy {
  const naming: Naming = {
    formatRemoteTopic: (sourceAlias, topic) => sourceAlias + settings.separator + topic,
    topicSource: (topic) => prefixOf(topic, settings.separator),
    upstreamTopic(topic) {
      const source = prefixOf(topic, settings.separator)
      return source === undefined ? undefined : topic.slice(source.length + settings.separator.length)
    },
  }
  return completePolicy(naming, settings)
}

/**
 * Keeps the name. Only names that end with `heartbeats` are treated as the default policy treats them, as MirrorMaker 2 does: without it
 * hops could not be counted. Source: IdentityReplicationPolicy.
 * @param sourceAlias   what every topic is said to come from
 */
export function createIdentityReplicationPolicy(
  settings: ReplicationPolicySettings,
  sourceAlias: string,
): ReplicationPolicy {
  const renaming = createDefaultReplicationPolicy(settings)
  const naming: Naming = {
    formatRemoteTopic: (alias, topic) =>
      topic.endsWith(heartbeats) ? renaming.formatRemoteTopic(alias, topic) : topic,
    topicSource: (topic) => (topic.endsWith(heartbeats) ? renaming.topicSource(topic) : sourceAlias),
    upstreamTopic: (topic) => (topic.endsWith(heartbeats) ? renaming.upstreamTopic(topic) : topic),
  }
  return completePolicy(naming, settings)
}

type Naming = Pick<ReplicationPolicy, 'formatRemoteTopic' | 'topicSource' | 'upstreamTopic'>

function completePolicy(naming: Naming, settings: ReplicationPolicySettings): ReplicationPolicy {
  const separator = settings.isInternalTopicSeparatorEnabled ? settings.separator : '.'
  const internalSuffix = `${separator}internal`
  const checkpointsSuffix = `${separator}checkpoints${internalSuffix}`
  const policy: ReplicationPolicy = {
    ...naming,
    originalTopic(topic) {
      let original = topic
      for (;;) {
        const upstream = naming.upstreamTopic(original)
        if (upstream === undefined || upstream === original) return original
        original = upstream
      }
    },
    isInternalTopic: (topic) =>
      topic.startsWith('__') ||
      topic.startsWith('.') ||
      policy.isMm2InternalTopic(topic) ||
      policy.isCheckpointsTopic(topic),
    isCheckpointsTopic: (topic) => topic.endsWith(checkpointsSuffix),
    isMm2InternalTopic: (topic) => (topic.startsWith('mm2') && topic.endsWith(internalSuffix)) || isLedgerTopic(topic),
    isHeartbeatsTopic: (topic) => policy.originalTopic(topic) === heartbeats,
    heartbeatsTopic: () => heartbeats,
    offsetSyncsTopic: (alias) => `mm2-offset-syncs${separator}${alias}${internalSuffix}`,
    checkpointsTopic: (sourceAlias) => sourceAlias + checkpointsSuffix,
  }
  return policy
}

/** The part before the first separator, by the rules of Java's Pattern.split: `a.` and `..` have none, `.a` has an empty one. */
function prefixOf(topic: string, separator: string): string | undefined {
  // Java splits at an empty separator between all characters.
  if (separator === '') return topic.length < 2 ? undefined : topic.charAt(0)
  const parts = topic.split(separator)
  while (parts.at(-1) === '') parts.pop()
  return parts.length < 2 ? undefined : parts[0]
}

/**
 * @returns the name on the target of our ledger for one source (design.md section 5). It has dots whatever the separator, as Kafka Connect's own
 *          topics have, and other mirrors skip it by their default exclude list.
 */
export function ledgerTopic(sourceAlias: string): string {
  return `mm2-ledger.${sourceAlias}.internal`
}

function isLedgerTopic(topic: string): boolean {
  return topic.startsWith('mm2-ledger.') && topic.endsWith('.internal')
}

/**
 * Whether copying a topic to the target would bring it back to where it came from: some prefix of its name is the target's alias.
 * The identity policy cannot tell, except for heartbeats. Source: MirrorSourceConnector.isCycle.
 */
export function isCycle(policy: ReplicationPolicy, topic: string, targetAlias: string): boolean {
  let name = topic
  for (;;) {
    const source = policy.topicSource(name)
    if (source === undefined) return false
    if (source === targetAlias) return true
    const upstream = policy.upstreamTopic(name)
    if (upstream === undefined || upstream === name) return false
    name = upstream
  }
}
