import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import { createAcls, describeAcls } from '../kafka/acls.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { missingAcls } from '../mirror/acl-binding.ts'
import type { AclBinding } from '../mirror/acl-binding.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { remoteTopicAcls } from '../mirror/remote-acls.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { FlowDuty } from './flow-duty.ts'
import type { CallOptions } from './topic-ports.ts'

export interface AclSyncDependencies {
  readonly plan: FlowPlan
  readonly intervalMs: number
  readonly source: ClusterClient
  readonly target: ClusterClient
  readonly observe: Observer<EventName>
}

/**
 * Gives remote topics the access rules of their source topics, as MirrorMaker 2 does (remoteTopicAcls). Only rules that are missing are created; none is ever taken
 * away. A cluster without an authorizer is said once.
 * Source: MirrorSourceConnector.syncTopicAcls.
 */
export class AclSync implements FlowDuty {
  readonly name = 'access rules'
  readonly intervalMs: number
  readonly #deps: AclSyncDependencies
  /** Created here: where the target does not let us read its rules, they are not created again and again. */
  readonly #created: AclBinding[] = []
  readonly #saidOpen = new Set<string>()
  #wantedCount = 0
  #open: string | null = null

  constructor(dependencies: AclSyncDependencies) {
    this.intervalMs = dependencies.intervalMs
    this.#deps = dependencies
  }

  /** @throws ACLS_UNREADABLE, ACLS_UNWRITABLE, connection errors */
  async round({ signal }: CallOptions): Promise<void> {
    const { plan, source, target } = this.#deps
    this.#open = null
    const found = await this.#describe(source, { signal })
    const wanted = found === null ? [] : remoteTopicAcls(plan, found)
    this.#wantedCount = wanted.length
    if (wanted.length === 0) return
    const present = await this.#presentOn(target, { signal })
    if (present !== null) await this.#create(missingAcls(wanted, present), { signal })
  }

  details(): Readonly<Record<string, unknown>> {
    return { rulesCount: this.#wantedCount, createdTotal: this.#created.length, withoutAuthorizer: this.#open }
  }

  /** @returns null where there is no authorizer */
  async #describe(cluster: ClusterClient, { signal }: CallOptions): Promise<readonly AclBinding[] | null> {
    try {
      return await describeAcls(cluster, 'topic', { signal })
    } catch (error) {
      if (errorNameOf(error) === 'SECURITY_DISABLED') return this.#noteOpen(cluster)
      if (errorNameOf(error) !== 'CLUSTER_AUTHORIZATION_FAILED') throw error
      throw errors.ACLS_UNREADABLE({ cluster: cluster.alias }, { cause: error })
    }
  }

  async #presentOn(target: ClusterClient, options: CallOptions): Promise<readonly AclBinding[] | null> {
    try {
      return await this.#describe(target, options)
    } catch (error) {
      if (!(error instanceof TwinlogError) || error.code !== 'ACLS_UNREADABLE') throw error
      // Perhaps it lets us create rules all the same, and one that exists is no harm.
      return this.#created
    }
  }

  #noteOpen({ alias }: ClusterClient): null {
    this.#open = alias
    if (!this.#saidOpen.has(alias))
      this.#deps.observe.event('AclsAbsent', { flow: this.#deps.plan.name, cluster: alias })
    this.#saidOpen.add(alias)
    return null
  }

  async #create(missing: readonly AclBinding[], { signal }: CallOptions): Promise<void> {
    if (missing.length === 0) return
    const { plan, target, observe } = this.#deps
    const failed = await createAcls(target, missing, { signal })
    const created = missing.filter((binding) => !failed.has(binding))
    this.#created.push(...created)
    const [example] = created
    if (example !== undefined) {
      const { principal, operation, resourceName: targetTopic } = example
      const rulesCount = created.length
      observe.event('AclsCreated', {
        flow: plan.name,
        cluster: target.alias,
        rulesCount,
        principal,
        operation,
        targetTopic,
      })
    }
    const [refusal] = failed.values()
    if (refusal !== undefined)
      throw errors.ACLS_UNWRITABLE(
        { cluster: target.alias, count: failed.size, reason: refusal.message },
        { cause: refusal },
      )
  }
}

function errorNameOf(error: unknown): unknown {
  return error instanceof TwinlogError ? error.parameters['error'] : undefined
}
