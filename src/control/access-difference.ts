import { TwinlogError } from '../base/catalogue.ts'
import { describeAcls } from '../kafka/acls.ts'
import { describeClientQuotas } from '../kafka/client-quotas.ts'
import type { ClientQuota } from '../kafka/client-quotas.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { describeScramUsers } from '../kafka/scram-users.ts'
import type { ScramUser } from '../kafka/scram-users.ts'
import { missingAcls } from '../mirror/acl-binding.ts'
import type { AclBinding } from '../mirror/acl-binding.ts'
import { failoverAcls } from '../mirror/failover-acls.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { CallOptions } from './topic-ports.ts'

/** What the target lacks so that programs of the source can go on there. */
export interface AccessDifference {
  readonly acls: readonly AclBinding[]
  /** Who can log in with SCRAM at the source and not at the target; their secrets nobody can read. */
  readonly users: readonly ScramUser[]
  /** Limits that the target does not have, or has other values for. */
  readonly quotas: readonly ClientQuota[]
  /** What could not be found out, with the reason. */
  readonly unknown: readonly string[]
}

export interface AccessRequest {
  readonly plan: FlowPlan
  readonly source: ClusterClient
  readonly target: ClusterClient
  /** Whether topic rules are to be for remote topics, or for topics of the same names. */
  readonly topicNames: 'remote' | 'source'
}

/** Compares who may do what on both clusters of a flow. What one of them does not tell is said, and the rest is compared. */
export async function findAccessDifference(request: AccessRequest, { signal }: CallOptions): Promise<AccessDifference> {
  const { plan, source, target, topicNames } = request
  const unknown: string[] = []
  const ask = async <Item>(
    what: string,
    cluster: ClusterClient,
    read: (cluster: ClusterClient, options: CallOptions) => Promise<readonly Item[]>,
  ): Promise<readonly Item[] | null> => {
    try {
      return await read(cluster, { signal })
    } catch (error) {
      if (!(error instanceof TwinlogError) || error.kind === 'defect' || error.action === 'retry') throw error
      unknown.push(`${what} of cluster ${cluster.alias}: ${error.message}`)
      return null
    }
  }
  const both = async <Item>(what: string, read: Parameters<typeof ask<Item>>[2]) =>
    [await ask(what, source, read), await ask(what, target, read)] as const
  const [sourceAcls, targetAcls] = await both('access rules', (cluster, options) =>
    describeAcls(cluster, 'any', options),
  )
  const [sourceUsers, targetUsers] = await both('SCRAM users', describeScramUsers)
  const [sourceQuotas, targetQuotas] = await both('client quotas', describeClientQuotas)
  const userKey = ({ name, mechanism }: ScramUser): string => JSON.stringify([name, mechanism])
  const known = new Set((targetUsers ?? []).map(userKey))
  return {
    acls: missingAcls(failoverAcls(plan, sourceAcls ?? [], topicNames), targetAcls ?? []),
    users: (sourceUsers ?? []).filter((user) => !known.has(userKey(user))),
    quotas: differentQuotas(sourceQuotas ?? [], targetQuotas ?? []),
    unknown,
  }
}

/** Of each entity the limits that differ. */
function differentQuotas(source: readonly ClientQuota[], target: readonly ClientQuota[]): ClientQuota[] {
  const keyOf = ({ entity }: ClientQuota): string =>
    JSON.stringify([...entity].toSorted(([one], [other]) => (one < other ? -1 : 1)))
  const present = new Map(target.map((quota) => [keyOf(quota), quota.limits]))
  return source.flatMap((quota) => {
    const limits = [...quota.limits].filter(([name, value]) => present.get(keyOf(quota))?.get(name) !== value)
    return limits.length === 0 ? [] : [{ entity: quota.entity, limits: new Map(limits) }]
  })
}
