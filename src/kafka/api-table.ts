import {
  addOffsetsToTxnV3,
  addPartitionsToTxnV3,
  apiVersionsV3,
  apiVersionsV4,
  createAclsV2,
  createAclsV3,
  createPartitionsV1,
  createPartitionsV2,
  createPartitionsV3,
  createTopicsV4,
  createTopicsV5,
  createTopicsV6,
  createTopicsV7,
  deleteAclsV2,
  deleteAclsV3,
  deleteGroupsV2,
  deleteTopicsV5,
  deleteTopicsV6,
  describeAclsV2,
  describeAclsV3,
  describeClientQuotasV0,
  describeClientQuotasV1,
  describeClusterV0,
  describeClusterV1,
  describeConfigsV2,
  describeConfigsV3,
  describeConfigsV4,
  describeGroupsV4,
  describeGroupsV5,
  describeLogDirsV2,
  describeLogDirsV3,
  describeLogDirsV4,
  describeProducersV0,
  describeUserScramCredentialsV0,
  endTxnV2,
  endTxnV3,
  endTxnV4,
  fetchV11,
  fetchV12,
  findCoordinatorV2,
  findCoordinatorV3,
  findCoordinatorV4,
  heartbeatV3,
  heartbeatV4,
  incrementalAlterConfigsV0,
  incrementalAlterConfigsV1,
  initProducerIdV2,
  initProducerIdV3,
  initProducerIdV4,
  joinGroupV5,
  joinGroupV6,
  joinGroupV7,
  joinGroupV8,
  joinGroupV9,
  leaveGroupV3,
  leaveGroupV4,
  leaveGroupV5,
  listGroupsV2,
  listGroupsV3,
  listGroupsV4,
  listGroupsV5,
  listTransactionsV0,
  listTransactionsV1,
  listTransactionsV2,
  listOffsetsV4,
  listOffsetsV5,
  listOffsetsV6,
  listOffsetsV7,
  listOffsetsV8,
  metadataV7,
  metadataV8,
  metadataV9,
  metadataV10,
  metadataV11,
  metadataV12,
  offsetCommitV7,
  offsetCommitV8,
  offsetCommitV9,
  offsetFetchV6,
  offsetFetchV7,
  offsetFetchV8,
  offsetFetchV9,
  produceV7,
  produceV8,
  produceV9,
  produceV10,
  produceV11,
  syncGroupV3,
  syncGroupV4,
  syncGroupV5,
} from '@platformatic/kafka'
import type { Connection } from '@platformatic/kafka'

/** What is used of an API function of @platformatic/kafka. */
interface Api<Arguments extends unknown[], Response> {
  readonly key: number
  readonly version: number
  async(connection: Connection, ...args: Arguments): Promise<Response>
}

/** All versions of one API that we can speak, newest first; the newest one's types stand for all (the library keeps them alike). */
export interface ApiVersions<Arguments extends unknown[], Response> {
  readonly key: number
  readonly versions: readonly Api<Arguments, Response>[]
}

function api<Arguments extends unknown[], Response>(
  newest: Api<Arguments, Response>,
  ...older: readonly Api<never, unknown>[]
): ApiVersions<Arguments, Response> {
  return { key: newest.key, versions: [newest, ...(older as unknown as readonly Api<Arguments, Response>[])] }
}

/**
 * The APIs of the control plane by Kafka's name. Versions reach from what @platformatic/kafka 2.12.1 has down to what Kafka 2.4 had.
 * Left out on purpose: Fetch from 13 on (topic ids; this is not the data plane), Produce from 12, AddPartitionsToTxn from 4 and
 * EndTxn from 5 on (version 2 of the transaction protocol, design.md section 5).
 */
export const apiTable = {
  apiVersions: api(apiVersionsV4.api, apiVersionsV3.api),
  metadata: api(metadataV12.api, metadataV11.api, metadataV10.api, metadataV9.api, metadataV8.api, metadataV7.api),
  describeCluster: api(describeClusterV1.api, describeClusterV0.api),
  findCoordinator: api(findCoordinatorV4.api, findCoordinatorV3.api, findCoordinatorV2.api),
  describeLogDirs: api(describeLogDirsV4.api, describeLogDirsV3.api, describeLogDirsV2.api),
  createTopics: api(createTopicsV7.api, createTopicsV6.api, createTopicsV5.api, createTopicsV4.api),
  deleteTopics: api(deleteTopicsV6.api, deleteTopicsV5.api),
  createPartitions: api(createPartitionsV3.api, createPartitionsV2.api, createPartitionsV1.api),
  describeConfigs: api(describeConfigsV4.api, describeConfigsV3.api, describeConfigsV2.api),
  incrementalAlterConfigs: api(incrementalAlterConfigsV1.api, incrementalAlterConfigsV0.api),
  describeAcls: api(describeAclsV3.api, describeAclsV2.api),
  describeClientQuotas: api(describeClientQuotasV1.api, describeClientQuotasV0.api),
  describeUserScramCredentials: api(describeUserScramCredentialsV0.api),
  createAcls: api(createAclsV3.api, createAclsV2.api),
  deleteAcls: api(deleteAclsV3.api, deleteAclsV2.api),
  listOffsets: api(listOffsetsV8.api, listOffsetsV7.api, listOffsetsV6.api, listOffsetsV5.api, listOffsetsV4.api),
  describeProducers: api(describeProducersV0.api),
  listTransactions: api(listTransactionsV2.api, listTransactionsV1.api, listTransactionsV0.api),
  initProducerId: api(initProducerIdV4.api, initProducerIdV3.api, initProducerIdV2.api),
  addPartitionsToTxn: api(addPartitionsToTxnV3.api),
  addOffsetsToTxn: api(addOffsetsToTxnV3.api),
  endTxn: api(endTxnV4.api, endTxnV3.api, endTxnV2.api),
  fetch: api(fetchV12.api, fetchV11.api),
  produce: api(produceV11.api, produceV10.api, produceV9.api, produceV8.api, produceV7.api),
  listGroups: api(listGroupsV5.api, listGroupsV4.api, listGroupsV3.api, listGroupsV2.api),
  describeGroups: api(describeGroupsV5.api, describeGroupsV4.api),
  deleteGroups: api(deleteGroupsV2.api),
  joinGroup: api(joinGroupV9.api, joinGroupV8.api, joinGroupV7.api, joinGroupV6.api, joinGroupV5.api),
  syncGroup: api(syncGroupV5.api, syncGroupV4.api, syncGroupV3.api),
  heartbeat: api(heartbeatV4.api, heartbeatV3.api),
  leaveGroup: api(leaveGroupV5.api, leaveGroupV4.api, leaveGroupV3.api),
  offsetCommit: api(offsetCommitV9.api, offsetCommitV8.api, offsetCommitV7.api),
  offsetFetch: api(offsetFetchV9.api, offsetFetchV8.api, offsetFetchV7.api, offsetFetchV6.api),
} as const

export type ApiName = keyof typeof apiTable

/** What `ClusterClient.call` takes for an API: the arguments of @platformatic/kafka's function after its connection. */
export type ApiArguments<Name extends ApiName> =
  (typeof apiTable)[Name] extends ApiVersions<infer Arguments, unknown> ? Arguments : never

/** The parsed answer, as @platformatic/kafka gives it. */
export type ApiResponse<Name extends ApiName> =
  (typeof apiTable)[Name] extends ApiVersions<never, infer Response> ? Response : never

/** The answer to Metadata. */
export type MetadataV12 = ApiResponse<'metadata'>
