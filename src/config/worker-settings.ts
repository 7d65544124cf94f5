import { choice, int, long, short, string } from './setting-type.ts'
import { setting } from './setting.ts'

const since = '0.1'

/**
 * Settings that MirrorMaker 2 takes for its Kafka Connect worker: written as `B.<key>` for all flows into B. Those that begin with
 * offset.storage, config.storage, status.storage, key.converter, value.converter, header.converter, task, worker or
 * replication.policy may also stand at top level, and then win. Source: WorkerConfig, DistributedConfig.
 */
export const workerSettings = {
  'offset.flush.interval.ms': setting({
    type: long({ min: 1 }),
    default: 60_000,
    importance: 'low',
    scope: 'worker',
    since,
    doc: 'How often positions are written to the offsets topic.',
  }),
  'offset.storage.topic': setting({
    type: string(),
    default: undefined,
    importance: 'high',
    scope: 'worker',
    since,
    doc: 'The topic on the target that holds positions. Default: `mm2-offsets.<source>.internal`.',
  }),
  'offset.storage.replication.factor': setting({
    type: short({ min: -1 }),
    default: 3,
    importance: 'low',
    scope: 'worker',
    since,
    doc: 'Replication factor of the offsets topic and of the ledger topic when they are created; -1: the default of the brokers.',
  }),
  'offset.storage.partitions': setting({
    type: int({ min: -1 }),
    default: 25,
    importance: 'low',
    scope: 'worker',
    since,
    doc: 'Partitions of the offsets topic when it is created; -1: the default of the brokers.',
  }),
  'config.storage.topic': setting({
    type: string(),
    default: undefined,
    importance: 'high',
    scope: 'worker',
    since,
    doc: 'The topic on the target in which MirrorMaker 2 keeps its configuration. Only used with `exactly.once.source.support=enabled`, to know whom to fence. Default: `mm2-configs.<source>.internal`.',
  }),
  'config.storage.replication.factor': setting({
    type: short({ min: -1 }),
    default: 3,
    importance: 'low',
    scope: 'worker',
    since,
    doc: 'Replication factor of that topic when it is created; -1: the default of the brokers.',
  }),
  'group.id': setting({
    type: string(),
    default: undefined,
    importance: 'high',
    scope: 'worker',
    since,
    doc: 'The group on the target that guards who copies: MirrorMaker 2 and twinlog keep each other out of it. Default: `<source>-mm2`. Also part of client ids.',
  }),
  'exactly.once.source.support': setting({
    type: choice(['disabled', 'preparing', 'enabled'], { anyCase: true }),
    default: 'disabled',
    importance: 'high',
    scope: 'worker',
    since,
    doc: '`enabled`: records and positions are written in transactions, and what had the transactional ids before is fenced (KIP-618). `preparing`: as `disabled`, but the leader id of the Connect cluster is taken over at the start, so that missing permissions show before the switch.',
  }),
  'key.converter': setting({
    type: string(),
    default: 'org.apache.kafka.connect.converters.ByteArrayConverter',
    importance: 'low',
    scope: 'worker',
    since,
    doc: 'Only `ByteArrayConverter`: anything else would change the copied data and is refused.',
  }),
  'value.converter': setting({
    type: string(),
    default: 'org.apache.kafka.connect.converters.ByteArrayConverter',
    importance: 'low',
    scope: 'worker',
    since,
    doc: 'Only `ByteArrayConverter`: anything else would change the copied data and is refused.',
  }),
  'header.converter': setting({
    type: string(),
    default: 'org.apache.kafka.connect.converters.ByteArrayConverter',
    importance: 'low',
    scope: 'worker',
    since,
    doc: 'Only `ByteArrayConverter`: anything else would change the copied data and is refused.',
  }),
} as const
