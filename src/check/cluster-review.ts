import { TwinlogError } from '../base/catalogue.ts'
import { readBrokerVersion } from '../kafka/broker-version.ts'
import type { BrokerVersion } from '../kafka/broker-version.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { BrokerInfo } from '../kafka/cluster-metadata.ts'
import { principalOf } from '../kafka/principal.ts'
import type { CheckFinding } from './check-finding.ts'

/** One broker, and whether we get at it at the address that it advertises. */
export interface ReviewedBroker extends BrokerInfo {
  /** Null: it could not be reached; `problem` says why. */
  readonly version: BrokerVersion | null
  readonly problem: string | null
}

/** One cluster, as a client of it finds it. */
export interface ClusterReview {
  readonly alias: string
  readonly addresses: readonly string[]
  readonly securityProtocol: string
  /** As whom the cluster knows us. */
  readonly principal: string
  /** Null: it could not be reached, or does not say. */
  readonly clusterId: string | null
  /** Empty: it could not be reached. */
  readonly brokers: readonly ReviewedBroker[]
  readonly findings: readonly CheckFinding[]
}

/** Looks whether a cluster and each of its brokers can be reached, and what they are. What fails is a finding. @throws the signal's reason; defects */
export async function reviewCluster(
  cluster: ClusterClient,
  { signal }: { readonly signal: AbortSignal },
): Promise<ClusterReview> {
  const { alias, settings } = cluster
  const review = {
    alias,
    addresses: settings.bootstrapServers,
    securityProtocol: settings.securityProtocol,
    principal: principalOf(settings),
  }
  try {
    const metadata = await cluster.refreshMetadata({ signal, topics: [] })
    const known = [...metadata.brokers.values()].toSorted((one, other) => one.nodeId - other.nodeId)
    const brokers = await Promise.all(known.map((broker) => reviewBroker(cluster, broker, signal)))
    return { ...review, clusterId: metadata.clusterId, brokers, findings: brokers.flatMap(brokerFindings) }
  } catch (error) {
    return { ...review, clusterId: null, brokers: [], findings: [connectFinding(expected(error, signal))] }
  }
}

async function reviewBroker(cluster: ClusterClient, broker: BrokerInfo, signal: AbortSignal): Promise<ReviewedBroker> {
  try {
    return { ...broker, version: await readBrokerVersion(cluster, broker.nodeId, { signal }), problem: null }
  } catch (error) {
    return { ...broker, version: null, problem: expected(error, signal).message }
  }
}

/** @returns the error; @throws what is no answer to the question */
function expected(error: unknown, signal: AbortSignal): TwinlogError {
  signal.throwIfAborted()
  if (error instanceof TwinlogError && error.kind !== 'defect') return error
  throw error
}

/** Why no client gets into the cluster: something to correct in the file (a login, a certificate), or nobody there. */
function connectFinding({ kind, message }: TwinlogError): CheckFinding {
  return {
    code: kind === 'configuration' ? 'cluster-refuses' : 'cluster-unreachable',
    level: 'problem',
    what: message.replace(/\.$/, ''),
    effect: 'flows from and to this cluster wait, and are not looked at here',
    remedy: '',
  }
}

function brokerFindings({ nodeId, host, port, problem }: ReviewedBroker): CheckFinding[] {
  if (problem === null) return []
  return [
    {
      code: 'broker-unreachable',
      level: 'problem',
      what: `broker ${nodeId} cannot be reached at the address that it advertises, ${host}:${port}: ${problem.replace(/\.$/, '')}`,
      effect: 'partitions that it leads wait',
      remedy: `Correct advertised.listeners of broker ${nodeId}, or make ${host}:${port} reachable from here.`,
    },
  ]
}
