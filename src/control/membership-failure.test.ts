import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errors } from '../base/errors.ts'
import { kafkaError } from '../kafka/kafka-error.ts'
import { judgeMembership } from './membership-failure.ts'
import type { MembershipVerdict } from './membership-failure.ts'

const table: readonly [code: number, verdict: MembershipVerdict][] = [
  [14, 'wait'], // COORDINATOR_LOAD_IN_PROGRESS
  [15, 'wait'], // COORDINATOR_NOT_AVAILABLE
  [16, 'wait'], // NOT_COORDINATOR
  [22, 'expelled'], // ILLEGAL_GENERATION
  [23, 'refused'], // INCONSISTENT_GROUP_PROTOCOL
  [24, 'fail'], // INVALID_GROUP_ID
  [25, 'expelled'], // UNKNOWN_MEMBER_ID
  [26, 'session-refused'], // INVALID_SESSION_TIMEOUT
  [27, 'rejoin'], // REBALANCE_IN_PROGRESS
  [29, 'fail'], // TOPIC_AUTHORIZATION_FAILED
  [30, 'unauthorized'], // GROUP_AUTHORIZATION_FAILED
  [79, 'expelled'], // MEMBER_ID_REQUIRED
  [81, 'refused'], // GROUP_MAX_SIZE_REACHED
  [82, 'expelled'], // FENCED_INSTANCE_ID
]

for (const [code, verdict] of table) {
  const error = kafkaError(code, { cluster: 'us', broker: '1', api: 'JoinGroup' })
  test(`${String(error.parameters.error)} means: ${verdict}`, () => assert.equal(judgeMembership(error), verdict))
}

test('a broker that cannot be reached is waited for; a wrong password and our own mistakes are not', () => {
  const where = { cluster: 'us', broker: '1', address: 'x:1' }
  assert.equal(judgeMembership(errors.CONNECTION_REFUSED(where)), 'wait')
  assert.equal(judgeMembership(errors.CLUSTER_UNREACHABLE({ cluster: 'us', addresses: 'x', reason: 'y' })), 'wait')
  const parameters = { cluster: 'us', broker: '1', username: 'u', mechanism: 'PLAIN', reason: 'no' }
  assert.equal(judgeMembership(errors.SASL_AUTHENTICATION_FAILED(parameters)), 'fail')
  assert.equal(judgeMembership(new TypeError('oops')), 'fail')
})
