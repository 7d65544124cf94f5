import { ScramMechanisms } from '@platformatic/kafka'
import type { AdminOptions } from './admin.ts'
import type { ClusterClient } from './cluster-client.ts'

/** That a user can log in with SCRAM; the secret itself nobody can read. */
export interface ScramUser {
  readonly name: string
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly iterations: number
}

/** Reads who can log in with SCRAM. Source: KIP-554. @throws KAFKA_REFUSED with CLUSTER_AUTHORIZATION_FAILED, API_UNSUPPORTED before Kafka 2.7 */
export async function describeScramUsers(cluster: ClusterClient, { signal }: AdminOptions): Promise<ScramUser[]> {
  const { results } = await cluster.call('describeUserScramCredentials', 'any', [null], { signal })
  return results.flatMap(({ user: name, credentialInfos }) =>
    credentialInfos.map(({ mechanism, iterations }) => ({
      name,
      mechanism: mechanism === ScramMechanisms.SCRAM_SHA_256 ? 'SCRAM-SHA-256' : 'SCRAM-SHA-512',
      iterations,
    })),
  )
}
