import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import { reportClusterEvents } from '../control/cluster-report.ts'
import { SourceTopicsAdmin } from '../control/source-topics-admin.ts'
import { ClusterClient } from '../kafka/cluster-client.ts'
import { listGroups } from '../kafka/consumer-groups.ts'
import type { ClusterPlan, FlowPlan } from '../mirror/flow-plan.ts'
import type { TopicFilter } from '../mirror/topic-filter.ts'
import { selectMirroredTopics } from '../mirror/topic-filter-selection.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { openVerifyClusters } from '../verify/verify-clusters.ts'
import type { VerifyClusters } from '../verify/verify-clusters.ts'
import type { CheckFinding } from './check-finding.ts'
import { reviewCluster } from './cluster-review.ts'
import type { ClusterReview } from './cluster-review.ts'
import { graphFindings } from './flow-graph.ts'
import type { GraphFlow } from './flow-graph.ts'
import { matchGroups } from './group-matches.ts'
import type { GroupMatches } from './group-matches.ts'
import { reviewPermissions } from './permission-review.ts'
import type { PermissionReview } from './permission-review.ts'
import { runPreflight } from './preflight.ts'
import type { TopicPreflight } from './preflight.ts'
import { matchTopics } from './topic-matches.ts'
import type { NameMatch, TopicMatches } from './topic-matches.ts'

/** What a check found, one thing after the other. */
export type CheckStep =
  | { readonly event: 'cluster'; readonly cluster: ClusterReview }
  | { readonly event: 'topics'; readonly matches: TopicMatches }
  | { readonly event: 'groups'; readonly matches: GroupMatches }
  /** `flow` is null: of several flows together. */
  | { readonly event: 'finding'; readonly flow: string | null; readonly finding: CheckFinding }
  | { readonly event: 'permissions'; readonly review: PermissionReview }
  | { readonly event: 'topic'; readonly preflight: TopicPreflight }

export interface CheckDependencies {
  readonly clock: Clock
  readonly random: () => number
  readonly observe: Observer<EventName>
  /** Aliases of clusters that flows of the file write heartbeats to. */
  readonly heartbeatTargets: ReadonlySet<string>
  /** Of preflight; null: all topics that the flows mirror. */
  readonly topics: TopicFilter | null
  readonly signal: AbortSignal
}

/** A flow whose clusters answer, to all of its clients. */
interface OpenFlow {
  readonly plan: FlowPlan
  readonly clusters: VerifyClusters
  readonly topics: readonly string[]
  readonly groups: readonly string[]
}

const unauthorizedTopic = 29

/**
 * Looks at everything that stands between a file and a copy: clusters, topics, the flows together, permissions, and then preflight. What fails is a finding, and the rest
 * goes on. Nothing is written.
 * @throws the signal's reason; defects
 */
export async function* runCheckSteps(
  plans: readonly FlowPlan[],
  deps: CheckDependencies,
): AsyncGenerator<CheckStep, void> {
  await using resources = new AsyncDisposableStack()
  const clusters = await reviewClusters(plans, deps, resources)
  for (const cluster of clusters.values()) yield { event: 'cluster', cluster }
  const flows: OpenFlow[] = []
  for (const plan of plans) {
    const isReached = [plan.source, plan.target].every(({ alias }) => (clusters.get(alias)?.brokers.length ?? 0) > 0)
    if (!isReached) continue
    const opened = await openClients(plan, deps, resources)
    if (opened instanceof TwinlogError) {
      yield { event: 'finding', flow: plan.name, finding: clientRefused(opened) }
      continue
    }
    const matches = await lookAtTopics(plan, opened, deps.signal)
    yield { event: 'topics', matches }
    const groupMatches = await lookAtGroups(plan, opened, deps.signal)
    if (groupMatches !== null) yield { event: 'groups', matches: groupMatches }
    const groups = included(groupMatches?.groups ?? [])
    flows.push({ plan, clusters: opened, topics: included(matches.topics), groups })
  }
  const ids = new Map([...clusters].map(([alias, { clusterId }]) => [alias, clusterId]))
  for (const finding of graphFindings(
    flows.map((flow) => graphFlow(flow, ids)),
    ids,
  ))
    yield { event: 'finding', flow: null, finding }
  for (const flow of flows) yield { event: 'permissions', review: await lookAtPermissions(flow, deps) }
  for (const { plan, clusters: opened } of flows) {
    for await (const preflight of runPreflight(plan, opened, deps)) yield { event: 'topic', preflight }
  }
}

async function reviewClusters(
  plans: readonly FlowPlan[],
  { clock, random, observe, signal }: CheckDependencies,
  resources: AsyncDisposableStack,
): Promise<ReadonlyMap<string, ClusterReview>> {
  const sides = new Map<string, { readonly side: ClusterPlan; readonly flow: string }>()
  for (const { source, target, name: flow } of plans) {
    for (const side of [source, target]) if (!sides.has(side.alias)) sides.set(side.alias, { side, flow })
  }
  const reviews = [...sides].map(async ([alias, { side, flow }]) => {
    const deps = { clock, random, onEvent: reportClusterEvents(flow, observe) }
    const client = resources.use(new ClusterClient(alias, side.client, deps))
    return [alias, await reviewCluster(client, { signal })] as const
  })
  return new Map(await Promise.all(reviews))
}

/** Its consumer or producer may have a login of its own, which is refused where the admin client's is not. */
async function openClients(
  plan: FlowPlan,
  deps: CheckDependencies,
  resources: AsyncDisposableStack,
): Promise<VerifyClusters | TwinlogError> {
  try {
    return await openVerifyClusters(plan, deps, resources, { signal: deps.signal })
  } catch (error) {
    deps.signal.throwIfAborted()
    if (error instanceof TwinlogError && error.kind !== 'defect') return error
    throw error
  }
}

function clientRefused({ message }: TwinlogError): CheckFinding {
  return {
    code: 'client-refused',
    level: 'problem',
    what: message.replace(/\.$/, ''),
    effect: 'the flow does not start',
    remedy:
      'Its consumer, producer or admin client has settings of its own: twinlog explain FILE setting NAME shows which.',
  }
}

async function lookAtTopics(
  plan: FlowPlan,
  { sourceAdmin }: VerifyClusters,
  signal: AbortSignal,
): Promise<TopicMatches> {
  const names = (await new SourceTopicsAdmin(sourceAdmin).list({ signal })).map(({ topic }) => topic)
  return matchTopics(plan, names, await hiddenNames(plan, names, sourceAdmin, signal))
}

function included(matches: readonly NameMatch<{ readonly isIncluded: boolean }>[]): string[] {
  return matches.filter(({ decision }) => decision.isIncluded).map(({ name }) => name)
}

/** @returns null where the flow does nothing with groups */
async function lookAtGroups(
  plan: FlowPlan,
  { sourceAdmin }: VerifyClusters,
  signal: AbortSignal,
): Promise<GroupMatches | null> {
  const { checkpoints, syncIntervalMs } = plan.groups
  if (checkpoints === undefined && syncIntervalMs === undefined) return null
  const { groups, failures } = await listGroups(sourceAdmin, { signal })
  const matches = matchGroups(plan, [...groups.values()])
  const findings = [...failures.values()].map((error): CheckFinding => ({
    code: 'groups-hidden',
    level: 'warning',
    what: `some groups of ${plan.source.alias} are not known: ${error.message.replace(/\.$/, '')}`,
    effect: 'offsets of these groups are not translated',
    remedy: '',
  }))
  return { ...matches, findings: [...matches.findings, ...findings] }
}

/** Also of topics that may not be seen, and of heartbeats that are there only when the file's flows run. */
async function lookAtPermissions(
  { plan, clusters, topics: mirrored, groups }: OpenFlow,
  { heartbeatTargets, signal }: CheckDependencies,
): Promise<PermissionReview> {
  const heartbeats = plan.policy.heartbeatsTopic()
  const areHeartbeatsComing =
    heartbeatTargets.has(plan.source.alias) && selectMirroredTopics(plan, [heartbeats]).length > 0
  const hidden = await hiddenNames(plan, mirrored, clusters.sourceAdmin, signal)
  const topics = [...new Set([...mirrored, ...hidden, ...(areHeartbeatsComing ? [heartbeats] : [])])]
  return reviewPermissions(plan, clusters, { topics, groups, areHeartbeatsComing }, { signal })
}

/** Rules that are plain names: whether such a topic is there, but may not be described, can be asked; what an expression would match cannot. */
async function hiddenNames(
  { topicFilter }: FlowPlan,
  seen: readonly string[],
  source: ClusterClient,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const known = new Set(seen)
  const names = topicFilter.rules.include.filter((rule) => /^[\w.-]+$/.test(rule) && !known.has(rule))
  if (names.length === 0) return new Set()
  const { topics } = await source.refreshMetadata({ signal, topics: names })
  return new Set(names.filter((name) => topics.get(name)?.errorCode === unauthorizedTopic))
}

function graphFlow({ plan, topics }: OpenFlow, ids: ReadonlyMap<string, string | null>): GraphFlow {
  const idOf = (alias: string): string => ids.get(alias) ?? alias
  return { plan, sourceId: idOf(plan.source.alias), targetId: idOf(plan.target.alias), topics }
}
