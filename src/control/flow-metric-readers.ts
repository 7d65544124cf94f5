import { kafkaErrorName } from '../kafka/kafka-error.ts'
import type { MetricReaders, MetricSample } from '../observe/metric.ts'
import type { flowMetrics } from '../observe/own-metrics.ts'
import type { CodeCounts } from '../pipeline/lane-figures.ts'
import type { LaneStatus } from '../pipeline/lane-status.ts'
import type { FlowReading } from './flow-reading.ts'
import { groupPositionStates } from './group-position.ts'
import type { GroupPositionState, MirroredGroup } from './group-position.ts'
import type { FlowState } from './flow-state.ts'

const states: readonly FlowState['name'][] = [
  'waiting',
  'starting',
  'standby',
  'copying',
  'draining',
  'retrying',
  'ended',
  'stopped',
]
const phases = ['locating', 'copying', 'recovering', 'stopped'] as const

/** How the metrics of flows are read. Of a flow without a lane nothing is told that only a lane has. */
export function flowReaders(flows: readonly FlowReading[]): MetricReaders<typeof flowMetrics> {
  const ofFlow = (samples: (flow: FlowReading) => readonly MetricSample[]) => (): MetricSample[] =>
    flows.flatMap((flow) => samples(flow))
  const ofLane = (samples: (lane: LaneStatus, flow: string) => readonly MetricSample[]) =>
    ofFlow(({ lane, name }) => (lane === null ? [] : samples(lane, name)))
  const one = (value: (lane: LaneStatus) => number) =>
    ofLane((lane, flow) => [{ labels: { flow }, value: value(lane) }])
  const ofGroups = (samples: (groups: readonly MirroredGroup[], flow: string) => readonly MetricSample[]) =>
    ofFlow(({ groups, name }) => (groups === null ? [] : samples(groups.groups, name)))
  const isIn = (state: GroupPositionState) => (position: { readonly state: GroupPositionState }) =>
    position.state === state
  const age = (value: (flow: FlowReading) => number | undefined) =>
    ofFlow((flow) => {
      const seconds = value(flow)
      return flow.lane === null || seconds === undefined ? [] : [{ labels: { flow: flow.name }, value: seconds }]
    })
  return {
    twinlog_flow_state: ofFlow(({ name: flow, state }) =>
      states.map((each) => ({ labels: { flow, state: each }, value: Number(state.name === each) })),
    ),
    twinlog_flow_owned: ofFlow(({ name: flow, owner }) => [
      { labels: { flow }, value: Number(owner?.isThisProcess === true) },
    ]),
    twinlog_group_partitions: ofGroups((groups, flow) =>
      groupPositionStates.map((state) => ({
        labels: { flow, state },
        value: groups.reduce((sum, { positions }) => sum + [...positions.values()].filter(isIn(state)).length, 0),
      })),
    ),
    twinlog_groups_unreadable: ofGroups((groups, flow) => [
      { labels: { flow }, value: groups.filter(({ trouble }) => trouble !== null).length },
    ]),
    twinlog_partitions: ofLane(({ partitions }, flow) =>
      phases.map((phase) => ({
        labels: { flow, phase },
        value: partitions.filter((partition) => partition.phase === phase).length,
      })),
    ),
    twinlog_partitions_held_up: one(({ partitions }) => partitions.filter(({ heldUpBy }) => heldUpBy !== null).length),
    twinlog_partitions_end_unknown: one(({ partitions }) => partitions.filter(({ isEndKnown }) => !isEndKnown).length),
    twinlog_partitions_blind: one(({ totals }) => totals.blindPartitionsCount),
    twinlog_latency_seconds: ofLane(latencySamples),
    twinlog_timestamps_implausible_total: one(({ figures }) => figures.implausibleTimestampsTotal),
    twinlog_batches_written_total: ofLane(({ totals }, flow) => [
      { labels: { flow, answer: 'resealed' }, value: totals.resealedTotal },
      { labels: { flow, answer: 'forwarded' }, value: totals.forwardedTotal },
      { labels: { flow, answer: 'rebuilt' }, value: totals.rebuiltTotal },
      { labels: { flow, answer: 'coalesced' }, value: totals.coalescedTotal },
    ]),
    twinlog_batches_dropped_total: ofLane(({ totals }, flow) =>
      Object.entries(totals.dropped).map(([reason, value]) => ({ labels: { flow, reason }, value })),
    ),
    twinlog_null_keys_dropped_total: one(({ totals }) => totals.nullKeysTotal),
    twinlog_dead_letters_total: one(({ totals }) => totals.deadLettersTotal),
    twinlog_transactions_total: ofLane(({ totals }, flow) => [
      { labels: { flow, outcome: 'committed' }, value: totals.committedTotal },
      { labels: { flow, outcome: 'aborted' }, value: totals.abortedTotal },
    ]),
    twinlog_broker_errors_total: ofLane(({ figures }, flow) => [
      ...errorSamples(figures.fetchErrors, flow, 'source'),
      ...errorSamples(figures.produceErrors, flow, 'target'),
    ]),
    twinlog_throttle_seconds_total: ofLane(({ figures }, flow) => [
      { labels: { flow, side: 'source' }, value: figures.sourceThrottledMsTotal / 1000 },
      { labels: { flow, side: 'target' }, value: figures.targetThrottledMsTotal / 1000 },
    ]),
    twinlog_buffer_used_bytes: one(({ buffer }) => buffer.usedBytes),
    twinlog_buffer_limit_bytes: one(({ buffer }) => buffer.totalBytes),
    twinlog_positions_age_seconds: age(({ positions }) => positions?.ageSeconds),
    twinlog_ledger_age_seconds: age(({ ledger }) => ledger?.ageSeconds),
    twinlog_ledger_pending_seconds: age(({ ledger }) => ledger?.pendingSeconds),
  }
}

function latencySamples({ figures: { latency } }: LaneStatus, flow: string): MetricSample[] {
  const counts = latency.cumulativeCounts()
  const buckets = latency.boundsSeconds.map((le, index) => ({
    labels: { flow, le },
    value: counts[index] ?? 0,
    suffix: '_bucket' as const,
  }))
  return [
    ...buckets,
    { labels: { flow, le: '+Inf' }, value: latency.count, suffix: '_bucket' },
    { labels: { flow }, value: latency.sumSeconds, suffix: '_sum' },
    { labels: { flow }, value: latency.count, suffix: '_count' },
  ]
}

function errorSamples(counts: CodeCounts, flow: string, side: string): MetricSample[] {
  return [...counts].map(([code, value]) => ({ labels: { flow, side, error: kafkaErrorName(code) }, value }))
}
