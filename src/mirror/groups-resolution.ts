import { flowSettings } from '../config/flow-settings.ts'
import type { Resolution } from '../config/resolution.ts'
import type { View } from '../config/view.ts'
import { resolveInterval } from './emit-resolution.ts'
import type { GroupsSettings } from './flow-plan.ts'
import type { TopicFilter } from './topic-filter.ts'

/** Source: MirrorCheckpointConfig. */
export function resolveGroups(
  resolution: Resolution,
  connector: View,
  { filter, checkpointsTopic: topic }: { readonly filter: TopicFilter; readonly checkpointsTopic: string },
): GroupsSettings {
  const intervalMs = resolveInterval(resolution, connector, 'emit.checkpoints')
  const replicationKey = 'checkpoints.topic.replication.factor'
  const replicationFactor = resolution.read(connector, replicationKey, flowSettings[replicationKey])
  return {
    filter,
    refreshIntervalMs: resolveInterval(resolution, connector, 'refresh.groups'),
    checkpoints: intervalMs === undefined ? undefined : { topic, intervalMs, replicationFactor },
    syncIntervalMs: resolveInterval(resolution, connector, 'sync.group.offsets'),
  }
}
