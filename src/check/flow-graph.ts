import type { FlowPlan } from '../mirror/flow-plan.ts'
import { explainMirroredTopic, selectMirroredTopics } from '../mirror/topic-filter-selection.ts'
import type { CheckFinding } from './check-finding.ts'

/** A flow, between which physical clusters it leads, and what it mirrors now. */
export interface GraphFlow {
  readonly plan: FlowPlan
  /** Cluster ids; the alias where a cluster does not say. */
  readonly sourceId: string
  readonly targetId: string
  /** Source topics that it mirrors. */
  readonly topics: readonly string[]
}

/** Names that are said; more of them are counted. */
const shownNames = 5

/** What is the matter with the flows of a file together, which no flow sees by itself. */
export function graphFindings(
  flows: readonly GraphFlow[],
  clusterIds: ReadonlyMap<string, string | null>,
): CheckFinding[] {
  return [...sameClusters(flows, clusterIds), ...collisions(flows), ...loops(flows)]
}

// --- one cluster under two aliases ----------------------------------------------------------------------------------------

function sameClusters(flows: readonly GraphFlow[], clusterIds: ReadonlyMap<string, string | null>): CheckFinding[] {
  const named = [...clusterIds].filter((entry): entry is [string, string] => entry[1] !== null)
  const groups = Map.groupBy(named, ([, id]) => id)
  return [...groups].flatMap(([id, entries]) => {
    const aliases = entries.map(([alias]) => alias)
    return aliases.length < 2 ? [] : [sameCluster(id, aliases, flows)]
  })
}

function sameCluster(id: string, aliases: readonly string[], flows: readonly GraphFlow[]): CheckFinding {
  const within = flows.filter(({ sourceId, targetId }) => sourceId === id && targetId === id)
  const onto = within.find(({ plan }) => keepsNames(plan))
  const [first] = within
  return {
    code: 'same-cluster',
    level: onto === undefined ? 'warning' : 'problem',
    what: `${aliases.join(' and ')} are the same cluster (id ${id})`,
    effect:
      onto !== undefined
        ? `the flow ${onto.plan.name} does not start: every record would be copied onto its own topic again and again`
        : first === undefined
          ? 'flows from or to both names copy the same topics twice'
          : `the flow ${first.plan.name} copies the cluster to itself; its own copies are left out`,
    remedy: 'Correct bootstrap.servers of one of them, unless it is meant so.',
  }
}

function keepsNames({ policy, source }: FlowPlan): boolean {
  return policy.formatRemoteTopic(source.alias, 'topic') === 'topic'
}

// --- two flows into one topic -----------------------------------------------------------------------------------------------

function collisions(flows: readonly GraphFlow[]): CheckFinding[] {
  const writers = new Map<string, { readonly targetTopic: string; readonly flows: Set<string> }>()
  for (const { plan, targetId, topics } of flows) {
    for (const topic of topics) {
      const targetTopic = plan.policy.formatRemoteTopic(plan.source.alias, topic)
      const key = JSON.stringify([targetId, targetTopic])
      const known = writers.get(key) ?? { targetTopic, flows: new Set() }
      writers.set(key, known)
      known.flows.add(plan.name)
    }
  }
  const shared = [...writers.values()].filter((each) => each.flows.size > 1)
  const byFlows = Map.groupBy(shared, (each) => [...each.flows].join(' and '))
  return [...byFlows].map(([names, found]) => ({
    code: 'collision',
    level: 'problem',
    what: `the flows ${names} would write the same topics: ${listed(found.map(({ targetTopic }) => targetTopic))}`,
    effect: 'each of these topics is copied by the flow that finds it first, and refused by the other',
    remedy: `Exclude them in one of the flows (${names.split(' and ').at(-1)}.topics.exclude), or let DefaultReplicationPolicy put the alias before the names.`,
  }))
}

// --- rings ------------------------------------------------------------------------------------------------------------------

function loops(flows: readonly GraphFlow[]): CheckFinding[] {
  return rings(flows).map(ringFinding)
}

/** All ways that lead from a cluster back to it and come to no cluster twice, each once. */
function rings(flows: readonly GraphFlow[]): GraphFlow[][] {
  const found: GraphFlow[][] = []
  const extend = (way: GraphFlow[], from: number): void => {
    const [first] = way
    const last = way.at(-1)
    if (first === undefined || last === undefined) return
    if (last.targetId === first.sourceId) {
      found.push(way)
      return
    }
    for (const [index, next] of flows.entries()) {
      // Each ring is found from its first flow in the file only.
      if (index <= from || next.sourceId !== last.targetId || next.targetId === next.sourceId) continue
      if (way.some(({ sourceId }) => sourceId === next.sourceId)) continue
      extend([...way, next], from)
    }
  }
  for (const [index, flow] of flows.entries()) if (flow.sourceId !== flow.targetId) extend([flow], index)
  return found
}

/** Follows names round a ring. */
function ringFinding(ring: readonly GraphFlow[]): CheckFinding {
  const way = ring.map(({ plan }) => plan.name).join(', ')
  const round = new Set<string>()
  let stop: string | null = null
  for (const start of ring.keys()) {
    const turned = [...ring.slice(start), ...ring.slice(0, start)]
    const [first] = turned
    for (const topic of first?.topics ?? []) {
      const end = follow(topic, turned)
      if (end === null) round.add(topic)
      else stop ??= end
    }
  }
  if (round.size > 0) {
    return {
      code: 'loop',
      level: 'problem',
      what: `the flows ${way} are a ring, and the filters of all of them let these topics through: ${listed([...round].toSorted())}`,
      effect: 'every record goes round for ever, and each round copies it once more',
      remedy: `Leave them out of one of the flows (${ring.at(-1)?.plan.name}.topics.exclude), or use DefaultReplicationPolicy, which knows by the names where a topic came from.`,
    }
  }
  return {
    code: 'ring',
    level: 'info',
    what: `the flows ${way} are a ring; nothing goes round: ${stop ?? 'no topic is mirrored in it'}`,
    effect: ring.every(({ plan }) => keepsNames(plan))
      ? 'a topic that all their filters let through would go round for ever, since IdentityReplicationPolicy keeps the names'
      : 'the names say where a topic came from',
    remedy: '',
  }
}

/** Names only grow: after two rounds one that is renamed has met every alias of the ring. */
const roundsMax = 2

/** @returns where a topic's way round ends; null: it does not */
function follow(topic: string, ring: readonly GraphFlow[]): string | null {
  let name = topic
  for (let round = 1; round <= roundsMax; round++) {
    for (const { plan } of ring) {
      if (selectMirroredTopics(plan, [name]).length === 0)
        return `${plan.name} leaves ${name} out (${reason(plan, name)})`
      name = plan.policy.formatRemoteTopic(plan.source.alias, name)
    }
  }
  return null
}

function reason(plan: FlowPlan, name: string): string {
  const decision = explainMirroredTopic(plan, name)
  if ('rule' in decision) return `topics.exclude: ${decision.rule}`
  if (decision.isIncluded) return decision.reason
  if (decision.reason === 'cycle') return `it came from ${plan.target.alias}, as its name says`
  return decision.reason === 'internal' ? 'an internal topic' : 'no rule of "topics" matches it'
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).join(', ')
  return names.length > shownNames ? `${shown} and ${names.length - shownNames} more` : shown
}
