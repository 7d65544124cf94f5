import type { WindowedFigure } from '../observe/windowed-figure.ts'
import type { PartitionStatus } from '../pipeline/lane-status.ts'
import type { FlowReading } from './flow-reading.ts'

/** What the metrics of partitions are told of. */
export type MetricsLevel = 'partition' | 'topic' | 'flow'

/** A figure over the last 30 to 60 seconds, in ms; NaN where nothing was noted. */
export interface FigureReading {
  readonly last: number
  readonly least: number
  readonly greatest: number
  readonly average: number
}

/** One partition in figures, or all of a topic or a flow added up. NaN: not known, and not told. */
export interface PartitionReading {
  readonly flow: FlowReading
  /** Empty when they are those of a flow. */
  readonly topic: string
  readonly targetTopic: string
  /** -1 when they are those of a topic or a flow. */
  readonly partition: number
  readonly records: number
  readonly bytes: number
  readonly batches: number
  readonly lagRecords: number
  readonly lagSeconds: number
  readonly oldestAgeSeconds: number
  readonly upstreamOffset: number
  readonly activeRecords: number
  readonly activeBytes: number
  readonly duplicatesAvoided: number
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  readonly age: FigureReading
  readonly latency: FigureReading
}

/** As fine as the limit allows: the number of series is bounded, whatever the number of partitions. */
export function levelFor(flows: readonly FlowReading[], partitionsMax: number): MetricsLevel {
  let partitionsCount = 0
  let topicsCount = 0
  for (const { lane } of flows) {
    partitionsCount += lane?.partitions.length ?? 0
    if (partitionsCount > partitionsMax) topicsCount += new Set(lane?.partitions.map(({ topic }) => topic)).size
  }
  if (partitionsCount <= partitionsMax) return 'partition'
  return topicsCount <= partitionsMax ? 'topic' : 'flow'
}

/** @param nowMs   wall clock */
export function partitionReadings(
  flows: readonly FlowReading[],
  level: MetricsLevel,
  nowMs: number,
): PartitionReading[] {
  const readings: PartitionReading[] = []
  for (const flow of flows) {
    const single = (flow.lane?.partitions ?? []).map((status) => readingOf(flow, status, nowMs))
    if (level === 'partition') readings.push(...single)
    else readings.push(...added(single, level))
  }
  return readings
}

function readingOf(flow: FlowReading, status: PartitionStatus, nowMs: number): PartitionReading {
  const { figures } = status
  return {
    flow,
    topic: status.topic,
    targetTopic: status.targetTopic,
    partition: status.partition,
    records: status.recordsTotal,
    bytes: status.bytesTotal,
    batches: figures.batchesTotal,
    lagRecords: status.endOffset < 0 || status.nextOffset < 0 ? NaN : status.lagRecords,
    lagSeconds: status.lagSeconds ?? NaN,
    oldestAgeSeconds: status.oldestAgeSeconds ?? NaN,
    upstreamOffset: status.nextOffset < 0 ? NaN : status.nextOffset,
    activeRecords: status.activeRecords,
    activeBytes: status.activeBytes,
    duplicatesAvoided: figures.duplicatesAvoidedTotal,
    recordsPerSecond: figures.latencyMs.countPerSecond(nowMs),
    bytesPerSecond: figures.latencyMs.amountPerSecond(nowMs),
    age: figureOf(figures.ageMs, nowMs),
    latency: figureOf(figures.latencyMs, nowMs),
  }
}

function figureOf(figure: WindowedFigure, nowMs: number): FigureReading {
  return {
    last: figure.last,
    least: figure.least(nowMs),
    greatest: figure.greatest(nowMs),
    average: figure.average(nowMs),
  }
}

function added(readings: readonly PartitionReading[], level: 'topic' | 'flow'): PartitionReading[] {
  const groups = Map.groupBy(readings, ({ topic }) => (level === 'topic' ? topic : ''))
  return [...groups].map(([topic, group]) => sumOf(group, topic))
}

function sumOf(group: readonly PartitionReading[], topic: string): PartitionReading {
  const [first] = group as [PartitionReading, ...PartitionReading[]]
  const sum = (value: (reading: PartitionReading) => number): number =>
    group.reduce((total, reading) => total + value(reading), 0)
  return {
    flow: first.flow,
    topic,
    targetTopic: topic === '' ? '' : first.targetTopic,
    partition: -1,
    records: sum(({ records }) => records),
    bytes: sum(({ bytes }) => bytes),
    batches: sum(({ batches }) => batches),
    lagRecords: known(group, ({ lagRecords }) => lagRecords).reduce((total, lag) => total + lag, 0),
    lagSeconds: greatest(group, ({ lagSeconds }) => lagSeconds),
    oldestAgeSeconds: greatest(group, ({ oldestAgeSeconds }) => oldestAgeSeconds),
    upstreamOffset: NaN,
    activeRecords: sum(({ activeRecords }) => activeRecords),
    activeBytes: sum(({ activeBytes }) => activeBytes),
    duplicatesAvoided: sum(({ duplicatesAvoided }) => duplicatesAvoided),
    recordsPerSecond: sum(({ recordsPerSecond }) => recordsPerSecond),
    bytesPerSecond: sum(({ bytesPerSecond }) => bytesPerSecond),
    age: figureOfAll(group, ({ age }) => age),
    latency: figureOfAll(group, ({ latency }) => latency),
  }
}

type Value = (reading: PartitionReading) => number

function known(group: readonly PartitionReading[], value: Value): number[] {
  return group.map(value).filter((each) => !Number.isNaN(each))
}

function greatest(group: readonly PartitionReading[], value: Value): number {
  return known(group, value).reduce((most, each) => (each > most || Number.isNaN(most) ? each : most), NaN)
}

/** The average is weighted by records, as far as rates tell them. */
function figureOfAll(
  group: readonly PartitionReading[],
  figure: (reading: PartitionReading) => FigureReading,
): FigureReading {
  let weighted = 0
  let weight = 0
  for (const reading of group) {
    const { average } = figure(reading)
    if (Number.isNaN(average)) continue
    weighted += average * reading.recordsPerSecond
    weight += reading.recordsPerSecond
  }
  return {
    last: greatest(group, (reading) => figure(reading).last),
    least: -greatest(group, (reading) => -figure(reading).least),
    greatest: greatest(group, (reading) => figure(reading).greatest),
    average: weight === 0 ? NaN : weighted / weight,
  }
}
