import { TwinlogError } from '../base/catalogue.ts'
import { resolveClient } from '../config/client-resolution.ts'
import { consumerSettings } from '../config/connection-settings.ts'
import { flowName } from '../config/flow-pair.ts'
import type { FlowPair } from '../config/flow-pair.ts'
import { flowViews, scopingOf } from '../config/flow-views.ts'
import type { FlowViews } from '../config/flow-views.ts'
import { flowSettings, formerNames } from '../config/flow-settings.ts'
import type { Resolution } from '../config/resolution.ts'
import type { Setting } from '../config/setting.ts'
import { connectorClientView, dataProducerView } from '../config/view.ts'
import type { View } from '../config/view.ts'
import { workerSettings } from '../config/worker-settings.ts'
import type {
  ClusterPlan,
  FetchSettings,
  FlowPlan,
  HeartbeatFlowPlan,
  PositionsSettings,
  RecordPolicies,
  TopicsSettings,
} from './flow-plan.ts'
import { createDefaultReplicationPolicy, createIdentityReplicationPolicy, ledgerTopic } from './replication-policy.ts'
import type { ReplicationPolicy } from './replication-policy.ts'
import { resolveHeartbeats, resolveInterval, resolveOffsetSyncs } from './emit-resolution.ts'
import { mirrorClientId } from './mirror-client-id.ts'
import { resolveGroups } from './groups-resolution.ts'
import { resolveProduce } from './produce-resolution.ts'
import { storageTopicConfigs } from './storage-topic-configs.ts'
import { createTopicFilter } from './topic-filter.ts'
import type { TopicFilter } from './topic-filter.ts'
import { resolveTransactions } from './transactions-resolution.ts'

/** What one flow is made from. */
interface FlowSources extends FlowViews {
  readonly pair: FlowPair
}

/** Works out the plan of one flow. Problems go to the resolution; the plan is usable only if there are none. */
export function resolveFlow(resolution: Resolution, pair: FlowPair): FlowPlan {
  const views = viewsOf(resolution, pair)
  const { connector, worker } = views
  refuseUnsafe(resolution, views)
  const producer = dataProducerView(worker, connector)
  const fetch = resolveFetch(resolution, connectorClientView(connector, 'source', 'consumer'))
  const policy = resolvePolicy(resolution, views)
  const groupId = resolveGroupId(resolution, views)
  const transactions = resolveTransactions(resolution, { pair, connector, worker, producer, fetch, groupId })
  return {
    name: flowName(pair),
    source: resolveSource(resolution, views),
    target: resolveTarget(resolution, views, groupId),
    policy,
    topicFilter: resolveFilter(resolution, connector, 'topics', 'topics.exclude'),
    topics: resolveTopics(resolution, connector),
    fetch,
    produce: resolveProduce(resolution, producer, transactions.support === 'enabled'),
    positions: resolvePositions(resolution, views),
    transactions,
    heartbeats: resolveHeartbeats(resolution, connector),
    offsetSyncs: resolveOffsetSyncs(resolution, connector, pair, policy),
    groups: resolveGroups(resolution, connector, {
      filter: resolveFilter(resolution, connector, 'groups', 'groups.exclude'),
      checkpointsTopic: policy.checkpointsTopic(pair.source),
    }),
    recordPolicies: resolveRecordPolicies(resolution, connector, pair.source),
    gapPolicy: resolution.read(connector, 'twinlog.gap.policy', flowSettings['twinlog.gap.policy']),
    nameFormats: resolution.read(connector, 'metric.names.formats', flowSettings['metric.names.formats']),
    groupId,
    sessionTimeoutMs: resolveSessionTimeout(resolution, connector),
  }
}

/** Works out the plan of a pair that is not enabled and for which MirrorMaker 2 would write heartbeats; undefined: it would not either. */
export function resolveHeartbeatFlow(resolution: Resolution, pair: FlowPair): HeartbeatFlowPlan | undefined {
  const views = viewsOf(resolution, pair)
  const heartbeats = resolveHeartbeats(resolution, views.connector)
  if (heartbeats === undefined) return undefined
  const name = flowName(pair)
  const text = `is not enabled, so it copies nothing; it only writes heartbeats to ${pair.target}, unless ${name}.emit.heartbeats.enabled is false`
  resolution.notice(name, 'by-default', 'info', text)
  const groupId = resolveGroupId(resolution, views)
  return {
    name,
    source: { alias: pair.source },
    target: resolveTarget(resolution, views, groupId),
    heartbeats,
    groupId,
    sessionTimeoutMs: resolveSessionTimeout(resolution, views.connector),
  }
}

function viewsOf({ file: { properties } }: Resolution, pair: FlowPair): FlowSources {
  return { pair, ...flowViews(properties, pair, scopingOf(properties)) }
}

function resolveGroupId(resolution: Resolution, { pair, worker }: FlowSources): string {
  return resolution.read(worker, 'group.id', workerSettings['group.id']) ?? `${pair.source}-mm2`
}

function resolveSessionTimeout(resolution: Resolution, connector: View): number {
  return resolution.read(connector, 'twinlog.session.timeout.ms', flowSettings['twinlog.session.timeout.ms'])
}

function resolveSource(resolution: Resolution, { pair, connector }: FlowSources): ClusterPlan {
  const name = flowName(pair)
  const alias = pair.source
  const client = resolveClient(resolution, connectorClientView(connector, 'source', 'admin'), {
    alias,
    role: 'admin',
    clientId: mirrorClientId(name, 'MirrorSourceConnector', 'replication-source-admin'),
  })
  const dataClient = resolveClient(resolution, connectorClientView(connector, 'source', 'consumer'), {
    alias,
    role: 'consumer',
    clientId: mirrorClientId(name, 'MirrorSourceConnector-0', 'replication-consumer'),
  })
  return { alias, client, dataClient, workerClient: client }
}

function resolveTarget(resolution: Resolution, { pair, connector, worker }: FlowSources, groupId: string): ClusterPlan {
  const name = flowName(pair)
  const alias = pair.target
  return {
    alias,
    client: resolveClient(resolution, connectorClientView(connector, 'target', 'admin'), {
      alias,
      role: 'admin',
      clientId: mirrorClientId(name, 'MirrorSourceConnector', 'replication-target-admin'),
    }),
    dataClient: resolveClient(resolution, dataProducerView(worker, connector), {
      alias,
      role: 'producer',
      clientId: (configured) => configured ?? 'connector-producer-MirrorSourceConnector-0',
    }),
    workerClient: resolveClient(resolution, worker, {
      alias,
      role: 'worker',
      clientId: (configured) => `${groupId}-${configured ?? name}-offsets`,
    }),
  }
}

function resolvePolicy(resolution: Resolution, { pair, connector }: FlowSources): ReplicationPolicy {
  const settings = {
    separator: resolution.read(connector, 'replication.policy.separator', flowSettings['replication.policy.separator']),
    isInternalTopicSeparatorEnabled: resolution.read(
      connector,
      'replication.policy.internal.topic.separator.enabled',
      flowSettings['replication.policy.internal.topic.separator.enabled'],
    ),
  }
  const className = resolution.read(connector, 'replication.policy.class', flowSettings['replication.policy.class'])
  switch (className.replace(/^org\.apache\.kafka\.connect\.mirror\./, '')) {
    case 'DefaultReplicationPolicy':
      return createDefaultReplicationPolicy(settings)
    case 'IdentityReplicationPolicy':
      return createIdentityReplicationPolicy(settings, pair.source)
    default: {
      const property = connector.get('replication.policy.class') ?? 'replication.policy.class'
      resolution.problems.add(
        property,
        `the class ${className} is not known, so the names of remote topics are not`,
        'Use DefaultReplicationPolicy or IdentityReplicationPolicy.',
      )
      return createDefaultReplicationPolicy(settings)
    }
  }
}

function resolveTopics(resolution: Resolution, connector: View): TopicsSettings {
  return {
    refreshIntervalMs: resolveInterval(resolution, connector, 'refresh.topics'),
    replicationFactor: resolution.read(connector, 'replication.factor', flowSettings['replication.factor']),
    configPropertiesExclude: resolveFilter(resolution, connector, 'config.properties.exclude', undefined),
    useDefaultsFrom: resolution.read(connector, 'use.defaults.from', flowSettings['use.defaults.from']),
    isHeartbeatsReplicationEnabled: resolution.read(
      connector,
      'heartbeats.replication.enabled',
      flowSettings['heartbeats.replication.enabled'],
    ),
    configSyncIntervalMs: resolveInterval(resolution, connector, 'sync.topic.configs'),
    aclSyncIntervalMs: resolveInterval(resolution, connector, 'sync.topic.acls'),
  }
}

type ListKey = 'topics' | 'topics.exclude' | 'groups' | 'groups.exclude' | 'config.properties.exclude'

function resolveFilter(
  resolution: Resolution,
  connector: View,
  includeKey: ListKey,
  excludeKey: ListKey | undefined,
): TopicFilter {
  const include = readPatterns(resolution, connector, includeKey)
  const exclude = excludeKey === undefined ? [] : readPatterns(resolution, connector, excludeKey)
  return createTopicFilter(include, exclude)
}

/** Reads a list of regular expressions; one that does not compile is a problem, and is left out. */
function readPatterns(resolution: Resolution, connector: View, key: ListKey): readonly string[] {
  const formerName = formerNames[key]
  const former = formerName === undefined ? undefined : connector.get(formerName)
  const property = connector.get(key) ?? former
  const declared: Setting<readonly string[], readonly string[]> = flowSettings[key]
  const patterns = resolution.read(property === undefined ? connector : new Map([[key, property]]), key, declared)
  if (former !== undefined && property === former) {
    resolution.notice(former, 'changed', 'warning', `is read as ${key}; Kafka 4 ignores this former name`)
  }
  try {
    createTopicFilter(patterns, [])
    return patterns
  } catch (error) {
    if (!(error instanceof TwinlogError) || error.kind !== 'configuration') throw error
    resolution.problems.add(
      property ?? key,
      lowerFirst(error.message.replace(/\.$/, '')),
      /(^|,)\s*\*/.test(property?.value ?? '')
        ? 'What stands for anything is .* here; * alone repeats the sign before it.'
        : 'Correct the expression. A comma always separates two expressions.',
    )
    return []
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function resolveFetch(resolution: Resolution, consumer: View): FetchSettings {
  return {
    isolationLevel: resolution.read(consumer, 'isolation.level', consumerSettings['isolation.level']),
    checkCrcs: resolution.read(consumer, 'check.crcs', consumerSettings['check.crcs']),
    autoOffsetReset: resolution.read(consumer, 'auto.offset.reset', consumerSettings['auto.offset.reset']),
    fetchMaxBytes: resolution.read(consumer, 'fetch.max.bytes', consumerSettings['fetch.max.bytes']),
    fetchMinBytes: resolution.read(consumer, 'fetch.min.bytes', consumerSettings['fetch.min.bytes']),
    fetchMaxWaitMs: resolution.read(consumer, 'fetch.max.wait.ms', consumerSettings['fetch.max.wait.ms']),
  }
}

function resolveRecordPolicies(resolution: Resolution, connector: View, source: string): RecordPolicies {
  const oversizedKey = 'twinlog.oversized.record.policy'
  const nullKeyKey = 'twinlog.null.key.policy'
  const topicKey = 'twinlog.deadletterqueue.topic.name'
  return {
    oversized: resolution.read(connector, oversizedKey, flowSettings[oversizedKey]),
    nullKey: resolution.read(connector, nullKeyKey, flowSettings[nullKeyKey]),
    deadLetterTopic: {
      topic: resolution.read(connector, topicKey, flowSettings[topicKey]) ?? `mm2-dead-letters.${source}.internal`,
      replicationFactor: resolution.read(connector, 'replication.factor', flowSettings['replication.factor']),
    },
  }
}

function resolvePositions(resolution: Resolution, { pair, worker }: FlowSources): PositionsSettings {
  return {
    offsetsTopic:
      resolution.read(worker, 'offset.storage.topic', workerSettings['offset.storage.topic']) ??
      `mm2-offsets.${pair.source}.internal`,
    ledgerTopic: ledgerTopic(pair.source),
    flushIntervalMs: resolution.read(worker, 'offset.flush.interval.ms', workerSettings['offset.flush.interval.ms']),
    replicationFactor: resolution.read(
      worker,
      'offset.storage.replication.factor',
      workerSettings['offset.storage.replication.factor'],
    ),
    partitionsCount: resolution.read(worker, 'offset.storage.partitions', workerSettings['offset.storage.partitions']),
    topicConfigs: storageTopicConfigs(resolution, worker, 'offset.storage.'),
  }
}

/** What would make the copied data wrong, or the copy weaker than asked for. */
function refuseUnsafe(resolution: Resolution, { connector, worker }: FlowViews): void {
  for (const key of ['key.converter', 'value.converter', 'header.converter'] as const) {
    for (const property of [worker.get(key), connector.get(key)]) {
      if (property === undefined) continue
      const className = resolution.text(property).trim()
      if (/^(org\.apache\.kafka\.connect\.converters\.)?ByteArrayConverter$/.test(className)) continue
      resolution.problems.add(
        property,
        `the converter ${className} would change the copied data`,
        'Remove it: records are copied as bytes.',
      )
    }
  }
}
