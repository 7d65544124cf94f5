import type { Clock } from '../base/clock.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { FlowClusters } from './flow-clusters.ts'
import type { FlowDuty } from './flow-duty.ts'
import { HeartbeatEmitter } from './heartbeat-emitter.ts'
import type { HeartbeatTopics } from './heartbeat-topics.ts'

export interface FlowDutiesDependencies {
  readonly clock: Clock
  readonly clusters: FlowClusters
  readonly heartbeats: HeartbeatTopics
}

/** What a flow does beside copying, by what is switched on. */
export function createFlowDuties(plan: FlowPlan, deps: FlowDutiesDependencies): readonly FlowDuty[] {
  const { clock, clusters, heartbeats } = deps
  const duties: FlowDuty[] = []
  if (plan.heartbeats !== undefined) {
    const { targetAdmin: admin, targetData: data } = clusters
    const onTopicThere = () => heartbeats.noteTopic(plan.target.alias)
    duties.push(new HeartbeatEmitter({ ...plan, heartbeats: plan.heartbeats }, { admin, data, clock, onTopicThere }))
  }
  return duties
}
