import type { ClusterClient } from '../kafka/cluster-client.ts'
import { ensureCompactedTopic, produceRecords, readCompactedTopic } from '../kafka/compacted-topic.ts'
import type { CompactedTopicSpec } from '../kafka/compacted-topic.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { FlowClusters } from './flow-clusters.ts'
import { LedgerStore } from './ledger-store.ts'
import type { FlowHistory } from './partition-assigner.ts'
import type { RecordLog } from './record-log.ts'
import { SourceOffsetStore } from './source-offset-store.ts'
import type { CallOptions } from './topic-ports.ts'

/** What a flow has written down, read at its start. */
export interface FlowStores {
  readonly ledger: LedgerStore
  readonly offsets: SourceOffsetStore
  readonly history: FlowHistory
}

/** The name under which MirrorMaker 2 stores its positions. */
const connectorName = 'MirrorSourceConnector'

/** Opens ledger and positions on the target, side by side; both topics are created where they are missing. */
export async function openFlowStores(
  plan: FlowPlan,
  clusters: FlowClusters,
  observe: Observer<EventName>,
  { signal }: CallOptions,
): Promise<FlowStores> {
  const { sourceAdmin, targetWorker } = clusters
  const { ledgerTopic, offsetsTopic, replicationFactor, partitionsCount } = plan.positions
  const sourceClusterId = sourceAdmin.metadata?.clusterId ?? null
  const targetClusterId = targetWorker.metadata?.clusterId ?? null
  const [ledger, offsets] = await Promise.all([
    openLog(targetWorker, ledgerTopic, { partitions: 1, replicationFactor }, signal).then((log) =>
      LedgerStore.load(log, { sourceClusterId, targetClusterId, planHash: 0n }, { signal }),
    ),
    openLog(targetWorker, offsetsTopic, { partitions: partitionsCount, replicationFactor }, signal).then((log) =>
      SourceOffsetStore.load(log, { connectorName, sourceAlias: plan.source.alias }, { signal }),
    ),
  ])
  const flow = plan.name
  for (const error of ledger.problems) observe.event('LedgerUnreadable', { flow, error })
  for (const record of offsets.unreadable) observe.event('PositionUnreadable', { flow, offsetsTopic, ...record })
  return { ledger, offsets, history: historyOf(ledger, offsets) }
}

function historyOf(ledger: LedgerStore, offsets: SourceOffsetStore): FlowHistory {
  return {
    hasRunBefore: ledger.known().next().done === false,
    find: (topic, partition) => ({
      ledger: ledger.find(topic, partition),
      lastCopiedOffset: offsets.find(topic, partition),
    }),
  }
}

async function openLog(cluster: ClusterClient, topic: string, spec: CompactedTopicSpec, signal: AbortSignal): Promise<RecordLog> {
  const { partitions } = await ensureCompactedTopic(cluster, topic, spec, { signal })
  return {
    topic,
    cluster: cluster.alias,
    partitionCount: partitions.length,
    async read(onRecord, options) {
      const onTopicRecord = (record: Parameters<Parameters<typeof readCompactedTopic>[2]>[0]) =>
        onRecord({ ...record, timestamp: Number(record.timestamp) })
      await readCompactedTopic(cluster, topic, onTopicRecord, options)
    },
    append: (records, options) => produceRecords(cluster, topic, records, options),
  }
}
