import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alterTopic, createTopics, deleteTopics, describeTopicConfigs } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaVersion } from '../../dev/kafka/install.ts'
import { generateRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { ProduceStep } from '../../dev/kafka/records.ts'
import { assertLogsValid, assertSameRecords } from '../support/judge.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror } from '../support/mirror.ts'
import { oneInFlight, startRecords } from '../support/record-stream.ts'
import { until } from '../support/until.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
/** The core suite has each older version beside the newest; TWINLOG_TESTS=all adds the other pairs. */
const PAIRS: readonly (readonly [KafkaVersion, KafkaVersion])[] = [
  ['2.8.2', '4.3.0'],
  ['4.3.0', '2.8.2'],
]
const FURTHER_PAIRS: typeof PAIRS = [
  ['3.9.1', '4.3.0'],
  ['4.3.0', '3.9.1'],
  ['3.9.1', '2.8.2'],
]
/** Configs that later versions do not know. */
const FORMER_CONFIGS: Readonly<Record<string, Record<string, string>>> = {
  '2.8.2': { 'message.format.version': '2.7' },
  '3.9.1': { 'message.format.version': '2.7' },
}
const isAll = process.env['TWINLOG_TESTS'] === 'all'

async function writeAll(source: KafkaCluster): Promise<void> {
  for (const codec of CODECS) {
    await createTopics(source, { name: `codec-${codec}`, partitions: 2 })
    const client = { ...source.adminProperties, ...oneInFlight, 'compression.type': codec, 'linger.ms': '5' }
    await generateRecords(client, { topic: `codec-${codec}`, partitions: 2, count: 400, valueBytes: 200 })
  }
  const formerConfigs = FORMER_CONFIGS[source.version] ?? {}
  await createTopics(source, { name: 'tx', configs: { 'retention.ms': '123456789', ...formerConfigs } })
  const record = (value: string): ProduceStep => ({
    topic: 'tx',
    partition: 0,
    key: null,
    value,
    headers: [['h', null]],
  })
  const steps = ['commit', 'abort', 'commit'].flatMap((end, index): ProduceStep[] => [
    'begin',
    record(`${end}-${index}`),
    end as 'commit' | 'abort',
  ])
  await produceRecords({ ...source.adminProperties, 'transactional.id': 'tx' }, steps)
}

/** With ZooKeeper a topic is gone only some time after it was deleted. */
async function createAgain(source: KafkaCluster, name: string): Promise<void> {
  for (;;) {
    try {
      return await createTopics(source, { name })
    } catch (error) {
      if (!String(error).includes('TopicExists')) throw error
      await sleep(200)
    }
  }
}

for (const [from, to] of isAll ? [...PAIRS, ...FURTHER_PAIRS] : PAIRS) {
  test(`records of every codec and of transactions are the same from ${from} to ${to}, also over a kill -9`, async () => {
    await using source = await startCluster({ version: from })
    await using target = await startCluster({ version: to })
    await writeAll(source)
    const start = (): Promise<Mirror> =>
      startMirror({
        source,
        target,
        alias: 'eu',
        topics: 'codec-.*,tx,live',
        properties: {
          'eu.consumer.isolation.level': 'read_committed',
          'sync.topic.configs.interval.seconds': '1',
        },
      })
    {
      await using twinlog = await start()
      for (const codec of CODECS) await twinlog.waitUntilCopied(`codec-${codec}`)
      await twinlog.waitUntilCopied('tx', { counts: { 0: 2 } })
      await createTopics(source, { name: 'live', partitions: 2 })
      await using records = startRecords(
        source,
        { topic: 'live', partitions: 2, recordsPerSecond: 1_000, valueBytes: 200 },
        { 'linger.ms': '2' },
      )
      await twinlog.waitUntilCopied('live', { counts: { 0: 300, 1: 300 } })
      await twinlog.kill()
      await records.stop()
    }
    await using twinlog = await start()
    await twinlog.waitUntilCopied('live')
    for (const codec of CODECS)
      assert.equal(
        await assertSameRecords(source, target, `codec-${codec}`, `eu.codec-${codec}`, { hasOffsets: true }),
        400,
      )
    await assertSameRecords(source, target, 'live', 'eu.live', { hasOffsets: true })
    assert.equal(await assertSameRecords(source, target, 'tx', 'eu.tx'), 2)
    const retentionOf = async (): Promise<string | undefined> =>
      (await describeTopicConfigs(target, 'eu.tx'))['retention.ms']
    assert.equal(await retentionOf(), '123456789')
    if (from in FORMER_CONFIGS && to === '4.3.0')
      await twinlog.waitForEvent('TopicConfigRefused', ({ name }) => name === 'message.format.version')
    await alterTopic(source, 'tx', { 'retention.ms': '234567890' })
    await until('the copy to get the retention', async () => (await retentionOf()) === '234567890')
    for (const topic of ['eu.live', 'eu.codec-zstd', 'eu.tx']) await assertLogsValid(target, topic)
    assert.deepEqual(
      twinlog.eventsOf('DuplicatesPossible').concat(twinlog.eventsOf('GapFound'), twinlog.eventsOf('PartitionStopped')),
      [],
    )
    // Whether it is noticed that a topic was made again depends on topic ids; what it holds now is copied in any case.
    await deleteTopics(source, 'tx')
    await createAgain(source, 'tx')
    await produceRecords(source.adminProperties, [{ topic: 'tx', partition: 0, value: 'anew' }])
    await twinlog.waitForEvent('GapFound', ({ topic }) => topic === 'tx')
    await twinlog.waitUntilCopied('tx', { counts: { 0: 3 } })
    await twinlog.stop()
  })
}
