import type { ClientSettings } from '../config/client-settings.ts'
import type { AclOperation } from '../mirror/acl-binding.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import {
  askClusterOperations,
  askCreatable,
  askGroupOperations,
  askTopicOperations,
  askTransactionalIdOperations,
  hasAuthorizer,
} from '../kafka/granted-operations.ts'
import { principalOf } from '../kafka/principal.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { VerifyClusters } from '../verify/verify-clusters.ts'
import { aclCommands } from './acl-commands.ts'
import type { MissingGrant } from './acl-commands.ts'
import { neededPermissions } from './needed-permissions.ts'
import type { PermissionFacts } from './needed-permissions.ts'
import type { NeededPermission } from './needed-permission.ts'

/** A permission, and whether it is there. */
export interface ReviewedPermission extends NeededPermission {
  /** Alias. */
  readonly cluster: string
  /** unchecked: the cluster has no authorizer. unknown: it does not tell. */
  readonly state: 'granted' | 'missing' | 'unchecked' | 'unknown'
  /** What is missing or not known, by name. */
  readonly lacking: readonly { readonly name: string; readonly operations: readonly AclOperation[] }[]
}

/** All that a flow needs to be allowed. */
export interface PermissionReview {
  readonly flow: string
  readonly permissions: readonly ReviewedPermission[]
  /** The lines of kafka-acls that allow what is missing, and what is not known to be allowed. */
  readonly commands: readonly string[]
}

interface ReviewOptions {
  readonly signal: AbortSignal
}

/**
 * Asks both clusters of a flow whether its users may do what the flow needs. Nothing is changed, and no internal topic of the brokers comes into being.
 * @throws KAFKA_*, connection errors, the signal's reason
 */
export async function reviewPermissions(
  plan: FlowPlan,
  clusters: VerifyClusters,
  facts: Omit<PermissionFacts, 'isTargetBefore28'>,
  options: ReviewOptions,
): Promise<PermissionReview> {
  const checks = {
    source: await hasAuthorizer(clusters.sourceAdmin, options),
    target: await hasAuthorizer(clusters.targetAdmin, options),
  }
  const isTargetBefore28 = (await askClusterOperations(clusters.targetAdmin, options)) === null
  const needs = neededPermissions(plan, { ...facts, isTargetBefore28 })
  const grants = new Grants(clusters, needs)
  const permissions: ReviewedPermission[] = []
  const missing: MissingGrant[] = []
  for (const need of needs) {
    const side = need.client.startsWith('source') ? 'source' : 'target'
    const reviewed = checks[side]
      ? await reviewOne(need, clusters[need.client].alias, grants, options)
      : { ...need, cluster: clusters[need.client].alias, state: 'unchecked' as const, lacking: [] }
    permissions.push(reviewed)
    const { settings } = clusters[need.client]
    for (const lacking of reviewed.lacking)
      missing.push({ ...accessOf(settings), ...lacking, resourceType: need.resourceType })
  }
  return { flow: plan.name, permissions, commands: aclCommands(missing, remotePrefix(plan)) }
}

async function reviewOne(
  need: NeededPermission,
  cluster: string,
  grants: Grants,
  options: ReviewOptions,
): Promise<ReviewedPermission> {
  const lacking: { name: string; operations: AclOperation[] }[] = []
  let isUnknown = false
  for (const [name, granted] of await grants.ofAll(need, options)) {
    const operations = need.operations.filter((operation) => granted === null || !granted.has(operation))
    if (granted === null) isUnknown = true
    if (operations.length > 0) lacking.push({ name, operations })
  }
  const state = lacking.length === 0 ? 'granted' : isUnknown ? 'unknown' : 'missing'
  return { ...need, cluster, state, lacking }
}

function accessOf(settings: ClientSettings): { principal: string; bootstrapServer: string } {
  return { principal: principalOf(settings), bootstrapServer: settings.bootstrapServers[0] ?? '' }
}

/** What the names of all remote topics begin with; undefined where the policy puts nothing before them. */
function remotePrefix({ policy, source }: FlowPlan): string | undefined {
  const probe = 'topic'
  const remote = policy.formatRemoteTopic(source.alias, probe)
  return remote.length > probe.length && remote.endsWith(probe) ? remote.slice(0, -probe.length) : undefined
}

const ASKED_AT_ONCE = 100

type Granted = ReadonlySet<AclOperation> | null

/** What users may do, asked for once for each user and resource. */
class Grants {
  readonly #clusters: VerifyClusters
  readonly #needs: readonly NeededPermission[]
  readonly #topics = new Map<string, Promise<ReadonlyMap<string, Granted>>>()
  readonly #others = new Map<string, Promise<Granted>>()

  constructor(clusters: VerifyClusters, needs: readonly NeededPermission[]) {
    this.#clusters = clusters
    this.#needs = needs
  }

  /** Many groups are asked about at the same time, but not all. */
  async ofAll(need: NeededPermission, options: ReviewOptions): Promise<readonly (readonly [string, Granted])[]> {
    const found: (readonly [string, Granted])[] = []
    for (let start = 0; start < need.names.length; start += ASKED_AT_ONCE) {
      const names = need.names.slice(start, start + ASKED_AT_ONCE)
      found.push(
        ...(await Promise.all(names.map(async (name) => [name, await this.#of(need, name, options)] as const))),
      )
    }
    return found
  }

  async #of({ client, resourceType }: NeededPermission, name: string, options: ReviewOptions): Promise<Granted> {
    const cluster = this.#clusters[client]
    const user = userOf(cluster)
    if (resourceType === 'topic') {
      const topics = this.#topics.get(user) ?? this.#askTopics(user, cluster, options)
      this.#topics.set(user, topics)
      return (await topics).get(name) ?? null
    }
    const key = JSON.stringify([user, resourceType, name])
    const known = this.#others.get(key) ?? askOther(cluster, resourceType, name, options)
    this.#others.set(key, known)
    return known
  }

  /** All topics of one user together. Nobody has to create what is there; and who may create topics of the cluster may create each. */
  async #askTopics(
    user: string,
    cluster: ClusterClient,
    options: ReviewOptions,
  ): Promise<ReadonlyMap<string, Granted>> {
    const needs = this.#needs.filter(
      ({ client, resourceType }) => resourceType === 'topic' && userOf(this.#clusters[client]) === user,
    )
    const topics = await askTopicOperations(cluster, [...new Set(needs.flatMap(({ names }) => names))], options)
    const created = needs.filter(({ operations }) => operations.includes('Create')).flatMap(({ names }) => names)
    const unsure = [...new Set(created)].filter((name) => topics.get(name)?.operations?.has('Create') === false)
    const creatable = await askCreatable(cluster, unsure, options)
    const isCreatable = (name: string): boolean => creatable.has(name) || topics.get(name)?.exists === true
    return new Map(
      [...topics].map(([name, { operations }]) => [
        name,
        operations === null || !isCreatable(name) ? operations : new Set([...operations, 'Create' as const]),
      ]),
    )
  }
}

/** Clients of a flow that log in as the same user may do the same. */
function userOf({ alias, settings }: ClusterClient): string {
  return `${alias} ${principalOf(settings)}`
}

function askOther(
  cluster: ClusterClient,
  resourceType: Exclude<NeededPermission['resourceType'], 'topic'>,
  name: string,
  options: ReviewOptions,
): Promise<Granted> {
  switch (resourceType) {
    case 'group':
      return askGroupOperations(cluster, name, options)
    case 'transactional-id':
      return askTransactionalIdOperations(cluster, name, options)
    case 'cluster':
      return askClusterOperations(cluster, options)
  }
}
