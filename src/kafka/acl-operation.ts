import { AclOperations } from '@platformatic/kafka'
import type { AclOperation } from '../mirror/acl-binding.ts'

/** Kafka's numbers of the operations. Source: org.apache.kafka.common.acl.AclOperation. */
export const aclOperationCodes: Readonly<Record<AclOperation, number>> = {
  All: AclOperations.ALL,
  Read: AclOperations.READ,
  Write: AclOperations.WRITE,
  Create: AclOperations.CREATE,
  Delete: AclOperations.DELETE,
  Alter: AclOperations.ALTER,
  Describe: AclOperations.DESCRIBE,
  ClusterAction: AclOperations.CLUSTER_ACTION,
  DescribeConfigs: AclOperations.DESCRIBE_CONFIGS,
  AlterConfigs: AclOperations.ALTER_CONFIGS,
  IdempotentWrite: AclOperations.IDEMPOTENT_WRITE,
  CreateTokens: AclOperations.CREATE_TOKENS,
  DescribeTokens: AclOperations.DESCRIBE_TOKENS,
  TwoPhaseCommit: AclOperations.TWO_PHASE_COMMIT,
}

/**
 * What a broker says in an answer that we may do with a topic, a group or the cluster (KIP-430). Without an authorizer it names everything.
 * @param bits   bit n stands for the operation with code n; the smallest int32 means: not told
 */
export function authorizedOperations(bits: number): ReadonlySet<AclOperation> | null {
  if (bits === -(2 ** 31)) return null
  const names = Object.keys(aclOperationCodes) as AclOperation[]
  return new Set(names.filter((name) => (bits & (1 << aclOperationCodes[name])) !== 0))
}
