import type { CheckFinding } from '../check/check-finding.ts'
import type { ClusterReview, ReviewedBroker } from '../check/cluster-review.ts'
import type { GroupDecision, GroupMatches } from '../check/group-matches.ts'
import type { AclResourceType } from '../check/needed-permission.ts'
import type { PermissionReview, ReviewedPermission } from '../check/permission-review.ts'
import type { PreflightFinding } from '../check/preflight-finding.ts'
import type { TopicMatches } from '../check/topic-matches.ts'
import type { RuleLines } from '../config/rule-lines.ts'
import type { TopicDecision } from '../mirror/topic-filter-selection.ts'
import { fullCount } from './figures-text.ts'
import { wrappedLines } from './wrapped-lines.ts'

const levelNames: Readonly<Record<PreflightFinding['level'], string>> = {
  problem: 'PROBLEM',
  warning: 'WARNING',
  info: 'INFO',
}

/** Names that are shown of a long list. */
const shownNames = 8

/** A finding with what twinlog does and what can be done, at most 80 columns wide but for long names and commands. */
export function findingLines({ level, what, effect, remedy }: Omit<PreflightFinding, 'code'>): string[] {
  const indent = ' '.repeat(10)
  return [
    ...wrappedLines(`  ${levelNames[level].padEnd(8)}`, `${what}.`, indent),
    ...wrappedLines(`${indent}twinlog: `, `${effect}.`, indent),
    ...(remedy === '' ? [] : wrappedLines(`${indent}to change it: `, remedy, indent)),
  ]
}

/** A cluster: how it was reached, what it is, and what is wrong with it. */
export function clusterLines({
  alias,
  addresses,
  securityProtocol,
  principal,
  clusterId,
  brokers,
  findings,
}: ClusterReview): string[] {
  const how = `${addresses.join(', ')} (${securityProtocol}, as ${principal})`
  if (brokers.length === 0)
    return [...wrappedLines(`${alias}: `, `not reached: ${how}`, '    '), ...findings.flatMap(findingLines)]
  const count = brokers.length === 1 ? '1 broker' : `${brokers.length} brokers`
  return [
    ...wrappedLines(`${alias}: `, `reached: ${how}`, '    '),
    ...wrappedLines('    ', `${count}, ${versionText(brokers)}; cluster id ${clusterId ?? 'not told'}`, '    '),
    ...findings.flatMap(findingLines),
  ]
}

function versionText(brokers: readonly ReviewedBroker[]): string {
  const versions = brokers.flatMap(({ version }) => (version === null ? [] : [version]))
  const texts = versions.map(({ release, isAtLeast, source }) => {
    const how = source === 'APIs' ? 'by the APIs it has' : 'by its feature metadata.version'
    return `Kafka ${release}${isAtLeast ? ' or later' : ''} (${how})`
  })
  return texts.length === 0 ? 'version not known' : [...new Set(texts)].join(' and ')
}

/** Which topics match, by which rule, and why the others do not. */
export function topicLines({ flow, topics, findings }: TopicMatches, rules: RuleLines): string[] {
  const matches = topics.map(({ name, decision }) => ({ ...decision, name, reason: decisionText(decision, rules) }))
  return matchLines(`${flow}: topics`, 'are mirrored', matches, findings)
}

/** The same of consumer groups. */
export function groupLines({ flow, groups, findings }: GroupMatches, rules: RuleLines): string[] {
  const matches = groups.map(({ name, decision }) => ({
    ...decision,
    name,
    reason: groupDecisionText(decision, rules),
  }))
  return matchLines(`${flow}: groups`, 'have their offsets translated', matches, findings)
}

interface Match {
  readonly name: string
  readonly isIncluded: boolean
  readonly reason: string
}

function matchLines(
  title: string,
  what: string,
  matches: readonly Match[],
  findings: readonly CheckFinding[],
): string[] {
  const groups = [...Map.groupBy(matches, ({ isIncluded, reason }) => `${isIncluded ? '+' : '-'} ${reason}`)]
  const count = matches.filter(({ isIncluded }) => isIncluded).length
  return [
    `${title}: ${fullCount(count)} of ${fullCount(matches.length)} that we may see ${what}`,
    ...groups
      .toSorted(([one], [other]) => one.charCodeAt(0) - other.charCodeAt(0))
      .flatMap(([reason, found]) =>
        wrappedLines('  ', `${reason}: ${shortened(found.map(({ name }) => name))}`, '      '),
      ),
    ...findings.flatMap(findingLines),
  ]
}

/** Why a topic is mirrored or not, in a few words. */
export function decisionText(decision: TopicDecision, { include, exclude }: RuleLines): string {
  if (decision.isIncluded) {
    return 'rule' in decision ? `topics ${decision.rule} (${include})` : 'heartbeats (heartbeats.replication.enabled)'
  }
  switch (decision.reason) {
    case 'excluded':
      return `topics.exclude ${decision.rule} (${exclude})`
    case 'not-listed':
      return `no rule of topics matches (${include})`
    case 'internal':
      return 'internal topic of Kafka or of a mirror'
    case 'cycle':
      return 'came from the target, as the name says'
  }
}

/** Why a group is translated or not, in a few words. */
export function groupDecisionText(decision: GroupDecision, { include, exclude }: RuleLines): string {
  if (decision.isIncluded) return `groups ${decision.rule} (${include})`
  switch (decision.reason) {
    case 'excluded':
      return `groups.exclude ${decision.rule} (${exclude})`
    case 'not-listed':
      return `no rule of groups matches (${include})`
    case 'type':
      return `no group of consumers (${decision.type})`
  }
}

function shortened(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).join(', ')
  return names.length > shownNames ? `${shown} and ${fullCount(names.length - shownNames)} more` : shown
}

/** Every capability with whether it is allowed; then the lines of kafka-acls, which are not broken. */
export function permissionLines({ flow, permissions, commands }: PermissionReview): string[] {
  const unchecked = new Set(permissions.filter(({ state }) => state === 'unchecked').map(({ cluster }) => cluster))
  const checked = permissions.filter(({ state }) => state !== 'unchecked')
  return [
    `${flow}: permissions`,
    ...[...unchecked].map((alias) => `  ok      ${alias} has no authorizer: everybody may do everything`),
    ...checked.flatMap(permissionText),
    ...(commands.length === 0
      ? []
      : ['  To allow it, as an administrator (with --command-config where a login is needed):']),
    ...commands.map((line) => `    ${line}`),
  ]
}

const typeNames: Readonly<Record<AclResourceType, string>> = {
  topic: 'topic',
  group: 'group',
  'transactional-id': 'transactional id',
  cluster: 'cluster',
}

function permissionText(permission: ReviewedPermission): string[] {
  const { capability, cluster, state, level, lacking, without, resourceType } = permission
  if (state === 'granted') return [`  ok      ${capability} (${cluster})`]
  const operations = new Set(lacking.flatMap((one) => one.operations))
  const names = lacking.map(({ name }) => name)
  const what =
    resourceType === 'cluster'
      ? `${[...operations].join(', ')} on the cluster`
      : `${[...operations].join(', ')} on ${typeNames[resourceType]} ${shortened(names)}`
  const mark = state === 'unknown' ? 'UNKNOWN' : level === 'problem' ? 'PROBLEM' : 'WARNING'
  const said = state === 'unknown' ? 'whether it is allowed is not told' : 'not allowed'
  return [
    ...wrappedLines(`  ${mark} `, `${capability} (${cluster}): ${said}: ${what}.`, ' '.repeat(10)),
    ...wrappedLines(`${' '.repeat(10)}without it: `, `${without}.`, ' '.repeat(10)),
  ]
}

/** @returns the findings of several flows together, with a title where there are any */
export function flowFindingLines(flow: string | null, finding: CheckFinding): string[] {
  return [flow === null ? 'flows together' : flow, ...findingLines(finding)]
}
