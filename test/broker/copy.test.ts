import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTopics, listOffsets, readJmx } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { generateRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { ProduceStep } from '../../dev/kafka/records.ts'
import { assertLogsValid, assertSameRecords } from '../support/judge.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'
import { oneInFlight } from '../support/record-stream.ts'

const MIB = 1024 * 1024
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const TAKES_ANY_TIMESTAMP = { 'message.timestamp.after.max.ms': '9223372036854775807' }
const broker = {
  'log.cleaner.backoff.ms': '200',
  // Some records here are of 1970.
  'log.retention.ms': '-1',
  'message.max.bytes': String(32 * MIB),
  'replica.fetch.max.bytes': String(32 * MIB),
}

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster({ properties: broker }), startCluster({ properties: broker })])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

function mirror(alias: string, topics: string, properties: MirrorOptions['properties'] = {}): Promise<Mirror> {
  return startMirror({ source, target, alias, topics, properties })
}

/** Records of every shape that Kafka's producer makes, in batches of 1, 2, 50 and 1,000 records. */
function oddRecords(topic: string, partition: number): ProduceStep[] {
  const at = { topic, partition }
  const many = (count: number, size: number): ProduceStep[] =>
    Array.from({ length: count }, (_, index) => ({
      ...at,
      key: `k${index}`,
      value: 'x'.repeat(size),
      timestamp: 1_700_000_000_000 + index,
    }))
  return [
    { ...at, key: null, value: null, timestamp: 0 },
    'flush',
    { ...at, key: '', value: '', timestamp: 1n },
    { ...at, key: 'future', value: Buffer.from([0, 255, 128]), timestamp: 1_763_785_000_000_000_000n },
    'flush',
    ...many(50, 100),
    {
      ...at,
      key: 'h',
      value: 'v',
      headers: [
        ['a', 'x'],
        ['a', null],
        ['', 'empty name'],
        ['ü', Buffer.from([0xff])],
        ['a', 'x'],
      ],
    },
    'flush',
    ...many(1_000, 300),
    'flush',
    { ...at, key: null, value: 'x'.repeat(700_000) },
  ]
}

test('records of every codec, size and shape arrive as they were, batch by batch', async () => {
  const topics = CODECS.map((codec) => `odd-${codec}`)
  await createTopics(source, ...topics.map((name) => ({ name, partitions: 2, configs: TAKES_ANY_TIMESTAMP })))
  for (const codec of CODECS) {
    const settings = { ...source.adminProperties, 'compression.type': codec }
    const acks = await produceRecords(
      settings,
      [0, 1].flatMap((partition) => oddRecords(`odd-${codec}`, partition)),
    )
    assert.deepEqual(
      acks.filter(({ error }) => error !== undefined),
      [],
    )
  }
  await using twinlog = await mirror('odd', 'odd-.*')
  for (const topic of topics) {
    await twinlog.waitUntilCopied(topic)
    assert.equal(await assertSameRecords(source, target, topic, `odd.${topic}`, { hasOffsets: true }), 2 * 1_055)
    await assertLogsValid(target, `odd.${topic}`)
  }
  await twinlog.stop()
})

test('what producers of every kind wrote is copied, over many partitions and an empty topic', async () => {
  const kinds: Record<string, Record<string, string>> = {
    idempotent: { 'linger.ms': '5', ...oneInFlight },
    plain: { ...oneInFlight, 'enable.idempotence': 'false', acks: '1', 'linger.ms': '0', 'batch.size': '1000' },
  }
  await createTopics(source, { name: 'many-empty', partitions: 3 })
  for (const [kind, settings] of Object.entries(kinds)) {
    await createTopics(source, { name: `many-${kind}`, partitions: 40 })
    const stream = { topic: `many-${kind}`, partitions: 30, count: 3_000, valueBytes: 200 }
    const { lastError } = await generateRecords({ ...source.adminProperties, ...settings }, stream)
    assert.equal(lastError, null)
  }
  await using twinlog = await mirror('kinds', 'many-.*')
  for (const topic of ['many-idempotent', 'many-plain']) {
    await twinlog.waitUntilCopied(topic)
    assert.equal(await assertSameRecords(source, target, topic, `kinds.${topic}`, { hasOffsets: true }), 3_000)
    await assertLogsValid(target, `kinds.${topic}`)
  }
  await twinlog.waitUntilCopied('many-empty')
  assert.deepEqual(await listOffsets(target, 'kinds.many-empty'), {
    0: { earliest: 0, latest: 0 },
    1: { earliest: 0, latest: 0 },
    2: { earliest: 0, latest: 0 },
  })
  await twinlog.stop()
})

/** Transactions of two producers that stand interleaved in the log, with every outcome. @returns committed and all data records */
async function interleaveTransactions(topic: string): Promise<{ committed: number; all: number }> {
  let committed = 0
  let all = 0
  const transactions = (name: string, outcomes: readonly ('commit' | 'abort')[]): ProduceStep[] =>
    outcomes.flatMap((outcome, index) => {
      const count = (index % 3) + 1
      all += count
      if (outcome === 'commit') committed += count
      const sends = Array.from({ length: count }, (_, each): ProduceStep[] => [
        { topic, partition: 0, key: `${name}-${index}`, value: `${outcome}-${each}` },
        'flush',
      ])
      return ['begin' as const, ...sends.flat(), outcome]
    })
  const settings = (id: string): Record<string, string> => ({
    ...source.adminProperties,
    'transactional.id': `${topic}-${id}`,
  })
  const outcomes = (seed: number): ('commit' | 'abort')[] =>
    Array.from({ length: 25 }, (_, index) => ((index * seed) % 5 < 2 ? 'abort' : 'commit'))
  const plain = Array.from({ length: 20 }, (_, index): ProduceStep[] => [
    { topic, partition: 0, key: 'plain', value: `${index}` },
    'flush',
  ])
  await Promise.all([
    produceRecords(settings('a'), transactions('a', outcomes(1))),
    produceRecords(settings('b'), transactions('b', outcomes(3))),
    produceRecords(source.adminProperties, plain.flat()),
  ])
  return { committed: committed + 20, all: all + 20 }
}

test('with read_committed aborted records never reach the target, without it they do, and control batches in neither case', async () => {
  await createTopics(source, { name: 'tx' })
  const { committed, all } = await interleaveTransactions('tx')
  assert.ok(committed < all)
  await using strict = await mirror('strict', 'tx', { 'strict.consumer.isolation.level': 'read_committed' })
  await using lax = await mirror('lax', 'tx')
  await strict.waitUntilCopied('tx', { counts: { 0: committed } })
  await lax.waitUntilCopied('tx', { counts: { 0: all } })
  assert.equal(
    await assertSameRecords(source, target, 'tx', 'strict.tx', { sourceIsolation: 'read_committed' }),
    committed,
  )
  assert.equal(await assertSameRecords(source, target, 'tx', 'lax.tx', { sourceIsolation: 'read_uncommitted' }), all)
  // More transactions while both run: the next offsets follow without a hole, so nothing but data is there.
  const more = await interleaveTransactions('tx')
  await strict.waitUntilCopied('tx', { counts: { 0: committed + more.committed } })
  await lax.waitUntilCopied('tx', { counts: { 0: all + more.all } })
  assert.equal(await assertSameRecords(source, target, 'tx', 'strict.tx'), committed + more.committed)
  assert.equal(
    await assertSameRecords(source, target, 'tx', 'lax.tx', { sourceIsolation: 'read_uncommitted' }),
    all + more.all,
  )
  for (const [remote, count] of [
    ['strict.tx', committed + more.committed],
    ['lax.tx', all + more.all],
  ] as const) {
    await assertLogsValid(target, remote)
    assert.deepEqual(await listOffsets(target, remote), { 0: { earliest: 0, latest: count } })
  }
  await strict.stop()
  await lax.stop()
})

test('batches larger than a fetch answer, an arena and a request are copied, among small ones', async () => {
  const configs = { 'max.message.bytes': String(32 * MIB) }
  await createTopics(source, { name: 'big', partitions: 2, configs })
  const batch = (partition: number, sizes: readonly number[]): ProduceStep[] => [
    ...sizes.map((mebibytes) => ({
      topic: 'big',
      partition,
      key: 'k',
      value: Buffer.alloc(mebibytes * MIB + 1, `${mebibytes} `),
    })),
    'flush',
  ]
  const settings = { ...source.adminProperties, 'batch.size': String(24 * MIB) }
  const steps = [
    batch(0, [1]),
    batch(0, [6]),
    batch(1, [0]),
    batch(1, [10, 10]),
    batch(0, [0]),
    batch(1, [6]),
    batch(1, [0, 0]),
  ]
  await produceRecords(settings, steps.flat())
  await using twinlog = await mirror('large', 'big')
  await twinlog.waitUntilCopied('big')
  assert.equal(await assertSameRecords(source, target, 'big', 'large.big', { hasOffsets: true }), 9)
  await assertLogsValid(target, 'large.big')
  await twinlog.stop()
})

test('no broker had to convert a batch for any of this', async () => {
  for (const { brokers } of [source, target]) {
    for (const { pid } of brokers) {
      const beans = await readJmx(pid, 'kafka.server:type=BrokerTopicMetrics,name=*MessageConversionsPerSec')
      const counts = Object.entries(beans).map(([name, { Count: count }]) => [name, count])
      assert.ok(counts.length > 0)
      assert.deepEqual(
        counts.filter(([, count]) => count !== 0),
        [],
      )
    }
  }
})
