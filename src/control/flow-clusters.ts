import type { Clock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import type { ClientSettings } from '../config/client-settings.ts'
import { ClusterClient } from '../kafka/cluster-client.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { memberClientId } from '../mirror/process-identity.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { reportClusterEvents } from './cluster-report.ts'
import { runTogether } from './task-group.ts'
import type { LocalProcess } from './local-process.ts'
import type { CallOptions } from './topic-ports.ts'

/** The clients of one flow for its target, each with the settings that MirrorMaker 2 would give it. */
export interface TargetClusters {
  readonly targetAdmin: ClusterClient
  readonly targetData: ClusterClient
  readonly targetWorker: ClusterClient
  /** For the group that guards ownership: what waits for other members, and what does not. */
  readonly targetGroupBlocking: ClusterClient
  readonly targetGroup: ClusterClient
}

/** The clients of one flow for both sides. */
export interface FlowClusters extends TargetClusters {
  readonly sourceAdmin: ClusterClient
  readonly sourceData: ClusterClient
}

export interface FlowClustersDependencies {
  readonly clock: Clock
  readonly random: () => number
  readonly observe: Observer<EventName>
  readonly process: LocalProcess
}

/** Makes the clients; nothing connects yet. They are closed with `resources`. */
export function openFlowClusters(
  plan: FlowPlan,
  deps: FlowClustersDependencies,
  resources: AsyncDisposableStack,
): FlowClusters {
  const { source } = plan
  const clientDeps = clientDependencies(plan.name, deps)
  return {
    sourceAdmin: resources.use(new ClusterClient(source.alias, source.client, clientDeps)),
    sourceData: resources.use(new ClusterClient(source.alias, source.dataClient, clientDeps)),
    ...openTargetClusters(plan, deps, resources),
  }
}

/** As openFlowClusters, for a flow that has to do with its target alone. */
export function openTargetClusters(
  { name, target }: Pick<FlowPlan, 'name' | 'target'>,
  deps: FlowClustersDependencies,
  resources: AsyncDisposableStack,
): TargetClusters {
  const clientDeps = clientDependencies(name, deps)
  const memberClient = { ...target.workerClient, clientId: memberClientId(name, deps.process.identity) }
  const open = (client: ClientSettings) => resources.use(new ClusterClient(target.alias, client, clientDeps))
  return {
    targetAdmin: open(target.client),
    targetData: open(target.dataClient),
    targetWorker: open(target.workerClient),
    targetGroupBlocking: open(memberClient),
    targetGroup: open(memberClient),
  }
}

function clientDependencies(flow: string, { clock, random, observe }: FlowClustersDependencies) {
  return { clock, random, onEvent: reportClusterEvents(flow, observe) }
}

/**
 * Waits until both clusters answer; each failed round is told. The admin clients go first, so that a cluster that is down is
 * told of once and not by every client.
 * @throws a configuration error (wrong password, no TLS, ...) at once
 */
export async function waitForClusters(clusters: FlowClusters, { signal }: CallOptions): Promise<void> {
  const { sourceAdmin, targetAdmin, ...others } = clusters
  await reachAll([sourceAdmin, targetAdmin], { signal })
  await reachAll(Object.values(others), { signal })
}

/** As waitForClusters, for a flow that has to do with its target alone. */
export async function waitForTargetClusters(clusters: TargetClusters, { signal }: CallOptions): Promise<void> {
  const { targetAdmin, ...others } = clusters
  await reachAll([targetAdmin], { signal })
  await reachAll(Object.values(others), { signal })
}

async function reachAll(clients: readonly ClusterClient[], { signal }: CallOptions): Promise<void> {
  const waits = clients.map((client) => async (until: AbortSignal) => {
    await client.waitUntilReachable({ signal: until })
  })
  await runTogether(waits, { signal })
}

/** What tells the target from other clusters of the process, also when two aliases name the same one. */
export function clusterIdentity(client: ClusterClient): string {
  return client.metadata?.clusterId ?? client.alias
}

/**
 * Looks whether a flow leads from a cluster to itself.
 * @returns whether both sides are one cluster
 * @throws CLUSTER_MIRRORS_ITSELF when topic names stay as they are, since each record would come round again for ever
 */
export function checkClusters(plan: FlowPlan, clusters: FlowClusters, observe: Observer<EventName>): boolean {
  const clusterId = clusters.sourceAdmin.metadata?.clusterId ?? null
  if (clusterId === null || clusterId !== (clusters.targetAdmin.metadata?.clusterId ?? null)) return false
  const fields = { flow: plan.name, source: plan.source.alias, target: plan.target.alias, clusterId }
  const probe = 'a-topic'
  if (plan.policy.formatRemoteTopic(plan.source.alias, probe) === probe) throw errors.CLUSTER_MIRRORS_ITSELF(fields)
  observe.event('ClusterMirroredToItself', fields)
  return true
}
