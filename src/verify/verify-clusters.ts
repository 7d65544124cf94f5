import type { Clock } from '../base/clock.ts'
import { reportClusterEvents } from '../control/cluster-report.ts'
import { ClusterClient } from '../kafka/cluster-client.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'

/** The clients that look at both sides of a flow, with the settings under which the flow itself reads and writes. Nothing is written through them. */
export interface VerifyClusters {
  readonly sourceAdmin: ClusterClient
  readonly sourceData: ClusterClient
  readonly targetAdmin: ClusterClient
  readonly targetData: ClusterClient
  readonly targetWorker: ClusterClient
}

export interface VerifyClustersDependencies {
  readonly clock: Clock
  readonly random: () => number
  readonly observe: Observer<EventName>
}

/**
 * Connects to both clusters, once: whoever asks whether two clusters are equal wants to hear now that one does not answer.
 * @throws CLUSTER_UNREACHABLE and the configuration errors of connecting
 */
export async function openVerifyClusters(
  plan: FlowPlan,
  { clock, random, observe }: VerifyClustersDependencies,
  resources: AsyncDisposableStack,
  { signal }: { readonly signal: AbortSignal },
): Promise<VerifyClusters> {
  const { source, target, name } = plan
  const deps = { clock, random, onEvent: reportClusterEvents(name, observe) }
  const clusters: VerifyClusters = {
    sourceAdmin: resources.use(new ClusterClient(source.alias, source.client, deps)),
    sourceData: resources.use(new ClusterClient(source.alias, source.dataClient, deps)),
    targetAdmin: resources.use(new ClusterClient(target.alias, target.client, deps)),
    targetData: resources.use(new ClusterClient(target.alias, target.dataClient, deps)),
    targetWorker: resources.use(new ClusterClient(target.alias, target.workerClient, deps)),
  }
  await Promise.all(
    Object.values(clusters).map((client: ClusterClient) => client.refreshMetadata({ signal, topics: [] })),
  )
  return clusters
}
