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
  const sums = new Map<string, ReadingSum>()
  for (const reading of readings) {
    const topic = level === 'topic' ? reading.topic : ''
    let sum = sums.get(topic)
    if (sum === undefined) {
      sum = new ReadingSum(reading.flow, topic, topic === '' ? '' : reading.targetTopic)
      sums.set(topic, sum)
    }
    sum.add(reading)
  }
  return [...sums.values()]
}

/** Several partitions in figures: what can be added is added, of lag in seconds and age the greatest is told. */
class ReadingSum implements PartitionReading {
  readonly flow: FlowReading
  readonly topic: string
  readonly targetTopic: string
  readonly partition = -1
  readonly upstreamOffset = NaN
  records = 0
  bytes = 0
  batches = 0
  lagRecords = 0
  lagSeconds = NaN
  oldestAgeSeconds = NaN
  activeRecords = 0
  activeBytes = 0
  duplicatesAvoided = 0
  recordsPerSecond = 0
  bytesPerSecond = 0
  readonly age = new FigureSum()
  readonly latency = new FigureSum()

  constructor(flow: FlowReading, topic: string, targetTopic: string) {
    this.flow = flow
    this.topic = topic
    this.targetTopic = targetTopic
  }

  add(reading: PartitionReading): void {
    this.records += reading.records
    this.bytes += reading.bytes
    this.batches += reading.batches
    if (!Number.isNaN(reading.lagRecords)) this.lagRecords += reading.lagRecords
    this.lagSeconds = greater(this.lagSeconds, reading.lagSeconds)
    this.oldestAgeSeconds = greater(this.oldestAgeSeconds, reading.oldestAgeSeconds)
    this.activeRecords += reading.activeRecords
    this.activeBytes += reading.activeBytes
    this.duplicatesAvoided += reading.duplicatesAvoided
    this.recordsPerSecond += reading.recordsPerSecond
    this.bytesPerSecond += reading.bytesPerSecond
    this.age.add(reading.age, reading.recordsPerSecond)
    this.latency.add(reading.latency, reading.recordsPerSecond)
  }
}

/** The average is weighted by records, as far as rates tell them. */
class FigureSum implements FigureReading {
  last = NaN
  least = NaN
  greatest = NaN
  #weighted = 0
  #weight = 0

  get average(): number {
    return this.#weight === 0 ? NaN : this.#weighted / this.#weight
  }

  add(figure: FigureReading, weight: number): void {
    this.last = greater(this.last, figure.last)
    this.least = -greater(-this.least, -figure.least)
    this.greatest = greater(this.greatest, figure.greatest)
    if (Number.isNaN(figure.average)) return
    this.#weighted += figure.average * weight
    this.#weight += weight
  }
}

/** The greater of two of which either may be unknown (NaN). */
function greater(a: number, b: number): number {
  return Number.isNaN(b) || a > b ? a : b
}
