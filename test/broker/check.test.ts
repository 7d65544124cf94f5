import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTopics, listTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { produceRecords } from '../../dev/kafka/records.ts'
import type { TopicPreflight } from '../../src/check/preflight.ts'
import type { MirrorOptions } from '../support/mirror.ts'
import { runCheck } from '../support/verification.ts'

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster(), startCluster()])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

function flow(topics: string, properties: MirrorOptions['properties'] = {}): MirrorOptions {
  return { source, target, alias: 'eu', topics, properties }
}

test('preflight finds what the target will refuse, says what to set, and changes nothing', async () => {
  const ahead = Date.now() + 5 * 3_600_000
  await createTopics(
    source,
    { name: 'fine', partitions: 2 },
    { name: 'ahead', configs: { 'message.timestamp.after.max.ms': '9223372036854775807' } },
    { name: 'keyless' },
    { name: 'large' },
    { name: 'stamped', configs: { 'message.timestamp.type': 'LogAppendTime' } },
  )
  await createTopics(
    target,
    { name: 'eu.keyless', configs: { 'cleanup.policy': 'compact', 'compression.type': 'gzip' } },
    { name: 'eu.large', configs: { 'max.message.bytes': '1000' } },
    { name: 'eu.ahead' },
    { name: 'eu.stamped', configs: { 'min.insync.replicas': '2' } },
  )
  await produceRecords(source.adminProperties, [
    { topic: 'fine', partition: 1, key: 'k', value: 'x' },
    { topic: 'ahead', partition: 0, key: 'k', value: 'x', timestamp: ahead },
    { topic: 'keyless', partition: 0, value: 'x' },
    { topic: 'large', partition: 0, key: 'k', value: 'x'.repeat(2_000) },
    { topic: 'stamped', partition: 0, key: 'k', value: 'x' },
    'flush',
  ])
  const before = await listTopics(target)
  const { exitCode, lines, output } = await runCheck(flow('fine,ahead,keyless,large,stamped'))
  assert.equal(exitCode, 5, output)
  const preflights = lines.filter(({ event }) => event === 'topic') as unknown as TopicPreflight[]
  const found = Object.fromEntries(
    preflights.map(({ topic, findings }) => [topic, findings.map(({ level, code }) => `${level} ${code}`)]),
  )
  assert.deepEqual(found, {
    fine: [],
    ahead: ['problem timestamps-too-late'],
    keyless: ['warning null-keys', 'warning recompression', 'warning cleanup-policy'],
    large: ['problem records-too-large'],
    stamped: ['problem too-few-replicas', 'info append-time-lost'],
  })
  const remedies = preflights.flatMap(({ findings }) => findings.map(({ remedy }) => remedy)).join('\n')
  assert.match(remedies, /--alter --topic eu\.ahead --add-config message\.timestamp\.after\.max\.ms=/)
  assert.equal(preflights.find(({ topic }) => topic === 'fine')?.target.exists, false)
  assert.deepEqual((await listTopics(target)).toSorted(), before.toSorted())
  assert.equal((await runCheck(flow('fine,ahead,keyless,large,stamped'), '--topics', 'fine')).exitCode, 0)
  assert.equal((await runCheck(flow('none-such'))).exitCode, 5)
})

test('a remote topic that is not there is judged by what it would be created with', async () => {
  await createTopics(source, { name: 'new', configs: { 'max.message.bytes': '3000000', 'compression.type': 'gzip' } })
  await produceRecords(source.adminProperties, [{ topic: 'new', partition: 0, key: 'k', value: 'x' }])
  const { exitCode, lines, output } = await runCheck(flow('new', { 'replication.factor': '3' }))
  assert.equal(exitCode, 5, output)
  const topic = lines.find(({ event }) => event === 'topic') as unknown as TopicPreflight
  assert.equal(topic.target.maxMessageBytes, 3_000_000)
  assert.deepEqual(
    topic.findings.map(({ code }) => code),
    ['too-few-brokers'],
  )
})

test('problems of the file come first, with the nearest name; a cluster that does not answer is an error', async () => {
  const typo = await runCheck(flow('fine', { 'replication.facotr': '1', 'us.bootstrap.servers': '127.0.0.1:1' }))
  assert.equal(typo.exitCode, 2, typo.output)
  const problems = typo.lines[0]?.['problems'] as { key: string; remedy: string; line: number }[]
  assert.equal(problems.length, 1, typo.output)
  assert.equal(problems[0]?.key, 'replication.facotr')
  assert.match(JSON.stringify(problems[0]), /replication\.factor/)
  const offline = await runCheck(flow('fine', { 'us.bootstrap.servers': '127.0.0.1:1' }), '--offline')
  assert.equal(offline.exitCode, 0, offline.output)
  const dead = await runCheck(flow('fine', { 'us.bootstrap.servers': '127.0.0.1:1' }))
  assert.equal(dead.exitCode, 1, dead.output)
  assert.match(dead.output, /Cluster us: none of its brokers can be reached \(127\.0\.0\.1:1\)/)
})
