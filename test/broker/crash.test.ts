import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, deleteRecords, listOffsets } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords } from '../../dev/kafka/records.ts'
import { PRODUCE } from '../support/answer-faults.ts'
import { CrashScene, keyRange, NO_FLUSH } from '../support/crash-scene.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror } from '../support/mirror.ts'
import { sendFrame } from '../support/send-frame.ts'
import { connectTo, readLedger, sendStray } from '../support/stray-batch.ts'

const KILLS = process.env.TWINLOG_TESTS === 'all' ? 12 : 4
const WEEK_MS = 7 * 86_400_000
/** A target that forgets producers almost at once, as others do after a day: by the timestamps of the records. */
const FORGETFUL = { 'producer.id.expiration.ms': '1500', 'producer.id.expiration.check.interval.ms': '200' }
const FOR_EVER = { 'retention.ms': '-1' }

let scene: CrashScene

before(async () => {
  scene = await CrashScene.start(FORGETFUL)
})

after(() => scene[Symbol.asyncDispose]())

test('a broker that has forgotten the producer is fenced first: a late batch of the dead process is refused, and the copy goes on exactly', async () => {
  await createTopics(scene.source, { name: 'forgotten', partitions: 3 })
  await scene.write('forgotten', 0, 300, { partitions: 3 })
  {
    await using twinlog = await scene.mirror('forget', 'forgotten')
    await twinlog.waitUntilCopied('forgotten')
    await twinlog.kill()
  }
  const dead = await readLedger(scene.client, 'forget', 'forgotten')
  await scene.untilForgotten('forget.forgotten')
  await scene.write('forgotten', 300, 30, { partitions: 3 })
  await using twinlog = await scene.mirror('forget', 'forgotten')
  await scene.assertCopied(twinlog, 'forgotten')
  const fenced = twinlog.eventsOf('PartitionFenced')
  assert.deepEqual(new Set(fenced.map(({ partition }) => partition)).size, 3)
  assert.equal(fenced.length, 3, 'one marker a partition is enough')
  assert.equal(new Set(fenced.map(({ producerEpoch }) => producerEpoch)).size, 1, 'all partitions share one fence')
  assert.equal(await scene.endOf('forget.forgotten'), 111, '110 records and a marker')
  const { producerId, producerEpoch } = dead
  const end = await scene.endOf('forget.forgotten')
  // The broker may forget again soon: kept busy, it knows the new epoch.
  await scene.write('forgotten', 330, 30, { partitions: 3 })
  await twinlog.waitUntilCopied('forgotten', { counts: { 0: end + 10 } })
  const stray = { topic: 'forget.forgotten', producerId, producerEpoch, sequence: 100, values: ['stray'] }
  assert.equal(await sendStray(scene.client, stray), 'INVALID_PRODUCER_EPOCH')
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  assert.deepEqual(twinlog.eventsOf('ForeignWriteFound'), [], 'the marker is accounted for')
  await scene.assertCopied(twinlog, 'forgotten')
  const after = await readLedger(scene.client, 'forget', 'forgotten')
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
    await createTopics(scene.source, { name: topic, partitions: 2, configs: FOR_EVER })
    if (ageMs > 0) await scene.write(topic, 0, 8_000, { partitions: 2, ageMs })
    else await writeUntimed(topic, 4_000)
    const start = (): Promise<Mirror> => scene.mirror(topic, topic)
    let fences = 0
    for (let kill = 0; kill < KILLS; kill++) {
      await using twinlog = await start()
      await twinlog.waitForEvent(kill % 2 === 0 ? 'PartitionLocated' : 'FlowStarted')
      await sleep(Math.random() * 300)
      await twinlog.kill()
      fences += twinlog.eventsOf('PartitionFenced').length
      if (kill % 2 === 0) await scene.untilForgotten(`${topic}.${topic}`)
    }
    await using twinlog = await start()
    if (ageMs > 0) await scene.write(topic, 8_000, 100, { partitions: 2, ageMs })
    await scene.assertCopied(twinlog, topic)
    fences += twinlog.eventsOf('PartitionFenced').length
    assert.ok(fences > 0, 'nothing was fenced, so this test shows nothing')
    assert.ok(fences <= 4 * (KILLS + 1), `${fences} fences for ${KILLS} kills`)
    assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
    await twinlog.stop()
  })
}

/** The Java producer refuses such timestamps; brokers take them from others. */
async function writeUntimed(topic: string, count: number): Promise<void> {
  await using writer = connectTo(scene.source)
  await writer.waitUntilReachable({ signal: AbortSignal.timeout(20_000) })
  for (let first = 0; first < count; first += 20) {
    for (const partition of [0, 1]) {
      const values = keyRange(first, 20).map((value) => `${partition}-${value}`)
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
    return startMirror({
      source: scene.source,
      target: remembering,
      alias: 'late',
      topics: 'late',
      properties: NO_FLUSH,
    })
  }
  const keysNow = async (): Promise<string[]> => {
    const records = await dumpRecords({ client: remembering.adminProperties, topic: 'late.late' })
    return records.map(({ key }) => String(key))
  }
  await createTopics(scene.source, { name: 'late' })
  await scene.write('late', 0, 100)
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
    await scene.write('late', 100, 100)
    await held.promise
    await twinlog.kill()
    assert.ok(hook !== undefined)
  }
  await deleteRecords(scene.source, 'late', { 0: 150 })
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
  await scene.write('late', 200, 10)
  await twinlog.waitUntilCopied('late', { counts: { 0: 160 } })
  assert.deepEqual(await keysNow(), [...keyRange(0, 100), ...keyRange(150, 60)])
  assert.deepEqual(ends, [101, 101], 'behind the marker the late batch is refused')
  assert.equal(twinlog.eventsOf('PartitionFenced').length, 1, 'one marker is enough')
  assert.ok(hook !== undefined)
  await twinlog.stop()
})

test('a batch that was appended although its answer was lost is looked for before anything is sent again, also where the broker forgets', async () => {
  await createTopics(scene.source, { name: 'unheard', configs: FOR_EVER })
  await scene.write('unheard', 0, 1_000, { ageMs: WEEK_MS })
  await using twinlog = await scene.mirror('unheard', 'unheard', { 'us.producer.request.timeout.ms': '2000' })
  await twinlog.waitUntilCopied('unheard')
  const { proxy } = scene.target.broker(1)
  let lost = 0
  for (const afterwards of ['cut', 'leave-open', 'cut'] as const) {
    const where = (_: unknown, request: Buffer): boolean => request.includes('unheard.unheard')
    const swallowed = proxy?.loseAnswer({ apiKey: PRODUCE, afterwards, where })
    const before = await scene.endOf('unheard.unheard')
    await scene.write('unheard', 1_000 + 100 * lost++, 100, { ageMs: WEEK_MS })
    await swallowed
    await twinlog.waitUntilCopied('unheard', { counts: { 0: before + 100 } })
  }
  await scene.assertCopied(twinlog, 'unheard')
  // Whether it is fenced depends on whether anything has to be sent again: where all was appended there is not.
  assert.ok(twinlog.eventsOf('PartitionRecovering').length >= 1, twinlog.describe())
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  await twinlog.stop()
})

test('a process that was stopped wakes up beside its successor and harms neither data, ledger nor positions', async () => {
  await createTopics(scene.source, { name: 'woken', partitions: 2 })
  await scene.write('woken', 0, 400, { partitions: 2 })
  const quick = { 'us.offset.flush.interval.ms': '300', 'twinlog.session.timeout.ms': '6000' }
  await using old = await scene.mirror('woken', 'woken', quick)
  await old.waitUntilCopied('woken')
  await using stream = scene.stream('woken', 200)
  await old.waitUntilGrown('woken', 200)
  old.pause()
  await using successor = await scene.mirror('woken', 'woken', quick)
  await successor.waitUntilGrown('woken', 500)
  old.resume()
  await old.waitForStatus(({ flows }) => JSON.stringify(flows).includes('standby'))
  await old.kill()
  await successor.waitUntilGrown('woken', 200)
  await stream.stop()
  await scene.assertCopied(successor, 'woken')
  assert.deepEqual(successor.eventsOf('DuplicatesPossible'), [])
  await successor.stop()
})
