import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTopics, listOffsets } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { produceRecords } from '../../dev/kafka/records.ts'
import type { ProduceStep } from '../../dev/kafka/records.ts'
import { mustRunTool } from '../../dev/kafka/tools.ts'
import { assertLogsValid, assertSameRecords, segmentFiles } from '../support/judge.ts'
import { longTest } from '../support/long-test.ts'
import { figureOf } from '../support/logged-event.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'

/** The core suite has two of them; TWINLOG_TESTS=all has all. */
const CODECS =
  process.env['TWINLOG_TESTS'] === 'all'
    ? (['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)
    : (['none', 'lz4'] as const)

/** Some records here are years old. */
const broker = { properties: { 'log.retention.ms': '-1' } }

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster(broker), startCluster(broker)])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

function mirror(alias: string, topics: string, properties: MirrorOptions['properties'] = {}): Promise<Mirror> {
  return startMirror({ source, target, alias, topics, properties })
}

/** Batches of one to three records, some of a topic's partitions empty of them; every twentieth is too large to be put together with others. */
function smallBatches(topic: string, count: number): ProduceStep[] {
  return Array.from({ length: count }, (_, batch): ProduceStep[] => [
    ...Array.from({ length: 1 + (batch % 3) }, (_each, index) => ({
      topic,
      partition: batch % 2,
      key: index === 1 ? null : `k${batch}`,
      value: 'v'.repeat(batch % 20 === 19 ? 20_000 : batch % 90),
      timestamp: 1_700_000_000_000 - batch * 1_000,
      headers: [
        ['h', `${index}`],
        ['h', null],
      ] as const,
    })),
    'flush',
  ]).flat()
}

/** Sizes in bytes of the batches of a topic's copy. */
async function batchSizes(topic: string): Promise<number[]> {
  const files = await segmentFiles(target, topic)
  const dump = await mustRunTool(target, 'kafka-dump-log', ['--files', files.join(',')])
  return [...dump.matchAll(/^baseOffset: .* size: (\d+)/gm)].map(([, size]) => Number(size))
}

test('small batches of every codec that are fetched together become larger ones with the same records', async () => {
  const topics = CODECS.map((codec) => `small-${codec}`)
  await createTopics(source, ...topics.map((name) => ({ name, partitions: 3 })))
  for (const codec of CODECS)
    await produceRecords({ ...source.adminProperties, 'compression.type': codec }, smallBatches(`small-${codec}`, 120))
  await using twinlog = await mirror('few', 'small-.*')
  for (const topic of topics) {
    await twinlog.waitUntilCopied(topic)
    assert.equal(await assertSameRecords(source, target, topic, `few.${topic}`, { hasOffsets: true }), 240)
    await assertLogsValid(target, `few.${topic}`)
    const sizes = await batchSizes(`few.${topic}`)
    // Six large ones that are left as they are, and between them the others. What a slow codec costs is not known before it was tried.
    assert.ok(sizes.length < (topic === 'small-none' ? 20 : 120), `${topic}: ${sizes.length} batches`)
    assert.ok(sizes.every((size) => size <= 16_384 || size > 20_000 || topic !== 'small-none'))
  }
  await twinlog.waitForStatus(() => figureOf(twinlog, 'batches', 'coalescedTotal') > 0)
  await twinlog.stop()
})

longTest('no batch that was put together is larger than batch.size', async () => {
  await createTopics(source, { name: 'sized' })
  const steps = Array.from({ length: 100 }, (_, index): ProduceStep[] => [
    { topic: 'sized', partition: 0, key: `${index}`, value: 'v'.repeat(100) },
    'flush',
  ])
  await produceRecords(source.adminProperties, steps.flat())
  const largest: Record<string, number> = {}
  for (const size of ['0', '2000', '1000000']) {
    await using twinlog = await mirror(`size${size}`, 'sized', { 'us.producer.batch.size': size })
    await twinlog.waitUntilCopied('sized')
    await assertSameRecords(source, target, 'sized', `size${size}.sized`, { hasOffsets: true })
    largest[size] = Math.max(...(await batchSizes(`size${size}.sized`)))
    await twinlog.stop()
  }
  const { 0: alone = 0, 2000: some = 0, 1000000: all = 0 } = largest
  assert.ok(alone < 200 && some > 1_500 && some <= 2_000 && all > 10_000, JSON.stringify(largest))
})

test('with exactly once, too, batches of several transactions of the source go together, and aborted ones nowhere', async () => {
  await createTopics(source, { name: 'tx' })
  const outcomes = Array.from({ length: 60 }, (_, index) => (index % 4 === 1 ? 'abort' : 'commit'))
  const steps = outcomes.flatMap((outcome, index): ProduceStep[] => [
    'begin',
    { topic: 'tx', partition: 0, key: `${index}`, value: outcome },
    'flush',
    { topic: 'tx', partition: 0, key: `${index}`, value: outcome },
    outcome as 'abort' | 'commit',
  ])
  await produceRecords({ ...source.adminProperties, 'transactional.id': 'tx' }, steps)
  for (const [alias, properties] of Object.entries({
    once: {
      'us.exactly.once.source.support': 'enabled',
      'us.config.storage.replication.factor': '1',
      'once.consumer.isolation.level': 'read_committed',
    },
    plain: { 'plain.consumer.isolation.level': 'read_committed' },
  })) {
    await using twinlog = await mirror(alias, 'tx', properties)
    await twinlog.waitUntilCommitted('tx', 90)
    assert.equal(
      await assertSameRecords(source, target, 'tx', `${alias}.tx`, { targetIsolation: 'read_committed' }),
      90,
    )
    await assertLogsValid(target, `${alias}.tx`)
    assert.ok((await batchSizes(`${alias}.tx`)).length < 40)
    await twinlog.waitForStatus(() => figureOf(twinlog, 'batches', 'coalescedTotal') > 0)
    await twinlog.stop()
  }
  assert.deepEqual(await listOffsets(target, 'plain.tx'), { 0: { earliest: 0, latest: 90 } })
})
