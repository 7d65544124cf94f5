import { errorCode } from './error-text.ts'
import { eventEntries } from './event-catalogue.ts'
import type { EventName } from './event-catalogue.ts'
import type { EventEntry, EventFields, Observer } from './event.ts'
import { eventMetrics } from './event-metrics.ts'
import type { EventMetricName } from './event-metrics.ts'
import type { MetricReader, MetricReaders, MetricSample } from './metric.ts'

/** Of one counter; what comes beyond is counted together. Labels are bounded as it is: flows, clusters, calls, codes. */
const SERIES_MAX = 1_000

interface Series {
  readonly labels: Readonly<Record<string, string>>
  count: number
}

/**
 * How often each event happened, by flow, and the counters that the entries of the catalogue name.
 * Everything that is counted is also said, since both come from the same event.
 */
export class EventCounters implements Observer<EventName> {
  readonly #counts = new Map<string, Map<string, number>>()
  readonly #series = new Map<EventMetricName, Map<string, Series>>()

  /** @param flows   names of all flows: their counters are there from the start, at 0 */
  constructor(flows: readonly string[] = []) {
    for (const name of Object.keys(eventMetrics) as (keyof typeof eventMetrics)[]) {
      if (name === 'twinlog_events_total' || eventMetrics[name].labels.length > 1) continue
      for (const flow of flows) this.#seriesOf(name, { flow })
    }
  }

  event(name: EventName, fields: EventFields): void {
    const flow = typeof fields.flow === 'string' ? fields.flow : ''
    const byFlow = this.#counts.get(name) ?? new Map<string, number>()
    byFlow.set(flow, (byFlow.get(flow) ?? 0) + 1)
    this.#counts.set(name, byFlow)
    const { counter }: EventEntry = eventEntries[name]
    if (counter !== undefined) this.#seriesOf(counter, fields).count++
  }

  /** @param flow   absent: over all flows */
  count(name: EventName, flow?: string): number {
    const byFlow = this.#counts.get(name)
    if (byFlow === undefined) return 0
    if (flow !== undefined) return byFlow.get(flow) ?? 0
    return [...byFlow.values()].reduce((sum, count) => sum + count, 0)
  }

  /** All counts, sorted by event and flow. */
  entries(): { readonly event: string; readonly flow: string; readonly count: number }[] {
    const all = [...this.#counts].flatMap(([event, byFlow]) =>
      [...byFlow].map(([flow, count]) => ({ event, flow, count })),
    )
    return all.sort((a, b) => a.event.localeCompare(b.event) || a.flow.localeCompare(b.flow))
  }

  readers(): MetricReaders<typeof eventMetrics> {
    const readers: Record<string, MetricReader> = {}
    for (const name of Object.keys(eventMetrics)) readers[name] = () => this.#read(name as EventMetricName)
    const twinlog_events_total: MetricReader = () =>
      this.entries().map(({ event, flow, count }) => ({
        labels: { flow, event, level: eventEntries[event as EventName].level },
        value: count,
      }))
    return { ...(readers as MetricReaders<typeof eventMetrics>), twinlog_events_total }
  }

  #read(name: EventMetricName): MetricSample[] {
    return [...(this.#series.get(name)?.values() ?? [])].map(({ labels, count }) => ({ labels, value: count }))
  }

  #seriesOf(name: EventMetricName, fields: EventFields): Series {
    const all = this.#series.get(name) ?? new Map<string, Series>()
    this.#series.set(name, all)
    const values = eventMetrics[name].labels.map((label) => labelText(fields[label]))
    const key = all.size < SERIES_MAX ? values.join('\n') : ''
    let series = all.get(key)
    if (series === undefined) {
      const labels = Object.fromEntries(eventMetrics[name].labels.map((label, index) => [label, values[index] ?? '']))
      series = { labels: key === '' ? {} : labels, count: 0 }
      all.set(key, series)
    }
    return series
  }
}

function labelText(value: unknown): string {
  if (value instanceof Error) return errorCode(value)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
