import type { Clock } from '../base/clock.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { Lane } from '../pipeline/lane.ts'
import type { FlowClusters } from './flow-clusters.ts'
import { GroupOffsets } from './group-offsets.ts'
import type { LedgerStore } from './ledger-store.ts'
import { OffsetTranslator } from './offset-translator.ts'
import { PastSyncReader } from './past-sync-reader.ts'

export interface FlowOffsetsDependencies {
  readonly clock: Clock
  readonly observe: Observer<EventName>
  readonly clusters: FlowClusters
  readonly ledger: LedgerStore
  readonly lane: Lane
  /** False while it is not sure that the flow is still ours. */
  readonly mayWrite: () => boolean
}

/** What a flow knows of offsets on both sides, as long as this process owns it. */
export interface FlowOffsets {
  readonly translator: OffsetTranslator
  /** Null: neither checkpoints nor group offsets are asked for. */
  readonly groups: GroupOffsets | null
}

/** Wires translation and the groups of a flow to its ledger, its lane and its clusters. */
export function createFlowOffsets(plan: FlowPlan, deps: FlowOffsetsDependencies): FlowOffsets {
  const { clock, observe, clusters, ledger, lane, mayWrite } = deps
  const { checkpoints, syncIntervalMs } = plan.groups
  const { offsetSyncs } = plan
  const lies = offsetSyncs?.location === 'target' ? clusters.targetAdmin : clusters.sourceAdmin
  const pastSyncs = offsetSyncs === undefined ? null : new PastSyncReader(lies, offsetSyncs.topic)
  const copied = lane.copied.bind(lane)
  const translator = new OffsetTranslator({ ledger, copied, pastSyncs: () => pastSyncs?.syncs ?? null })
  const isLocated = () => lane.status().partitions.every(({ phase }) => phase !== 'locating')
  const isAsked = checkpoints !== undefined || syncIntervalMs !== undefined
  const groupDeps = { clusters, clock, observe, translator, pastSyncs, mayWrite, isLocated }
  return { translator, groups: isAsked ? new GroupOffsets(plan, groupDeps) : null }
}
