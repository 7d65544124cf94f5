import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import {
  alterTopic,
  createPartitions,
  createTopics,
  deleteTopics,
  describeTopic,
  describeTopicConfigs,
  listTopics,
  waitForTopic,
} from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import { assertSameRecords } from '../support/judge.ts'
import { dutyOf } from '../support/logged-event.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'
import { until } from '../support/until.ts'

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster(), startCluster()])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

function mirror(alias: string, topics: string, properties: MirrorOptions['properties'] = {}): Promise<Mirror> {
  return startMirror({ source, target, alias, topics, properties })
}

async function write(topic: string, partition: number, ...values: readonly string[]): Promise<void> {
  await produceRecords(source.adminProperties, [...values.map((value) => ({ topic, partition, value })), 'flush'])
}

async function valuesOf(topic: string): Promise<string[]> {
  const records = await dumpRecords({ client: target.adminProperties, topic })
  return records.map(({ value }) => String(value))
}

test('a remote topic gets the partitions and the explicit configs of its source, but for the excluded ones', async () => {
  const copied = { 'retention.ms': '86400000', 'max.message.bytes': '2000000', 'cleanup.policy': 'compact' }
  const excluded = { 'unclean.leader.election.enable': 'true', 'message.timestamp.type': 'LogAppendTime' }
  const configs = { ...copied, ...excluded }
  await createTopics(source, { name: 'made', partitions: 3, configs })
  await using twinlog = await mirror('made', 'made')
  await twinlog.waitForEvent('TopicCreated')
  const { partitions } = await waitForTopic(target, 'made.made', () => true)
  assert.equal(partitions.length, 3)
  // Since Kafka 4.1 a cluster sets min.insync.replicas for all topics by itself.
  const { 'min.insync.replicas': ofTheCluster, ...found } = await describeTopicConfigs(target, 'made.made')
  assert.equal(ofTheCluster, '1')
  assert.deepEqual(found, copied)
  await twinlog.stop()
})

test('the configs of a remote topic follow its source, and what was set by hand is undone, but for excluded ones', async () => {
  const configs = { 'retention.ms': '86400000', 'max.message.bytes': '2000000' }
  await createTopics(source, { name: 'follows', configs })
  await using twinlog = await mirror('follows', 'follows', { 'sync.topic.configs.interval.seconds': '1' })
  await twinlog.waitForEvent('FlowStarted')
  await alterTopic(target, 'follows.follows', {
    'max.message.bytes': '1',
    'segment.ms': '1',
    'unclean.leader.election.enable': 'true',
  })
  await alterTopic(source, 'follows', { 'retention.ms': null, 'retention.bytes': '5', 'cleanup.policy': 'compact' })
  const wanted = {
    'max.message.bytes': '2000000',
    'retention.bytes': '5',
    'cleanup.policy': 'compact',
    'unclean.leader.election.enable': 'true',
    'min.insync.replicas': '1',
  }
  await until(
    'the configs of the remote topic to follow',
    async () => isDeepStrictEqual(await describeTopicConfigs(target, 'follows.follows'), wanted),
    () => twinlog.describe(),
  )
  const altered = twinlog.eventsOf('TopicConfigsAltered').length
  await twinlog.waitForStatus((status) => dutyOf(status, 'topic configs')?.['state'] === 'done')
  assert.ok(altered >= 1 && altered <= 3, `altered ${altered} times`)
  await twinlog.stop()
})

test('added topics and partitions are copied from their start whatever auto.offset.reset says, and the others flow on', async () => {
  await createTopics(source, { name: 'grows-a', partitions: 2 })
  await write('grows-a', 0, 'history')
  await using twinlog = await mirror('grows', 'grows-.*', { 'grows.consumer.auto.offset.reset': 'latest' })
  await twinlog.waitForEvent('FlowStarted')
  await createTopics(source, { name: 'grows-b', partitions: 1 })
  await write('grows-b', 0, 'first', 'second')
  await createPartitions(source, 'grows-a', 4)
  await waitForTopic(
    source,
    'grows-a',
    ({ partitions }) => partitions.length === 4 && partitions.every(({ leader }) => leader >= 0),
  )
  await write('grows-a', 3, 'added')
  await twinlog.waitUntilCopied('grows-b')
  await twinlog.waitUntilCopied('grows-a', { counts: { 3: 1 } })
  await write('grows-a', 0, 'present')
  await twinlog.waitUntilCopied('grows-a', { counts: { 0: 1, 3: 1 } })
  assert.deepEqual(await valuesOf('grows.grows-b'), ['first', 'second'])
  assert.deepEqual((await valuesOf('grows.grows-a')).sort(), ['added', 'present'])
  assert.equal(twinlog.eventsOf('PartitionRecovering').length, 0)
  assert.equal(twinlog.eventsOf('FlowStarted').length, 1)
  await twinlog.stop()
})

test('a topic that is deleted is said and its copy stays; made again, it is copied from its start and the gap is said', async () => {
  await createTopics(source, { name: 'reborn', partitions: 1 }, { name: 'bystander', partitions: 1 })
  await write('reborn', 0, 'old-1', 'old-2')
  await using twinlog = await mirror('reborn', 'reborn|bystander')
  await twinlog.waitUntilCopied('reborn')
  await deleteTopics(source, 'reborn')
  await twinlog.waitForEvent('TopicDeleted', ({ topic }) => topic === 'reborn')
  assert.deepEqual(await valuesOf('reborn.reborn'), ['old-1', 'old-2'])
  assert.deepEqual(twinlog.eventsOf('GapFound'), [], 'all that it held was copied')
  await createTopics(source, { name: 'reborn', partitions: 1 })
  await write('reborn', 0, 'new-1', 'new-2', 'new-3')
  await twinlog.waitUntilCopied('reborn', { counts: { 0: 5 } })
  assert.deepEqual(await valuesOf('reborn.reborn'), ['old-1', 'old-2', 'new-1', 'new-2', 'new-3'])
  const gap = await twinlog.waitForEvent('GapFound', ({ topic }) => topic === 'reborn')
  assert.equal(gap['reason'], 'topic recreated')
  await write('bystander', 0, 'still here')
  await twinlog.waitUntilCopied('bystander')
  await twinlog.stop()
})

test('a topic that was made again while twinlog was down is noticed by its id', async () => {
  await createTopics(source, { name: 'swapped', partitions: 1 })
  await write('swapped', 0, 'old-1', 'old-2', 'old-3')
  {
    await using twinlog = await mirror('swapped', 'swapped')
    await twinlog.waitUntilCopied('swapped')
    await twinlog.stop()
  }
  await deleteTopics(source, 'swapped')
  while ((await listTopics(source)).includes('swapped')) await sleep(50)
  await createTopics(source, { name: 'swapped', partitions: 1 })
  await write('swapped', 0, 'new-1')
  await using twinlog = await mirror('swapped', 'swapped')
  await twinlog.waitUntilCopied('swapped', { counts: { 0: 4 } })
  assert.deepEqual(await valuesOf('swapped.swapped'), ['old-1', 'old-2', 'old-3', 'new-1'])
  const gap = await twinlog.waitForEvent('GapFound')
  assert.deepEqual(
    [gap['topic'], gap['partition'], gap['fromOffset'], gap['reason']],
    ['swapped', 0, 3, 'topic recreated'],
  )
  await twinlog.stop()
})

test('with gap policy stop a topic that was made again is held back, and the others are copied', async () => {
  await createTopics(source, { name: 'held', partitions: 1 }, { name: 'held-not', partitions: 1 })
  await write('held', 0, 'old')
  await using twinlog = await mirror('hold', 'held.*', { 'twinlog.gap.policy': 'stop' })
  await twinlog.waitUntilCopied('held')
  await deleteTopics(source, 'held')
  await twinlog.waitForEvent('TopicDeleted')
  await createTopics(source, { name: 'held', partitions: 1 })
  await write('held', 0, 'new')
  await twinlog.waitForEvent('TopicHeldBack', ({ topic }) => topic === 'held')
  await write('held-not', 0, 'flows')
  await twinlog.waitUntilCopied('held-not')
  assert.deepEqual(await valuesOf('hold.held'), ['old'])
  await twinlog.stop()
})

test('a topic that cannot be created is said with cause and remedy, and the others are copied', async () => {
  const tooLong = `long-${'x'.repeat(240)}`
  await createTopics(source, { name: tooLong, partitions: 1 }, { name: 'long-not', partitions: 1 })
  await write('long-not', 0, 'flows')
  await using twinlog = await mirror('long', 'long-.*')
  const { msg } = await twinlog.waitForEvent('TopicCreationFailed', ({ topic }) => topic === tooLong)
  assert.match(msg, /INVALID_TOPIC_EXCEPTION.*at most 249 characters/)
  await twinlog.waitUntilCopied('long-not')
  await twinlog.stop()
})

test('a replication factor above the number of brokers is said with the setting to change, and tried again soon', async () => {
  await createTopics(source, { name: 'factor', partitions: 1 })
  await using twinlog = await mirror('factor', 'factor', {
    'replication.factor': '3',
    'refresh.topics.interval.seconds': '600',
  })
  const { msg } = await twinlog.waitForEvent('TopicCreationFailed')
  assert.match(
    msg,
    /has 1 broker and replication\.factor is 3: set factor->us\.replication\.factor to at most 1, or to -1/,
  )
  // Made by hand, it is found without waiting for the next refresh in ten minutes.
  await createTopics(target, { name: 'factor.factor', partitions: 1 })
  await write('factor', 0, 'flows')
  await twinlog.waitUntilCopied('factor')
  await twinlog.stop()
})

test('a remote topic that is deleted and made again goes on where the copy was', async () => {
  await createTopics(source, { name: 'wiped', partitions: 1 })
  await write('wiped', 0, 'old')
  await using twinlog = await mirror('wiped', 'wiped')
  await twinlog.waitUntilCopied('wiped')
  const { topicId } = await describeTopic(target, 'wiped.wiped')
  await deleteTopics(target, 'wiped.wiped')
  await waitForTopic(target, 'wiped.wiped', (description) => description.topicId !== topicId)
  await write('wiped', 0, 'new')
  await twinlog.waitUntilCopied('wiped', { counts: { 0: 1 } })
  assert.deepEqual(await valuesOf('wiped.wiped'), ['new'])
  await twinlog.waitForEvent('RemoteTopicRecreated')
  await twinlog.stop()
})

test('of two flows into one remote topic only one writes, and the other says so', async () => {
  await createTopics(source, { name: 'merged', partitions: 1 })
  await write('merged', 0, 'once')
  await using twinlog = await mirror('one', 'merged', {
    clusters: 'one, two, us',
    'two.bootstrap.servers': source.bootstrap,
    'two->us.enabled': 'true',
    'two->us.topics': 'merged',
    'replication.policy.class': 'org.apache.kafka.connect.mirror.IdentityReplicationPolicy',
  })
  const { msg, flow } = await twinlog.waitForEvent('TopicRefused')
  const other = flow === 'one->us' ? 'two->us' : 'one->us'
  assert.match(msg, new RegExp(`flow ${other} writes it already`))
  await write('merged', 0, 'twice')
  for (
    let count = 0;
    count < 2;
    count = (await listTopics(target)).includes('merged') ? (await valuesOf('merged')).length : 0
  )
    await sleep(100)
  await assertSameRecords(source, target, 'merged', 'merged')
  await twinlog.stop()
})

test('a cluster that is mirrored to itself is said, and its copies are not copied again', async () => {
  await createTopics(source, { name: 'round', partitions: 1 })
  await write('round', 0, 'once')
  await using twinlog = await startMirror({ source, target: source, alias: 'self', topics: '.*round' })
  await twinlog.waitForEvent('ClusterMirroredToItself')
  await twinlog.waitUntilCopied('round')
  await alterTopic(source, 'round', { 'retention.ms': '86400000' })
  await sleep(2_500)
  const copies = (await listTopics(source)).filter((topic) => topic.endsWith('round'))
  assert.deepEqual(copies, ['round', 'self.round'])
  await twinlog.stop()
})
