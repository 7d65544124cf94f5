import { TwinlogError } from '../base/catalogue.ts'
import { planHashOf } from '../control/flow-stores.ts'
import { LedgerStore } from '../control/ledger-store.ts'
import { openReadOnly } from '../control/read-only-topic.ts'
import { SourceOffsetStore } from '../control/source-offset-store.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { Gap } from '../mirror/gap.ts'
import type { LedgerEntry } from '../mirror/ledger-entry.ts'

/** What a flow has written down on its target, read without a lock and without changing anything. */
export interface WrittenHistory {
  /** Null: there is no entry; a text: why it cannot be read. */
  entry(topic: string, partition: number): LedgerEntry | string | null
  lastCopiedOffset(topic: string, partition: number): number | null
  readonly gaps: readonly Gap[]
}

const connectorName = 'MirrorSourceConnector'

/** Reads ledger and positions of a flow; a topic that is not there holds nothing. @throws KAFKA_* and connection errors */
export async function readWrittenHistory(
  plan: FlowPlan,
  { source, target }: { readonly source: ClusterClient; readonly target: ClusterClient },
  { signal }: { readonly signal: AbortSignal },
): Promise<WrittenHistory> {
  const { offsetsTopic, ledgerTopic } = plan.positions
  const scope = {
    sourceClusterId: source.metadata?.clusterId ?? null,
    targetClusterId: target.metadata?.clusterId ?? null,
    planHash: planHashOf(plan),
  }
  const [ledgerLog, offsetsLog] = await Promise.all([
    openReadOnly(target, ledgerTopic, signal),
    openReadOnly(target, offsetsTopic, signal),
  ])
  const ledger = ledgerLog === null ? null : await LedgerStore.load(ledgerLog, scope, { signal })
  const owner = { connectorName, sourceAlias: plan.source.alias }
  const offsets = offsetsLog === null ? null : await SourceOffsetStore.load(offsetsLog, owner, { signal })
  return {
    entry: (topic, partition) => findEntry(ledger, topic, partition),
    lastCopiedOffset: (topic, partition) => offsets?.find(topic, partition) ?? null,
    gaps: ledger?.gaps() ?? [],
  }
}

function findEntry(ledger: LedgerStore | null, topic: string, partition: number): LedgerEntry | string | null {
  try {
    return ledger?.find(topic, partition) ?? null
  } catch (error) {
    if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
    return error.message
  }
}
