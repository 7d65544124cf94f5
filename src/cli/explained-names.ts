import type { PropertiesFile } from '../config/properties.ts'
import { ruleLines } from '../config/rule-lines.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { explainMirroredTopic } from '../mirror/topic-filter-selection.ts'
import { decisionText, groupDecisionText } from './check-report-text.ts'

/** What one flow makes of a topic or a group. */
export interface NameExplanation {
  readonly flow: string
  readonly isIncluded: boolean
  /** In words: "copied as eu.orders". */
  readonly result: string
  /** Which rule decides, and in which line it stands. */
  readonly reason: string
  /** Of topics that are copied. */
  readonly targetTopic?: string
}

/** Topics of a flow's source. */
export function explainTopic(file: PropertiesFile, plans: readonly FlowPlan[], topic: string): NameExplanation[] {
  return plans.map((plan) => {
    const pair = { source: plan.source.alias, target: plan.target.alias }
    const decision = explainMirroredTopic(plan, topic)
    const targetTopic = plan.policy.formatRemoteTopic(plan.source.alias, topic)
    const others = plans.filter(
      (other) =>
        other !== plan &&
        other.target.alias === plan.target.alias &&
        other.policy.formatRemoteTopic(other.source.alias, topic) === targetTopic &&
        explainMirroredTopic(other, topic).isIncluded,
    )
    const clash = others.map(({ name }) => `; ${name} would write the same topic, and one of both refuses it`).join('')
    const { isIncluded } = decision
    return {
      flow: plan.name,
      isIncluded,
      result: isIncluded ? `a topic ${topic} of ${pair.source} is copied as ${targetTopic}${clash}` : `is not copied`,
      reason: decisionText(decision, ruleLines(file, pair, 'topics')),
      ...(isIncluded && { targetTopic }),
    }
  })
}

/** Consumer groups of a flow's source. */
export function explainGroup(file: PropertiesFile, plans: readonly FlowPlan[], group: string): NameExplanation[] {
  return plans.map((plan) => {
    const pair = { source: plan.source.alias, target: plan.target.alias }
    const decision = plan.groups.filter.explain(group)
    const { isIncluded } = decision
    const { checkpoints, syncIntervalMs } = plan.groups
    const isDone = checkpoints !== undefined || syncIntervalMs !== undefined
    const off =
      'passes the filter, but neither checkpoints nor group offsets are written (emit.checkpoints.enabled, sync.group.offsets.enabled)'
    const synced = syncIntervalMs === undefined ? '' : ', and committed there'
    return {
      flow: plan.name,
      isIncluded: isIncluded && isDone,
      result: isIncluded
        ? isDone
          ? `its offsets are translated for ${pair.target}${synced}`
          : off
        : 'its offsets are not translated',
      reason: groupDecisionText(decision, ruleLines(file, pair, 'groups')),
    }
  })
}
