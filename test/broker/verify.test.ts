import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, deleteRecords } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, generateRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { ProduceStep, RecordToSend } from '../../dev/kafka/records.ts'
import { longTest } from '../support/long-test.ts'
import { sumOverFlows } from '../support/logged-event.ts'
import { startMirror } from '../support/mirror.ts'
import type { MirrorOptions } from '../support/mirror.ts'
import { runVerify, startVerify } from '../support/verification.ts'
import type { Verification } from '../support/verification.ts'

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster(), startCluster()])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

/** Recent: what is older than a week, retention takes. */
const START_MS = Date.now() - 3_600_000

function flow(alias: string, topics: string, properties: MirrorOptions['properties'] = {}): MirrorOptions {
  return { source, target, alias, topics, properties }
}

function record(topic: string, index: number, partition = 0): RecordToSend {
  const headers = [['origin', `h${index}`]] as const
  return { topic, partition, key: `k${index}`, value: `value ${index}`, headers, timestamp: START_MS + index }
}

function records(topic: string, from: number, count: number, partition = 0): RecordToSend[] {
  return Array.from({ length: count }, (_, index) => record(topic, from + index, partition))
}

/** Batches of seven, so that faults lie at a batch's beginning, middle and end. */
function inBatches(all: readonly RecordToSend[]): ProduceStep[] {
  return all.flatMap((one, index): ProduceStep[] => (index % 7 === 6 ? [one, 'flush'] : [one]))
}

async function write(
  cluster: KafkaCluster,
  steps: readonly ProduceStep[],
  client: Record<string, string> = {},
): Promise<void> {
  await produceRecords({ ...cluster.adminProperties, ...client }, steps)
}

async function copyAll(options: MirrorOptions, topic: string, counts?: Record<string, number>): Promise<void> {
  await using twinlog = await startMirror(options)
  await twinlog.waitUntilCopied(topic, counts === undefined ? {} : { counts })
  await twinlog.stop()
}

/** Waits until the cleaner has left at most so many records besides those that make the next segment begin. */
async function waitForCleaner(topic: string, count: number): Promise<void> {
  const deadlineMs = performance.now() + 60_000
  for (;;) {
    await produceRecords(target.adminProperties, [{ topic, partition: 0, key: 'roll', value: null }])
    const left = await dumpRecords({ client: target.adminProperties, topic })
    const isCleaned = left.filter(({ key }) => key?.toString() !== 'roll').length <= count
    if (isCleaned) return
    assert.ok(performance.now() < deadlineMs, `the cleaner left ${left.length} records in ${topic}`)
    await sleep(500)
  }
}

function found({ differences }: Verification): unknown[][] {
  return differences.map(({ partition, kind, upstream, downstream, count, fields }) => [
    partition,
    kind,
    upstream,
    downstream,
    count,
    fields.join(),
  ])
}

describe('twinlog verify', () => {
  test('says that a copy made by twinlog is equal, whatever the batches, and nothing of it is decoded twice', async () => {
    await createTopics(source, { name: 'same', partitions: 3 }, { name: 'same-too' })
    for (const [partition, codec] of ['none', 'lz4', 'zstd'].entries()) {
      await write(source, inBatches(records('same', 0, 200, partition)), { 'compression.type': codec })
    }
    await write(source, records('same-too', 0, 5))
    const options = flow('same', 'same.*')
    await copyAll(options, 'same')
    await copyAll(options, 'same-too')
    const whole = await runVerify(options)
    assert.equal(whole.exitCode, 0, whole.output)
    assert.deepEqual(
      whole.verdicts.map(({ sameCount }) => sameCount).toSorted((a, b) => a - b),
      [5, 200, 200, 200],
    )
    const one = await runVerify(options, '--topics', 'same-too')
    assert.deepEqual([one.exitCode, one.verdicts.length, one.verdicts[0]?.sameCount], [0, 1, 5])
    const none = await runVerify(options, '--topics', 'same-to')
    assert.equal(none.exitCode, 4, none.output)
  })

  longTest('a sample compares the same part of each partition every time, and finds what lies in it', async () => {
    await createTopics(source, { name: 'long' })
    await generateRecords(source.adminProperties, { topic: 'long', partitions: 1, count: 60_000, valueBytes: 20 })
    const options = flow('long', 'long')
    await copyAll(options, 'long')
    const sampled = await runVerify(options, '--sample', '30%')
    // Two of six ranges: the first and the last.
    assert.deepEqual([sampled.exitCode, sampled.verdicts[0]?.sameCount], [0, 20_000], sampled.output)
    await write(target, [{ ...record('long.long', 0), timestamp: Date.now() }])
    const foreign = await runVerify(options, '--sample', '30%')
    assert.deepEqual([foreign.exitCode, found(foreign)], [3, [[0, 'extra', null, 60_000, 1, '']]], foreign.output)
  })

  longTest(
    'a copy made in transactions is equal, also where retention took the beginning, and what was aborted does not count',
    async () => {
      await createTopics(source, { name: 'exact' })
      await write(source, inBatches(records('exact', 0, 200)))
      const properties = {
        'us.exactly.once.source.support': 'enabled',
        'exact.consumer.isolation.level': 'read_committed',
        'us.config.storage.replication.factor': '1',
        'us.offset.flush.interval.ms': '3600000',
      }
      const options = flow('exact', 'exact', properties)
      {
        // What of this is committed when it dies is not copied again.
        await using twinlog = await startMirror(options)
        await twinlog.waitUntilCopied('exact')
        await twinlog.kill()
      }
      await write(source, inBatches(records('exact', 200, 200)))
      {
        await using twinlog = await startMirror(options)
        await twinlog.waitForStatus((status) => sumOverFlows(status, 'recordsTotal') >= 200)
        await twinlog.stop()
      }
      const whole = await runVerify(options)
      assert.deepEqual([whole.exitCode, whole.verdicts[0]?.sameCount], [0, 400], whole.output)
      await deleteRecords(source, 'exact', { 0: 70 })
      const trimmed = await runVerify(options)
      assert.deepEqual([trimmed.exitCode, trimmed.verdicts[0]?.sameCount], [0, 330], trimmed.output)
    },
  )

  test('finds every kind of planted fault at its place, also where two are near each other', async () => {
    const faults: ((all: RecordToSend[], at: RecordToSend) => RecordToSend[])[] = [
      (all) => all.toSpliced(42, 1),
      (all, at) => all.toSpliced(43, 0, at),
      (all, at) => all.with(42, record('p', 43, at.partition)).with(43, at),
      (all, at) => all.with(42, { ...at, value: 'value 4Z' }),
      (all, at) => all.with(42, { ...at, key: 'k4Z' }),
      (all, at) => all.with(42, { ...at, timestamp: START_MS }),
      (all, at) => all.with(42, { ...at, headers: [['origin', 'h4Z']] }),
      (all, at) => all.with(42, { ...at, headers: [] }),
      (all, at) => all.with(42, { ...at, value: null }),
      (all) => all.slice(1),
      (all, at) =>
        all
          .toSpliced(60, 1)
          .with(42, { ...at, value: 'x' })
          .toSpliced(40, 1),
      (all) => all,
    ]
    const partitions = faults.length
    await createTopics(source, { name: 'faulty', partitions })
    await createTopics(target, { name: 'plant.faulty', partitions })
    for (const [partition, fault] of faults.entries()) {
      await write(source, inBatches(records('faulty', 0, 100, partition)))
      const planted = fault(records('p', 0, 100, partition), record('p', 42, partition))
      await write(target, inBatches(planted.map((one) => ({ ...one, topic: 'plant.faulty' }))), {
        'compression.type': partition % 2 === 0 ? 'none' : 'lz4',
      })
    }
    const verification = await runVerify(flow('plant', 'faulty'))
    assert.equal(verification.exitCode, 3, verification.output)
    assert.deepEqual(
      found(verification).sort((one, other) => Number(one[0]) - Number(other[0]) || Number(one[2]) - Number(other[2])),
      [
        [0, 'missing', 42, null, 1, ''],
        [1, 'duplicated', null, 43, 1, ''],
        [2, 'reordered', 42, 43, 1, ''],
        [3, 'changed', 42, 42, 1, 'value'],
        [4, 'changed', 42, 42, 1, 'key'],
        [5, 'changed', 42, 42, 1, 'timestamp'],
        [6, 'changed', 42, 42, 1, 'headers'],
        [7, 'changed', 42, 42, 1, 'headers'],
        [8, 'changed', 42, 42, 1, 'value'],
        [9, 'missing', 0, null, 1, ''],
        [10, 'missing', 40, null, 1, ''],
        [10, 'changed', 42, 41, 1, 'value'],
        [10, 'missing', 60, null, 1, ''],
      ],
    )
    const changed = verification.differences.find(({ partition }) => partition === 3)
    assert.equal(changed?.source?.value, 'value 42')
    assert.equal(changed?.target?.value, 'value 4Z')
    assert.equal(changed?.target?.timestamp, new Date(START_MS + 42).toISOString())
    assert.deepEqual(changed?.source?.headers, [['origin', 'h42']])
    const clean = verification.verdicts.find(({ partition }) => partition === 11)
    assert.deepEqual([clean?.result, clean?.sameCount], ['equal', 100])
  })

  test('what the source aborted is no difference when the flow reads committed, and has to be there when it does not', async () => {
    await createTopics(source, { name: 'transactions' })
    const client = { 'transactional.id': 'verify-transactions' }
    const transaction = (from: number, end: 'commit' | 'abort'): ProduceStep[] => [
      'begin',
      ...records('transactions', from, 20),
      end,
    ]
    await write(
      source,
      [
        ...transaction(0, 'commit'),
        ...transaction(20, 'abort'),
        ...transaction(40, 'commit'),
        ...transaction(60, 'abort'),
      ],
      client,
    )
    const committed = flow('committed', 'transactions', { 'committed.consumer.isolation.level': 'read_committed' })
    const all = flow('uncommitted', 'transactions')
    await copyAll(committed, 'transactions', { 0: 40 })
    await copyAll(all, 'transactions', { 0: 80 })
    for (const [options, count] of [
      [committed, 40],
      [all, 80],
    ] as const) {
      const { exitCode, verdicts, output } = await runVerify(options)
      assert.deepEqual([exitCode, verdicts[0]?.sameCount], [0, count], output)
    }
    await createTopics(target, { name: 'wrong.transactions' })
    // The copy with the aborted records, held against what committed readers see.
    await write(
      target,
      records('x.transactions', 0, 80).map((one) => ({ ...one, topic: 'wrong.transactions' })),
    )
    const wrong = await runVerify(flow('wrong', 'transactions', { 'wrong.consumer.isolation.level': 'read_committed' }))
    assert.deepEqual(
      [wrong.exitCode, found(wrong)],
      [
        3,
        [
          [0, 'extra', null, 20, 20, ''],
          [0, 'extra', null, 60, 20, ''],
        ],
      ],
      wrong.output,
    )
  })

  test('retention on either side is no difference, with the ledger and without; gaps are told', async () => {
    await createTopics(source, { name: 'kept', partitions: 2 })
    await write(source, [...inBatches(records('kept', 0, 300)), ...inBatches(records('kept', 0, 300, 1))])
    const options = flow('keep', 'kept')
    await copyAll(options, 'kept')
    // The same copy without a ledger.
    await createTopics(target, { name: 'bare.kept', partitions: 2 })
    await write(
      target,
      [0, 1].flatMap((partition) => records('bare.kept', 0, 300, partition)),
    )
    await deleteRecords(source, 'kept', { 0: 100, 1: 20 })
    await deleteRecords(target, 'keep.kept', { 0: 50, 1: 111 })
    await deleteRecords(target, 'bare.kept', { 0: 50, 1: 111 })
    for (const flowOptions of [options, flow('bare', 'kept')]) {
      const { exitCode, verdicts, output } = await runVerify(flowOptions)
      assert.equal(exitCode, 0, output)
      const counts = verdicts
        .toSorted((one, other) => one.partition - other.partition)
        .map(({ sameCount }) => sameCount)
      assert.deepEqual(counts, [200, 189], output)
      assert.ok(
        verdicts.every(({ notes }) => notes.length > 0 || flowOptions === options),
        output,
      )
    }
    await write(source, [...records('kept', 300, 20), 'flush', ...records('kept', 320, 30)])
    await deleteRecords(source, 'kept', { 0: 320 })
    await copyAll(options, 'kept', { 0: 280 })
    const { exitCode, verdicts, output } = await runVerify(options)
    assert.equal(exitCode, 0, output)
    const gapped = verdicts.find(({ partition }) => partition === 0)
    assert.equal(gapped?.sameCount, 30)
    assert.match(
      gapped?.notes.join() ?? '',
      /source offsets 300 to 319 were not copied \(removed before it was copied\)/,
    )
  })

  test('what is not copied yet is incomplete and counted; with a state file the next run compares only what has come', async () => {
    await createTopics(source, { name: 'behind' })
    await write(source, records('behind', 0, 100))
    const options = flow('behind', 'behind')
    await copyAll(options, 'behind')
    await write(source, records('behind', 100, 30))
    const state = `${source.folder}/verify-state.json`
    const lagging = await runVerify(options, '--state', state)
    assert.deepEqual(
      [lagging.exitCode, lagging.verdicts[0]?.sameCount, lagging.verdicts[0]?.pendingCount],
      [4, 100, 30],
      lagging.output,
    )
    await copyAll(options, 'behind')
    const rest = await runVerify(options, '--state', state)
    assert.deepEqual([rest.exitCode, rest.verdicts[0]?.sameCount], [0, 30], rest.output)
    const since = await runVerify(options, '--since', new Date(START_MS + 90).toISOString())
    assert.deepEqual([since.exitCode, since.verdicts[0]?.sameCount], [0, 40], since.output)
    const other = await runVerify(options, '--state', state, '--compacted')
    assert.equal(other.exitCode, 2)
    assert.match(other.output, /written with other options/)
  })

  longTest('a compacted topic is compared by the last value of each key, and says so when it has to be', async () => {
    const configs = { 'cleanup.policy': 'compact', 'segment.ms': '1000', 'min.cleanable.dirty.ratio': '0.001' }
    const lag = { 'min.compaction.lag.ms': '0', 'max.compaction.lag.ms': '1000' }
    await createTopics(source, { name: 'table', configs: { 'cleanup.policy': 'compact' } })
    await createTopics(target, { name: 'tab.table', configs: { ...configs, ...lag } })
    const rows = records('table', 0, 60).map((one, index) => ({ ...one, key: `k${index % 20}` }))
    const tombstone = { ...record('table', 99), key: 'k7', value: null, timestamp: START_MS + 99 }
    await write(source, [...rows, tombstone])
    const options = flow('tab', 'table')
    const before = [...rows, tombstone].map((one) => ({ ...one, topic: 'tab.table' }))
    await write(target, [...before.slice(0, 30), 'flush', ...before.slice(30)])
    assert.equal((await runVerify(options)).exitCode, 0)
    // A newer segment lets the cleaner at the older ones.
    await waitForCleaner('tab.table', 21)
    const inOrder = await runVerify(options)
    assert.equal(inOrder.exitCode, 4, inOrder.output)
    assert.match(inOrder.verdicts[0]?.reasons.join() ?? '', /--compacted/)
    await write(source, [{ ...record('table', 0), key: 'roll', value: null }])
    const byKey = await runVerify(options, '--compacted')
    assert.deepEqual([byKey.exitCode, byKey.verdicts[0]?.sameCount], [0, 19], byKey.output)
    await write(target, [
      { ...record('tab.table', 0), key: 'k3', value: 'changed' },
      { ...record('tab.table', 0), key: 'new', value: 'x' },
    ])
    const changed = await runVerify(options, '--compacted')
    assert.equal(changed.exitCode, 3)
    const kinds = changed.differences.map(({ kind, source: one, target: other }) => `${kind} ${one?.key} ${other?.key}`)
    assert.deepEqual(new Set(kinds), new Set(['changed k3 k3', 'extra undefined new']))
  })

  test('follows a running mirror and tells the verified offset', async () => {
    await createTopics(source, { name: 'live' })
    const options = flow('live', 'live')
    await using twinlog = await startMirror(options)
    await write(source, records('live', 0, 50))
    await twinlog.waitUntilCopied('live')
    await using verify = await startVerify(options, '--follow')
    const reaches = (offset: number) => (line: Readonly<Record<string, unknown>>) => {
      const [partition] = (line['partitions'] ?? []) as { verifiedUpstream: number }[]
      return line['event'] === 'verified' && (partition?.verifiedUpstream ?? -1) >= offset
    }
    await verify.waitForLine(reaches(50))
    await write(source, records('live', 50, 50))
    await verify.waitForLine(reaches(100))
    verify.stop()
    const { exitCode, output } = await verify.end()
    assert.equal(exitCode, 0, output)
    await twinlog.stop()
  })
})
