import { TwinlogError } from '../base/catalogue.ts'
import { createTopics } from './admin.ts'
import { authorizedOperations } from './acl-operation.ts'
import type { AclOperation } from '../mirror/acl-binding.ts'
import type { ClusterClient } from './cluster-client.ts'

interface AskOptions {
  readonly signal: AbortSignal
}

/** Null: the cluster does not tell. */
type Granted = ReadonlySet<AclOperation> | null

/** Topics a request asks about at once. */
const chunkTopics = 1_000
const topicUnauthorized = 29
const groupUnauthorized = 30
const brokerEndpoint = 1
const clusterType = 4
const literalPattern = 3
const anyOperation = 1
const anyPermission = 1

/** What a user may do with one topic. */
export interface TopicGrant {
  /** Empty for a topic that may not even be described: whether it exists is not told then. */
  readonly operations: Granted
  readonly exists: boolean
}

/**
 * What our user may do with topics, as the cluster says itself (KIP-430); also with topics that do not exist yet.
 * @throws KAFKA_*, connection errors, the signal's reason
 * Source: KafkaApis.handleTopicMetadataRequest.
 */
export async function askTopicOperations(
  cluster: ClusterClient,
  topics: readonly string[],
  { signal }: AskOptions,
): Promise<ReadonlyMap<string, TopicGrant>> {
  const grants = new Map<string, TopicGrant>()
  for (let start = 0; start < topics.length; start += chunkTopics) {
    const asked = topics.slice(start, start + chunkTopics)
    const answer = await cluster.call('metadata', 'any', [asked, false, true], { signal })
    for (const { name, errorCode, partitions, topicAuthorizedOperations } of answer.topics) {
      if (typeof name !== 'string') continue
      const isHidden = errorCode === topicUnauthorized
      grants.set(name, {
        operations: isHidden ? new Set() : authorizedOperations(topicAuthorizedOperations),
        exists: partitions.length > 0,
      })
    }
  }
  return grants
}

/**
 * Which of some topics our user may create, by a creation that is only tried (validate only). Nothing is created.
 * @throws as askTopicOperations
 */
export async function askCreatable(
  cluster: ClusterClient,
  topics: readonly string[],
  { signal }: AskOptions,
): Promise<ReadonlySet<string>> {
  const requests = topics.map((topic) => ({ topic, partitionsCount: 1, replicationFactor: -1, configs: new Map() }))
  const failures = await createTopics(cluster, requests, { signal, isTry: true })
  return new Set(topics.filter((topic) => failures.get(topic)?.code !== 'KAFKA_UNAUTHORIZED'))
}

/**
 * What our user may do with the cluster itself. Without Describe on it, nothing else of it is told.
 * @returns null where the broker has no DescribeCluster (before 2.8)
 */
export async function askClusterOperations(cluster: ClusterClient, { signal }: AskOptions): Promise<Granted> {
  try {
    const answer = await cluster.call('describeCluster', 'any', [true, brokerEndpoint], { signal })
    return authorizedOperations(answer.clusterAuthorizedOperations)
  } catch (error) {
    if (error instanceof TwinlogError && error.code === 'API_UNSUPPORTED') return null
    throw error
  }
}

/** Whether the cluster checks permissions at all. Source: AclApis.handleDescribeAcls. */
export async function hasAuthorizer(cluster: ClusterClient, { signal }: AskOptions): Promise<boolean> {
  const filter = {
    resourceType: clusterType,
    resourceName: 'kafka-cluster',
    resourcePatternType: literalPattern,
    principal: null,
    host: null,
    operation: anyOperation,
    permissionType: anyPermission,
  } as const
  try {
    await cluster.call('describeAcls', 'any', [filter], { signal })
    return true
  } catch (error) {
    if (!(error instanceof TwinlogError)) throw error
    if (error.parameters['error'] === 'SECURITY_DISABLED') return false
    if (error.code === 'KAFKA_UNAUTHORIZED') return true
    throw error
  }
}

/**
 * Which of Read and Describe our user has on a group. A heartbeat of a member that there is not is refused for another reason where it is allowed. Any broker says so,
 * also one that does not look after the group: nobody looks for a coordinator, which could create __consumer_offsets.
 * Source: KafkaApis.handleHeartbeatRequest, handleDescribeGroupsRequest.
 */
export async function askGroupOperations(
  cluster: ClusterClient,
  groupId: string,
  { signal }: AskOptions,
): Promise<Granted> {
  const once = { signal, retries: 0 }
  const mayRead = await isAllowed(() => cluster.call('heartbeat', 'any', [groupId, 0, 'twinlog-check', null], once))
  const mayDescribe = await isAllowed(async () => {
    const answer = await cluster.call('describeGroups', 'any', [[groupId], false], once)
    return answer.groups[0]?.errorCode !== groupUnauthorized
  })
  const granted = new Set<AclOperation>()
  if (mayRead) granted.add('Read')
  if (mayDescribe) granted.add('Describe')
  return granted
}

/**
 * Whether our user may write under a transactional id: the end of a transaction of a producer that there is not is refused for another reason where it is allowed.
 * Source: KafkaApis.handleEndTxnRequest, TransactionCoordinator.endTransaction (INVALID_PRODUCER_ID_MAPPING).
 */
export async function askTransactionalIdOperations(
  cluster: ClusterClient,
  transactionalId: string,
  { signal }: AskOptions,
): Promise<Granted> {
  const args: [string, bigint, number, boolean] = [transactionalId, -1n, -1, false]
  const mayWrite = await isAllowed(() => cluster.call('endTxn', 'any', args, { signal, retries: 0 }))
  return new Set<AclOperation>(mayWrite ? ['Write', 'Describe'] : [])
}

/** Every refusal that comes after the check of permissions says that they are there. */
async function isAllowed(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    return (await ask()) !== false
  } catch (error) {
    if (!(error instanceof TwinlogError) || !error.code.startsWith('KAFKA_')) throw error
    return error.code !== 'KAFKA_UNAUTHORIZED'
  }
}
