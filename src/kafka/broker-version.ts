import type { ApiResponse } from './api-table.ts'
import type { ClusterClient } from './cluster-client.ts'

/** Which Kafka a broker is, and from what that is known. */
export interface BrokerVersion {
  /** As `4.3`; what brokers tell has no third number. */
  readonly release: string
  /** True: at least this one; a later one may answer the same. */
  readonly isAtLeast: boolean
  readonly source: 'feature metadata.version' | 'APIs'
}

type Answer = Pick<ApiResponse<'apiVersions'>, 'apiKeys' | 'supportedFeatures'>

/** First release of each level of the feature metadata.version. Source: org.apache.kafka.server.common.MetadataVersion (4.3). */
const levels: readonly (readonly [number, string])[] = [
  [30, '4.3'],
  [28, '4.2'],
  [26, '4.1'],
  [22, '4.0'],
  [21, '3.9'],
  [20, '3.8'],
  [15, '3.7'],
  [12, '3.6'],
  [9, '3.5'],
  [8, '3.4'],
  [4, '3.3'],
]
const newestLevel = 30

/** First release that has an API (its key) in a version. Before KRaft brokers tell nothing else. */
const apis: readonly (readonly [number, number, string])[] = [
  [75, 0, '3.8'],
  [1, 16, '3.7'],
  [1, 15, '3.5'],
  [11, 8, '3.2'],
  [1, 13, '3.1'],
  [65, 0, '3.0'],
  [60, 0, '2.8'],
  [50, 0, '2.7'],
  [48, 0, '2.6'],
  [11, 7, '2.5'],
]

/**
 * Works out the version from an answer to ApiVersions. A broker of KRaft says up to which metadata.version it could go, which is that of its own release; an older one
 * is known by the APIs that it has.
 */
export function brokerVersionOf({ apiKeys, supportedFeatures }: Answer): BrokerVersion {
  const level = supportedFeatures?.find(({ name }) => name === 'metadata.version')?.maxVersion ?? 0
  const byLevel = levels.find(([first]) => level >= first)
  if (byLevel !== undefined)
    return { release: byLevel[1], isAtLeast: level > newestLevel, source: 'feature metadata.version' }
  const newest = new Map(apiKeys.map(({ apiKey, maxVersion }) => [apiKey, maxVersion]))
  const byApi = apis.find(([key, version]) => (newest.get(key) ?? -1) >= version)
  return { release: byApi?.[2] ?? '2.4', isAtLeast: true, source: 'APIs' }
}

/** Asks one broker. @throws KAFKA_*, connection errors, the signal's reason */
export async function readBrokerVersion(
  cluster: ClusterClient,
  nodeId: number,
  { signal }: { readonly signal: AbortSignal },
): Promise<BrokerVersion> {
  return brokerVersionOf(await cluster.call('apiVersions', { nodeId }, ['twinlog', '1'], { signal, retries: 0 }))
}
