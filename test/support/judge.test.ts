import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { alterTopic, createTopics, listOffsets, readJmx } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, generateRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { ProduceStep } from '../../dev/kafka/records.ts'
import {
  assertExactlyOnceInOrder,
  assertLogsValid,
  assertNoDuplicates,
  assertNoLoss,
  assertOrder,
  assertSameRecords,
  segmentFiles,
} from './judge.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

describe('judge', () => {
  let cluster: KafkaCluster

  before(async () => {
    cluster = await startCluster()
  })
  after(() => cluster[Symbol.asyncDispose]())

  const write = (topic: string, values: readonly string[], properties = {}): Promise<unknown> => {
    const steps = values.map((value, index) => ({
      topic,
      partition: 0,
      key: `k${index}`,
      value,
      timestamp: 1000 + index,
    }))
    return produceRecords({ ...cluster.adminProperties, ...properties }, steps)
  }

  const pair = async (
    name: string,
    source: readonly string[],
    target: readonly string[],
  ): Promise<[string, string]> => {
    await createTopics(cluster, { name: `${name}.a` }, { name: `${name}.b` })
    const keyed = (topic: string, values: readonly string[]): ProduceStep[] =>
      values.map((value) => ({ topic, partition: 0, key: value, value, timestamp: 5 }))
    await produceRecords(cluster.adminProperties, keyed(`${name}.a`, source))
    await produceRecords(cluster.adminProperties, keyed(`${name}.b`, target))
    return [`${name}.a`, `${name}.b`]
  }

  it('the helper writes and reads nulls, headers, odd timestamps and batch boundaries', async () => {
    await createTopics(cluster, {
      name: 'odd',
      partitions: 2,
      configs: { 'message.timestamp.after.max.ms': '9223372036854775807' },
    })
    const acks = await produceRecords(cluster.adminProperties, [
      { topic: 'odd', partition: 1, key: null, value: null, timestamp: 0 },
      'flush',
      {
        topic: 'odd',
        partition: 1,
        key: 'k',
        value: Buffer.from([0, 255]),
        headers: [
          ['h', 'x'],
          ['h', null],
        ],
        timestamp: 2n ** 53n + 1n,
      },
    ])
    assert.deepEqual(
      acks.map(({ partition, offset }) => [partition, offset]),
      [
        [1, 0],
        [1, 1],
      ],
    )
    const [first, second] = await dumpRecords({ client: cluster.adminProperties, topic: 'odd' })
    assert.deepEqual([first?.key, first?.value, first?.timestamp], [null, null, 0n])
    assert.deepEqual(second?.value, Buffer.from([0, 255]))
    assert.deepEqual(second?.headers, [
      ['h', Buffer.from('x')],
      ['h', null],
    ])
    assert.equal(second?.timestamp, 2n ** 53n + 1n)
  })

  it('sees aborted records only when asked to', async () => {
    await createTopics(cluster, { name: 'tx' })
    const record = (value: string): ProduceStep => ({ topic: 'tx', partition: 0, value })
    await produceRecords({ ...cluster.adminProperties, 'transactional.id': 'judge' }, [
      ...(['begin', record('kept'), 'commit', 'begin', record('dropped'), 'abort'] as const),
    ])
    const read = async (isolation: 'read_committed' | 'read_uncommitted'): Promise<(string | undefined)[]> => {
      const records = await dumpRecords({ client: cluster.adminProperties, topic: 'tx', isolation })
      return records.map(({ value }) => value?.toString())
    }
    assert.deepEqual(await read('read_committed'), ['kept'])
    assert.deepEqual(await read('read_uncommitted'), ['kept', 'dropped'])
    assert.deepEqual(await listOffsets(cluster, 'tx'), { 0: { earliest: 0, latest: 4 } })
  })

  it('same records pass with every codec and a difference is told', async () => {
    for (const codec of CODECS) {
      await createTopics(cluster, { name: `same-${codec}` }, { name: `eu.same-${codec}` })
      await write(`same-${codec}`, ['a', 'b', 'c'], { 'compression.type': codec })
      await write(`eu.same-${codec}`, ['a', 'b', 'c'])
      assert.equal(await assertSameRecords(cluster, cluster, `same-${codec}`, `eu.same-${codec}`), 3)
      assert.equal(await assertLogsValid(cluster, `same-${codec}`), 1)
    }
    await write('same-none', ['d'])
    await assert.rejects(assertSameRecords(cluster, cluster, 'same-none', 'eu.same-none'), /fewer records/)
    await write('eu.same-none', ['D'])
    await assert.rejects(assertSameRecords(cluster, cluster, 'same-none', 'eu.same-none'), /"what":"value"/)
  })

  it('tells loss, duplicates, foreign records and disorder apart', async () => {
    const lossy = await pair('lossy', ['a', 'b', 'c'], ['a', 'c'])
    await assert.rejects(assertNoLoss(cluster, cluster, ...lossy), /number 1 is missing/)
    await assertNoDuplicates(cluster, cluster, ...lossy)
    await assertOrder(cluster, cluster, ...lossy)
    const twice = await pair('twice', ['a', 'b', 'c'], ['a', 'b', 'a', 'b', 'c'])
    await assert.rejects(assertNoDuplicates(cluster, cluster, ...twice), /"duplicated":2/)
    await assertNoLoss(cluster, cluster, ...twice)
    await assertOrder(cluster, cluster, ...twice)
    const foreign = await pair('foreign', ['a'], ['a', 'x'])
    await assert.rejects(assertNoDuplicates(cluster, cluster, ...foreign), /"foreign":1/)
    const disorder = await pair('disorder', ['a', 'b', 'c'], ['a', 'c', 'b'])
    await assert.rejects(assertOrder(cluster, cluster, ...disorder), /"reordered":1/)
    await assertNoLoss(cluster, cluster, ...disorder)
  })

  it('a flipped byte in a segment is found', async () => {
    await createTopics(cluster, { name: 'flipped' })
    await write('flipped', ['abcdef'])
    await assertLogsValid(cluster, 'flipped')
    const [path = ''] = await segmentFiles(cluster, 'flipped')
    const file = await open(path, 'r+')
    await file.write(Buffer.from('X'), 0, 1, 61 + 12)
    await file.close()
    await assert.rejects(assertLogsValid(cluster, 'flipped'))
  })

  it('a numbered stream passes, and can be ended', async () => {
    await createTopics(cluster, { name: 'numbers', partitions: 3 })
    await alterTopic(cluster, 'numbers', { 'compression.type': 'producer' })
    const bounded = await generateRecords(cluster.adminProperties, { topic: 'numbers', partitions: 3, count: 30_000 })
    assert.deepEqual(bounded, { failed: 0, lastError: null, acked: { 0: 10_000, 1: 10_000, 2: 10_000 } })
    const found = await assertExactlyOnceInOrder(cluster, cluster, 'numbers', 'numbers')
    assert.equal(found.target, 30_000)
    const signal = AbortSignal.timeout(300)
    const endless = await generateRecords(cluster.adminProperties, {
      ...{ topic: 'numbers', partitions: 1, recordsPerSecond: 1000, firstSequence: 10_000, signal },
    })
    assert.ok((endless.acked[0] ?? 0) > 0 && (endless.acked[0] ?? 0) < 2_000)
  })

  it('reads a broker’s counters', async () => {
    const pattern = 'kafka.server:type=BrokerTopicMetrics,name=*'
    const metrics = await readJmx(cluster.broker(1).pid, pattern)
    const name = Object.keys(metrics).find((each) => each.includes('ProduceMessageConversionsPerSec'))
    assert.equal(metrics[name ?? '']?.['Count'], 0)
  })
})
