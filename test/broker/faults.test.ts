import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import {
  corruptFetched,
  FETCH,
  injectFetchError,
  injectProduceError,
  PRODUCE,
  refuseProduce,
  replaceAnswer,
} from '../support/answer-faults.ts'
import type { InjectedFault } from '../support/answer-faults.ts'
import { fetchErrors, produceErrors, refusals } from '../support/answer-codes.ts'
import { assertLogsValid, assertSameRecords } from '../support/judge.ts'
import type { RequestHeader } from '../support/kafka-frames.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'
import { startRecords } from '../support/record-stream.ts'
import type { RecordStream } from '../support/record-stream.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const ROUNDS = process.env.TWINLOG_TESTS === 'all' ? 40 : 5
const MIB = 1024 * 1024

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster({ proxy: true }), startCluster({ proxy: true })])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

function proxyOf(cluster: KafkaCluster): TcpProxy {
  const { proxy } = cluster.broker(1)
  assert.ok(proxy !== undefined)
  return proxy
}

function mirror(alias: string, topics: string, properties: MirrorOptions['properties'] = {}): Promise<Mirror> {
  return startMirror({ source, target, alias, topics, properties })
}

function stream(topic: string, partitions: number, recordsPerSecond = 1_000, valueBytes = 300): RecordStream {
  return startRecords(source, { topic, partitions, recordsPerSecond, valueBytes }, { 'linger.ms': '2' })
}

async function finish(twinlog: Mirror, topic: string, records: RecordStream, hasOffsets = true): Promise<void> {
  await records.stop()
  await twinlog.waitUntilCopied(topic)
  await assertSameRecords(source, target, topic, twinlog.remote(topic), { hasOffsets })
  await assertLogsValid(target, twinlog.remote(topic))
  assert.deepEqual(
    twinlog.eventsOf('DuplicatesPossible').concat(twinlog.eventsOf('FlowFailed'), twinlog.eventsOf('FlowEnded')),
    [],
  )
  await twinlog.stop()
}

async function seenIn(fault: InjectedFault, twinlog: Mirror, what: string): Promise<void> {
  const late = AbortSignal.timeout(30_000)
  const { promise, reject } = Promise.withResolvers<never>()
  const onLate = (): void => reject(new Error(`${what} never came:\n${twinlog.describe()}`))
  late.addEventListener('abort', onLate, { once: true })
  await Promise.race([fault.seen, promise])
  late.removeEventListener('abort', onLate)
}

test('connections cut in mid-frame on either side, again and again under load, cost nothing', async () => {
  await createTopics(source, { name: 'cut', partitions: 4 })
  await using twinlog = await mirror('cut', 'cut')
  await using records = stream('cut', 4, 2_000, 1_000)
  await twinlog.waitUntilGrown('cut')
  for (let round = 0; round < ROUNDS; round++) {
    proxyOf(source).toClient.cutAfter(Math.floor(Math.random() * MIB))
    proxyOf(target).toBroker.cutAfter(Math.floor(Math.random() * MIB))
    await twinlog.waitUntilGrown('cut', 1_000)
    proxyOf(target).toClient.cutAfter(Math.floor(Math.random() * 500))
    await twinlog.waitUntilGrown('cut', 500)
  }
  await finish(twinlog, 'cut', records)
})

test('a Produce answer that is lost, although the batch was appended, leads neither to loss nor to a second copy', async () => {
  await createTopics(source, { name: 'unheard', partitions: 2 })
  await using twinlog = await mirror('unheard', 'unheard', { 'us.producer.request.timeout.ms': '2000' })
  await using records = stream('unheard', 2)
  await twinlog.waitUntilGrown('unheard')
  for (const afterwards of ['cut', 'leave-open', 'cut'] as const) {
    await proxyOf(target).loseAnswer({
      apiKey: PRODUCE,
      nth: 3,
      afterwards,
      where: (_, request) => request.includes('unheard.unheard'),
    })
    await twinlog.waitUntilGrown('unheard')
  }
  assert.ok(twinlog.eventsOf('PartitionRecovering').length > 0)
  await finish(twinlog, 'unheard', records)
})

test('over a slow and long way, and through standstills of both sides, everything arrives', async () => {
  await createTopics(source, { name: 'slow', partitions: 2 })
  await using twinlog = await mirror('slow', 'slow')
  await using records = stream('slow', 2)
  await twinlog.waitUntilGrown('slow')
  for (const shape of [proxyOf(source).toClient, proxyOf(target).toBroker]) {
    shape.delayMs = 80
    shape.bytesPerSecond = 400_000
    await twinlog.waitUntilGrown('slow', 1_500)
    shape.delayMs = 0
    shape.bytesPerSecond = Infinity
    shape.stall()
    await sleep(1_500)
    shape.resume()
    await twinlog.waitUntilGrown('slow', 500)
  }
  await finish(twinlog, 'slow', records)
})

/** Fetch requests of the copying client that were under way at a time, at most; counted until it is disposed of. */
function countFetchesUnderWay(proxy: TcpProxy): Disposable & { readonly most: number } {
  let underWay = 0
  let most = 0
  const isCopying = ({ apiKey, clientId }: RequestHeader): boolean =>
    apiKey === FETCH && clientId?.endsWith('replication-consumer') === true
  const requests = proxy.onRequest((header) => {
    if (isCopying(header)) most = Math.max(most, ++underWay)
    return 'forward'
  })
  const answers = proxy.onAnswer((header) => {
    if (isCopying(header)) underWay--
    return 'forward'
  })
  return {
    get most() {
      return most
    },
    [Symbol.dispose]: () => [requests, answers].forEach((hook) => hook[Symbol.dispose]()),
  }
}

test('a source that is a long way off is read over several connections at a time; order is kept, and nothing doubled', async () => {
  await createTopics(source, { name: 'far', partitions: 6 })
  const proxy = proxyOf(source)
  const { toBroker, toClient } = proxy
  await using records = stream('far', 6, 3_000)
  toBroker.delayMs = 30
  toClient.delayMs = 30
  try {
    using fetches = countFetchesUnderWay(proxy)
    await using twinlog = await mirror('far', 'far')
    const opened = (): number =>
      twinlog.eventsOf('ConnectionOpened').filter(({ cluster, role }) => cluster === 'far' && role === undefined).length
    await twinlog.waitUntilGrown('far', 3_000)
    // Partitions moved from the first connection to the others in full flow.
    await until(
      'four connections to the source',
      () => opened() === 4,
      () => twinlog.describe(),
    )
    await twinlog.waitUntilGrown('far', 1_000)
    assert.equal(opened(), 4, twinlog.describe())
    assert.ok(fetches.most > 1 && fetches.most <= 4, `${fetches.most} at a time`)
    assert.deepEqual(twinlog.eventsOf('PartitionRecovering'), [])
    await finish(twinlog, 'far', records)
  } finally {
    toBroker.delayMs = 0
    toClient.delayMs = 0
  }
})

test('a target that refuses a batch in the middle of a flight gets it again, before what was behind it', async () => {
  await createTopics(source, { name: 'refused' })
  await using twinlog = await mirror('no', 'refused')
  await using records = stream('refused', 1)
  await twinlog.waitUntilGrown('refused')
  for (const [name, code] of Object.entries(refusals)) {
    using fault = refuseProduce(proxyOf(target), 'no.refused', code)
    await seenIn(fault, twinlog, name)
    await twinlog.waitUntilGrown('refused')
  }
  const reasons = twinlog.eventsOf('PartitionRecovering').map(({ reason }) => reason)
  assert.deepEqual(reasons.slice(0, 3), Object.keys(refusals).slice(0, 3))
  await finish(twinlog, 'refused', records)
})

test('a target that says an error although it appended is asked, and nothing is written twice', async () => {
  await createTopics(source, { name: 'liar', partitions: 2 })
  await using twinlog = await mirror('liar', 'liar')
  await using records = stream('liar', 2)
  await twinlog.waitUntilGrown('liar')
  for (const [name, code] of Object.entries(produceErrors)) {
    using fault = injectProduceError(proxyOf(target), 'liar.liar', code)
    await seenIn(fault, twinlog, name)
    await twinlog.waitUntilGrown('liar')
  }
  // A line of the log is shown for the first few only, and a time-out may cost other partitions their connection.
  const reasons = twinlog.eventsOf('PartitionRecovering').map(({ reason }) => reason)
  assert.deepEqual(reasons.slice(0, 2), Object.keys(produceErrors).slice(0, 2))
  // A producer id that is said to be of no use, after a connection was lost, is fenced: that costs an offset.
  await finish(twinlog, 'liar', records, twinlog.eventsOf('PartitionFenced').length === 0)
})

for (const where of ['answer', 'partition'] as const) {
  test(`errors of a fetched ${where} are got over: what came with them is not taken in, and nothing is left out`, async () => {
    const topic = `fetch-${where}`
    await createTopics(source, { name: topic, partitions: 2 })
    await using twinlog = await mirror(`f-${where}`, topic)
    await using records = stream(topic, 2)
    await twinlog.waitUntilGrown(topic)
    for (const [name, code] of Object.entries(fetchErrors[where])) {
      using fault = injectFetchError(proxyOf(source), code, where)
      await seenIn(fault, twinlog, name)
      await twinlog.waitUntilGrown(topic, 400)
    }
    assert.deepEqual(twinlog.eventsOf('GapFound'), [])
    const [name] = Object.keys(fetchErrors[where]).slice(-1)
    const said = where === 'answer' ? twinlog.eventsOf('ConnectionFailed') : twinlog.eventsOf('PartitionReadingRefused')
    assert.ok(
      said.some(({ msg }) => msg.includes(where === 'answer' ? (name ?? '') : 'NOT_LEADER_OR_FOLLOWER')),
      twinlog.describe(),
    )
    await finish(twinlog, topic, records)
  })
}

const finders = [
  { who: 'twinlog', id: 'checked', isChecked: true, isCoalesced: true },
  {
    who: 'twinlog, which puts small batches together (check.crcs=false)',
    id: 'put',
    isChecked: false,
    isCoalesced: true,
  },
  { who: 'the target (check.crcs=false)', id: 'target', isChecked: false, isCoalesced: false },
]
for (const { who, id, isChecked, isCoalesced } of finders) {
  test(`a batch with a changed byte is found by ${who}: its partition stops before it, the others go on`, async () => {
    const topic = `corrupt-${id}`
    const alias = `crc-${id}`
    await createTopics(source, { name: topic, partitions: 2 })
    const record = (partition: number, value: string): Parameters<typeof produceRecords>[1][number] => ({
      topic,
      partition,
      key: 'k',
      value,
    })
    const batches = ['one', 'two', 'BREAK-ME', 'four'].flatMap((value) => [
      record(0, value),
      record(1, value.toLowerCase()),
      'flush' as const,
    ])
    await produceRecords(source.adminProperties, batches)
    using corruption = corruptFetched(proxyOf(source), 'BREAK-ME')
    await using twinlog = await mirror(alias, topic, {
      [`${alias}.consumer.check.crcs`]: String(isChecked),
      ...(isCoalesced ? {} : { 'us.producer.batch.size': '0' }),
    })
    const { msg } = await twinlog.waitForEvent('PartitionStopped', ({ partition }) => partition === 0)
    assert.match(
      msg,
      new RegExp(
        `${topic} partition 0 stops at upstream offset 2: .*${isCoalesced ? 'offset 2 .*CRC-32C' : 'upstream offset 2 .*CORRUPT_MESSAGE'}`,
      ),
    )
    assert.ok(corruption.count > 0)
    await produceRecords(source.adminProperties, [record(0, 'five'), record(1, 'five')])
    await twinlog.waitUntilCopied(topic, { partitions: [1] })
    const copied = await dumpRecords({ client: target.adminProperties, topic: `${alias}.${topic}`, partitions: [0] })
    assert.deepEqual(
      copied.map(({ value }) => value?.toString()),
      ['one', 'two'],
    )
    await assertSameRecords(source, target, topic, `${alias}.${topic}`, { partitions: [1] })
    await assertLogsValid(target, `${alias}.${topic}`)
    await twinlog.stop()
  })
}

test('frames with hostile lengths, and answers that are cut short, are refused in bounded memory, and copying goes on', async () => {
  await createTopics(source, { name: 'hostile', partitions: 2 })
  await using twinlog = await mirror('hostile', 'hostile')
  await using records = stream('hostile', 2)
  await twinlog.waitUntilGrown('hostile')
  const lengthOf = (length: number): Buffer => {
    const bytes = Buffer.alloc(64)
    bytes.writeInt32BE(length)
    return bytes
  }
  for (const [cluster, apiKey] of [
    [source, FETCH],
    [target, PRODUCE],
  ] as const) {
    for (const length of [0x7fffffff, 0x40000000, -1, -0x80000000, 0, 2, 60]) {
      using fault = replaceAnswer(proxyOf(cluster), apiKey, lengthOf(length))
      await seenIn(fault, twinlog, `a frame of ${length}`)
      await twinlog.waitUntilGrown('hostile', 100)
    }
  }
  const status = await readFile(`/proc/${twinlog.pid}/status`, 'utf8')
  const peakKib = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1])
  assert.ok(peakKib < 400 * 1024, `peak RSS ${peakKib} KiB`)
  await finish(twinlog, 'hostile', records)
})
