import type { eventMetrics } from '../observe/event-metrics.ts'
import type { MetricReader, MetricReaders, MetricSample } from '../observe/metric.ts'
import type {
  SourceConnectorAttribute,
  connectMetrics,
  legacySourceMetrics,
  pluginSourceMetrics,
} from '../observe/mirror-maker-metrics.ts'
import type { FlowReading } from './flow-reading.ts'
import type { FlowState } from './flow-state.ts'
import type { PartitionReading } from './partition-readings.ts'

const connector = 'MirrorSourceConnector'
const task = 0

const connectStatus: Readonly<Record<FlowState['name'], string>> = {
  waiting: 'unassigned',
  starting: 'unassigned',
  standby: 'paused',
  copying: 'running',
  draining: 'running',
  retrying: 'failed',
  ended: 'failed',
  stopped: 'destroyed',
}

/** What each attribute of MirrorMaker 2's source connector is here. Milliseconds, as there; nothing where nothing came for a minute, where there it is NaN. */
const attributes: Readonly<Record<SourceConnectorAttribute, (reading: PartitionReading) => number>> = {
  record_count: ({ records }) => records,
  record_rate: ({ recordsPerSecond }) => recordsPerSecond,
  record_age_ms: ({ age }) => age.last,
  record_age_ms_min: ({ age }) => age.least,
  record_age_ms_max: ({ age }) => age.greatest,
  record_age_ms_avg: ({ age }) => age.average,
  byte_count: ({ bytes }) => bytes,
  byte_rate: ({ bytesPerSecond }) => bytesPerSecond,
  replication_latency_ms: ({ latency }) => latency.last,
  replication_latency_ms_min: ({ latency }) => latency.least,
  replication_latency_ms_max: ({ latency }) => latency.greatest,
  replication_latency_ms_avg: ({ latency }) => latency.average,
}

type SourceConnectorReaders = MetricReaders<typeof legacySourceMetrics & typeof pluginSourceMetrics>

/** Both forms of the source connector's metrics, each for the flows that are to have it. */
export function sourceConnectorReaders(readings: readonly PartitionReading[]): SourceConnectorReaders {
  const inForm = (form: 'legacy' | 'new', more: MetricSample['labels']) => {
    const chosen = readings.filter(({ flow }) => flow.nameFormats.includes(form))
    const labels = chosen.map(({ flow: { source, target }, targetTopic, partition }) => ({
      ...more,
      source,
      target,
      ...topicLabels(targetTopic, partition),
    }))
    return (attribute: SourceConnectorAttribute) => (): MetricSample[] =>
      chosen.flatMap((reading, index) => {
        const value = attributes[attribute](reading)
        return Number.isNaN(value) ? [] : [{ labels: labels[index] ?? {}, value }]
      })
  }
  const legacy = inForm('legacy', {})
  const plugins = inForm('new', { connector, task })
  const readers: Record<string, MetricReader> = {}
  for (const attribute of Object.keys(attributes) as SourceConnectorAttribute[]) {
    readers[`kafka_connect_mirror_mirrorsourceconnector_${attribute}`] = legacy(attribute)
    readers[`kafka_connect_plugins_${attribute}`] = plugins(attribute)
  }
  return readers as SourceConnectorReaders
}

/** What users watch of the Connect worker and its clients. */
export function connectReaders(
  flows: readonly FlowReading[],
  readings: readonly PartitionReading[],
  events: MetricReaders<typeof eventMetrics>,
): MetricReaders<typeof connectMetrics> {
  const ofTask = (value: (flow: FlowReading) => number) => (): MetricSample[] =>
    flows.map((flow) => ({ labels: taskLabels(flow), value: value(flow) }))
  const ofWorker = (value: (flow: FlowReading) => number) => (): MetricSample[] =>
    flows.map((flow) => ({ labels: { source: flow.source, target: flow.target }, value: value(flow) }))
  const isOwner = ({ owner }: FlowReading): number => Number(owner?.isThisProcess === true)
  return {
    kafka_connect_connector_status: () =>
      flows.map((flow) => ({
        labels: { ...taskLabels(flow), status: connectStatus[flow.state.name] },
        value: 1,
      })),
    kafka_connect_connector_task_running_ratio: ofTask(({ state }) => Number(state.name === 'copying')),
    kafka_connect_source_task_source_record_poll_total: ofTask(
      ({ lane }) => (lane?.totals.recordsTotal ?? 0) + activeRecords(lane),
    ),
    kafka_connect_source_task_source_record_write_total: ofTask(({ lane }) => lane?.totals.recordsTotal ?? 0),
    kafka_connect_source_task_source_record_write_rate: ofTask((flow) =>
      readings
        .filter((reading) => reading.flow === flow)
        .reduce((sum, { recordsPerSecond }) => sum + recordsPerSecond, 0),
    ),
    kafka_connect_source_task_source_record_active_count: ofTask(({ lane }) => activeRecords(lane)),
    kafka_connect_task_error_total_record_failures: ofTask(({ name }) =>
      countOf(events.twinlog_partition_stops_total, name),
    ),
    kafka_connect_task_error_total_retries: ofTask(({ name }) => countOf(events.twinlog_recoveries_total, name)),
    kafka_connect_task_error_total_records_skipped: ofTask(
      ({ lane }) => (lane?.totals.nullKeysTotal ?? 0) + (lane?.totals.deadLettersTotal ?? 0),
    ),
    kafka_connect_task_error_deadletterqueue_produce_requests: ofTask(({ lane }) => lane?.totals.deadLettersTotal ?? 0),
    kafka_connect_worker_connector_count: ofWorker(() => 1),
    kafka_connect_worker_task_count: ofWorker(isOwner),
    kafka_consumer_fetch_manager_records_lag: () =>
      readings
        .filter(({ lagRecords }) => !Number.isNaN(lagRecords))
        .map(({ flow, topic, partition, lagRecords }) => ({
          labels: {
            clientid: `${flow.name}|${connector}-${task}|replication-consumer`,
            source: flow.source,
            target: flow.target,
            ...topicLabels(topic, partition),
          },
          value: lagRecords,
        })),
    kafka_producer_buffer_available_bytes: () =>
      flows.flatMap(({ lane, source, target }) =>
        lane === null
          ? []
          : [
              {
                labels: { clientid: `connector-producer-${connector}-${task}`, source, target },
                value: Math.max(0, lane.buffer.totalBytes - lane.buffer.usedBytes),
              },
            ],
      ),
  }
}

function taskLabels({ source, target }: FlowReading): MetricSample['labels'] {
  return { connector, task, source, target }
}

function topicLabels(topic: string, partition: number): MetricSample['labels'] {
  return { ...(topic === '' ? {} : { topic }), ...(partition < 0 ? {} : { partition }) }
}

function activeRecords(lane: FlowReading['lane']): number {
  return (lane?.partitions ?? []).reduce((sum, partition) => sum + partition.activeRecords, 0)
}

function countOf(reader: MetricReader, flow: string): number {
  return reader()
    .filter(({ labels }) => labels['flow'] === flow)
    .reduce((sum, { value }) => sum + value, 0)
}
