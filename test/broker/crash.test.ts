import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, deleteRecords, listOffsets } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, generateRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { ClusterClient } from '../../src/kafka/cluster-client.ts'
import { PRODUCE } from '../support/answer-faults.ts'
import { assertExactlyOnceInOrder, assertLogsValid } from '../support/judge.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'
import { oneInFlight } from '../support/record-stream.ts'
import { connectTo, producersOf, readLedger, sendStray } from '../support/stray-batch.ts'

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
  await createTopics(source, { name: 'late' })
  await write('late', 0, 100)
  {
    await using twinlog = await mirror('late', 'late')
    await twinlog.waitUntilCopied('late')
    await twinlog.kill()
  }
  const { producerId, producerEpoch, firstSequence } = await readLedger(client, 'late', 'late')
  // The dead process had sent records 100 to 109, which are on their way; the source loses them, and what comes next is 150.
  await write('late', 100, 100)
  await deleteRecords(source, 'late', { 0: 150 })
  const { proxy } = target.broker(1)
  assert.ok(proxy !== undefined)
  const arrived = Promise.withResolvers<string>()
  let isSent = false
  using hook = proxy.onRequest((header, request) => {
    if (header.apiKey !== PRODUCE || !request.includes('late.late') || isSent) return 'forward'
    isSent = true
    const values = range(100, 10)
    const stray = { topic: 'late.late', producerId, producerEpoch, sequence: 100 - firstSequence, values }
    sendStray(client, stray)
      .then(arrived.resolve, arrived.reject)
      .finally(() => proxy.cutAll())
    return 'drop'
  })
  await using twinlog = await mirror('late', 'late')
  const outcome = await arrived.promise
  assert.equal(outcome, 'INVALID_PRODUCER_EPOCH')
  await twinlog.waitForEvent('GapFound')
  await write('late', 200, 10)
  await twinlog.waitUntilCopied('late', { counts: { 0: 161 } })
  assert.deepEqual(await keysAt('late.late'), [...range(0, 100), ...range(150, 60)])
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

test('a process that was stopped wakes up beside its successor: its batches, ledger and positions are refused or known, without any admission', async () => {
  await createTopics(source, { name: 'woken', partitions: 2 })
  await write('woken', 0, 400, { partitions: 2 })
  const flushing = { 'us.offset.flush.interval.ms': '300' }
  await using old = await mirror('woken', 'woken', flushing)
  await old.waitUntilCopied('woken')
  await using stream = startStream('woken')
  await old.waitUntilGrown('woken', 200)
  old.pause()
  await using successor = await mirror('woken', 'woken', flushing)
  await successor.waitUntilGrown('woken', 500)
  old.resume()
  const failed = await old.waitForEvent('FlowFailed')
  assert.match(failed.msg, /another process/)
  await old.kill()
  await successor.waitUntilGrown('woken', 200)
  await stream.stop()
  await assertCopied(successor, 'woken')
  assert.deepEqual(successor.eventsOf('DuplicatesPossible'), [])
  await successor.stop()
})

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
