import { resolveClient } from '../config/client-resolution.ts'
import { flowName } from '../config/flow-pair.ts'
import type { FlowPair } from '../config/flow-pair.ts'
import { flowSettings } from '../config/flow-settings.ts'
import type { Resolution } from '../config/resolution.ts'
import type { Setting } from '../config/setting.ts'
import { connectorClientView } from '../config/view.ts'
import type { View } from '../config/view.ts'
import type { HeartbeatsSettings, OffsetSyncsSettings } from './flow-plan.ts'
import { mirrorClientId } from './mirror-client-id.ts'
import type { ReplicationPolicy } from './replication-policy.ts'

/** What has a switch, `<name>.enabled`, and an interval, `<name>.interval.seconds`. */
type Scheduled =
  | 'refresh.topics'
  | 'refresh.groups'
  | 'sync.topic.configs'
  | 'sync.topic.acls'
  | 'sync.group.offsets'
  | 'emit.heartbeats'
  | 'emit.checkpoints'

/** @returns ms; undefined where it is switched off. Source: MirrorConnectorConfig, which makes the interval negative then. */
export function resolveInterval(resolution: Resolution, connector: View, name: Scheduled): number | undefined {
  const enabled = `${name}.enabled` as const
  const interval = `${name}.interval.seconds` as const
  const isEnabled = resolution.read(connector, enabled, flowSettings[enabled])
  const intervalSeconds = resolution.read(connector, interval, flowSettings[interval])
  return isEnabled ? intervalSeconds * 1000 : undefined
}

/** Source: MirrorHeartbeatConfig. */
export function resolveHeartbeats(resolution: Resolution, connector: View): HeartbeatsSettings | undefined {
  const intervalMs = resolveInterval(resolution, connector, 'emit.heartbeats')
  const key = 'heartbeats.topic.replication.factor'
  const replicationFactor = resolution.read(connector, key, flowSettings[key])
  return intervalMs === undefined ? undefined : { intervalMs, replicationFactor }
}

/** Source: MirrorSourceConfig.offsetSyncsTopic, offsetSyncsTopicProducerConfig. */
export function resolveOffsetSyncs(
  resolution: Resolution,
  connector: View,
  pair: FlowPair,
  policy: ReplicationPolicy,
): OffsetSyncsSettings | undefined {
  const read = <Value, Default extends Value | undefined>(key: string, setting: Setting<Value, Default>) =>
    resolution.read(connector, key, setting)
  const isEnabled = read('emit.offset-syncs.enabled', flowSettings['emit.offset-syncs.enabled'])
  const location = read('offset-syncs.topic.location', flowSettings['offset-syncs.topic.location'])
  const replicationKey = 'offset-syncs.topic.replication.factor'
  const replicationFactor = read(replicationKey, flowSettings[replicationKey])
  const lagMax = read('offset.lag.max', flowSettings['offset.lag.max'])
  if (!isEnabled) return undefined
  const client = resolveClient(resolution, connectorClientView(connector, location, 'producer'), {
    alias: pair[location],
    role: 'producer',
    clientId: mirrorClientId(flowName(pair), 'MirrorSourceConnector-0', `offset-syncs-${location}-producer`),
  })
  // It is named for the other cluster.
  const topic = policy.offsetSyncsTopic(location === 'source' ? pair.target : pair.source)
  return { topic, location, replicationFactor, lagMax, client }
}
