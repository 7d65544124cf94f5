import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createAcls,
  createTopics,
  deleteRecords,
  deleteTopics,
  describeTopic,
  listOffsets,
} from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, generateRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { ClusterClient } from '../../src/kafka/cluster-client.ts'
import { FencingProducer } from '../../src/kafka/fencing-producer.ts'
import { PRODUCE } from '../support/answer-faults.ts'
import { assertExactlyOnceInOrder, assertLogsValid } from '../support/judge.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'
import { oneInFlight, produceTransactions } from '../support/record-stream.ts'
import { sendFrame } from '../support/send-frame.ts'
import { connectTo, producersOf, readLedger, seedLedger, sendStray } from '../support/stray-batch.ts'

const options = { signal: AbortSignal.timeout(900_000) }
const KILLS = process.env.TWINLOG_TESTS === 'all' ? 12 : 4
const NO_FLUSH = { 'us.offset.flush.interval.ms': '3600000' }
const WEEK_MS = 7 * 86_400_000
/** A target that forgets producers almost at once, as others do after a day: by the timestamps of the records. */
const FORGETFUL = { 'producer.id.expiration.ms': '1500', 'producer.id.expiration.check.interval.ms': '200' }
const FOR_EVER = { 'retention.ms': '-1' }

let source: KafkaCluster
let target: KafkaCluster
let client: ClusterClient

before(async () => {
  ;[source, target] = await Promise.all([startCluster(), startCluster({ proxy: true, properties: FORGETFUL })])
  client = connectTo(target)
})

after(async () => {
  await client[Symbol.asyncDispose]()
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

function mirror(alias: string, topics: string, properties: MirrorOptions['properties'] = {}): Promise<Mirror> {
  return startMirror({ source, target, alias, topics, properties: { ...NO_FLUSH, ...properties } })
}

/** Writes records 0, 1, 2... in batches of ten. @param ageMs   how old they claim to be */
async function write(topic: string, first: number, count: number, { partitions = 1, ageMs = 0 } = {}): Promise<void> {
  const timestamp = Date.now() - ageMs
  const steps = Array.from({ length: count }, (_, index) => {
    const name = String(first + index)
    const record = { topic, partition: index % partitions, key: name, value: `${name}-${'x'.repeat(200)}`, timestamp }
    return (index + 1) % (10 * partitions) === 0 ? [record, 'flush' as const] : [record]
  })
  await produceRecords({ ...source.adminProperties, ...oneInFlight, 'linger.ms': '1000' }, steps.flat())
}

async function untilForgotten(remote: string): Promise<void> {
  while ((await producersOf(client, remote)).length > 0) await sleep(100)
}

async function endOf(topic: string, partition = 0): Promise<number> {
  return (await listOffsets(target, topic))[partition]?.latest ?? -1
}

async function keysAt(topic: string): Promise<string[]> {
  const records = await dumpRecords({ client: target.adminProperties, topic })
  return records.map(({ key }) => String(key))
}

function range(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(first + index))
}

/** Waits until the copy has every record of the source, whatever markers lie between; then judges it. */
async function assertCopied(twinlog: Mirror, topic: string): Promise<void> {
  const markers = twinlog.eventsOf('PartitionFenced').length
  await twinlog.waitUntilCopied(topic)
  const deadlineMs = performance.now() + 30_000
  for (;;) {
    try {
      await assertExactlyOnceInOrder(source, target, topic, twinlog.remote(topic))
      break
    } catch (error) {
      if (performance.now() > deadlineMs) throw error
      await sleep(500)
    }
  }
  assert.ok(markers < 100, `${markers} fences`)
  await assertLogsValid(target, twinlog.remote(topic))
}

test('a broker that has forgotten the producer is fenced first: a late batch of the dead process is refused, and the copy goes on exactly', async () => {
  await createTopics(source, { name: 'forgotten', partitions: 3 })
  await write('forgotten', 0, 300, { partitions: 3 })
  {
    await using twinlog = await mirror('forget', 'forgotten')
    await twinlog.waitUntilCopied('forgotten')
    await twinlog.kill()
  }
  const dead = await readLedger(client, 'forget', 'forgotten')
  await untilForgotten('forget.forgotten')
  await write('forgotten', 300, 30, { partitions: 3 })
  await using twinlog = await mirror('forget', 'forgotten')
  await assertCopied(twinlog, 'forgotten')
  const fenced = twinlog.eventsOf('PartitionFenced')
  assert.deepEqual(new Set(fenced.map(({ partition }) => partition)).size, 3)
  assert.equal(fenced.length, 3, 'one marker a partition is enough')
  assert.equal(new Set(fenced.map(({ producerEpoch }) => producerEpoch)).size, 1, 'all partitions share one fence')
  assert.equal(await endOf('forget.forgotten'), 111, '110 records and a marker')
  const { producerId, producerEpoch } = dead
  const end = await endOf('forget.forgotten')
  // The broker may forget again soon: kept busy, it knows the new epoch.
  await write('forgotten', 330, 30, { partitions: 3 })
  await twinlog.waitUntilCopied('forgotten', { counts: { 0: end + 10 } })
  const stray = { topic: 'forget.forgotten', producerId, producerEpoch, sequence: 100, values: ['stray'] }
  assert.equal(await sendStray(client, stray), 'INVALID_PRODUCER_EPOCH')
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  assert.deepEqual(twinlog.eventsOf('ForeignWriteFound'), [], 'the marker is accounted for')
  await assertCopied(twinlog, 'forgotten')
  const after = await readLedger(client, 'forget', 'forgotten')
  assert.deepEqual(
    after.runs.map(({ upstream, sequence, downstream }) => [upstream, sequence, downstream]),
    [
      [0, 0, 0],
      [100, 100, 101],
    ],
  )
  assert.equal(after.firstSequence, 100)
  assert.equal(after.producerId, producerId)
  await twinlog.stop()
})

for (const [name, ageMs] of [
  ['a week old', WEEK_MS],
  ['without a timestamp', -1],
] as const) {
  test(`data ${name} is copied once, however often the process is killed while the broker forgets it`, async () => {
    const topic = ageMs < 0 ? 'untimed' : 'old'
    await createTopics(source, { name: topic, partitions: 2, configs: FOR_EVER })
    if (ageMs > 0) await write(topic, 0, 8_000, { partitions: 2, ageMs })
    else await writeUntimed(topic, 4_000)
    const start = (): Promise<Mirror> => mirror(topic, topic)
    let fences = 0
    for (let kill = 0; kill < KILLS; kill++) {
      await using twinlog = await start()
      await twinlog.waitForEvent(kill % 2 === 0 ? 'PartitionLocated' : 'FlowStarted')
      await sleep(Math.random() * 300)
      await twinlog.kill()
      fences += twinlog.eventsOf('PartitionFenced').length
      if (kill % 2 === 0) await untilForgotten(`${topic}.${topic}`)
    }
    await using twinlog = await start()
    if (ageMs > 0) await write(topic, 8_000, 100, { partitions: 2, ageMs })
    await assertCopied(twinlog, topic)
    fences += twinlog.eventsOf('PartitionFenced').length
    assert.ok(fences > 0, 'nothing was fenced, so this test shows nothing')
    assert.ok(fences <= 4 * (KILLS + 1), `${fences} fences for ${KILLS} kills`)
    assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
    await twinlog.stop()
  })
}

/** The Java producer refuses such timestamps; brokers take them from others. */
async function writeUntimed(topic: string, count: number): Promise<void> {
  await using writer = connectTo(source)
  await writer.waitUntilReachable({ signal: AbortSignal.timeout(20_000) })
  for (let first = 0; first < count; first += 20) {
    for (const partition of [0, 1]) {
      const values = range(first, 20).map((value) => `${partition}-${value}`)
      const stray = { topic, partition, producerId: -1n, producerEpoch: -1, sequence: -1, values, timestamp: -1n }
      assert.equal(await sendStray(writer, stray), 'NONE')
    }
  }
}

test('a batch of a dead process that comes after the source has lost its records takes the place of no others', async () => {
  // A broker that remembers the producer: the check of sequences alone would take the late batch, and nothing else fences it.
  await using remembering = await startCluster({ proxy: true })
  const { proxy } = remembering.broker(1)
  assert.ok(proxy !== undefined)
  const start = (): Promise<Mirror> => {
    return startMirror({ source, target: remembering, alias: 'late', topics: 'late', properties: NO_FLUSH })
  }
  const keysNow = async (): Promise<string[]> => {
    const records = await dumpRecords({ client: remembering.adminProperties, topic: 'late.late' })
    return records.map(({ key }) => String(key))
  }
  await createTopics(source, { name: 'late' })
  await write('late', 0, 100)
  const held = Promise.withResolvers<Buffer>()
  {
    await using twinlog = await start()
    await twinlog.waitUntilCopied('late', { counts: { 0: 100 } })
    // What it sends from now on stays on the way: records 100 to 109 are the first of it.
    using hook = proxy.onRequest((header, request) => {
      if (header.apiKey !== PRODUCE || !request.includes('late.late')) return 'forward'
      held.resolve(request)
      return 'drop'
    })
    await write('late', 100, 100)
    await held.promise
    await twinlog.kill()
    assert.ok(hook !== undefined)
  }
  await deleteRecords(source, 'late', { 0: 150 })
  const arrived = Promise.withResolvers<readonly number[]>()
  const endNow = async (): Promise<number> => (await listOffsets(remembering, 'late.late'))[0]?.latest ?? -1
  const letThrough = async (): Promise<readonly number[]> => {
    const before = await endNow()
    await sendFrame(remembering, await held.promise)
    return [before, await endNow()]
  }
  let isSent = false
  using hook = proxy.onRequest((header, request) => {
    if (header.apiKey !== PRODUCE || !request.includes('late.late') || isSent) return 'forward'
    // Just before the successor's first batch, record 150 and on, comes what the dead process had sent.
    isSent = true
    letThrough()
      .then(arrived.resolve, arrived.reject)
      .finally(() => proxy.cutAll())
    return 'drop'
  })
  await using twinlog = await start()
  const ends = await arrived.promise
  await twinlog.waitForEvent('GapFound')
  await write('late', 200, 10)
  await twinlog.waitUntilCopied('late', { counts: { 0: 160 } })
  assert.deepEqual(await keysNow(), [...range(0, 100), ...range(150, 60)])
  assert.deepEqual(ends, [101, 101], 'behind the marker the late batch is refused')
  assert.equal(twinlog.eventsOf('PartitionFenced').length, 1, 'one marker is enough')
  assert.ok(hook !== undefined)
  await twinlog.stop()
})

test('a batch that was appended although its answer was lost is looked for before anything is sent again, also where the broker forgets', async () => {
  await createTopics(source, { name: 'unheard', configs: FOR_EVER })
  await write('unheard', 0, 1_000, { ageMs: WEEK_MS })
  await using twinlog = await mirror('unheard', 'unheard', { 'us.producer.request.timeout.ms': '2000' })
  await twinlog.waitUntilCopied('unheard')
  const { proxy } = target.broker(1)
  let lost = 0
  for (const afterwards of ['cut', 'leave-open', 'cut'] as const) {
    const where = (_: unknown, request: Buffer): boolean => request.includes('unheard.unheard')
    const swallowed = proxy?.loseAnswer({ apiKey: PRODUCE, afterwards, where })
    const before = await endOf('unheard.unheard')
    await write('unheard', 1_000 + 100 * lost++, 100, { ageMs: WEEK_MS })
    await swallowed
    await twinlog.waitUntilCopied('unheard', { counts: { 0: before + 100 } })
  }
  await assertCopied(twinlog, 'unheard')
  assert.ok(twinlog.eventsOf('PartitionFenced').length >= 1, twinlog.describe())
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  await twinlog.stop()
})

test('a process that was stopped wakes up beside its successor and harms neither data, ledger nor positions', async () => {
  await createTopics(source, { name: 'woken', partitions: 2 })
  await write('woken', 0, 400, { partitions: 2 })
  const quick = { 'us.offset.flush.interval.ms': '300', 'twinlog.session.timeout.ms': '6000' }
  await using old = await mirror('woken', 'woken', quick)
  await old.waitUntilCopied('woken')
  await using stream = startStream('woken')
  await old.waitUntilGrown('woken', 200)
  old.pause()
  await using successor = await mirror('woken', 'woken', quick)
  await successor.waitUntilGrown('woken', 500)
  old.resume()
  await old.waitForStatus(({ flows }) => JSON.stringify(flows).includes('standby'))
  await old.kill()
  await successor.waitUntilGrown('woken', 200)
  await stream.stop()
  await assertCopied(successor, 'woken')
  assert.deepEqual(successor.eventsOf('DuplicatesPossible'), [])
  await successor.stop()
})

test('sequences wrap at 2^31: a partition goes on across the end, is killed there, and goes on', async () => {
  await createTopics(source, { name: 'wrapping' })
  // The source is the target, too: a broker that remembers can be asked for the sequence.
  await using near = connectTo(source)
  await near.waitUntilReachable(options)
  const start = (): Promise<Mirror> => {
    return startMirror({ source, target: source, alias: 'wrap', topics: 'wrapping', properties: NO_FLUSH })
  }
  await createTopics(source, { name: 'wrap.wrapping' })
  await write('wrapping', 0, 10)
  // A ledger as after two billion records, of which the target has kept none.
  const [{ topicId: sourceTopicId }, { topicId: targetTopicId }] = await Promise.all([
    describeTopic(source, 'wrapping'),
    describeTopic(source, 'wrap.wrapping'),
  ])
  const identity = (await new FencingProducer(near, 'wrap-mm2-wrap-twinlog-data').take(options)) ?? assert.fail()
  await seedLedger(near, 'wrap', {
    ...{
      topic: 'wrapping',
      partition: 0,
      replaces: true,
      runs: [{ upstream: 0, sequence: 2 ** 31 - 105, downstream: 0 }],
    },
    identity: {
      ...identity,
      ...{ firstSequence: 0, sourceLeaderEpoch: -1 },
      sourceTopicId: uuidOf(sourceTopicId),
      targetTopicId: uuidOf(targetTopicId),
    },
  })
  {
    await using twinlog = await start()
    await twinlog.waitUntilCopied('wrapping')
    const [producer] = await producersOf(near, 'wrap.wrapping')
    assert.equal(producer?.lastSequence, 2 ** 31 - 96, 'it begins near the end')
    await write('wrapping', 10, 200)
    await twinlog.waitUntilCopied('wrapping')
    assert.equal((await producersOf(near, 'wrap.wrapping'))[0]?.lastSequence, 104)
    await twinlog.kill()
  }
  await write('wrapping', 210, 50)
  await using twinlog = await start()
  await twinlog.waitUntilCopied('wrapping')
  await assertExactlyOnceInOrder(source, source, 'wrapping', 'wrap.wrapping')
  await assertLogsValid(source, 'wrap.wrapping')
  assert.deepEqual(twinlog.eventsOf('PartitionFenced'), [])
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  await twinlog.stop()
})

test('with another isolation level after a crash nothing is lost, repeated or put in the place of other records', async () => {
  await createTopics(source, { name: 'levels' })
  await produceTransactions(source, { topic: 'levels', partitions: 1, count: 60, id: 'levels-a' })
  const level = (isolation: string): Record<string, string> => {
    return { 'level.consumer.isolation.level': isolation }
  }
  const everything = await dumpRecords({
    client: source.adminProperties,
    topic: 'levels',
    isolation: 'read_uncommitted',
  })
  const first = everything.map(({ key }) => String(key))
  {
    await using twinlog = await mirror('level', 'levels', level('read_uncommitted'))
    // Aborted records are copied with read_uncommitted.
    await untilKeys('level.levels', first)
    await twinlog.kill()
  }
  await produceTransactions(source, { topic: 'levels', partitions: 1, count: 60, id: 'levels-b' })
  const fromOffset = (everything.at(-1)?.offset ?? 0) + 1
  const committed = await dumpRecords({ client: source.adminProperties, topic: 'levels', fromOffset })
  const expected = [...first, ...committed.map(({ key }) => String(key))]
  await using twinlog = await mirror('level', 'levels', level('read_committed'))
  await untilKeys('level.levels', expected)
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  await twinlog.stop()
})

test('a remote topic that was deleted, or made again, between crash and restart is begun anew where the positions stand', async () => {
  for (const isMadeAgain of [false, true]) {
    const topic = isMadeAgain ? 'again' : 'gone'
    const flushing = { 'us.offset.flush.interval.ms': '200' }
    await createTopics(source, { name: topic })
    await write(topic, 0, 100)
    {
      await using twinlog = await mirror('dead', topic, flushing)
      await twinlog.waitUntilCopied(topic)
      await sleep(1_500)
      await twinlog.kill()
    }
    await deleteTopics(target, `dead.${topic}`)
    if (isMadeAgain) await createTopics(target, { name: `dead.${topic}` })
    await write(topic, 100, 50)
    await using twinlog = await mirror('dead', topic, flushing)
    await untilKeys(`dead.${topic}`, range(100, 50))
    assert.ok(twinlog.eventsOf('RemoteTopicRecreated').length > 0, twinlog.describe())
    await twinlog.stop()
  }
})

test('somebody else who writes to a remote topic is noticed, counted and shown, and takes nothing from the copy', async () => {
  await createTopics(source, { name: 'shared' })
  await write('shared', 0, 50)
  await using twinlog = await mirror('foreign', 'shared')
  await twinlog.waitUntilCopied('shared')
  await produceRecords(target.adminProperties, [{ topic: 'foreign.shared', partition: 0, key: 'foreign' }])
  await write('shared', 50, 50)
  await untilKeys('foreign.shared', [...range(0, 50), 'foreign', ...range(50, 50)])
  await twinlog.waitForEvent('ForeignWriteFound')
  await twinlog.waitForStatus(({ flows }) => JSON.stringify(flows).includes('"foreignWritesTotal":1'))
  await twinlog.stop()
})

test('without permission for transactional ids the copy goes on under a plain id, says so once, and counts what it could not fence', async () => {
  await using guarded = await startCluster({ authorizer: true, properties: FORGETFUL })
  const all = (resourceType: 'TOPIC' | 'GROUP') => ({ resourceType, name: '*', operation: 'ALL' }) as const
  await createAcls(guarded, all('TOPIC'), all('GROUP'), {
    resourceType: 'CLUSTER',
    name: 'kafka-cluster',
    operation: 'ALL',
  })
  await createTopics(source, { name: 'plain' })
  await write('plain', 0, 100)
  const start = (): Promise<Mirror> => {
    return startMirror({ source, target: guarded, alias: 'plain', topics: 'plain', properties: NO_FLUSH })
  }
  await using looker = connectTo(guarded, guarded.bootstrap)
  {
    await using twinlog = await start()
    await twinlog.waitUntilCopied('plain')
    for (const name of ['ProducerUnfenceable', 'StoresUnfenceable']) {
      const { msg } = await twinlog.waitForEvent(name)
      assert.match(
        msg,
        /TRANSACTIONAL_ID_AUTHORIZATION_FAILED.*kafka-acls --add .*--transactional-id plain-mm2-plain-twinlog/,
      )
      assert.equal(twinlog.eventsOf(name).length, 1)
    }
    await twinlog.kill()
  }
  await looker.waitUntilReachable(options)
  while ((await producersOf(looker, 'plain.plain')).length > 0) await sleep(100)
  await write('plain', 100, 50)
  await using twinlog = await start()
  await twinlog.waitUntilCopied('plain')
  await assertExactlyOnceInOrder(source, guarded, 'plain', 'plain.plain')
  await twinlog.waitForEvent('PartitionUnfenced')
  await twinlog.waitForStatus(({ flows }) => JSON.stringify(flows).includes('"unfencedTotal":1'))
  await twinlog.stop()
})

/** Waits until exactly these records are there, in this order. */
async function untilKeys(topic: string, expected: readonly string[]): Promise<void> {
  const deadlineMs = performance.now() + 60_000
  for (;;) {
    const found = await keysAt(topic).catch(() => [])
    if (found.length >= expected.length || performance.now() > deadlineMs) {
      assert.deepEqual(found, expected)
      return
    }
    await sleep(300)
  }
}

/** Kafka's text form of a topic id as a uuid. */
function uuidOf(topicId: string): string {
  const hex = Buffer.from(topicId, 'base64url').toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function startStream(topic: string): { stop(): Promise<void>; [Symbol.asyncDispose](): Promise<void> } {
  const stop = new AbortController()
  const options = {
    topic,
    partitions: 2,
    recordsPerSecond: 1_000,
    valueBytes: 200,
    firstSequence: 200,
    signal: stop.signal,
  }
  const done = generateRecords({ ...source.adminProperties, ...oneInFlight, 'linger.ms': '2' }, options)
  done.catch(() => undefined)
  const end = async (): Promise<void> => {
    stop.abort()
    await done
  }
  return { stop: end, [Symbol.asyncDispose]: () => end().catch(() => undefined) }
}
