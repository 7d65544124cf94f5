import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createDefaultReplicationPolicy,
  createIdentityReplicationPolicy,
  isCycle,
  ledgerTopic,
} from './replication-policy.ts'

const settings = { separator: '.', isInternalTopicSeparatorEnabled: true }
const dotted = createDefaultReplicationPolicy(settings)
const underscored = createDefaultReplicationPolicy({ ...settings, separator: '_' })
const identity = createIdentityReplicationPolicy(settings, 'us')

test('the default policy splits names as Java does', () => {
  const table = [
    ['a.b', 'a', 'b'],
    ['.a', '', 'a'],
    ['a.', undefined, undefined],
    ['a..b', 'a', '.b'],
    ['..', undefined, undefined],
    ['a', undefined, undefined],
    ['', undefined, undefined],
  ]
  for (const [topic = '', source, upstream] of table)
    assert.deepEqual([dotted.topicSource(topic), dotted.upstreamTopic(topic)], [source, upstream], topic)
})

test('internal topics are those of Kafka, of MirrorMaker 2 and our ledger', () => {
  for (const topic of [
    '__consumer_offsets',
    '.hidden',
    'mm2-offsets.us.internal',
    'mm2-offset-syncs.eu.internal',
    'us.checkpoints.internal',
    ledgerTopic('us'),
  ]) {
    assert.ok(dotted.isInternalTopic(topic), topic)
  }
  for (const topic of ['orders', 'us.mm2-offset-syncs.eu.internal', 'heartbeats', 'my.internal'])
    assert.ok(!dotted.isInternalTopic(topic), topic)
})

test('with another separator the topics of Kafka Connect are not internal, the ledger is', () => {
  assert.ok(!underscored.isInternalTopic('mm2-configs.us.internal'))
  assert.ok(underscored.isInternalTopic('us_checkpoints_internal'))
  assert.ok(underscored.isInternalTopic(ledgerTopic('us')))
})

test('the internal separator changes checkpoints and offset-syncs topics only', () => {
  const policy = createDefaultReplicationPolicy({ separator: '_', isInternalTopicSeparatorEnabled: false })
  assert.equal(policy.checkpointsTopic('us'), 'us.checkpoints.internal')
  assert.equal(policy.offsetSyncsTopic('us'), 'mm2-offset-syncs.us.internal')
  assert.equal(policy.heartbeatsTopic(), 'heartbeats')
  assert.equal(policy.formatRemoteTopic('us', 't'), 'us_t')
})

test('cycles are found at any depth', () => {
  for (const topic of ['target.topic1', 'target.source.topic1', 'source.target.topic1', 'a.b.target.c'])
    assert.ok(isCycle(dotted, topic, 'target'), topic)
  for (const topic of ['topic1', 'source.topic1']) assert.ok(!isCycle(dotted, topic, 'target'), topic)
})

test('the identity policy keeps names, except those that end with heartbeats', () => {
  assert.equal(identity.formatRemoteTopic('us', 't'), 't')
  assert.equal(identity.formatRemoteTopic('us', 'myheartbeats'), 'us.myheartbeats')
  assert.equal(identity.topicSource('t'), 'us')
  assert.equal(identity.upstreamTopic('t'), 't')
  assert.equal(identity.originalTopic('t'), 't')
  assert.ok(!isCycle(identity, 'eu.t', 'eu'))
  assert.ok(isCycle(identity, 'eu.heartbeats', 'eu'))
})

test('heartbeats topics are known through any number of hops', () => {
  for (const topic of ['heartbeats', 'us.heartbeats', 'a.b.heartbeats']) assert.ok(dotted.isHeartbeatsTopic(topic))
  for (const topic of ['us_heartbeats', 'myheartbeats']) assert.ok(!dotted.isHeartbeatsTopic(topic))
})
