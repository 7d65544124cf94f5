import type { FlowReading } from './flow-reading.ts'
import { summarizeFlow } from './flow-summary.ts'
import type { FlowSummary } from './flow-summary.ts'
import { groupReports } from './group-report.ts'
import type { GroupReport } from './group-report.ts'
import { partitionReadings } from './partition-readings.ts'

/** All partitions of a topic together. */
export interface TopicSummary {
  readonly topic: string
  readonly targetTopic: string
  readonly partitionsCount: number
  readonly recoveringCount: number
  readonly stoppedCount: number
  /** Of the first partition that does not copy; null while all do. */
  readonly reason: string | null
  readonly lagRecords: number
  readonly lagSeconds: number | null
  readonly oldestAgeSeconds: number | null
  readonly recordsTotal: number
  readonly bytesTotal: number
}

export interface FlowReport extends FlowSummary {
  readonly source: string
  readonly target: string
  readonly topics: readonly TopicSummary[]
  /** Its consumer groups; null: their offsets are not asked for, or another process owns the flow. */
  readonly groups: readonly GroupReport[] | null
}

/** What a process is doing: GET /status, `twinlog status --json`, and what the live view shows. Times are ISO 8601. */
export interface StatusReport {
  readonly version: string
  readonly host: string
  readonly pid: number
  readonly startedAt: string
  readonly time: string
  readonly logLevel: string
  readonly flows: readonly FlowReport[]
}

/**
 * @param nowMs                wall clock
 * @param hasGroupPartitions   whether each partition of each group is told of
 */
export function reportFlow(reading: FlowReading, nowMs: number, hasGroupPartitions = false): FlowReport {
  const { source, target } = reading
  const groups = reading.groups === null ? null : groupReports(reading.groups, hasGroupPartitions)
  return { ...summarizeFlow(reading, nowMs), source, target, topics: topicsOf(reading, nowMs), groups }
}

function topicsOf(reading: FlowReading, nowMs: number): TopicSummary[] {
  const byTopic = Map.groupBy(reading.lane?.partitions ?? [], ({ topic }) => topic)
  const topics = partitionReadings([reading], 'topic', nowMs).map((total): TopicSummary => {
    const partitions = byTopic.get(total.topic) ?? []
    const troubled =
      partitions.find(({ phase }) => phase === 'stopped') ?? partitions.find(({ reason }) => reason !== null)
    return {
      topic: total.topic,
      targetTopic: total.targetTopic,
      partitionsCount: partitions.length,
      recoveringCount: partitions.filter(({ phase }) => phase === 'recovering').length,
      stoppedCount: partitions.filter(({ phase }) => phase === 'stopped').length,
      reason: troubled?.reason ?? partitions.find(({ heldUpBy }) => heldUpBy !== null)?.heldUpBy ?? null,
      lagRecords: total.lagRecords,
      lagSeconds: Number.isNaN(total.lagSeconds) ? null : total.lagSeconds,
      oldestAgeSeconds: Number.isNaN(total.oldestAgeSeconds) ? null : total.oldestAgeSeconds,
      recordsTotal: total.records,
      bytesTotal: total.bytes,
    }
  })
  return topics.sort((a, b) => (a.topic < b.topic ? -1 : 1))
}
