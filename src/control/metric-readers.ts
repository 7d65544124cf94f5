import type { eventMetrics } from '../observe/event-metrics.ts'
import type { MetricName } from '../observe/metric-catalogue.ts'
import type { MetricReader, MetricReaders, MetricSample } from '../observe/metric.ts'
import type { partitionMetrics, processMetrics } from '../observe/own-metrics.ts'
import { checkpointReaders } from './checkpoint-readers.ts'
import { flowReaders } from './flow-metric-readers.ts'
import type { FlowReading } from './flow-reading.ts'
import { connectReaders, sourceConnectorReaders } from './mirror-maker-readers.ts'
import { levelFor, partitionReadings } from './partition-readings.ts'
import type { MetricsLevel, PartitionReading } from './partition-readings.ts'

/** Where metrics are read from. */
export interface MetricSources {
  readonly flows: readonly FlowReading[]
  readonly events: MetricReaders<typeof eventMetrics>
  process(level: MetricsLevel): MetricReaders<typeof processMetrics>
  /** twinlog.metrics.partitions.max */
  readonly partitionsMax: number
  /** Wall clock. */
  readonly nowMs: number
}

/** How each metric is read just now; what is read is of one moment. */
export function metricReaders(sources: MetricSources): Readonly<Record<MetricName, MetricReader>> {
  const { flows, nowMs, events } = sources
  const level = levelFor(flows, sources.partitionsMax)
  const partitions = partitionReadings(flows, level, nowMs)
  return {
    ...flowReaders(flows),
    ...ownPartitionReaders(partitions),
    ...events,
    ...sources.process(level),
    ...sourceConnectorReaders(partitions),
    ...checkpointReaders(flows, sources.partitionsMax, nowMs),
    ...connectReaders(flows, partitions, events),
  }
}

function ownPartitionReaders(readings: readonly PartitionReading[]): MetricReaders<typeof partitionMetrics> {
  const labels = readings.map(({ flow, topic, partition }) => ({
    flow: flow.name,
    ...(topic === '' ? {} : { topic }),
    ...(partition < 0 ? {} : { partition }),
  }))
  const each = (value: (reading: PartitionReading) => number) => (): MetricSample[] =>
    readings.flatMap((reading, index) => {
      const told = value(reading)
      return Number.isNaN(told) ? [] : [{ labels: labels[index] ?? {}, value: told }]
    })
  return {
    twinlog_records_total: each(({ records }) => records),
    twinlog_bytes_total: each(({ bytes }) => bytes),
    twinlog_batches_total: each(({ batches }) => batches),
    twinlog_lag_records: each(({ lagRecords }) => lagRecords),
    twinlog_lag_seconds: each(({ lagSeconds }) => lagSeconds),
    twinlog_oldest_record_age_seconds: each(({ oldestAgeSeconds }) => oldestAgeSeconds),
    twinlog_upstream_offset: each(({ upstreamOffset }) => upstreamOffset),
    twinlog_active_records: each(({ activeRecords }) => activeRecords),
    twinlog_active_bytes: each(({ activeBytes }) => activeBytes),
    twinlog_duplicates_avoided_total: each(({ duplicatesAvoided }) => duplicatesAvoided),
  }
}
