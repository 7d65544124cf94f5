import type { Clock } from '../base/clock.ts'
import { GroupClient } from '../kafka/group-client.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { FlowClusters } from './flow-clusters.ts'
import { FlowOwnership } from './flow-ownership.ts'
import type { LocalProcess } from './local-process.ts'

/** MirrorMaker 2's is `connect`: neither gets in while the other is there. */
const groupProtocol = { protocolType: 'twinlog', protocolName: 'flow-owner' }

export interface CreateOwnershipDependencies {
  readonly clock: Clock
  readonly observe: Observer<EventName>
  readonly process: LocalProcess
  readonly clusters: Pick<FlowClusters, 'targetGroupBlocking' | 'targetGroup'>
  /** Kept from run to run of the flow (FlowOwnership). */
  readonly strays: Set<string>
  readonly onStandby: (cause: string) => void
}

/** The part that this process takes in the group of one flow. */
export function createFlowOwnership(
  { name: flow, groupId, sessionTimeoutMs }: Pick<FlowPlan, 'name' | 'groupId' | 'sessionTimeoutMs'>,
  { clock, observe, process, clusters, strays, onStandby }: CreateOwnershipDependencies,
): FlowOwnership {
  const rebalanceTimeoutMs = 2 * sessionTimeoutMs
  const group = new GroupClient(clusters.targetGroupBlocking, clusters.targetGroup, {
    groupId,
    ...groupProtocol,
    sessionTimeoutMs,
    rebalanceTimeoutMs,
  })
  return new FlowOwnership({ clock, observe, flow, group, process, sessionTimeoutMs, strays, onStandby })
}
