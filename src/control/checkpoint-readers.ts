import type {
  CheckpointAttribute,
  legacyCheckpointMetrics,
  pluginCheckpointMetrics,
} from '../observe/checkpoint-metrics.ts'
import type { MetricReader, MetricReaders, MetricSample } from '../observe/metric.ts'
import type { WindowedFigure } from '../observe/windowed-figure.ts'
import type { FlowReading } from './flow-reading.ts'

const attributes: Readonly<Record<CheckpointAttribute, (figure: WindowedFigure, nowMs: number) => number>> = {
  checkpoint_latency_ms: ({ last }) => last,
  checkpoint_latency_ms_min: (figure, nowMs) => figure.least(nowMs),
  checkpoint_latency_ms_max: (figure, nowMs) => figure.greatest(nowMs),
  checkpoint_latency_ms_avg: (figure, nowMs) => figure.average(nowMs),
}

type CheckpointReaders = MetricReaders<typeof legacyCheckpointMetrics & typeof pluginCheckpointMetrics>

/**
 * Both forms of the checkpoint connector's metrics, each for the flows that are to have it.
 * @param seriesMax     where groups and partitions make more series than that, none are served
 * @param nowMs         wall clock
 */
export function checkpointReaders(flows: readonly FlowReading[], seriesMax: number, nowMs: number): CheckpointReaders {
  const count = flows.reduce((sum, { groups }) => sum + (groups?.latencies.length ?? 0), 0)
  const inForm = (form: 'legacy' | 'new', more: MetricSample['labels']) => (attribute: CheckpointAttribute) => () =>
    flows
      .filter(({ nameFormats }) => count <= seriesMax && nameFormats.includes(form))
      .flatMap(({ source, target, groups }) =>
        (groups?.latencies ?? []).flatMap(({ groupId: group, topic, partition, figure }): MetricSample[] => {
          const value = attributes[attribute](figure, nowMs)
          return Number.isNaN(value) ? [] : [{ labels: { ...more, source, target, group, topic, partition }, value }]
        }),
      )
  const legacy = inForm('legacy', {})
  const plugins = inForm('new', { connector: 'MirrorCheckpointConnector', task: 0 })
  const readers: Record<string, MetricReader> = {}
  for (const attribute of Object.keys(attributes) as CheckpointAttribute[]) {
    readers[`kafka_connect_mirror_mirrorcheckpointconnector_${attribute}`] = legacy(attribute)
    readers[`kafka_connect_plugins_${attribute}`] = plugins(attribute)
  }
  return readers as CheckpointReaders
}
