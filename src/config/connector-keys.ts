import { inheritedClientKeys } from './client-keys.ts'

/**
 * The keys of MirrorMaker 2's three connectors: of the keys at top level, only these reach a connector (MirrorMakerConfig.allConfigNames).
 * (A test with the real jar compares the list.)
 */
export const connectorKeys: ReadonlySet<string> = new Set([
  'admin.timeout.ms', 'checkpoints.topic.replication.factor', 'config.action.reload', 'config.properties.exclude',
  'config.property.filter.class', 'config.providers', 'connector.class', 'connector.plugin.version',
  'consumer.poll.timeout.ms', 'emit.checkpoints.enabled', 'emit.checkpoints.interval.seconds',
  'emit.heartbeats.enabled', 'emit.heartbeats.interval.seconds', 'emit.offset-syncs.enabled', 'enabled',
  'errors.log.enable', 'errors.log.include.messages', 'errors.retry.delay.max.ms', 'errors.retry.timeout',
  'errors.tolerance', 'forwarding.admin.class', 'group.filter.class', 'groups', 'groups.exclude',
  'header.converter', 'header.converter.plugin.version', 'heartbeats.replication.enabled',
  'heartbeats.topic.replication.factor', 'key.converter', 'key.converter.plugin.version', 'metric.names.formats',
  'metric.reporters', 'name', 'offset-syncs.topic.location', 'offset-syncs.topic.replication.factor',
  'offset.lag.max', 'predicates', 'refresh.groups.enabled', 'refresh.groups.interval.seconds',
  'refresh.topics.enabled', 'refresh.topics.interval.seconds', 'replication.factor', 'replication.policy.class',
  'replication.policy.internal.topic.separator.enabled', 'replication.policy.separator', 'source.cluster.alias',
  'sync.group.offsets.enabled', 'sync.group.offsets.interval.seconds', 'sync.topic.acls.enabled',
  'sync.topic.acls.interval.seconds', 'sync.topic.configs.enabled', 'sync.topic.configs.interval.seconds',
  'target.cluster.alias', 'tasks.max', 'tasks.max.enforce', 'topic.filter.class', 'topics', 'topics.exclude',
  'transforms', 'value.converter', 'value.converter.plugin.version',
  ...inheritedClientKeys.filter((key) => key !== 'bootstrap.servers'),
  // Former names, which Kafka 4 no longer has; they are read with a warning.
  'topics.blacklist', 'config.properties.blacklist',
])
