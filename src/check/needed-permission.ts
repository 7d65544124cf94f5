import type { AclOperation } from '../mirror/acl-binding.ts'
import type { VerifyClusters } from '../verify/verify-clusters.ts'

export type AclResourceType = 'topic' | 'group' | 'transactional-id' | 'cluster'

/** The name under which a cluster itself stands in rules. */
export const CLUSTER_RESOURCE = 'kafka-cluster'

/** What a flow's user has to be allowed to do with some resources of one cluster, so that the flow can do something. */
export interface NeededPermission {
  /** What it is for, for people: "read records". */
  readonly capability: string
  /** Whose login it needs: the clients of a flow may have different ones. */
  readonly client: keyof VerifyClusters
  readonly resourceType: AclResourceType
  readonly names: readonly string[]
  readonly operations: readonly AclOperation[]
  /** problem: the flow, or a partition of it, does not run without. warning: something is weaker, or is not done. */
  readonly level: 'problem' | 'warning'
  /** What happens without it. */
  readonly without: string
}
