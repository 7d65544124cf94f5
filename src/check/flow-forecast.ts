import type { Clock } from '../base/clock.ts'
import { SourceTopicsAdmin } from '../control/source-topics-admin.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { selectMirroredTopics } from '../mirror/topic-filter-selection.ts'
import type { VerifyClusters } from '../verify/verify-clusters.ts'
import { bytesLeft, readBacklog } from './copy-backlog.ts'
import type { CopyBacklog, PartitionBacklog } from './copy-backlog.ts'
import { flowDemand } from './flow-demand.ts'
import type { FlowDemand } from './flow-demand.ts'
import { probeReadRate } from './read-probe.ts'
import type { ProbedRate } from './read-probe.ts'
import { forecastTopics } from './topic-forecast.ts'
import type { TopicForecast } from './topic-forecast.ts'

/** How much a flow would copy, and how long that takes. */
export interface CopyForecast {
  readonly topicsCount: number
  readonly partitionsCount: number
  /** Offsets that are left and offsets that the source holds: at least as many as records. */
  readonly offsetsLeft: number
  readonly offsetsTotal: number
  /** Null: not known. */
  readonly bytesLeft: number | null
  readonly bytesTotal: number | null
  /** disk: what the brokers say. probe: what a record took in the probe. null: neither. */
  readonly bytesFrom: 'disk' | 'probe' | null
  /** Null: not known. */
  readonly bytesPerSecond: number | null
  readonly rateFrom: 'given' | 'probe' | null
  readonly probe: ProbedRate | null
  readonly seconds: number | null
}

/** What a flow would do, and what it would take. */
export interface FlowForecast {
  readonly flow: string
  readonly topics: TopicForecast
  readonly copy: CopyForecast
  readonly demand: FlowDemand
  readonly problems: readonly string[]
}

export interface ForecastDependencies {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Bytes a second; null: it is measured. */
  readonly rate: number | null
  /** How long is read to measure it; 0: nothing is. */
  readonly probeSeconds: number
  /** Replication factors of the topics of heartbeats that flows of the file write, by the alias of the cluster. */
  readonly heartbeats: ReadonlyMap<string, number>
}

/**
 * Works out what a flow would do when it starts now. Nothing is changed on either cluster.
 * @throws KAFKA_*, connection errors, the signal's reason
 */
export async function forecastFlow(
  plan: FlowPlan,
  clusters: VerifyClusters,
  deps: ForecastDependencies,
): Promise<FlowForecast> {
  const { signal } = deps
  const views = await new SourceTopicsAdmin(clusters.sourceAdmin).list({ signal })
  const selected = new Set(
    selectMirroredTopics(
      plan,
      views.map(({ topic }) => topic),
    ),
  )
  const wanted = views.filter(({ topic }) => selected.has(topic))
  const topics = await forecastTopics(plan, clusters, wanted, {
    signal,
    heartbeatsAtSource: deps.heartbeats.get(plan.source.alias),
  })
  const names = wanted.map(({ topic }) => topic).toSorted()
  const backlog = await readBacklog(plan, clusters, names, { signal })
  const isProbed = deps.rate === null || backlog.partitions.some((one) => bytesLeft(one) === null)
  const probe = isProbed
    ? await probeReadRate(clusters.sourceData, backlog.partitions, { ...deps, seconds: deps.probeSeconds })
    : null
  const copy = { topicsCount: wanted.length, ...forecastCopy(backlog, deps.rate, probe) }
  const brokersOf = (cluster: VerifyClusters['sourceAdmin']): number => cluster.metadata?.brokers.size ?? 1
  const brokers = { source: brokersOf(clusters.sourceAdmin), target: brokersOf(clusters.targetAdmin) }
  return {
    flow: plan.name,
    topics,
    copy,
    demand: flowDemand(plan, copy.partitionsCount, brokers),
    problems: [...topics.problems, ...backlog.problems],
  }
}

/** @param rate   bytes a second that the user gave; null: the probe's counts */
export function forecastCopy(
  { partitions }: Pick<CopyBacklog, 'partitions'>,
  rate: number | null,
  probe: ProbedRate | null,
): Omit<CopyForecast, 'topicsCount'> {
  const offsetsLeft = sum(partitions, ({ from, end }) => end - from) ?? 0
  const offsetsTotal = sum(partitions, ({ start, end }) => end - start) ?? 0
  const [leftOnDisk, totalOnDisk] = [
    sum(partitions, bytesLeft),
    sum(partitions, ({ start, end, sizeBytes }) => (end === start ? 0 : sizeBytes)),
  ]
  const bytesPerOffset = probe === null || probe.offsets === 0 ? null : probe.bytes / probe.offsets
  const estimated = (offsets: number): number | null =>
    bytesPerOffset === null ? null : Math.round(offsets * bytesPerOffset)
  const left = leftOnDisk ?? estimated(offsetsLeft)
  const bytesPerSecond = rate ?? (probe === null ? null : probe.bytes / probe.seconds)
  return {
    partitionsCount: partitions.length,
    offsetsLeft,
    offsetsTotal,
    bytesLeft: left,
    bytesTotal: totalOnDisk ?? estimated(offsetsTotal),
    bytesFrom: leftOnDisk === null ? (left === null ? null : 'probe') : 'disk',
    bytesPerSecond,
    rateFrom: rate === null ? (probe === null ? null : 'probe') : 'given',
    probe,
    seconds: left === 0 ? 0 : left === null || bytesPerSecond === null ? null : left / bytesPerSecond,
  }
}

/** @returns null as soon as one of them is not known */
function sum(partitions: readonly PartitionBacklog[], of: (one: PartitionBacklog) => number | null): number | null {
  let total = 0
  for (const one of partitions) {
    const value = of(one)
    if (value === null) return null
    total += value
  }
  return total
}
