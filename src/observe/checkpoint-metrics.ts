import type { MetricEntry } from './metric.ts'

/** The attributes of MirrorMaker 2's checkpoint connector. Source: MirrorCheckpointMetrics (Kafka 4.3). */
const checkpointAttributes = {
  checkpoint_latency_ms:
    'From making a checkpoint to its acknowledgement, of the last one. In MirrorMaker 2 4.3 all groups and partitions of a task share one value.',
  checkpoint_latency_ms_min: 'The least of the last 30 to 60 seconds.',
  checkpoint_latency_ms_max: 'The greatest of the last 30 to 60 seconds.',
  checkpoint_latency_ms_avg: 'The average of the last 30 to 60 seconds.',
} as const

export type CheckpointAttribute = keyof typeof checkpointAttributes

const labels = ['source', 'target', 'group', 'topic', 'partition'] as const

/** With metric.names.formats=legacy (the default). `topic` is the remote one, as it is there. */
export const legacyCheckpointMetrics = inForm(
  'kafka_connect_mirror_mirrorcheckpointconnector_',
  'kafka.connect.mirror:type=MirrorCheckpointConnector',
  labels,
)

/** With metric.names.formats=new (KIP-1280). */
export const pluginCheckpointMetrics = inForm('kafka_connect_plugins_', 'kafka.connect:type=plugins', [
  'connector',
  'task',
  ...labels,
])

type InForm<Prefix extends string> = Readonly<Record<`${Prefix}${CheckpointAttribute}`, MetricEntry>>

function inForm<Prefix extends string>(prefix: Prefix, bean: string, named: readonly string[]): InForm<Prefix> {
  const all = Object.entries(checkpointAttributes).map(([attribute, help]) => {
    const mirrorMaker = `${bean} ${attribute.replaceAll('_', '-')}`
    return [prefix + attribute, { type: 'gauge', scope: 'partition', labels: named, help, mirrorMaker }] as const
  })
  return Object.fromEntries(all) as InForm<Prefix>
}
