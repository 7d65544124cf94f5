import { nearestName } from '../config/nearest-name.ts'
import type { ListedGroup } from '../kafka/consumer-groups.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { FilterDecision } from '../mirror/topic-filter.ts'
import type { CheckFinding } from './check-finding.ts'
import { unusedRules } from './topic-matches.ts'
import type { NameMatch } from './topic-matches.ts'

/** Why the offsets of a group are translated or not: what the filter says, or that it is no group of consumers. */
export type GroupDecision =
  | FilterDecision
  | { readonly isIncluded: false; readonly reason: 'type'; readonly type: string }

/** Which consumer groups of its source a flow translates, and why not the others. */
export interface GroupMatches {
  readonly flow: string
  /** By name. */
  readonly groups: readonly NameMatch<GroupDecision>[]
  readonly findings: readonly CheckFinding[]
}

/** @param listed   all groups of the source that may be seen */
export function matchGroups(
  { groups: { filter }, name, source }: FlowPlan,
  listed: readonly ListedGroup[],
): GroupMatches {
  const names = listed.filter(isOfConsumers).map(({ groupId }) => groupId)
  const groups = listed
    .map((group) => ({ name: group.groupId, decision: decide(filter.explain(group.groupId), group) }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
  const isNone = names.length > 0 && groups.every(({ decision }) => !decision.isIncluded)
  const nothing: CheckFinding = {
    code: 'groups-none',
    level: 'problem',
    what: `the filter matches none of the ${names.length} consumer groups of ${source.alias} that we may see`,
    effect: 'no offsets are translated',
    remedy: `Correct ${name}.groups and ${name}.groups.exclude (twinlog explain FILE group NAME tells why one is left out), or allow Describe on the groups.`,
  }
  const unused = unusedRules(filter, names).map((rule): CheckFinding => {
    const nearest = nearestName(rule, names)
    return {
      code: 'groups-rule-unused',
      level: 'warning',
      what: `the rule ${rule} of "groups" matches no group now${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
      effect:
        'groups that come later and match are translated then, and so are those that we may not see now (Describe)',
      remedy: '',
    }
  })
  // The default rule .* is nobody's mistake where there are no groups yet.
  return { flow: name, groups, findings: isNone ? [nothing] : names.length === 0 ? [] : unused }
}

function decide(decision: FilterDecision, group: ListedGroup): GroupDecision {
  if (!decision.isIncluded || isOfConsumers(group)) return decision
  const { type, protocolType } = group
  return { isIncluded: false, reason: 'type', type: type === 'share' || type === 'streams' ? type : protocolType }
}

/** Share and streams groups, and Connect's workers, commit no offsets that could be translated. */
function isOfConsumers({ type, protocolType }: ListedGroup): boolean {
  return type !== 'share' && type !== 'streams' && (protocolType === 'consumer' || protocolType === '')
}
