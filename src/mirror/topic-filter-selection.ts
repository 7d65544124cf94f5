import type { FlowPlan } from './flow-plan.ts'
import { isCycle } from './replication-policy.ts'
import type { FilterDecision } from './topic-filter.ts'

type SelectingPlan = Pick<FlowPlan, 'topicFilter' | 'policy' | 'target' | 'topics'>

/** Why a topic is mirrored or not: what the filter said, or which rule comes before it. */
export type TopicDecision =
  | FilterDecision
  | { readonly isIncluded: true; readonly reason: 'heartbeats' }
  | { readonly isIncluded: false; readonly reason: 'internal' | 'cycle' }

/**
 * The whole rule of which source topics a flow mirrors: the filter passes them, or they are heartbeats topics and those are copied; and
 * they are not internal, and copying them would not go in a circle. Source: MirrorSourceConnector.shouldReplicateTopic.
 * @returns the topics that are mirrored, in the order given
 * @throws PATTERN_TOO_SLOW
 */
export function selectMirroredTopics(plan: SelectingPlan, topics: readonly string[]): string[] {
  const candidates = topics.filter(
    (topic) => !plan.policy.isInternalTopic(topic) && !isCycle(plan.policy, topic, plan.target.alias),
  )
  const passed = new Set(plan.topicFilter.matches(candidates))
  return candidates.filter((topic) => passed.has(topic) || isMirroredHeartbeat(plan, topic))
}

/** @returns which rule decides about one topic; `isIncluded` is what `selectMirroredTopics` would say */
export function explainMirroredTopic(plan: SelectingPlan, topic: string): TopicDecision {
  if (plan.policy.isInternalTopic(topic)) return { isIncluded: false, reason: 'internal' }
  if (isCycle(plan.policy, topic, plan.target.alias)) return { isIncluded: false, reason: 'cycle' }
  const decision = plan.topicFilter.explain(topic)
  return !decision.isIncluded && isMirroredHeartbeat(plan, topic)
    ? { isIncluded: true, reason: 'heartbeats' }
    : decision
}

function isMirroredHeartbeat(plan: SelectingPlan, topic: string): boolean {
  return plan.topics.isHeartbeatsReplicationEnabled && plan.policy.isHeartbeatsTopic(topic)
}
