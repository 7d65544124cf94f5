import { AclOperations, AclPermissionTypes, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka'
import type { TwinlogError } from '../base/catalogue.ts'
import type { AclBinding, AclResourceType } from '../mirror/acl-binding.ts'
import { aclOperationCodes } from './acl-operation.ts'
import type { AdminOptions } from './admin.ts'
import type { ClusterClient } from './cluster-client.ts'
import { kafkaError } from './kafka-error.ts'

const resourceTypes: Readonly<Record<AclResourceType, number>> = {
  topic: ResourceTypes.TOPIC,
  group: ResourceTypes.GROUP,
  cluster: ResourceTypes.CLUSTER,
  'transactional-id': ResourceTypes.TRANSACTIONAL_ID,
  'delegation-token': ResourceTypes.DELEGATION_TOKEN,
  user: ResourceTypes.USER,
}
const patternTypes = { literal: ResourcePatternTypes.LITERAL, prefixed: ResourcePatternTypes.PREFIXED } as const
const permissions = { allow: AclPermissionTypes.ALLOW, deny: AclPermissionTypes.DENY } as const

/** Rules in one request. */
const chunkBindings = 500

/**
 * Reads access rules. Kinds of rules that are not known here are left out.
 * @param resourceType   'any': of everything
 * @throws KAFKA_REFUSED with the error SECURITY_DISABLED where the cluster has no authorizer, CLUSTER_AUTHORIZATION_FAILED where we may not ask
 */
export async function describeAcls(
  cluster: ClusterClient,
  resourceType: 'any' | AclResourceType,
  { signal }: AdminOptions,
): Promise<AclBinding[]> {
  const filter = {
    resourceType: resourceType === 'any' ? ResourceTypes.ANY : resourceTypes[resourceType],
    resourceName: null,
    resourcePatternType: ResourcePatternTypes.ANY,
    principal: null,
    host: null,
    operation: AclOperations.ANY,
    permissionType: AclPermissionTypes.ANY,
  } as const
  const answer = await cluster.call('describeAcls', 'any', [filter as never], { signal })
  return answer.resources.flatMap((resource) => {
    const type = nameOf(resourceTypes, resource.resourceType)
    const patternType = nameOf(patternTypes, resource.resourcePatternType)
    return resource.acls.flatMap(({ principal, host, ...rule }) => {
      const operation = nameOf(aclOperationCodes, rule.operation)
      const permission = nameOf(permissions, rule.permissionType)
      if (type === null || patternType === null || operation === null || permission === null) return []
      const { resourceName } = resource
      return [{ resourceType: type, resourceName, patternType, principal, host, operation, permission }]
    })
  })
}

/** @returns the rules that were not created, each with its reason. A rule that exists already is no failure */
export async function createAcls(
  cluster: ClusterClient,
  bindings: readonly AclBinding[],
  { signal }: AdminOptions,
): Promise<ReadonlyMap<AclBinding, TwinlogError>> {
  const failed = new Map<AclBinding, TwinlogError>()
  for (let start = 0; start < bindings.length; start += chunkBindings) {
    const chunk = bindings.slice(start, start + chunkBindings)
    const creations = chunk.map(
      ({ resourceType, resourceName, patternType, principal, host, operation, permission }) => ({
        resourceType: resourceTypes[resourceType],
        resourceName,
        resourcePatternType: patternTypes[patternType],
        principal,
        host,
        operation: aclOperationCodes[operation],
        permissionType: permissions[permission],
      }),
    )
    const { results } = await cluster.call('createAcls', 'any', [creations as never], { signal })
    for (const [index, binding] of chunk.entries()) {
      const { errorCode = 0, errorMessage = null } = results[index] ?? {}
      if (errorCode === 0) continue
      const api = `CreateAcls of ${binding.resourceName}`
      failed.set(binding, kafkaError(errorCode, { cluster: cluster.alias, broker: 'any', api, detail: errorMessage }))
    }
  }
  return failed
}

function nameOf<Name extends string>(numbers: Readonly<Record<Name, number>>, wanted: number): Name | null {
  for (const name of Object.keys(numbers) as Name[]) if (numbers[name] === wanted) return name
  return null
}
