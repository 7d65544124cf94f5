import type { AclBinding } from './acl-binding.ts'
import type { FlowPlan } from './flow-plan.ts'
import { selectMirroredTopics } from './topic-filter-selection.ts'

type SelectingPlan = Pick<FlowPlan, 'source' | 'target' | 'policy' | 'topicFilter' | 'topics'>

/**
 * Which access rules the remote topics of a flow get by those of the source, as MirrorMaker 2 has it: only rules for single topics (LITERAL) that the flow mirrors,
 * whether they exist or not; none that allow to write; who may do all may read. `*`, which means any topic, is treated as a name, as there: with the default policy that is a rule for a topic that
 * cannot exist, with the identity policy one for any topic of the target.
 * Source: MirrorSourceConnector.syncTopicAcls.
 */
export function remoteTopicAcls(plan: SelectingPlan, source: readonly AclBinding[]): AclBinding[] {
  const kept = source.filter(
    ({ resourceType, patternType, permission, operation }) =>
      resourceType === 'topic' && patternType === 'literal' && !(permission === 'allow' && operation === 'Write'),
  )
  const mirrored = new Set(selectMirroredTopics(plan, [...new Set(kept.map(({ resourceName }) => resourceName))]))
  return kept
    .filter(({ resourceName }) => mirrored.has(resourceName))
    .map((binding) => ({
      ...binding,
      resourceName: plan.policy.formatRemoteTopic(plan.source.alias, binding.resourceName),
      operation: binding.permission === 'allow' && binding.operation === 'All' ? 'Read' : binding.operation,
    }))
}
