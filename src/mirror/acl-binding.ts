/** By Kafka's names (AclOperation), as kafka-acls.sh takes and shows them. */
export type AclOperation =
  | 'All'
  | 'Read'
  | 'Write'
  | 'Create'
  | 'Delete'
  | 'Alter'
  | 'Describe'
  | 'ClusterAction'
  | 'DescribeConfigs'
  | 'AlterConfigs'
  | 'IdempotentWrite'
  | 'CreateTokens'
  | 'DescribeTokens'
  | 'TwoPhaseCommit'

export type AclResourceType = 'topic' | 'group' | 'cluster' | 'transactional-id' | 'delegation-token' | 'user'

/** One access rule: who may, or may not, do what from where. Kafka: AclBinding. */
export interface AclBinding {
  readonly resourceType: AclResourceType
  readonly resourceName: string
  readonly patternType: 'literal' | 'prefixed'
  /** `User:<name>` */
  readonly principal: string
  /** An address, or `*`. */
  readonly host: string
  readonly operation: AclOperation
  readonly permission: 'allow' | 'deny'
}

/** The same for equal rules. */
export function aclKey(binding: AclBinding): string {
  const { resourceType, resourceName, patternType, principal, host, operation, permission } = binding
  return JSON.stringify([resourceType, resourceName, patternType, principal, host, operation, permission])
}

/** @returns the rules of `wanted` that are not among `present`, each once */
export function missingAcls(wanted: readonly AclBinding[], present: Iterable<AclBinding>): AclBinding[] {
  const known = new Set([...present].map(aclKey))
  return wanted.filter((binding) => {
    const key = aclKey(binding)
    if (known.has(key)) return false
    known.add(key)
    return true
  })
}
