import { producerSettings } from '../config/connection-settings.ts'
import type { FlowPair } from '../config/flow-pair.ts'
import { flowSettings } from '../config/flow-settings.ts'
import type { Resolution } from '../config/resolution.ts'
import type { View } from '../config/view.ts'
import { workerSettings } from '../config/worker-settings.ts'
import type { FetchSettings, TransactionsSettings } from './flow-plan.ts'
import { SOURCE_CONNECTOR_NAME } from './source-offset-record.ts'
import { storageTopicConfigs } from './storage-topic-configs.ts'

/** A transaction lasts at most so long where ending one takes its time. */
const STRETCHED_MS = 5_000

/** What the transactions of a flow are made from. */
export interface TransactionsViews {
  readonly pair: FlowPair
  readonly connector: View
  readonly worker: View
  readonly producer: View
  readonly fetch: FetchSettings
  readonly groupId: string
}

/**
 * Works out how a flow writes in transactions, and gives the answers that MirrorMaker 2 gives about what does not go together.
 * Source: DistributedConfig, SourceConnectorConfig, DistributedHerder.validateSourceConnectorExactlyOnceSupport, MirrorSourceConnector, Worker.
 */
export function resolveTransactions(resolution: Resolution, views: TransactionsViews): TransactionsSettings {
  const { pair, connector, worker, producer, groupId } = views
  const support = resolution.read(worker, 'exactly.once.source.support', workerSettings['exactly.once.source.support'])
  const timeoutMs = resolution.read(producer, 'transaction.timeout.ms', producerSettings['transaction.timeout.ms'])
  const boundary = resolution.read(connector, 'transaction.boundary', flowSettings['transaction.boundary'])
  const flushIntervalMs = resolution.read(
    worker,
    'offset.flush.interval.ms',
    workerSettings['offset.flush.interval.ms'],
  )
  const boundaryMs = resolution.read(
    connector,
    'transaction.boundary.interval.ms',
    flowSettings['transaction.boundary.interval.ms'],
  )
  const cycleMs = resolution.read(
    connector,
    'twinlog.transaction.interval.ms',
    flowSettings['twinlog.transaction.interval.ms'],
  )
  judge(resolution, views, support)
  sayUnused(resolution, views, { isEnabled: support === 'enabled', boundary })
  const wantedMs = boundary === 'interval' ? (boundaryMs ?? flushIntervalMs) : cycleMs
  const longestMs = Math.floor(timeoutMs / 2)
  const intervalMs = Math.min(wantedMs, longestMs)
  return {
    support,
    taskTransactionalId: (task) => `${groupId}-${SOURCE_CONNECTOR_NAME}-${task}`,
    leaderTransactionalId: `connect-cluster-${groupId}`,
    timeoutMs,
    intervalMs,
    longestMs: boundary === 'interval' ? intervalMs : Math.max(intervalMs, Math.min(STRETCHED_MS, longestMs)),
    bytesMax: resolution.read(
      connector,
      'twinlog.transaction.max.bytes',
      flowSettings['twinlog.transaction.max.bytes'],
    ),
    isEndedEarly: boundary !== 'interval',
    hangingMs: resolution.read(
      connector,
      'twinlog.hanging.transaction.ms',
      flowSettings['twinlog.hanging.transaction.ms'],
    ),
    configTopic: {
      topic:
        resolution.read(worker, 'config.storage.topic', workerSettings['config.storage.topic']) ??
        `mm2-configs.${pair.source}.internal`,
      replicationFactor: resolution.read(
        worker,
        'config.storage.replication.factor',
        workerSettings['config.storage.replication.factor'],
      ),
      configs: storageTopicConfigs(resolution, worker, 'config.storage.'),
    },
  }
}

const ofTransactions = [
  'transaction.boundary',
  'transaction.boundary.interval.ms',
  'twinlog.transaction.interval.ms',
  'twinlog.transaction.max.bytes',
] as const

/** Settings of transactions where there are none, or of another boundary. */
function sayUnused(
  resolution: Resolution,
  { pair, connector, producer }: TransactionsViews,
  { isEnabled, boundary }: { readonly isEnabled: boolean; readonly boundary: 'poll' | 'interval' | 'connector' },
): void {
  const say = (view: View, key: string, condition: string): void => {
    const property = view.get(key)
    if (property !== undefined)
      resolution.notice(property, 'no-effect', 'warning', `has no effect without ${condition}`)
  }
  const enabling = `${pair.target}.exactly.once.source.support=enabled`
  for (const key of isEnabled ? [] : ofTransactions) say(connector, key, enabling)
  if (!isEnabled) say(producer, 'transaction.timeout.ms', enabling)
  else if (boundary === 'interval') say(connector, 'twinlog.transaction.interval.ms', 'transaction.boundary=poll')
  else say(connector, 'transaction.boundary.interval.ms', 'transaction.boundary=interval')
}

function judge(
  resolution: Resolution,
  { connector, worker, producer, fetch }: TransactionsViews,
  support: TransactionsSettings['support'],
): void {
  const isEnabled = support === 'enabled'
  const isCommittedRead = fetch.isolationLevel === 'read_committed'
  const required = connector.get('exactly.once.support')
  const level = resolution.read(connector, 'exactly.once.support', flowSettings['exactly.once.support'])
  if (required !== undefined && level === 'required') {
    if (!isEnabled) {
      const remedy =
        'Set exactly.once.source.support=enabled for the target (as B.exactly.once.source.support), or remove it.'
      resolution.problems.add(required, 'exactly once is not enabled for the target of this flow', remedy)
    }
    if (!isCommittedRead) {
      const what = 'exactly once needs a source consumer with isolation.level=read_committed'
      resolution.problems.add(required, what, 'Set A.consumer.isolation.level=read_committed.')
    }
  }
  const boundary = connector.get('transaction.boundary')
  const wanted = resolution.read(connector, 'transaction.boundary', flowSettings['transaction.boundary'])
  if (boundary !== undefined && wanted === 'connector') {
    const what = 'MirrorSourceConnector does not define the boundaries of transactions itself'
    resolution.problems.add(boundary, what, 'Use poll or interval.')
  }
  const property = worker.get('exactly.once.source.support')
  if (property === undefined || !isEnabled) return
  if (!isCommittedRead && level !== 'required') {
    const text = 'copies records of aborted transactions too, unless A.consumer.isolation.level=read_committed is set'
    resolution.notice(property, 'changed', 'warning', text)
  }
  const idempotence = producer.get('enable.idempotence')
  const isIdempotent = resolution.read(producer, 'enable.idempotence', producerSettings['enable.idempotence'])
  if (idempotence !== undefined && !isIdempotent) {
    resolution.notice(idempotence, 'changed', 'warning', 'is taken as true: exactly.once.source.support is enabled')
  }
}
