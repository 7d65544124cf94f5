import { createHash } from 'node:crypto'
import { TwinlogError } from '../base/catalogue.ts'
import { isTransactional } from '../mirror/ledger-entry.ts'
import type { LedgerEntry } from '../mirror/ledger-entry.ts'
import { FencingProducer } from '../kafka/fencing-producer.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { FlowClusters } from './flow-clusters.ts'
import { LedgerStore } from './ledger-store.ts'
import type { FlowHistory } from './partition-assigner.ts'
import { SourceOffsetStore } from './source-offset-store.ts'
import type { CallOptions } from './topic-ports.ts'
import { takeTask } from './transactional-claim.ts'

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
  const { offsetsTopic } = plan.positions
  const sourceClusterId = sourceAdmin.metadata?.clusterId ?? null
  const owner = { connectorName, sourceAlias: plan.source.alias }
  const producer = new FencingProducer(targetWorker, `${plan.groupId}-${plan.source.alias}-twinlog-stores`)
  const options = { signal, producer }
  const openOffsets = () => SourceOffsetStore.open(targetWorker, { ...plan.positions, owner }, options)
  const opened = await Promise.all([
    LedgerStore.open(targetWorker, { ...plan.positions, sourceClusterId, planHash: planHashOf(plan) }, options),
    openOffsets(),
  ])
  const [ledger] = opened
  let [, offsets] = opened
  if (plan.transactions.support !== 'enabled' && wasTransactional(ledger)) {
    // A transaction that an earlier life left open may hold positions that nobody can read yet.
    await takeTask(plan, clusters.targetData, 0, { signal })
    offsets = await openOffsets()
  }
  const flow = plan.name
  const { transactionalId, refusal: error } = producer
  if (error !== null) observe.event('StoresUnfenceable', { flow, cluster: plan.target.alias, transactionalId, error })
  for (const error of ledger.problems) observe.event('LedgerUnreadable', { flow, error })
  for (const record of offsets.unreadable) observe.event('PositionUnreadable', { flow, offsetsTopic, ...record })
  const onUnreadable = (error: TwinlogError) => observe.event('LedgerUnreadable', { flow, error })
  return { ledger, offsets, history: historyOf(ledger, offsets, onUnreadable) }
}

/** Whether exactly.once.source.support was enabled when the flow last wrote some partition. */
function wasTransactional(ledger: LedgerStore): boolean {
  for (const { identity } of ledger.known()) if (isTransactional(identity)) return true
  return false
}

/** A partition whose entry cannot be read goes on at its stored position, as if it had no ledger. */
function historyOf(
  ledger: LedgerStore,
  offsets: SourceOffsetStore,
  onUnreadable: (error: TwinlogError) => void,
): FlowHistory {
  const findEntry = (topic: string, partition: number): LedgerEntry | null => {
    try {
      return ledger.find(topic, partition, 'newest')
    } catch (error) {
      if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
      onUnreadable(error)
      return null
    }
  }
  return {
    hasRunBefore: ledger.known().next().done === false,
    known: () => ledger.known(),
    isDeletionKnown: (topic, partition) =>
      ledger.gaps().some((gap) => gap.topic === topic && gap.partition === partition && gap.reason === 'topic deleted'),
    find: (topic, partition) => ({
      ledger: findEntry(topic, partition),
      lastCopiedOffset: offsets.find(topic, partition),
    }),
  }
}

/** What of a plan decides which batches are copied: entries of the ledger say under which one they were written. */
export function planHashOf({ name, fetch, produce }: FlowPlan): bigint {
  const text = JSON.stringify([name, fetch.isolationLevel, produce.isIdempotent])
  return createHash('sha256').update(text).digest().readBigInt64BE(0)
}
