import type { Clock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import { ClusterClient } from '../kafka/cluster-client.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { memberClientId } from '../mirror/process-identity.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { reportClusterEvents } from './cluster-report.ts'
import { runTogether } from './task-group.ts'
import type { LocalProcess } from './local-process.ts'
import type { CallOptions } from './topic-ports.ts'

/** The clients of one flow, each with the settings that MirrorMaker 2 would give it. */
export interface FlowClusters {
  readonly sourceAdmin: ClusterClient
  readonly sourceData: ClusterClient
  readonly targetAdmin: ClusterClient
  readonly targetData: ClusterClient
  readonly targetWorker: ClusterClient
  /** For the group that guards ownership: what waits for other members, and what does not. */
  readonly targetGroupBlocking: ClusterClient
  readonly targetGroup: ClusterClient
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
  const { clock, random, observe, process } = deps
  const clientDeps = { clock, random, onEvent: reportClusterEvents(plan.name, observe) }
  const { source, target } = plan
  const memberClient = { ...target.workerClient, clientId: memberClientId(plan.name, process.identity) }
  return {
    sourceAdmin: resources.use(new ClusterClient(source.alias, source.client, clientDeps)),
    sourceData: resources.use(new ClusterClient(source.alias, source.dataClient, clientDeps)),
    targetAdmin: resources.use(new ClusterClient(target.alias, target.client, clientDeps)),
    targetData: resources.use(new ClusterClient(target.alias, target.dataClient, clientDeps)),
    targetWorker: resources.use(new ClusterClient(target.alias, target.workerClient, clientDeps)),
    targetGroupBlocking: resources.use(new ClusterClient(target.alias, memberClient, clientDeps)),
    targetGroup: resources.use(new ClusterClient(target.alias, memberClient, clientDeps)),
  }
}

/**
 * Waits until both clusters answer; each failed round is told. The admin clients go first, so that a cluster that is down is
 * told of once and not by every client.
 * @throws a configuration error (wrong password, no TLS, ...) at once
 */
export async function waitForClusters(clusters: FlowClusters, { signal }: CallOptions): Promise<void> {
  const { sourceAdmin, targetAdmin, sourceData, targetData, targetWorker, targetGroupBlocking, targetGroup } = clusters
  await reachAll([sourceAdmin, targetAdmin], { signal })
  await reachAll([sourceData, targetData, targetWorker, targetGroupBlocking, targetGroup], { signal })
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
