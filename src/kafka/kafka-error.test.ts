import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError, ResponseError, protocolErrorsCodesById } from '@platformatic/kafka'
import { errors } from '../base/errors.ts'
import { classify, classifyKafkaError, kafkaError, socketCodes } from './kafka-error.ts'

/** Every code of Kafka 4.3, and what is done about it. */
const table: Readonly<Record<string, string>> = {
  retry: `UNKNOWN_SERVER_ERROR CORRUPT_MESSAGE REQUEST_TIMED_OUT COORDINATOR_LOAD_IN_PROGRESS NOT_ENOUGH_REPLICAS
    NOT_ENOUGH_REPLICAS_AFTER_APPEND CONCURRENT_TRANSACTIONS FETCH_SESSION_ID_NOT_FOUND INVALID_FETCH_SESSION_EPOCH
    FETCH_SESSION_TOPIC_ID_ERROR OFFSET_NOT_AVAILABLE UNSTABLE_OFFSET_COMMIT THROTTLING_QUOTA_EXCEEDED SHARE_SESSION_NOT_FOUND
    INVALID_SHARE_SESSION_EPOCH SHARE_SESSION_LIMIT_REACHED`,
  'refresh-metadata': `UNKNOWN_TOPIC_OR_PARTITION LEADER_NOT_AVAILABLE NOT_LEADER_OR_FOLLOWER BROKER_NOT_AVAILABLE
    REPLICA_NOT_AVAILABLE STALE_CONTROLLER_EPOCH NETWORK_EXCEPTION COORDINATOR_NOT_AVAILABLE NOT_COORDINATOR NOT_CONTROLLER
    KAFKA_STORAGE_ERROR LISTENER_NOT_FOUND FENCED_LEADER_EPOCH UNKNOWN_LEADER_EPOCH PREFERRED_LEADER_NOT_AVAILABLE
    ELIGIBLE_LEADERS_NOT_AVAILABLE UNKNOWN_TOPIC_ID INCONSISTENT_TOPIC_ID INELIGIBLE_REPLICA NEW_LEADER_ELECTED REBOOTSTRAP_REQUIRED`,
  rejoin: `ILLEGAL_GENERATION UNKNOWN_MEMBER_ID REBALANCE_IN_PROGRESS MEMBER_ID_REQUIRED FENCED_MEMBER_EPOCH STALE_MEMBER_EPOCH`,
  fence: `INVALID_PRODUCER_EPOCH PRODUCER_FENCED TRANSACTION_COORDINATOR_FENCED FENCED_INSTANCE_ID`,
  none: `NONE`,
  stop: `OFFSET_OUT_OF_RANGE INVALID_FETCH_SIZE MESSAGE_TOO_LARGE OFFSET_METADATA_TOO_LARGE INVALID_TOPIC_EXCEPTION RECORD_LIST_TOO_LARGE
    INVALID_REQUIRED_ACKS INCONSISTENT_GROUP_PROTOCOL INVALID_GROUP_ID INVALID_SESSION_TIMEOUT INVALID_COMMIT_OFFSET_SIZE
    TOPIC_AUTHORIZATION_FAILED GROUP_AUTHORIZATION_FAILED CLUSTER_AUTHORIZATION_FAILED INVALID_TIMESTAMP UNSUPPORTED_SASL_MECHANISM
    ILLEGAL_SASL_STATE UNSUPPORTED_VERSION TOPIC_ALREADY_EXISTS INVALID_PARTITIONS INVALID_REPLICATION_FACTOR
    INVALID_REPLICA_ASSIGNMENT INVALID_CONFIG INVALID_REQUEST UNSUPPORTED_FOR_MESSAGE_FORMAT POLICY_VIOLATION
    OUT_OF_ORDER_SEQUENCE_NUMBER DUPLICATE_SEQUENCE_NUMBER INVALID_TXN_STATE INVALID_PRODUCER_ID_MAPPING INVALID_TRANSACTION_TIMEOUT
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED SECURITY_DISABLED OPERATION_NOT_ATTEMPTED LOG_DIR_NOT_FOUND SASL_AUTHENTICATION_FAILED
    UNKNOWN_PRODUCER_ID REASSIGNMENT_IN_PROGRESS DELEGATION_TOKEN_AUTH_DISABLED DELEGATION_TOKEN_NOT_FOUND
    DELEGATION_TOKEN_OWNER_MISMATCH DELEGATION_TOKEN_REQUEST_NOT_ALLOWED DELEGATION_TOKEN_AUTHORIZATION_FAILED DELEGATION_TOKEN_EXPIRED
    INVALID_PRINCIPAL_TYPE NON_EMPTY_GROUP GROUP_ID_NOT_FOUND TOPIC_DELETION_DISABLED UNSUPPORTED_COMPRESSION_TYPE STALE_BROKER_EPOCH
    GROUP_MAX_SIZE_REACHED ELECTION_NOT_NEEDED NO_REASSIGNMENT_IN_PROGRESS GROUP_SUBSCRIBED_TO_TOPIC INVALID_RECORD RESOURCE_NOT_FOUND
    DUPLICATE_RESOURCE UNACCEPTABLE_CREDENTIAL INCONSISTENT_VOTER_SET INVALID_UPDATE_VERSION FEATURE_UPDATE_FAILED
    PRINCIPAL_DESERIALIZATION_FAILURE SNAPSHOT_NOT_FOUND POSITION_OUT_OF_RANGE DUPLICATE_BROKER_REGISTRATION BROKER_ID_NOT_REGISTERED
    INCONSISTENT_CLUSTER_ID TRANSACTIONAL_ID_NOT_FOUND OFFSET_MOVED_TO_TIERED_STORAGE UNRELEASED_INSTANCE_ID UNSUPPORTED_ASSIGNOR
    MISMATCHED_ENDPOINT_TYPE UNSUPPORTED_ENDPOINT_TYPE UNKNOWN_CONTROLLER_ID UNKNOWN_SUBSCRIPTION_ID TELEMETRY_TOO_LARGE
    INVALID_REGISTRATION TRANSACTION_ABORTABLE INVALID_RECORD_STATE FENCED_STATE_EPOCH INVALID_VOTER_KEY DUPLICATE_VOTER VOTER_NOT_FOUND
    INVALID_REGULAR_EXPRESSION STREAMS_INVALID_TOPOLOGY STREAMS_INVALID_TOPOLOGY_EPOCH STREAMS_TOPOLOGY_FENCED`,
}

test('every code of Kafka 4.3 has its action, and the table names no other', () => {
  const expected = new Map(
    Object.entries(table).flatMap(([action, names]) => names.split(/\s+/).map((name) => [name, action])),
  )
  const actual = new Map<string, string>()
  for (let code = -1; code <= 133; code++) {
    const { name, action } = classifyKafkaError(code)
    actual.set(name, action)
  }
  assert.deepEqual(Object.fromEntries(actual), Object.fromEntries(expected))
  assert.equal(Object.keys(protocolErrorsCodesById).length, 135)
})

test('a code from the future stops, and keeps its number', () => {
  assert.deepEqual(classifyKafkaError(999), { name: 'ERROR_999', action: 'stop' })
})

test('codes that the library lacks do not break its own errors', () => {
  assert.equal(new ProtocolError(129).message, 'REBOOTSTRAP_REQUIRED')
})

test('errors of the catalogue, of the library, of Node and of nobody are all classified', () => {
  assert.deepEqual(classify(errors.BROKER_UNKNOWN({ cluster: 'eu', nodeId: 1 })), {
    kind: 'operational',
    action: 'refresh-metadata',
  })
  assert.deepEqual(classify(new ProtocolError(6)), { kind: 'operational', action: 'refresh-metadata' })
  const answer = new ResponseError(3, 12, { '/': [29, null] }, {})
  assert.deepEqual(classify(answer), { kind: 'operational', action: 'stop' })
  for (const code of socketCodes) {
    assert.deepEqual(
      classify(Object.assign(new Error(code), { code })),
      { kind: 'operational', action: 'refresh-metadata' },
      code,
    )
  }
  assert.deepEqual(classify(AbortSignal.abort().reason), { kind: 'operational', action: 'stop' })
  for (const nobodys of [
    new TypeError('x'),
    Object.assign(new Error('x'), { code: 'ERR_NEW' }),
    'x',
    undefined,
    null,
    7,
  ]) {
    assert.deepEqual(classify(nobodys), { kind: 'defect', action: 'stop' })
  }
})

test('an error code becomes an error that names cluster, broker, API, code and the words of the broker', () => {
  const context = { cluster: 'eu', broker: '3 (b:1)', api: 'CreateTopics of t', detail: 'The topic is bad.' }
  const error = kafkaError(17, context)
  assert.equal(
    error.message,
    'Cluster eu: broker 3 (b:1) refused CreateTopics of t with INVALID_TOPIC_EXCEPTION (The topic is bad).',
  )
  assert.deepEqual([error.parameters['error'], error.parameters['errorCode']], ['INVALID_TOPIC_EXCEPTION', 17])
  assert.equal(kafkaError(29, { ...context, detail: null }).code, 'KAFKA_UNAUTHORIZED')
  assert.equal(kafkaError(6, context).action, 'refresh-metadata')
  assert.equal(kafkaError(47, context).action, 'fence')
})
