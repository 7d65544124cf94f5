import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AclBinding } from './acl-binding.ts'
import { failoverAcls } from './failover-acls.ts'
import { createDefaultReplicationPolicy, createIdentityReplicationPolicy } from './replication-policy.ts'
import type { ReplicationPolicy } from './replication-policy.ts'
import { createTopicFilter } from './topic-filter.ts'

const settings = { separator: '.', isInternalTopicSeparatorEnabled: true }

function namesOf(policy: ReplicationPolicy, topicNames: 'remote' | 'source'): string[] {
  const plan = {
    source: { alias: 'eu' },
    target: { alias: 'us' },
    policy,
    topicFilter: createTopicFilter(['orders'], []),
    topics: { isHeartbeatsReplicationEnabled: false },
  } as unknown as Parameters<typeof failoverAcls>[0]
  const rule = (resourceName: string, change: Partial<AclBinding> = {}): AclBinding => ({
    resourceType: 'topic',
    resourceName,
    patternType: 'literal',
    principal: 'User:a',
    host: '*',
    operation: 'Write',
    permission: 'allow',
    ...change,
  })
  const source = [
    rule('orders'),
    rule('payments'),
    rule('*'),
    rule('or', { patternType: 'prefixed' }),
    rule('readers', { resourceType: 'group', operation: 'Read' }),
    rule('kafka-cluster', { resourceType: 'cluster', operation: 'IdempotentWrite' }),
  ]
  return failoverAcls(plan, source, topicNames).map(
    ({ resourceType, resourceName, patternType, operation }) =>
      `${operation} ${resourceType} ${patternType} ${resourceName}`,
  )
}

test('rules for a failover name remote topics, keep WRITE, groups and all else, and leave out topics that are not mirrored', () => {
  assert.deepEqual(namesOf(createDefaultReplicationPolicy(settings), 'remote'), [
    'Write topic literal eu.orders',
    'Write topic prefixed eu.',
    'Write topic prefixed eu.or',
    'Read group literal readers',
    'IdempotentWrite cluster literal kafka-cluster',
  ])
})

test('where topics keep their names, or on demand, so do the rules', () => {
  const same = [
    'Write topic literal orders',
    'Write topic literal *',
    'Write topic prefixed or',
    'Read group literal readers',
    'IdempotentWrite cluster literal kafka-cluster',
  ]
  assert.deepEqual(namesOf(createIdentityReplicationPolicy(settings, 'eu'), 'remote'), same)
  assert.deepEqual(namesOf(createDefaultReplicationPolicy(settings), 'source'), same)
})
