import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { alterTopic, createTopics, deleteRecords } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { ProduceStep } from '../../dev/kafka/records.ts'
import { mustRunTool } from '../../dev/kafka/tools.ts'
import { SourceOffsetStore } from '../../src/control/source-offset-store.ts'
import { CLEANED_AT_ONCE, CLEANING_BROKER, waitForCleaner } from '../support/compacted-source.ts'
import { assertLogsValid, assertSameRecords, segmentFiles } from '../support/judge.ts'
import { longTest } from '../support/long-test.ts'
import { figureOf } from '../support/logged-event.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'
import { connectTo } from '../support/stray-batch.ts'
import { SeededRandom } from '../support/seeded-random.ts'

const MIB = 1024 * 1024
/** The core suite has two of them; TWINLOG_TESTS=all has all. */
const CODECS =
  process.env['TWINLOG_TESTS'] === 'all'
    ? (['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)
    : (['none', 'zstd'] as const)
const broker = { ...CLEANING_BROKER, 'log.retention.ms': '-1' }

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster({ properties: broker }), startCluster({ properties: broker })])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

/** Remote topics have configurations of their own here, which are not to become those of the source. */
function mirror(alias: string, topics: string, more: MirrorOptions['properties'] = {}): Promise<Mirror> {
  const properties = { [`${alias}->us.sync.topic.configs.enabled`]: 'false', ...more }
  return startMirror({ source, target, alias, topics, properties })
}

/** How many records a consumer finds, by partition. */
async function countsOf(topic: string, partitions: number, cluster = source): Promise<Record<number, number>> {
  const records = await dumpRecords({ client: cluster.adminProperties, topic })
  return Object.fromEntries(
    Array.from({ length: partitions }, (_, index) => [
      index,
      records.filter(({ partition }) => partition === index).length,
    ]),
  )
}

/** Leaves a position as MirrorMaker 2 does, which may stop in the middle of a batch. */
async function storePosition(alias: string, topic: string, partition: number, lastCopiedOffset: number): Promise<void> {
  await using client = connectTo(target)
  const options = { signal: AbortSignal.timeout(60_000) }
  await client.waitUntilReachable(options)
  const store = await SourceOffsetStore.open(
    client,
    {
      offsetsTopic: `mm2-offsets.${alias}.internal`,
      replicationFactor: 1,
      partitionsCount: 1,
      topicConfigs: {},
      owner: { connectorName: 'MirrorSourceConnector', sourceAlias: alias },
    },
    options,
  )
  await store.write([{ topic, partition, lastCopiedOffset }], options)
}

test('batches out of which compaction took records, at random, come over without them, in every codec', async () => {
  const random = new SeededRandom(5)
  const topics = CODECS.map((codec) => `holes-${codec}`)
  await createTopics(source, ...topics.map((name) => ({ name, partitions: 2, configs: CLEANED_AT_ONCE })))
  for (const codec of CODECS) {
    const topic = `holes-${codec}`
    const steps: ProduceStep[] = []
    for (let batch = 0; batch < 60; batch++) {
      const count = 1 + Math.floor(random.next() * 40)
      for (let index = 0; index < count; index++) {
        const key = `k${Math.floor(random.next() * 400)}`
        const value = random.next() < 0.1 ? null : `${batch}-${index}-${'x'.repeat(Math.floor(random.next() * 200))}`
        steps.push({ topic, partition: batch % 2, key, value, headers: [['h', `${index}`]] })
      }
      steps.push('flush')
    }
    await produceRecords({ ...source.adminProperties, 'compression.type': codec, 'linger.ms': '1000' }, steps)
  }
  for (const topic of topics) await waitForCleaner(source, topic, { 0: 400, 1: 400 })
  await using twinlog = await mirror('holes', 'holes-.*')
  for (const topic of topics) {
    await twinlog.waitUntilCopied(topic, { counts: await countsOf(topic, 2) })
    await assertSameRecords(source, target, topic, `holes.${topic}`)
    await assertLogsValid(target, `holes.${topic}`)
  }
  await twinlog.waitForStatus(() => figureOf(twinlog, 'batches', 'rebuiltTotal') > 0)
  await twinlog.stop()
})

test('a log that begins inside a batch, and a position inside one, are gone on with at the next record', async () => {
  await createTopics(source, { name: 'inside', partitions: 2 })
  const batch = (partition: number, from: number): ProduceStep[] => [
    ...Array.from({ length: 50 }, (_, index) => ({ topic: 'inside', partition, key: `k${from + index}`, value: 'v' })),
    'flush',
  ]
  const client = { ...source.adminProperties, 'compression.type': 'lz4', 'linger.ms': '1000' }
  await produceRecords(client, [...batch(0, 0), ...batch(0, 50), ...batch(1, 0)])
  await deleteRecords(source, 'inside', { 0: 33 })
  await storePosition('in', 'inside', 1, 19)
  await using twinlog = await mirror('in', 'inside')
  await twinlog.waitUntilCopied('inside', { counts: { 0: 67, 1: 30 } })
  await assertSameRecords(source, target, 'inside', 'in.inside', { partitions: [0] })
  const rest = await dumpRecords({ client: target.adminProperties, topic: 'in.inside', partitions: [1] })
  assert.deepEqual(
    rest.map(({ key }) => key?.toString()),
    Array.from({ length: 30 }, (_, index) => `k${20 + index}`),
  )
  await assertLogsValid(target, 'in.inside')
  await twinlog.stop()
})

longTest('append time becomes the records own time where the remote topic keeps that', async () => {
  const names = CODECS.map((codec) => `stamped-${codec}`)
  const appendTime = { 'message.timestamp.type': 'LogAppendTime' }
  await createTopics(source, ...names.map((name) => ({ name, configs: appendTime })))
  await createTopics(target, { name: 'time.stamped-gzip', configs: appendTime })
  for (const codec of CODECS) {
    const steps = [1, 30].flatMap((count): ProduceStep[] => [
      ...Array.from({ length: count }, (_, index) => ({
        topic: `stamped-${codec}`,
        partition: 0,
        key: `${index}`,
        value: 'v',
        timestamp: 1_000 + index,
      })),
      'flush',
    ])
    await produceRecords({ ...source.adminProperties, 'compression.type': codec, 'linger.ms': '1000' }, steps)
  }
  await using twinlog = await mirror('time', 'stamped-.*')
  for (const codec of CODECS) {
    const topic = `stamped-${codec}`
    await twinlog.waitUntilCopied(topic)
    const hasTimestamps = codec !== 'gzip'
    assert.equal(await assertSameRecords(source, target, topic, `time.${topic}`, { hasTimestamps }), 31)
    await assertLogsValid(target, `time.${topic}`)
  }
  await twinlog.stop()
})

longTest(
  'batches that are too large for the remote topic are split, also when only the broker finds out; a record alone stops its partition',
  async () => {
    const names = ['split-none', 'split-zstd', 'split-recompressed', 'split-record']
    await createTopics(
      source,
      ...names.map((name) => ({ name, partitions: 2, configs: { 'max.message.bytes': `${8 * MIB}` } })),
    )
    const small = { 'max.message.bytes': '20000' }
    await createTopics(
      target,
      { name: 'small.split-none', partitions: 2, configs: small },
      { name: 'small.split-zstd', partitions: 2, configs: small },
      // What is 2 KB as zstd is a megabyte then.
      { name: 'small.split-recompressed', partitions: 2, configs: { ...small, 'compression.type': 'uncompressed' } },
      { name: 'small.split-record', partitions: 2, configs: small },
    )
    const random = new SeededRandom(7)
    const steps = (topic: string, size: (index: number) => number, isRandom = true): ProduceStep[] => [
      ...Array.from({ length: 300 }, (_, index) => {
        const bytes = Buffer.alloc(size(index), 'x')
        if (isRandom) for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(random.next() * 256)
        return { topic, partition: 0, key: `k${index}`, value: bytes }
      }),
      'flush',
      { topic, partition: 1, key: 'other', value: 'v' },
      'flush',
    ]
    const big = {
      ...source.adminProperties,
      'batch.size': `${2 * MIB}`,
      'linger.ms': '1000',
      'max.request.size': `${8 * MIB}`,
    }
    await produceRecords(
      big,
      steps('split-none', () => 1_000),
    )
    await produceRecords(
      { ...big, 'compression.type': 'zstd' },
      steps('split-zstd', () => 1_000),
    )
    await produceRecords(
      { ...big, 'compression.type': 'zstd' },
      steps('split-recompressed', () => 3_000, false),
    )
    await produceRecords(
      big,
      steps('split-record', (index) => (index === 150 ? 30_000 : 1_000)),
    )
    await using twinlog = await mirror('small', 'split-.*')
    for (const topic of names.slice(0, 3)) {
      await twinlog.waitUntilCopied(topic)
      assert.equal(await assertSameRecords(source, target, topic, `small.${topic}`, { hasOffsets: true }), 301)
      await assertLogsValid(target, `small.${topic}`)
    }
    const stopped = await twinlog.waitForEvent('PartitionStopped', ({ topic }) => topic === 'split-record')
    assert.match(
      stopped.msg,
      /record at offset 150 of split-record partition 0 .*twinlog.oversized.record.policy=dead-letter/,
    )
    await twinlog.waitUntilCopied('split-record', { counts: { 0: 150, 1: 1 } })
    await alterTopic(target, 'small.split-record', { 'max.message.bytes': '100000' })
    await twinlog.waitUntilCopied('split-record')
    assert.equal(await assertSameRecords(source, target, 'split-record', 'small.split-record'), 301)
    await assertLogsValid(target, 'small.split-record')
    await twinlog.stop()
  },
)

test('a record that is too large is parked in the dead letter topic, with where it comes from, and the others go on', async () => {
  await createTopics(source, { name: 'parked', configs: { 'max.message.bytes': `${8 * MIB}` } })
  await createTopics(target, { name: 'park.parked', configs: { 'max.message.bytes': '50000' } })
  const client = {
    ...source.adminProperties,
    'batch.size': `${MIB}`,
    'linger.ms': '1000',
    'max.request.size': `${8 * MIB}`,
  }
  const record = (key: string, size: number): ProduceStep => ({
    topic: 'parked',
    partition: 0,
    key,
    value: Buffer.alloc(size, key),
    headers: [
      ['h', key],
      ['h', null],
    ],
    timestamp: 1_700_000_000_000,
  })
  await produceRecords(client, [
    record('a', 10),
    record('b', 60_000),
    record('c', 10),
    'flush',
    record('d', 3 * MIB),
    'flush',
  ])
  await using twinlog = await mirror('park', 'parked', { 'park->us.twinlog.oversized.record.policy': 'dead-letter' })
  await twinlog.waitUntilCopied('parked', { counts: { 0: 2 } })
  await twinlog.waitForEvent('RecordDeadLettered', ({ upstreamOffset }) => upstreamOffset === 3)
  await produceRecords(client, [record('e', 10)])
  await twinlog.waitUntilCopied('parked', { counts: { 0: 3 } })
  const copied = await dumpRecords({ client: target.adminProperties, topic: 'park.parked' })
  assert.deepEqual(
    copied.map(({ key }) => key?.toString()),
    ['a', 'c', 'e'],
  )
  const letters = await dumpRecords({ client: target.adminProperties, topic: 'mm2-dead-letters.park.internal' })
  assert.deepEqual(
    letters.map(({ key, value }) => [key?.toString(), value?.length]),
    [
      ['b', 60_000],
      ['d', 3 * MIB],
    ],
  )
  assert.deepEqual(
    letters[0]?.headers.map(([name, value]) => [name, value?.toString() ?? null]),
    [
      ['h', 'b'],
      ['h', null],
      ['__twinlog.cluster', 'park'],
      ['__twinlog.topic', 'parked'],
      ['__twinlog.partition', '0'],
      ['__twinlog.offset', '1'],
      ['__twinlog.timestamp', '1700000000000'],
      ['__twinlog.target.topic', 'park.parked'],
      ['__twinlog.reason', 'RECORD_TOO_LARGE'],
      ['__twinlog.batch.bytes', letters[0]?.headers.at(-1)?.[1]?.toString()],
    ],
  )
  await twinlog.waitForStatus(() => figureOf(twinlog, 'exceptions', 'deadLettersTotal') === 2)
  await assertLogsValid(target, 'park.parked')
  await twinlog.stop()
})

test('where the remote topic is compacted, records without a key are left out, counted and said', async () => {
  await createTopics(source, { name: 'keyless' })
  await createTopics(target, { name: 'keys.keyless', configs: { 'cleanup.policy': 'compact' } })
  const batch = (name: string, keys: readonly (string | null)[]): ProduceStep[] => [
    ...keys.map((key, index) => ({ topic: 'keyless', partition: 0, key, value: `${name}-${index}` })),
    'flush',
  ]
  const client = { ...source.adminProperties, 'linger.ms': '1000' }
  await produceRecords(client, [
    ...batch('a', ['x', 'y']),
    ...batch('b', ['x', null, '', null]),
    ...batch('c', [null]),
    ...batch('d', ['z']),
  ])
  await using twinlog = await mirror('keys', 'keyless')
  await twinlog.waitUntilCopied('keyless', { counts: { 0: 5 } })
  const copied = await dumpRecords({ client: target.adminProperties, topic: 'keys.keyless' })
  assert.deepEqual(
    copied.map(({ value }) => value?.toString()),
    ['a-0', 'a-1', 'b-0', 'b-2', 'd-0'],
  )
  await twinlog.waitForEvent('NullKeysDropped')
  await twinlog.waitForStatus(() => figureOf(twinlog, 'exceptions', 'nullKeysTotal') === 3)
  await assertLogsValid(target, 'keys.keyless')
  await twinlog.stop()
})

longTest('batches get the codec and the level that the flow is to write', async () => {
  await createTopics(source, ...CODECS.map((name) => ({ name: `to-${name}` })))
  for (const codec of CODECS) {
    const steps = Array.from({ length: 400 }, (_, index) => ({
      topic: `to-${codec}`,
      partition: 0,
      key: `${index}`,
      value: `${index}`.repeat(40),
    }))
    await produceRecords({ ...source.adminProperties, 'compression.type': codec, 'linger.ms': '1000' }, [
      ...steps,
      'flush',
    ])
  }
  const sizes: Record<string, number> = {}
  for (const [alias, settings] of Object.entries({
    zlow: { 'compression.type': 'zstd', 'compression.zstd.level': '1' },
    zhigh: { 'compression.type': 'zstd', 'compression.zstd.level': '19' },
    glow: { 'compression.type': 'gzip', 'compression.gzip.level': '1' },
    ghigh: { 'compression.type': 'gzip', 'compression.gzip.level': '9' },
    plain: { 'compression.type': 'none' },
  })) {
    const properties = Object.fromEntries(Object.entries(settings).map(([key, value]) => [`us.producer.${key}`, value]))
    await using twinlog = await mirror(alias, 'to-.*', properties)
    const files: string[] = []
    for (const codec of CODECS) {
      await twinlog.waitUntilCopied(`to-${codec}`)
      assert.equal(
        await assertSameRecords(source, target, `to-${codec}`, `${alias}.to-${codec}`, { hasOffsets: true }),
        400,
      )
      await assertLogsValid(target, `${alias}.to-${codec}`)
      files.push(...(await segmentFiles(target, `${alias}.to-${codec}`)))
    }
    const dump = await mustRunTool(target, 'kafka-dump-log', ['--files', files.join(',')])
    assert.deepEqual(
      [...new Set(dump.match(/compresscodec: \S+/g))],
      [`compresscodec: ${settings['compression.type']}`],
    )
    sizes[alias] = [...dump.matchAll(/ size: (\d+)/g)].reduce((sum, [, size]) => sum + Number(size), 0)
    await twinlog.stop()
  }
  const { zlow = 0, zhigh = 0, glow = 0, ghigh = 0 } = sizes
  assert.ok(zlow > zhigh && zhigh > 0 && glow > ghigh && ghigh > 0, JSON.stringify(sizes))
})

longTest(
  'message sets of formats 0 and 1, of a broker that still writes them, become batches with the same records',
  async () => {
    await using old = await startCluster({ version: '2.8.2', properties: { 'log.retention.ms': '-1' } })
    const names = ['0.9.0', '0.10.0'].flatMap((format) =>
      ['none', 'gzip', 'snappy', 'lz4'].map((codec) => ({ format, codec, topic: `old-${format}-${codec}` })),
    )
    await createTopics(
      old,
      ...names.map(({ format, topic }) => ({
        name: topic,
        partitions: 2,
        configs: { 'message.format.version': format },
      })),
      {
        name: 'old-append',
        configs: { 'message.format.version': '0.10.0', 'message.timestamp.type': 'LogAppendTime' },
      },
      { name: 'old-holes', configs: { ...CLEANED_AT_ONCE, 'message.format.version': '0.10.0' } },
    )
    const steps = (topic: string, partitions: number): ProduceStep[] =>
      Array.from({ length: 12 }, (_, batch): ProduceStep[] => [
        ...Array.from({ length: 1 + batch * 3 }, (_each, index) => ({
          topic,
          partition: batch % partitions,
          key: index % 4 === 1 && topic !== 'old-holes' ? null : `k${(index * 7) % 20}`,
          value: index % 7 === 3 ? null : `${batch}-${index}`,
          timestamp: 1_700_000_000_000 + index,
        })),
        'flush',
      ]).flat()
    // An idempotent producer wants sequences, which these formats do not have.
    const client = { ...old.adminProperties, 'linger.ms': '1000', 'enable.idempotence': 'false' }
    for (const { codec, topic } of names)
      await produceRecords({ ...client, 'compression.type': codec }, steps(topic, 2))
    for (const topic of ['old-append', 'old-holes'])
      await produceRecords({ ...client, 'compression.type': 'gzip' }, steps(topic, 1))
    await waitForCleaner(old, 'old-holes', { 0: 30 }, client)
    await using twinlog = await startMirror({
      source: old,
      target,
      alias: 'old',
      topics: 'old-.*',
      // The target has no such config any more, and keeps the time of the records.
      properties: { 'config.properties.exclude': 'message.format.version, message.timestamp.type' },
    })
    for (const topic of [...names.map((one) => one.topic), 'old-append', 'old-holes']) {
      const counts = await countsOf(topic, topic.startsWith('old-0') ? 2 : 1, old)
      await twinlog.waitUntilCopied(topic, { counts })
      await assertSameRecords(old, target, topic, `old.${topic}`)
      await assertLogsValid(target, `old.${topic}`)
    }
    await twinlog.stop()
  },
)
