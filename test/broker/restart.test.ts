import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, listOffsets } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, generateRecords, produceRecords } from '../../dev/kafka/records.ts'
import { assertExactlyOnceInOrder, assertLogsValid, assertSameRecords } from '../support/judge.ts'
import { assertSyncsHold } from '../support/offset-syncs.ts'
import { countOffsets, startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'
import { oneInFlight, openTransaction, produceTransactions, startRecords } from '../support/record-stream.ts'
import { storedOffsets } from '../support/stored-offsets.ts'

/** The core suite kills a few times; TWINLOG_TESTS=all goes on for longer. */
const KILLS = process.env.TWINLOG_TESTS === 'all' ? 40 : 6
/** What is promised: this long after a cluster is up again, copying goes on. */
const COMES_BACK_MS = 5_000
/** Positions are written at a clean stop only: what is stored is as old as that. */
const NO_FLUSH = { 'us.offset.flush.interval.ms': '3600000' }

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

async function targetHolds(remote: string): Promise<number> {
  const ranges = Object.values(await listOffsets(target, remote).catch(() => ({})))
  return ranges.reduce((sum, { latest }) => sum + latest, 0)
}

/** Starts it and kills it at a moment that nobody chose: mostly while it copies, now and then before. */
async function runAndKill(start: () => Promise<Mirror>, longestMs: number, isEarly = false): Promise<void> {
  await using twinlog = await start()
  await twinlog.waitForEvent(isEarly ? 'FlowStarted' : 'PartitionLocated')
  await sleep(Math.random() * longestMs)
  await twinlog.kill()
}

test('after a clean stop positions are stored and the copy goes on where it was', async () => {
  await createTopics(source, { name: 'clean', partitions: 3 })
  const write = (count: number, firstSequence: number): Promise<unknown> =>
    generateRecords(
      { ...source.adminProperties, ...oneInFlight },
      { topic: 'clean', partitions: 2, count, firstSequence, valueBytes: 100 },
    )
  await write(2_000, 0)
  for (const round of [1, 2, 3]) {
    await using twinlog = await mirror('clean', 'clean')
    await twinlog.waitUntilCopied('clean')
    await twinlog.stop()
    assert.deepEqual(await storedOffsets(target, 'clean'), {
      'clean-0': round * 1_000 - 1,
      'clean-1': round * 1_000 - 1,
    })
    await write(2_000, round * 1_000)
  }
  await using twinlog = await mirror('clean', 'clean')
  await twinlog.waitUntilCopied('clean')
  assert.equal(await assertSameRecords(source, target, 'clean', 'clean.clean', { hasOffsets: true }), 8_000)
  assert.deepEqual([twinlog.eventsOf('DuplicatesPossible'), twinlog.eventsOf('PartitionRecovering')], [[], []])
  await twinlog.stop()
})

test('killed again and again in full flight, with stored positions that are long out of date, it loses, repeats and reorders nothing', async () => {
  await createTopics(source, { name: 'killed', partitions: 4 })
  const start = (): Promise<Mirror> => mirror('killed', 'killed', NO_FLUSH)
  const backlog = { topic: 'killed', partitions: 4, count: 60_000, valueBytes: 1_000 }
  await generateRecords({ ...source.adminProperties, ...oneInFlight, 'linger.ms': '5' }, { ...backlog, count: 4_000 })
  {
    await using twinlog = await start()
    await twinlog.waitUntilCopied('killed')
    await twinlog.stop()
  }
  const { acked } = await generateRecords(
    { ...source.adminProperties, ...oneInFlight, 'linger.ms': '5' },
    { ...backlog, firstSequence: 1_000 },
  )
  assert.deepEqual(Object.keys(acked).length, 4)
  await using stream = startRecords(
    source,
    { ...backlog, count: 1e9, firstSequence: 16_000, recordsPerSecond: 3_000, valueBytes: 200 },
    { 'linger.ms': '2' },
  )
  const positions: number[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    await runAndKill(start, 700, kill % 3 === 2)
    positions.push(await targetHolds('killed.killed'))
  }
  await stream.stop()
  await using twinlog = await start()
  await twinlog.waitUntilCopied('killed')
  const { source: count } = await assertExactlyOnceInOrder(source, target, 'killed', 'killed.killed')
  assert.equal(await assertSameRecords(source, target, 'killed', 'killed.killed', { hasOffsets: true }), count)
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  assert.ok(new Set(positions).size > 1, `it copied nothing between the kills: ${positions.join(', ')}`)
  await assertLogsValid(target, 'killed.killed')
  await twinlog.stop()
})

for (const isolation of ['read_committed', 'read_uncommitted'] as const) {
  test(`killed while it copies transactions, a hole at each, it loses and repeats nothing (${isolation})`, async () => {
    const topic = `tx-${isolation}`
    await createTopics(source, { name: topic, partitions: 2 })
    const settings = { [`${isolation}.consumer.isolation.level`]: isolation, ...NO_FLUSH }
    const emitted = { 'emit.offset-syncs.enabled': 'true' }
    const start = (): Promise<Mirror> => mirror(isolation, topic, { ...settings, ...emitted })
    const writing = ['a', 'b'].map((id) =>
      produceTransactions(source, { topic, partitions: 2, count: 600, id: `${topic}-${id}` }),
    )
    const positions: number[] = []
    for (let kill = 0; kill < KILLS / 2; kill++) {
      await runAndKill(start, 700, kill % 3 === 1)
      positions.push(await targetHolds(`${isolation}.${topic}`))
    }
    await Promise.all(writing)
    assert.ok(new Set(positions).size > 1, `it copied nothing between the kills: ${positions.join(', ')}`)
    await runAndKill(start, 300)
    const records = await dumpRecords({ client: source.adminProperties, topic, isolation })
    const counts = Object.fromEntries(
      [0, 1].map((partition) => [partition, records.filter((each) => each.partition === partition).length]),
    )
    await using twinlog = await start()
    // The life before may have copied all of it, and written no offset sync.
    for (const each of [0, 1]) await twinlog.waitForEvent('PartitionLocated', ({ partition }) => partition === each)
    await twinlog.waitUntilCopied(topic, { counts })
    assert.equal(
      await assertSameRecords(source, target, topic, `${isolation}.${topic}`, { sourceIsolation: isolation }),
      records.length,
    )
    assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
    await assertLogsValid(target, `${isolation}.${topic}`)
    await twinlog.stop()
    const syncs = { on: source, topic: 'mm2-offset-syncs.us.internal' }
    await assertSyncsHold({ source, target, topic, remote: `${isolation}.${topic}`, syncs })
  })
}

for (const isolation of ['read_committed', 'read_uncommitted'] as const) {
  test(`transactions that are open at a kill are copied or left out as they end later, once (${isolation})`, async () => {
    const topic = `open-${isolation}`
    const alias = topic
    await createTopics(source, { name: topic })
    const isCommitted = isolation === 'read_committed'
    const start = (): Promise<Mirror> =>
      mirror(alias, topic, { [`${alias}.consumer.isolation.level`]: isolation, ...NO_FLUSH })
    const writePlain = (): Promise<unknown> =>
      produceRecords(
        source.adminProperties,
        Array.from({ length: 10 }, (_, index) => ({ topic, partition: 0, value: `plain-${index}` })),
      )
    /** Runs it until it holds so many records, which are all that it may hold, and kills it. */
    const copyAndKill = async (committed: number, all: number): Promise<void> => {
      await using twinlog = await start()
      const count = isCommitted ? committed : all
      await twinlog.waitUntilCopied(topic, { counts: { 0: count } })
      await twinlog.kill()
      assert.deepEqual(await countOffsets(target, `${alias}.${topic}`), { 0: count })
    }
    await writePlain()
    await using committing = await openTransaction(source, { topic, count: 5, id: `${topic}-a`, outcome: 'commit' })
    await using aborting = await openTransaction(source, { topic, count: 5, id: `${topic}-b`, outcome: 'abort' })
    await writePlain()
    await copyAndKill(10, 30)
    // Both are still open: nothing is new, and nothing is copied again.
    await copyAndKill(10, 30)
    await committing.end()
    await copyAndKill(15, 30)
    await aborting.end()
    await using twinlog = await start()
    const counts = { 0: isCommitted ? 25 : 30 }
    await twinlog.waitUntilCopied(topic, { counts })
    assert.equal(
      await assertSameRecords(source, target, topic, `${alias}.${topic}`, { sourceIsolation: isolation }),
      counts[0],
    )
    assert.deepEqual(twinlog.eventsOf('DuplicatesPossible').concat(twinlog.eventsOf('GapFound')), [])
    await assertLogsValid(target, `${alias}.${topic}`)
    await twinlog.stop()
  })
}

test('a process that stood still for longer than its requests may take goes on without loss or repetition', async () => {
  await createTopics(source, { name: 'paused', partitions: 4 })
  const impatient = { 'us.producer.request.timeout.ms': '1500', 'paused.consumer.request.timeout.ms': '1500' }
  await using twinlog = await mirror('paused', 'paused', impatient)
  const options = { topic: 'paused', partitions: 4, recordsPerSecond: 3_000, valueBytes: 500 }
  await using stream = startRecords(source, options, { 'linger.ms': '2' })
  for (const pauseMs of [300, 4_000]) {
    await twinlog.waitUntilGrown('paused', 500)
    twinlog.pause()
    await sleep(pauseMs)
    twinlog.resume()
  }
  await stream.stop()
  await twinlog.waitUntilCopied('paused')
  await assertSameRecords(source, target, 'paused', 'paused.paused', { hasOffsets: true })
  await twinlog.stop()
})

test('brokers of both clusters may be killed and come back, one after the other, while records flow', async () => {
  await createTopics(source, { name: 'brokers', partitions: 4 })
  await using twinlog = await mirror('brokers', 'brokers')
  const options = { topic: 'brokers', partitions: 4, recordsPerSecond: 2_000, valueBytes: 500 }
  await using stream = startRecords(source, options, { 'linger.ms': '2' })
  for (const cluster of [target, source]) {
    await twinlog.waitUntilGrown('brokers', 500)
    await cluster.broker(1).kill()
    await sleep(1_000)
    await cluster.broker(1).start()
    const upMs = Date.now()
    const tookMs = (await twinlog.waitUntilCopying(upMs)) - upMs
    assert.ok(tookMs < COMES_BACK_MS, `it took ${tookMs} ms to go on:\n${twinlog.describe()}`)
  }
  await stream.stop()
  await twinlog.waitUntilCopied('brokers')
  await assertSameRecords(source, target, 'brokers', 'brokers.brokers', { hasOffsets: true })
  assert.deepEqual(
    twinlog.eventsOf('FlowFailed').map(({ msg }) => msg),
    [],
  )
  await twinlog.stop()
})
