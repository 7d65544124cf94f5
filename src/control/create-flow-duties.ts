import type { Clock } from '../base/clock.ts'
import { ClusterClient } from '../kafka/cluster-client.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { CopiedTrails } from '../pipeline/copied-trails.ts'
import { AclSync } from './acl-sync.ts'
import { reportClusterEvents } from './cluster-report.ts'
import type { FlowClusters } from './flow-clusters.ts'
import type { FlowDuty } from './flow-duty.ts'
import type { GroupOffsets } from './group-offsets.ts'
import { HeartbeatEmitter } from './heartbeat-emitter.ts'
import type { HeartbeatTopics } from './heartbeat-topics.ts'
import { OffsetSyncEmitter } from './offset-sync-emitter.ts'
import { SourceTopicsAdmin } from './source-topics-admin.ts'
import { TargetTopicsAdmin } from './target-topics-admin.ts'
import { TopicConfigSync } from './topic-config-sync.ts'
import type { TopicConfigSyncDependencies } from './topic-config-sync.ts'

export interface FlowDutiesDependencies {
  readonly clock: Clock
  readonly random: () => number
  readonly observe: Observer<EventName>
  readonly clusters: FlowClusters
  /** The topics that are copied now. */
  readonly topics: TopicConfigSyncDependencies['topics']
  readonly heartbeats: HeartbeatTopics
  /** What the lane copied; null: no offset syncs are written. */
  readonly trails: CopiedTrails | null
  /** Null: they are not asked for. */
  readonly groups: GroupOffsets | null
}

/** What a flow does beside copying, by what is switched on. What is opened for it is closed with `resources`. */
export function createFlowDuties(
  plan: FlowPlan,
  deps: FlowDutiesDependencies,
  resources: AsyncDisposableStack,
): readonly FlowDuty[] {
  const { clock, random, observe, clusters, heartbeats, topics, trails, groups } = deps
  const duties: FlowDuty[] = []
  if (plan.heartbeats !== undefined) {
    const { targetAdmin: admin, targetData: data } = clusters
    const onTopicThere = () => heartbeats.noteTopic(plan.target.alias)
    duties.push(new HeartbeatEmitter({ ...plan, heartbeats: plan.heartbeats }, { admin, data, clock, onTopicThere }))
  }
  const { offsetSyncs, name } = plan
  if (offsetSyncs !== undefined && trails !== null) {
    const onEvent = reportClusterEvents(name, observe)
    const client = new ClusterClient(plan[offsetSyncs.location].alias, offsetSyncs.client, { clock, random, onEvent })
    duties.push(new OffsetSyncEmitter(offsetSyncs, { cluster: resources.use(client), trails }))
  }
  const { configSyncIntervalMs } = plan.topics
  if (configSyncIntervalMs !== undefined) {
    const source = new SourceTopicsAdmin(clusters.sourceAdmin)
    const target = new TargetTopicsAdmin(clusters.targetAdmin)
    duties.push(new TopicConfigSync({ plan, intervalMs: configSyncIntervalMs, source, target, topics, observe }))
  }
  const { aclSyncIntervalMs } = plan.topics
  if (aclSyncIntervalMs !== undefined) {
    const { sourceAdmin: source, targetAdmin: target } = clusters
    duties.push(new AclSync({ plan, intervalMs: aclSyncIntervalMs, source, target, observe }))
  }
  if (groups !== null) duties.push(groups)
  return duties
}
