import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AclBinding } from './acl-binding.ts'
import { missingAcls } from './acl-binding.ts'
import { remoteTopicAcls } from './remote-acls.ts'
import { createDefaultReplicationPolicy } from './replication-policy.ts'
import { createTopicFilter } from './topic-filter.ts'

const plan = {
  source: { alias: 'eu' },
  target: { alias: 'us' },
  policy: createDefaultReplicationPolicy({ separator: '.', isInternalTopicSeparatorEnabled: true }),
  topicFilter: createTopicFilter(['orders.*', 'us.*'], ['orders-secret']),
  topics: { isHeartbeatsReplicationEnabled: true },
} as unknown as Parameters<typeof remoteTopicAcls>[0]

function rule(change: Partial<AclBinding> = {}): AclBinding {
  return {
    resourceType: 'topic',
    resourceName: 'orders',
    patternType: 'literal',
    principal: 'User:a',
    host: '*',
    operation: 'Read',
    permission: 'allow',
    ...change,
  }
}

describe('access rules of remote topics', () => {
  test('are those of the source under the other name: who may do all may read, and who may write may not', () => {
    const source = [
      rule(),
      rule({ operation: 'Write' }),
      rule({ operation: 'All', principal: 'User:owner' }),
      rule({ operation: 'All', permission: 'deny', principal: 'User:intruder' }),
      rule({ operation: 'Write', permission: 'deny' }),
      rule({ operation: 'DescribeConfigs', host: '10.0.0.1' }),
    ]
    const remote = { resourceName: 'eu.orders' }
    assert.deepEqual(remoteTopicAcls(plan, source), [
      rule(remote),
      rule({ ...remote, operation: 'Read', principal: 'User:owner' }),
      rule({ ...remote, operation: 'All', permission: 'deny', principal: 'User:intruder' }),
      rule({ ...remote, operation: 'Write', permission: 'deny' }),
      rule({ ...remote, operation: 'DescribeConfigs', host: '10.0.0.1' }),
    ])
  })

  test('are made for topics that the flow mirrors, and for no others', () => {
    const names = ['orders-new', 'orders-secret', 'payments', 'us.orders', 'heartbeats', '__consumer_offsets']
    const found = remoteTopicAcls(
      plan,
      names.map((resourceName) => rule({ resourceName })),
    )
    assert.deepEqual(
      found.map(({ resourceName }) => resourceName),
      ['eu.orders-new', 'eu.heartbeats'],
    )
  })

  test('come from rules for single topics only', () => {
    const others = [rule({ patternType: 'prefixed' }), rule({ resourceType: 'group' })]
    assert.deepEqual(remoteTopicAcls(plan, others), [])
  })

  test('that are there already are not missing, and none is missing twice', () => {
    const other = rule({ host: '10.0.0.1' })
    assert.deepEqual(missingAcls([rule(), other, other], [rule()]), [other])
  })
})
