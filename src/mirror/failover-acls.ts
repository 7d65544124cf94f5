import type { AclBinding } from './acl-binding.ts'
import type { FlowPlan } from './flow-plan.ts'
import { selectMirroredTopics } from './topic-filter-selection.ts'

type SelectingPlan = Pick<FlowPlan, 'source' | 'target' | 'policy' | 'topicFilter' | 'topics'>

/**
 * The access rules that programs of the source need when they go on at the target, WRITE and groups included: topic rules under the names of the remote topics (or,
 * with `source`, under their own, for who writes on to the same names), all others as they are. Rules for topics that the flow does not mirror are left out; a rule for a prefix may also
 * mean others, and is kept.
 */
export function failoverAcls(
  plan: SelectingPlan,
  source: readonly AclBinding[],
  topicNames: 'remote' | 'source',
): AclBinding[] {
  const literal = source.filter(
    ({ resourceType, patternType }) => resourceType === 'topic' && patternType === 'literal',
  )
  const names = [...new Set(literal.map(({ resourceName }) => resourceName))].filter((name) => name !== '*')
  const mirrored = new Set(selectMirroredTopics(plan, names))
  return source.flatMap((binding) => {
    const { resourceType, patternType, resourceName } = binding
    if (resourceType !== 'topic') return [binding]
    if (patternType === 'literal' && resourceName !== '*' && !mirrored.has(resourceName)) return []
    return [topicNames === 'source' ? binding : underRemoteName(plan, binding)]
  })
}

function underRemoteName({ policy, source: { alias } }: SelectingPlan, binding: AclBinding): AclBinding {
  const { resourceName, patternType } = binding
  const isAny = patternType === 'literal' && resourceName === '*'
  if (!isAny) return { ...binding, resourceName: policy.formatRemoteTopic(alias, resourceName) }
  // Any topic of the source is any whose name begins as those of remote topics do; the same name, where they keep theirs.
  const prefix = policy.formatRemoteTopic(alias, '')
  return prefix === '' ? binding : { ...binding, resourceName: prefix, patternType: 'prefixed' }
}
