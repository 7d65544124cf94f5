import type { AdminOptions } from './admin.ts'
import type { ClusterClient } from './cluster-client.ts'

/** Limits of one entity: a user, a client id, both together, or an address. Kafka: ClientQuotaEntity. */
export interface ClientQuota {
  /** Entity types (`user`, `client-id`, `ip`) and names; null: all that have no limits of their own. */
  readonly entity: ReadonlyMap<string, string | null>
  /** For example producer_byte_rate: bytes a second and broker. */
  readonly limits: ReadonlyMap<string, number>
}

/** Reads all client quotas. Source: KIP-546. @throws KAFKA_REFUSED with CLUSTER_AUTHORIZATION_FAILED, API_UNSUPPORTED before Kafka 2.6 */
export async function describeClientQuotas(cluster: ClusterClient, { signal }: AdminOptions): Promise<ClientQuota[]> {
  const { entries } = await cluster.call('describeClientQuotas', 'any', [[], false], { signal })
  return (entries ?? []).map(({ entity, values }) => ({
    entity: new Map(entity.map(({ entityType, entityName }) => [entityType, entityName ?? null])),
    limits: new Map(values.map(({ key, value }) => [key, value])),
  }))
}
