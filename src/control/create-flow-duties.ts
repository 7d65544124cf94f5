import type { Clock } from '../base/clock.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { FlowClusters } from './flow-clusters.ts'
import type { FlowDuty } from './flow-duty.ts'
import { HeartbeatEmitter } from './heartbeat-emitter.ts'
import type { HeartbeatTopics } from './heartbeat-topics.ts'
import { SourceTopicsAdmin } from './source-topics-admin.ts'
import { TargetTopicsAdmin } from './target-topics-admin.ts'
import { TopicConfigSync } from './topic-config-sync.ts'
import type { TopicConfigSyncDependencies } from './topic-config-sync.ts'

export interface FlowDutiesDependencies {
  readonly clock: Clock
  readonly observe: Observer<EventName>
  readonly clusters: FlowClusters
  /** The topics that are copied now. */
  readonly topics: TopicConfigSyncDependencies['topics']
  readonly heartbeats: HeartbeatTopics
}

/** What a flow does beside copying, by what is switched on. */
export function createFlowDuties(plan: FlowPlan, deps: FlowDutiesDependencies): readonly FlowDuty[] {
  const { clock, observe, clusters, heartbeats, topics } = deps
  const duties: FlowDuty[] = []
  if (plan.heartbeats !== undefined) {
    const { targetAdmin: admin, targetData: data } = clusters
    const onTopicThere = () => heartbeats.noteTopic(plan.target.alias)
    duties.push(new HeartbeatEmitter({ ...plan, heartbeats: plan.heartbeats }, { admin, data, clock, onTopicThere }))
  }
  const { configSyncIntervalMs } = plan.topics
  if (configSyncIntervalMs !== undefined) {
    const source = new SourceTopicsAdmin(clusters.sourceAdmin)
    const target = new TargetTopicsAdmin(clusters.targetAdmin)
    duties.push(new TopicConfigSync({ plan, intervalMs: configSyncIntervalMs, source, target, topics, observe }))
  }
  return duties
}
