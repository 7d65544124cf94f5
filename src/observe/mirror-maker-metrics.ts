import type { MetricEntry } from './metric.ts'

/**
 * The attributes of MirrorMaker 2's source connector, by the name that the usual rules of jmx_exporter make of them.
 * Source: MirrorSourceMetrics (Kafka 4.3). What differs from the original is said in each.
 */
export const sourceConnectorAttributes = {
  record_count: { type: 'gauge', help: 'Records that the target acknowledged.' },
  record_rate: {
    type: 'gauge',
    help: 'Records a second that the target acknowledged, over the last 30 to 60 seconds.',
  },
  record_age_ms: {
    type: 'gauge',
    help: 'Age of what was read last when it was read, by the newest record of its batch.',
  },
  record_age_ms_min: { type: 'gauge', help: 'Least age of what was read in the last 30 to 60 seconds.' },
  record_age_ms_max: { type: 'gauge', help: 'Greatest age of what was read in the last 30 to 60 seconds.' },
  record_age_ms_avg: { type: 'gauge', help: 'Average age of what was read in the last 30 to 60 seconds.' },
  byte_count: {
    type: 'gauge',
    help: 'Bytes of record batches that the target acknowledged. MirrorMaker 2 counts uncompressed values only, which nobody here sees.',
  },
  byte_rate: { type: 'gauge', help: 'The same a second, over the last 30 to 60 seconds.' },
  replication_latency_ms: {
    type: 'gauge',
    help: 'From the timestamp of a record to its acknowledgement, of the batch that was acknowledged last.',
  },
  replication_latency_ms_min: { type: 'gauge', help: 'The least of the last 30 to 60 seconds.' },
  replication_latency_ms_max: { type: 'gauge', help: 'The greatest of the last 30 to 60 seconds.' },
  replication_latency_ms_avg: { type: 'gauge', help: 'The average of the last 30 to 60 seconds, by records.' },
} as const

export type SourceConnectorAttribute = keyof typeof sourceConnectorAttributes

const legacyLabels = ['source', 'target', 'topic', 'partition'] as const
const pluginLabels = ['connector', 'task', ...legacyLabels] as const

/** With metric.names.formats=legacy (the default). `topic` is the remote one, as it is there. */
export const legacySourceMetrics = inForm(
  'kafka_connect_mirror_mirrorsourceconnector_',
  'kafka.connect.mirror:type=MirrorSourceConnector',
  legacyLabels,
)

/** With metric.names.formats=new (KIP-1280). */
export const pluginSourceMetrics = inForm('kafka_connect_plugins_', 'kafka.connect:type=plugins', pluginLabels)

type InForm<Prefix extends string> = Readonly<Record<`${Prefix}${SourceConnectorAttribute}`, MetricEntry>>

function inForm<Prefix extends string>(prefix: Prefix, bean: string, labels: readonly string[]): InForm<Prefix> {
  const all = Object.entries(sourceConnectorAttributes).map(([attribute, { type, help }]) => {
    const mirrorMaker = `${bean} ${attribute.replaceAll('_', '-')}`
    return [prefix + attribute, { type, scope: 'partition', labels, help, mirrorMaker }] as const
  })
  return Object.fromEntries(all) as InForm<Prefix>
}

const flowLabels = ['source', 'target'] as const
const taskLabels = ['connector', 'task', ...flowLabels] as const
const taskBean = 'kafka.connect:type=connector-task-metrics'
const sourceTaskBean = 'kafka.connect:type=source-task-metrics'
const errorBean = 'kafka.connect:type=task-error-metrics'
const workerBean = 'kafka.connect:type=connect-worker-metrics'

/**
 * What users watch of the Connect worker, its consumer and its producer. MirrorMaker 2's workers in one process overwrite each other's; here the labels
 * `source` and `target` tell flows apart.
 */
export const connectMetrics = {
  kafka_connect_connector_status: {
    type: 'gauge',
    scope: 'flow',
    labels: ['connector', 'task', 'status', ...flowLabels],
    help: "1 for the state of the flow in Connect's words: running, paused (another process owns it), failed, unassigned (starting), destroyed (stopped). Failed also while it is tried again, and where MirrorMaker 2 says running although nothing is copied.",
    mirrorMaker: `${taskBean} status`,
  },
  kafka_connect_connector_task_running_ratio: {
    type: 'gauge',
    scope: 'flow',
    labels: taskLabels,
    help: '1 while the flow copies, otherwise 0.',
    mirrorMaker: `${taskBean} running-ratio`,
  },
  kafka_connect_source_task_source_record_poll_total: {
    type: 'counter',
    scope: 'flow',
    labels: taskLabels,
    help: 'Records that were read: acknowledged ones, and those on their way.',
    mirrorMaker: `${sourceTaskBean} source-record-poll-total`,
  },
  kafka_connect_source_task_source_record_write_total: {
    type: 'counter',
    scope: 'flow',
    labels: taskLabels,
    help: 'Records that the target acknowledged.',
    mirrorMaker: `${sourceTaskBean} source-record-write-total`,
  },
  kafka_connect_source_task_source_record_write_rate: {
    type: 'gauge',
    scope: 'flow',
    labels: taskLabels,
    help: 'Records a second that the target acknowledged, over the last 30 to 60 seconds.',
    mirrorMaker: `${sourceTaskBean} source-record-write-rate`,
  },
  kafka_connect_source_task_source_record_active_count: {
    type: 'gauge',
    scope: 'flow',
    labels: taskLabels,
    help: 'Records that were read and are not acknowledged.',
    mirrorMaker: `${sourceTaskBean} source-record-active-count`,
  },
  kafka_connect_task_error_total_record_failures: {
    type: 'gauge',
    scope: 'flow',
    labels: taskLabels,
    help: 'How often a partition stopped because it cannot go on by itself. In MirrorMaker 2 the whole task ends then.',
    mirrorMaker: `${errorBean} total-record-failures`,
  },
  kafka_connect_task_error_total_retries: {
    type: 'gauge',
    scope: 'flow',
    labels: taskLabels,
    help: 'How often writing a partition was interrupted and went on.',
    mirrorMaker: `${errorBean} total-retries`,
  },
  kafka_connect_task_error_total_records_skipped: {
    type: 'gauge',
    scope: 'flow',
    labels: taskLabels,
    help: 'Records that were left out: without a key, for compacted remote topics, and too large ones that went to the dead letter topic.',
    mirrorMaker: `${errorBean} total-records-skipped`,
  },
  kafka_connect_task_error_deadletterqueue_produce_requests: {
    type: 'gauge',
    scope: 'flow',
    labels: taskLabels,
    help: 'Records that were written to the dead letter topic.',
    mirrorMaker: `${errorBean} deadletterqueue-produce-requests`,
  },
  kafka_connect_worker_connector_count: {
    type: 'gauge',
    scope: 'flow',
    labels: flowLabels,
    help: '1: the source connector. The work of the heartbeat and checkpoint connectors is part of the flow.',
    mirrorMaker: `${workerBean} connector-count`,
  },
  kafka_connect_worker_task_count: {
    type: 'gauge',
    scope: 'flow',
    labels: flowLabels,
    help: '1 where this process owns the flow, otherwise 0.',
    mirrorMaker: `${workerBean} task-count`,
  },
  kafka_consumer_fetch_manager_records_lag: {
    type: 'gauge',
    scope: 'partition',
    labels: ['clientid', 'topic', 'partition', ...flowLabels],
    help: "Offsets of the source that are not copied yet. In MirrorMaker 2 only what is not read yet. `topic` is the source's.",
    mirrorMaker: 'kafka.consumer:type=consumer-fetch-manager-metrics records-lag',
  },
  kafka_producer_buffer_available_bytes: {
    type: 'gauge',
    scope: 'flow',
    labels: ['clientid', ...flowLabels],
    help: 'Memory for fetched batches that is free.',
    mirrorMaker: 'kafka.producer:type=producer-metrics buffer-available-bytes',
  },
} as const satisfies Record<string, MetricEntry>

/** What of MirrorMaker 2 is not served, for docs/metrics.md. */
export const unservedMirrorMakerMetrics = [
  {
    what: `${taskBean} pause-ratio, batch-size-max, batch-size-avg, offset-commit-*`,
    why: 'Nothing can be paused, and batches are not made of single records. For positions see twinlog_positions_age_seconds and twinlog_positions_unwritten_total.',
  },
  {
    what: `${sourceTaskBean} poll-batch-max-time-ms, poll-batch-avg-time-ms, source-record-active-count-max, -avg, source-record-poll-rate`,
    why: 'Records are not polled. The rate of reading is that of writing but for what is on its way.',
  },
  {
    what: `${errorBean} total-record-errors, total-errors-logged, deadletterqueue-produce-failures, last-error-timestamp`,
    why: 'There are no converters and transforms that fail record by record; the events of the log are counted in twinlog_events_total.',
  },
  {
    what: `${workerBean} connector-*-task-count, *-startup-*; connect-worker-rebalance-metrics; connect-coordinator-metrics`,
    why: 'A flow has one owner. See twinlog_flow_owned, twinlog_flow_state and twinlog_ownership_changes_total.',
  },
  {
    what: 'kafka.producer, kafka.consumer, kafka.admin.client: all others',
    why: 'They are about the Java clients. See twinlog_broker_errors_total, twinlog_throttle_seconds_total, twinlog_connection_failures_total.',
  },
] as const
