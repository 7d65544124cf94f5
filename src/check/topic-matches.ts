import { TwinlogError } from '../base/catalogue.ts'
import { nearestName } from '../config/nearest-name.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { createTopicFilter } from '../mirror/topic-filter.ts'
import type { TopicFilter } from '../mirror/topic-filter.ts'
import { explainMirroredTopic } from '../mirror/topic-filter-selection.ts'
import type { TopicDecision } from '../mirror/topic-filter-selection.ts'
import type { CheckFinding } from './check-finding.ts'

/** A name of the source, and what the rules say of it. */
export interface NameMatch<Decision = TopicDecision> {
  readonly name: string
  readonly decision: Decision
}

/** Which topics of its source a flow mirrors, and why not the others. */
export interface TopicMatches {
  readonly flow: string
  /** By name. */
  readonly topics: readonly (NameMatch & { readonly targetTopic: string })[]
  readonly findings: readonly CheckFinding[]
}

/**
 * @param names    all topics of the source that may be seen
 * @param hidden   of the rules of `topics` that are plain names, those whose topics may not be seen
 */
export function matchTopics(plan: FlowPlan, names: readonly string[], hidden: ReadonlySet<string>): TopicMatches {
  const topics = names.toSorted().map((name) => ({
    name,
    decision: explainMirroredTopic(plan, name),
    targetTopic: plan.policy.formatRemoteTopic(plan.source.alias, name),
  }))
  const matched = topics.filter(({ decision }) => decision.isIncluded)
  const findings = [
    ...(matched.length === 0 ? [nothingMatched(plan, names.length)] : []),
    ...[...hidden].map((name) => hiddenTopic(plan, name)),
    ...unusedRules(plan.topicFilter, names)
      .filter((rule) => !hidden.has(rule))
      .map((rule) => unusedRule(rule, names)),
  ]
  return { flow: plan.name, topics, findings }
}

/** @returns the rules of an include list that match none of the names by themselves */
export function unusedRules(filter: TopicFilter, names: readonly string[]): string[] {
  return filter.rules.include.filter((rule) => {
    try {
      return createTopicFilter([rule], []).matches(names).length === 0
    } catch (error) {
      // It is no expression on its own: a comma inside of parentheses has cut it.
      if (error instanceof TwinlogError && error.kind === 'configuration') return false
      throw error
    }
  })
}

function nothingMatched({ name, source }: FlowPlan, topicsCount: number): CheckFinding {
  return {
    code: 'topics-none',
    level: 'problem',
    what: `the filter matches none of the ${topicsCount} topics of ${source.alias} that we may see`,
    effect: 'nothing is copied',
    remedy: `Correct ${name}.topics and ${name}.topics.exclude (twinlog explain FILE topic NAME tells why one is left out), or allow Describe on the topics.`,
  }
}

function hiddenTopic({ source }: FlowPlan, topic: string): CheckFinding {
  return {
    code: 'topic-hidden',
    level: 'problem',
    what: `the topic ${topic}, which "topics" names, may not be described at ${source.alias}, so that it is not even seen`,
    effect: 'it is not copied, as if it did not exist',
    remedy: `Allow Read, Describe and DescribeConfigs on ${topic}: see the lines of kafka-acls below.`,
  }
}

function unusedRule(rule: string, names: readonly string[]): CheckFinding {
  const nearest = nearestName(rule, names)
  return {
    code: 'topics-rule-unused',
    level: 'warning',
    what: `the rule ${rule} of "topics" matches no topic now${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
    effect: 'topics that are made later and match are copied then',
    remedy: '',
  }
}
