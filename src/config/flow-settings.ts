import { boolean, choice, int, list, long, string } from './setting-type.ts'
import { setting } from './setting.ts'

const since = '0.1'

/**
 * Settings of a flow: written at top level for all flows, or as `A->B.<key>` for one.
 * Source: MirrorConnectorConfig, MirrorSourceConfig, DefaultTopicFilter, DefaultConfigPropertyFilter, DefaultReplicationPolicy.
 */
export const flowSettings = {
  enabled: setting({
    type: boolean(),
    default: false,
    importance: 'high',
    scope: 'flow',
    since,
    doc: 'Whether the flow copies. Only as `A->B.enabled`; a flow that does not say `true` copies nothing.',
  }),
  topics: setting({
    type: list(),
    default: ['.*'],
    importance: 'high',
    scope: 'flow',
    since,
    doc: 'Topics to copy: names or Java regular expressions, matched against the whole name. An empty list matches nothing.',
  }),
  'topics.exclude': setting({
    type: list(),
    default: ['mm2.*\\.internal', '.*\\.replica', '__.*'],
    importance: 'high',
    scope: 'flow',
    since,
    doc: 'Topics not to copy; wins over `topics`.',
  }),
  'replication.policy.class': setting({
    type: string(),
    default: 'org.apache.kafka.connect.mirror.DefaultReplicationPolicy',
    importance: 'medium',
    scope: 'flow',
    since,
    doc: 'How remote topics are named: `DefaultReplicationPolicy` (alias, separator, topic) or `IdentityReplicationPolicy` (the same name; it cannot see loops), with or without the package.',
  }),
  'replication.policy.separator': setting({
    type: string(),
    default: '.',
    importance: 'medium',
    scope: 'flow',
    since,
    doc: 'What stands between alias and topic in the name of a remote topic.',
  }),
  'replication.policy.internal.topic.separator.enabled': setting({
    type: boolean(),
    default: true,
    importance: 'low',
    scope: 'flow',
    since,
    doc: 'With `false` the checkpoints and offset-syncs topics use `.`, whatever the separator.',
  }),
  'replication.factor': setting({
    type: int({ min: -1 }),
    default: 2,
    importance: 'medium',
    scope: 'flow',
    since,
    doc: "Replication factor of remote topics that twinlog creates; -1: the default of the target's brokers.",
  }),
  'refresh.topics.enabled': setting({
    type: boolean(),
    default: true,
    importance: 'medium',
    scope: 'flow',
    since,
    doc: 'Whether new topics and partitions are looked for while the flow runs.',
  }),
  'refresh.topics.interval.seconds': setting({
    type: long({ min: 1 }),
    default: 600,
    importance: 'medium',
    scope: 'flow',
    since,
    doc: 'How often new topics and partitions are looked for.',
  }),
  'heartbeats.replication.enabled': setting({
    type: boolean(),
    default: true,
    importance: 'low',
    scope: 'flow',
    since,
    doc: 'Whether heartbeats topics are copied even if `topics` does not name them.',
  }),
  'config.properties.exclude': setting({
    type: list(),
    default: [
      'follower.replication.throttled.replicas',
      'leader.replication.throttled.replicas',
      'message.timestamp.difference.max.ms',
      'log.message.timestamp.before.max.ms',
      'log.message.timestamp.after.max.ms',
      'message.timestamp.type',
      'unclean.leader.election.enable',
      'min.insync.replicas',
    ],
    importance: 'medium',
    scope: 'flow',
    since,
    doc: 'Topic configs that are not copied: names or Java regular expressions, matched against the whole name.',
  }),
  'use.defaults.from': setting({
    type: choice(['target', 'source']),
    default: 'target',
    importance: 'low',
    scope: 'flow',
    since,
    doc: 'Whose default a remote topic gets for a config that the source topic does not set. Only as `A->B.use.defaults.from` (so in MirrorMaker 2).',
  }),
  'twinlog.gap.policy': setting({
    type: choice(['continue', 'stop']),
    default: 'continue',
    importance: 'high',
    scope: 'flow',
    since,
    doc: 'What to do when records were lost at the source before they were copied: `continue` after saying so, or `stop` the partition. A gap is always logged, counted and shown.',
  }),
  'twinlog.session.timeout.ms': setting({
    type: int({ min: 1 }),
    default: 10_000,
    importance: 'medium',
    scope: 'flow',
    since: '0.2',
    doc: 'A standby takes the flow over when the owner has been silent for so long. Must lie within `group.min.session.timeout.ms` (6,000 unless set) and `group.max.session.timeout.ms` of the brokers of the target. A process that stops in order, or that dies on the same machine as its successor, is replaced at once.',
  }),
} as const
