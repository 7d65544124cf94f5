/** Operations that rules allow or deny, by the names that kafka-acls takes. */
export type AclOperation = (typeof operations)[number][1]

/** Source: org.apache.kafka.common.acl.AclOperation. */
const operations = [
  [3, 'Read'],
  [4, 'Write'],
  [5, 'Create'],
  [6, 'Delete'],
  [7, 'Alter'],
  [8, 'Describe'],
  [9, 'ClusterAction'],
  [10, 'DescribeConfigs'],
  [11, 'AlterConfigs'],
  [12, 'IdempotentWrite'],
] as const

/**
 * What a broker says in an answer that we may do with a topic, a group or the cluster (KIP-430). Without an authorizer it names everything.
 * @param bits   bit n stands for the operation with code n; the smallest int32 means: not told
 */
export function authorizedOperations(bits: number): ReadonlySet<AclOperation> | null {
  if (bits === -(2 ** 31)) return null
  return new Set(operations.filter(([code]) => (bits & (1 << code)) !== 0).map(([, name]) => name))
}
