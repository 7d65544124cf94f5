import type { FlowReading } from '../../src/control/flow-reading.ts'
import { metricReaders } from '../../src/control/metric-readers.ts'
import { EventCounters } from '../../src/observe/counters.ts'
import type { MetricName } from '../../src/observe/metric-catalogue.ts'
import type { MetricReader } from '../../src/observe/metric.ts'
import { ProcessFigures } from '../../src/observe/process-figures.ts'

export interface SourcesOptions {
  readonly partitionsMax?: number
  readonly counters?: EventCounters
  readonly nowMs?: number
}

/** How the metrics of some flows are read, as a process would. */
export function readersOf(
  flows: readonly FlowReading[],
  { partitionsMax = 1_000, counters, nowMs = 0 }: SourcesOptions = {},
): Readonly<Record<MetricName, MetricReader>> {
  const events = counters ?? new EventCounters(flows.map(({ name }) => name))
  using figures = new ProcessFigures({ version: '1.2.3', startedAtMs: 0, monotonic: () => 0 })
  return metricReaders({
    flows,
    events: events.readers(),
    process: (level) => figures.readers(level),
    partitionsMax,
    nowMs,
  })
}
