import { setImmediate as nextTurn } from 'node:timers/promises'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { MetricObjectWithValues, MetricValue, MetricValueWithName } from 'prom-client'
import { familyOf, metricCatalogue } from './metric-catalogue.ts'
import type { MetricFamily, MetricName } from './metric-catalogue.ts'
import type { MetricEntry, MetricReader, MetricSample } from './metric.ts'

export type MetricsFormat = 'prometheus' | 'openmetrics'

/** One or two milliseconds of work. */
const SAMPLES_A_TURN = 500

export const metricsContentTypes: Readonly<Record<MetricsFormat, string>> = {
  prometheus: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
}

/**
 * The page that Prometheus reads, metric by metric, each with all that it has: nothing is kept between two readings. Other work gets its turn again and again,
 * so that a large page holds nothing up.
 * @param readers   of the metrics that are served now; one that reads nothing is left out
 * @param family    only metrics with these names; absent: all
 */
export async function* metricsText(
  readers: Partial<Readonly<Record<MetricName, MetricReader>>>,
  format: MetricsFormat,
  family?: MetricFamily,
): AsyncGenerator<string> {
  for (const name of Object.keys(metricCatalogue) as MetricName[]) {
    if (family !== undefined && familyOf(name) !== family) continue
    const samples = readers[name]?.() ?? []
    if (samples.length === 0) continue
    for (let at = 0; at < samples.length; at += SAMPLES_A_TURN) {
      const text = await textOf(name, metricCatalogue[name], samples.slice(at, at + SAMPLES_A_TURN), format)
      yield `${at === 0 ? text : withoutHead(text)}\n`
      await nextTurn()
    }
  }
  if (format === 'openmetrics') yield '# EOF\n'
}

/** HELP and TYPE stand before the first samples only. */
function withoutHead(text: string): string {
  return text.slice(text.indexOf('\n', text.indexOf('\n') + 1) + 1)
}

/** prom-client words it; what it would keep of each value is not kept. */
async function textOf(
  name: string,
  entry: MetricEntry,
  samples: readonly MetricSample[],
  format: MetricsFormat,
): Promise<string> {
  // OpenMetrics names a counter without its ending, and prom-client puts that to the samples.
  const isBare = format === 'openmetrics' && entry.type === 'counter'
  const bareName = isBare ? name.replace(/_total$/, '') : name
  const values = samples.map(({ labels, value, suffix }) =>
    suffix === undefined ? { labels, value } : { labels, value, metricName: name + suffix },
  )
  const registry = new Registry()
  if (format === 'openmetrics') registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
  registry.registerMetric(metricOf(bareName, entry, values as MetricValueWithName<string>[]))
  return registry.getSingleMetricAsString(bareName)
}

const metricClasses = { counter: Counter, gauge: Gauge, histogram: Histogram } as const

/** A metric of prom-client that answers with these values. */
function metricOf(
  name: string,
  { type, help, labels: labelNames }: MetricEntry,
  values: MetricValueWithName<string>[],
): Counter | Gauge | Histogram {
  const metric = new metricClasses[type]({ name, help, labelNames, registers: [] })
  const answer = { name, help, type, values, aggregator: 'sum' } as unknown as MetricObjectWithValues<
    MetricValue<string>
  >
  const get = (): Promise<MetricObjectWithValues<MetricValue<string>>> => Promise.resolve(answer)
  // A histogram is asked in another way.
  return Object.assign(metric, { get, getForPromString: get })
}
