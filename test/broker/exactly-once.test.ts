import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alterTopic, createTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, generateRecords, produceRecords } from '../../dev/kafka/records.ts'
import { systemClock } from '../../src/base/clock.ts'
import { ClusterClient } from '../../src/kafka/cluster-client.ts'
import { TransactionalWriter } from '../../src/kafka/transactional-writer.ts'
import { addPartitionsToTransaction, endTransaction, takeTransactionalId } from '../../src/kafka/transactions.ts'
import { longTest } from '../support/long-test.ts'
import { assertExactlyOnceInOrder, assertLogsValid, reconcile } from '../support/judge.ts'
import { assertSyncsHold } from '../support/offset-syncs.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror } from '../support/mirror.ts'
import { plainClientSettings } from '../support/plain-client-settings.ts'
import type { RequestHeader } from '../support/kafka-frames.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'
import { oneInFlight, produceTransactions, startRecords } from '../support/record-stream.ts'
import { storedOffsets } from '../support/stored-offsets.ts'

const KILLS = process.env.TWINLOG_TESTS === 'all' ? 20 : 5
/** How soon a reader of committed records has to see new ones after a restart. */
const FREE_AGAIN_MS = 10_000
const PRODUCE = 0
const ADD_PARTITIONS = 24
const END_TXN = 26
const committed = { targetIsolation: 'read_committed' } as const

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster(), startCluster({ proxy: true })])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

/** A timeout so long that nothing is aborted by itself while a test runs. */
function enabled(alias: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    'us.exactly.once.source.support': 'enabled',
    [`${alias}.consumer.isolation.level`]: 'read_committed',
    'us.producer.transaction.timeout.ms': '600000',
    'us.config.storage.replication.factor': '1',
    'us.offset.flush.interval.ms': '3600000',
    ...more,
  }
}

function mirror(alias: string, topics: string, properties: Record<string, string>): Promise<Mirror> {
  return startMirror({ source, target, alias, topics, properties })
}

/** Until a Java consumer that reads committed records finds all of them. */
async function untilCommitted(alias: string, topic: string, twinlog: Mirror, timeoutMs = 120_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    const found = await reconcile(source, target, topic, `${alias}.${topic}`, committed).catch((error: unknown) => {
      if (performance.now() > deadlineMs) throw error
      return null
    })
    if (found !== null && found.missing === 0) return
    assert.ok(performance.now() < deadlineMs, `${JSON.stringify(found)}\n${twinlog.describe()}`)
    await sleep(250)
  }
}

async function assertExactlyOnce(alias: string, topic: string): Promise<number> {
  const { source: count } = await assertExactlyOnceInOrder(source, target, topic, `${alias}.${topic}`, committed)
  await assertLogsValid(target, `${alias}.${topic}`)
  return count
}

test('records and positions are committed together, and a restart goes on where they say', async () => {
  await createTopics(source, { name: 'plain', partitions: 3 })
  const write = (firstSequence: number): Promise<unknown> =>
    generateRecords(
      { ...source.adminProperties, ...oneInFlight },
      { topic: 'plain', partitions: 2, count: 2_000, firstSequence, valueBytes: 100 },
    )
  for (const round of [0, 1, 2]) {
    await write(round * 1_000)
    const syncs = { 'emit.offset-syncs.enabled': 'true', 'offset-syncs.topic.location': 'target' }
    await using twinlog = await mirror('plain', 'plain', enabled('plain', syncs))
    await untilCommitted('plain', 'plain', twinlog)
    const last = (round + 1) * 1_000 - 1
    assert.deepEqual(await storedOffsets(target, 'plain'), { 'plain-0': last, 'plain-1': last })
    await twinlog.stop()
    assert.deepEqual(twinlog.eventsOf('TransactionAborted'), [])
  }
  assert.equal(await assertExactlyOnce('plain', 'plain'), 6_000)
  const syncs = { on: target, topic: 'mm2-offset-syncs.plain.internal' }
  await assertSyncsHold({ source, target, topic: 'plain', remote: 'plain.plain', syncs })
})

test('killed again and again in full flight, it repeats, loses and reorders nothing, and readers go on after each restart', async () => {
  await createTopics(source, { name: 'killed', partitions: 4 })
  const emitted = { 'emit.offset-syncs.enabled': 'true' }
  const start = (): Promise<Mirror> => mirror('killed', 'killed', enabled('killed', emitted))
  await using stream = startRecords(
    source,
    { topic: 'killed', partitions: 4, recordsPerSecond: 1_500, valueBytes: 500 },
    { 'linger.ms': '2' },
  )
  for (let kill = 0; kill < KILLS; kill++) {
    await using twinlog = await start()
    await twinlog.waitForEvent('PartitionLocated')
    await twinlog.waitUntilGrown('killed', 500)
    await sleep(Math.random() * 400)
    await twinlog.kill()
  }
  await stream.stop()
  await using twinlog = await start()
  await untilCommitted('killed', 'killed', twinlog)
  await assertExactlyOnce('killed', 'killed')
  await twinlog.stop()
  const syncs = { on: source, topic: 'mm2-offset-syncs.us.internal' }
  await assertSyncsHold({ source, target, topic: 'killed', remote: 'killed.killed', syncs })
})

test('transactions of the source are copied as they were decided there', async () => {
  await createTopics(source, { name: 'decided', partitions: 2 })
  const writing = ['a', 'b'].map((id) =>
    produceTransactions(source, { topic: 'decided', partitions: 2, count: 300, id: `decided-${id}` }),
  )
  await using twinlog = await mirror('decided', 'decided', enabled('decided'))
  await Promise.all(writing)
  await untilCommitted('decided', 'decided', twinlog)
  await assertExactlyOnce('decided', 'decided')
  await twinlog.stop()
})

/** Until twinlog has sent a request of a kind: then it is kept from the broker (`request`), or its answer from twinlog (`answer`). */
function held(
  apiKey: number,
  what: 'request' | 'answer',
  where = (_request: Buffer) => true,
): Disposable & { seen: Promise<void> } {
  const { promise: seen, resolve } = Promise.withResolvers<void>()
  const { proxy } = target.broker(1)
  assert.ok(proxy !== undefined)
  const judge = (header: RequestHeader, request: Buffer): 'drop' | 'forward' => {
    if (header.apiKey !== apiKey || !where(request)) return 'forward'
    resolve()
    return 'drop'
  }
  const hook = what === 'request' ? proxy.onRequest(judge) : proxy.onAnswer(judge)
  return { seen, [Symbol.dispose]: () => hook[Symbol.dispose]() }
}

function proxyOf(cluster: KafkaCluster): TcpProxy {
  const { proxy } = cluster.broker(1)
  assert.ok(proxy !== undefined)
  return proxy
}

async function committedCount(alias: string, topic: string): Promise<number> {
  const { target: count } = await reconcile(source, target, topic, `${alias}.${topic}`, committed)
  return count
}

const windows = [
  ['in the middle of a transaction', PRODUCE, 'answer'],
  ['between the positions and EndTxn', END_TXN, 'request'],
  ['when the commit was decided and the answer is lost', END_TXN, 'answer'],
  ['when the transaction has only just begun', ADD_PARTITIONS, 'answer'],
] as const

for (const [index, [name, apiKey, what]] of windows.entries()) {
  test(`killed ${name}, it goes on without loss or repetition, and the target's readers within ten seconds`, async () => {
    const alias = `window${index}`
    await createTopics(source, { name: alias, partitions: 2 })
    await using stream = startRecords(
      source,
      { topic: alias, partitions: 2, recordsPerSecond: 1_000, valueBytes: 200 },
      { 'linger.ms': '2' },
    )
    for (let round = 0; round < 2; round++) {
      await using twinlog = await mirror(alias, alias, enabled(alias))
      await twinlog.waitUntilGrown(alias, 200)
      {
        using window = held(apiKey, what, (request) => apiKey !== PRODUCE || request.includes(`${alias}.${alias}`))
        await window.seen
        await twinlog.kill()
      }
    }
    const before = await committedCount(alias, alias)
    const startedMs = performance.now()
    await using twinlog = await mirror(alias, alias, enabled(alias))
    while ((await committedCount(alias, alias)) <= before + 100) {
      assert.ok(performance.now() - startedMs < FREE_AGAIN_MS, `readers still wait\n${twinlog.describe()}`)
      await sleep(100)
    }
    await stream.stop()
    await untilCommitted(alias, alias, twinlog)
    await assertExactlyOnce(alias, alias)
    await twinlog.stop()
  })
}

test('a commit whose answer is lost is asked for again, not aborted', async () => {
  await createTopics(source, { name: 'lost', partitions: 2 })
  await using twinlog = await mirror('lost', 'lost', enabled('lost', { 'us.producer.request.timeout.ms': '1500' }))
  await using stream = startRecords(
    source,
    { topic: 'lost', partitions: 2, recordsPerSecond: 1_000, valueBytes: 200 },
    { 'linger.ms': '2' },
  )
  await twinlog.waitUntilGrown('lost', 200)
  for (const afterwards of ['cut', 'leave-open'] as const) {
    await proxyOf(target).loseAnswer({ apiKey: END_TXN, afterwards })
    await twinlog.waitUntilGrown('lost', 500)
  }
  await stream.stop()
  assert.deepEqual(twinlog.eventsOf('TransactionAborted').concat(twinlog.eventsOf('FlowFailed')), [])
  await untilCommitted('lost', 'lost', twinlog)
  await assertExactlyOnce('lost', 'lost')
  await twinlog.stop()
})

longTest('brokers of both clusters may be killed and come back while transactions are under way', async () => {
  await createTopics(source, { name: 'brokers', partitions: 4 })
  await using twinlog = await mirror('brokers', 'brokers', enabled('brokers'))
  await using stream = startRecords(
    source,
    { topic: 'brokers', partitions: 4, recordsPerSecond: 2_000, valueBytes: 500 },
    { 'linger.ms': '2' },
  )
  for (const cluster of [target, source, target]) {
    await twinlog.waitUntilGrown('brokers', 500)
    await cluster.broker(1).kill()
    await sleep(1_000)
    await cluster.broker(1).start()
    await twinlog.waitUntilGrown('brokers', 1)
  }
  await stream.stop()
  await untilCommitted('brokers', 'brokers', twinlog)
  await assertExactlyOnce('brokers', 'brokers')
  await twinlog.stop()
})

longTest(
  'a partition whose records the target refuses stops alone, costs the others next to nothing, and is taken up again',
  async () => {
    await createTopics(source, { name: 'good', partitions: 2 }, { name: 'bad', partitions: 1 })
    // A compacted topic takes no records without a key.
    await createTopics(target, { name: 'poison.bad', partitions: 1, configs: { 'cleanup.policy': 'compact' } })
    const stops = { 'poison->us.twinlog.null.key.policy': 'stop' }
    await using twinlog = await mirror('poison', 'good, bad', { ...enabled('poison'), ...stops })
    await using stream = startRecords(
      source,
      { topic: 'good', partitions: 2, recordsPerSecond: 1_000, valueBytes: 200 },
      { 'linger.ms': '2' },
    )
    await twinlog.waitUntilGrown('good', 200)
    const keyless = Array.from({ length: 20 }, (_, index) => ({ topic: 'bad', partition: 0, value: `${index}` }))
    await produceRecords(
      { ...source.adminProperties, 'linger.ms': '0' },
      keyless.flatMap((record) => [record, 'flush' as const]),
    )
    const stopped = await twinlog.waitForEvent('PartitionStopped')
    assert.equal(stopped['topic'], 'bad')
    assert.match(stopped.msg, /INVALID_RECORD/)
    await twinlog.waitUntilGrown('good', 3_000)
    assert.ok(twinlog.eventsOf('TransactionAborted').length <= 2, twinlog.describe())
    assert.deepEqual(
      twinlog.eventsOf('PartitionStopped').filter(({ topic }) => topic !== 'bad'),
      [],
    )
    await alterTopic(target, 'poison.bad', { 'cleanup.policy': 'delete' })
    await untilCommitted('poison', 'bad', twinlog, 90_000)
    await stream.stop()
    await untilCommitted('poison', 'good', twinlog)
    await assertExactlyOnce('poison', 'good')
    await assertExactlyOnce('poison', 'bad')
    await twinlog.stop()
  },
)

longTest(
  'switched on and off in the same file, killed each time, nothing is lost and nothing copied twice',
  async () => {
    await createTopics(source, { name: 'switched', partitions: 3 })
    await using stream = startRecords(
      source,
      { topic: 'switched', partitions: 3, recordsPerSecond: 500, valueBytes: 300 },
      { 'linger.ms': '2' },
    )
    const on = enabled('switched')
    const off = { ...on, 'us.exactly.once.source.support': 'disabled' }
    const preparing = { ...on, 'us.exactly.once.source.support': 'preparing' }
    for (const properties of [off, on, off, on, preparing, on, on, off]) {
      await using twinlog = await mirror('switched', 'switched', properties)
      await twinlog.waitUntilGrown('switched', 300)
      await sleep(Math.random() * 300)
      await twinlog.kill()
      assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [], twinlog.describe())
    }
    await stream.stop()
    await using twinlog = await mirror('switched', 'switched', on)
    await untilCommitted('switched', 'switched', twinlog)
    await assertExactlyOnce('switched', 'switched')
    await twinlog.stop()
  },
)

test('when another takes the transactional id over, the flow says so, starts again, and repeats nothing', async () => {
  await createTopics(source, { name: 'fenced', partitions: 2 })
  await createTopics(target, { name: 'somewhere', partitions: 1 })
  await using twinlog = await mirror('fenced', 'fenced', enabled('fenced'))
  await using stream = startRecords(
    source,
    { topic: 'fenced', partitions: 2, recordsPerSecond: 300, valueBytes: 200 },
    { 'linger.ms': '2' },
  )
  await twinlog.waitUntilGrown('fenced', 500)
  const other = { ...target.adminProperties, 'transactional.id': 'fenced-mm2-MirrorSourceConnector-0' }
  await produceRecords(other, ['begin', { topic: 'somewhere', partition: 0, value: 'x' }, 'commit'])
  const failed = await twinlog.waitForEvent('FlowFailed')
  assert.match(failed.msg, /transactional id fenced-mm2-MirrorSourceConnector-0/)
  await twinlog.waitUntilGrown('fenced', 500)
  await stream.stop()
  await untilCommitted('fenced', 'fenced', twinlog)
  await assertExactlyOnce('fenced', 'fenced')
  await twinlog.stop()
})

test('a transaction of the source that nobody ends is shown with its producer, and what waits behind it is copied once it is ended', async () => {
  const { signal } = new AbortController()
  await createTopics(source, { name: 'hung', partitions: 1 })
  await using client = new ClusterClient('hung', plainClientSettings(source.bootstrap), {
    clock: systemClock,
    random: Math.random,
  })
  const options = { signal, transactionTimeoutMs: 600_000 }
  const hanging = await takeTransactionalId(client, 'forgotten-app', options)
  await addPartitionsToTransaction(client, hanging, [{ topic: 'hung', partition: 0 }], { signal })
  const record = { partition: 0, key: Buffer.from('k'), value: Buffer.from('v') }
  await new TransactionalWriter(client, 'hung').write(hanging, [record], { signal })
  await generateRecords(source.adminProperties, { topic: 'hung', partitions: 1, count: 50, valueBytes: 50 })

  await using twinlog = await mirror('hung', 'hung', enabled('hung', { 'twinlog.hanging.transaction.ms': '1000' }))
  const told = await twinlog.waitForEvent('SourceTransactionHanging')
  const { topic, partition, producerId, producerEpoch, startOffset, transactionalId } = told
  assert.deepEqual(
    { topic, partition, producerId: String(producerId), producerEpoch, startOffset, transactionalId },
    {
      topic: 'hung',
      partition: 0,
      producerId: String(hanging.producerId),
      producerEpoch: hanging.producerEpoch,
      startOffset: 0,
      transactionalId: 'forgotten-app',
    },
  )
  assert.equal(await committedCount('hung', 'hung').catch(() => 0), 0)
  await endTransaction(client, hanging, 'abort', { signal })
  // The marker is written a moment later; what was behind it can be read only then.
  while ((await dumpRecords({ client: source.adminProperties, topic: 'hung' })).length < 50) await sleep(100)
  await untilCommitted('hung', 'hung', twinlog)
  await assertExactlyOnce('hung', 'hung')
  await twinlog.stop()
})
