import type { MetricEntry } from './metric.ts'

const flow = ['flow'] as const

/** Counters of events. Which event counts where stands in its entry (event-catalogue.ts), so that what is counted is also said. */
export const eventMetrics = {
  twinlog_events_total: {
    type: 'counter',
    scope: 'event',
    labels: ['flow', 'event', 'level'],
    help: 'How often each event of the log happened, also those that the log level or folding leave out.',
    mirrorMaker: null,
  },
  twinlog_gaps_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'Stretches of the source that are not in the copy, because the source lost them first.',
    mirrorMaker: null,
  },
  twinlog_recoveries_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'How often writing a partition was interrupted and the target was asked how far it came.',
    mirrorMaker: 'kafka.connect:type=task-error-metrics total-retries',
  },
  twinlog_partition_stops_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'How often a partition stopped because it cannot go on by itself.',
    mirrorMaker: 'kafka.connect:type=task-error-metrics total-record-failures',
  },
  twinlog_flow_failures_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'How often a flow failed as a whole and started again.',
    mirrorMaker: 'kafka.connect:type=connect-worker-metrics task-startup-failure-total',
  },
  twinlog_duty_failures_total: {
    type: 'counter',
    scope: 'event',
    labels: ['flow', 'duty'],
    help: 'How often something that a flow does beside copying (heartbeats, offset syncs, topic configs, ...) failed for a reason that it had not failed for just before.',
    mirrorMaker: null,
  },
  twinlog_topic_configs_altered_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'How often configs of a remote topic were altered, because they had changed at the source or by hand.',
    mirrorMaker: null,
  },
  twinlog_group_offset_syncs_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'How often offsets of a group were committed on the target.',
    mirrorMaker: null,
  },
  twinlog_group_offset_sync_failures_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'How often offsets of a group could not be committed on the target.',
    mirrorMaker: null,
  },
  twinlog_call_retries_total: {
    type: 'counter',
    scope: 'event',
    labels: ['flow', 'cluster', 'api', 'error'],
    help: "Admin and metadata calls that were tried again, by call and by code of the error (docs/errors.md, or the system's).",
    mirrorMaker: null,
  },
  twinlog_connection_failures_total: {
    type: 'counter',
    scope: 'event',
    labels: ['flow', 'cluster'],
    help: 'Data connections that could not be opened, or broke.',
    mirrorMaker: 'kafka.producer, kafka.consumer failed-authentication-total, connection-close-rate',
  },
  twinlog_foreign_writes_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'Acknowledged offsets that were not the expected ones: somebody else writes to the remote topic.',
    mirrorMaker: null,
  },
  twinlog_duplicates_possible_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'How often a partition went on although the target did not tell how far the copy came.',
    mirrorMaker: null,
  },
  twinlog_target_losses_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'How often the target had lost what it had acknowledged; it was copied again.',
    mirrorMaker: null,
  },
  twinlog_fences_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'Partitions that got a marker which refuses what an earlier life may still have on its way.',
    mirrorMaker: null,
  },
  twinlog_positions_unwritten_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'Writes of positions that failed; they went with the next one.',
    mirrorMaker: 'kafka.connect:type=connector-task-metrics offset-commit-failure-percentage',
  },
  twinlog_ownership_changes_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'How often this process began or ceased to own the flow.',
    mirrorMaker: 'kafka.connect:type=connect-worker-rebalance-metrics completed-rebalances-total',
  },
  twinlog_topic_refresh_failures_total: {
    type: 'counter',
    scope: 'event',
    labels: flow,
    help: 'Looks for topics that failed.',
    mirrorMaker: null,
  },
} as const satisfies Record<string, MetricEntry>

export type EventMetricName = Exclude<keyof typeof eventMetrics, 'twinlog_events_total'>
