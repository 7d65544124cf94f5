import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { errors } from '../base/errors.ts'
import { MemoryRecordLog } from '../../test/support/memory-record-log.ts'
import type { Gap } from '../mirror/gap.ts'
import type { LedgerIdentity, LedgerWrite } from '../mirror/ledger-entry.ts'
import { OffsetMap } from '../mirror/offset-map.ts'
import type { Run } from '../mirror/run.ts'
import { LedgerStore } from './ledger-store.ts'

const scope = { sourceClusterId: 'source-id', targetClusterId: 'target-id', planHash: 1n }
const identity: LedgerIdentity = {
  producerId: 4000n,
  producerEpoch: 0,
  firstSequence: 0,
  sourceTopicId: '00000000-0000-0000-0000-000000000001',
  targetTopicId: '00000000-0000-0000-0000-000000000002',
  sourceLeaderEpoch: 5,
}
const options = { signal: AbortSignal.timeout(20_000) }

const ledgerTopic = 'mm2-ledger.eu.internal'
const load = (log: MemoryRecordLog): Promise<LedgerStore> => LedgerStore.load(log, scope, options)

function write(runs: readonly Run[], more: Partial<LedgerWrite> = {}): LedgerWrite {
  return { topic: 'orders', partition: 0, identity, replaces: false, runs, ...more }
}

/** `count` one-record transactions, each followed by its marker, beginning at the `start`-th. */
function transactions(start: number, count: number): Run[] {
  return Array.from({ length: count }, (_, index) => ({
    upstream: (start + index) * 2,
    sequence: start + index,
    downstream: start + index,
  }))
}

test('what was written is found, by this process and by the next', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  assert.equal(store.find('orders', 0), null)
  await store.write(
    [write(transactions(0, 3), { replaces: true }), write(transactions(0, 1), { replaces: true, partition: 1 })],
    options,
  )
  await store.write([write(transactions(3, 2))], options)
  for (const each of [store, await load(log.copy()), await load(log.compacted())]) {
    assert.deepEqual(each.find('orders', 0), { ...identity, runs: transactions(0, 5) })
    assert.deepEqual(each.find('orders', 1), { ...identity, runs: transactions(0, 1) })
    assert.equal(each.find('orders', 2), null)
    assert.deepEqual([...each.known()].map(({ topic, partition }) => `${topic}-${partition}`).sort(), [
      'orders-0',
      'orders-1',
    ])
  }
})

test('at first the newest runs are enough; all of them are there for who asks', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  await store.write([write(transactions(0, 3), { replaces: true })], options)
  assert.deepEqual(store.find('orders', 0, 'newest')?.runs, transactions(0, 3))
  for (let start = 3; start < 10_003; start += 100) {
    await store.write([write(transactions(start, 100))], options)
    const newest = store.find('orders', 0, 'newest')
    const count = newest?.runs.length ?? 0
    assert.ok(count <= 256 && count >= Math.min(256, start), `${count} of ${start + 100}`)
    assert.deepEqual(newest?.runs, transactions(start + 100 - count, count))
  }
  const early = store.find('orders', 0, 'newest')
  await store.write([write(transactions(10_003, 5_000))], options)
  assert.deepEqual(early?.allRuns?.(), transactions(0, 15_003))
})

test('writes for ten thousand partitions go out in one append', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  const writes = Array.from({ length: 10_000 }, (_, partition) =>
    write(transactions(0, 1), { partition, replaces: true }),
  )
  await store.write(writes, options)
  assert.deepEqual(log.appendCounts, [10_000])
  assert.deepEqual((await load(log)).find('orders', 9_999), { ...identity, runs: transactions(0, 1) })
})

test('writes that come during an append go out together with the next, in their order', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  const gate = Promise.withResolvers<void>()
  log.beforeAppend = () => gate.promise
  const all = [
    store.write([write(transactions(0, 1), { replaces: true })], options),
    ...[1, 2, 3].map((start) => store.write([write(transactions(start, 1))], options)),
  ]
  await Promise.resolve()
  gate.resolve()
  await Promise.all(all)
  assert.ok(log.appendCounts.length <= 2, `${log.appendCounts.length} appends`)
  assert.deepEqual((await load(log)).find('orders', 0)?.runs, transactions(0, 4))
})

test('history is not written again: a million one-record transactions cost under 2 bytes a run in all', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  const perAppend = 10_000
  await store.write([write(transactions(0, perAppend), { replaces: true })], options)
  for (let start = perAppend; start < 1_000_000; start += perAppend)
    await store.write([write(transactions(start, perAppend))], options)
  assert.ok(log.sizeBytes / 1_000_000 < 0.1, `${log.sizeBytes} bytes`)
  // The start reads the newest only; the others lie there packed.
  const compacted = await load(log.compacted())
  const runs = compacted.find('orders', 0)?.runs ?? []
  assert.ok(runs.length >= 50_000 && runs.length < 500_000, `${runs.length} runs read`)
  assert.deepEqual(runs.at(-1), transactions(999_999, 1)[0])
  assert.deepEqual(runs[0], transactions(1_000_000 - runs.length, 1)[0])
})

test('small appends of irregular runs cost at most 2 bytes a run once the topic is compacted', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  const runs: Run[] = []
  let run: Run = { upstream: 1_000_000, sequence: 0, downstream: 5_000 }
  for (let index = 0; index < 20_000; index++) {
    runs.push(run)
    const count = 1 + ((index * 7919) % 61)
    run = {
      upstream: run.upstream + count + 1 + ((index * 104_729) % 97),
      sequence: run.sequence + count,
      downstream: run.downstream + count,
    }
  }
  await store.write([write(runs.slice(0, 1), { replaces: true })], options)
  for (let start = 1; start < runs.length; start += 7) await store.write([write(runs.slice(start, start + 7))], options)
  const compacted = log.compacted()
  assert.ok(compacted.sizeBytes / runs.length < 2.05, `${compacted.sizeBytes / runs.length} bytes a run`)
  assert.deepEqual((await load(compacted)).find('orders', 0)?.runs, runs)
})

test('runs written down and never sent are superseded, also across segments', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  await store.write([write(transactions(0, 3_000), { replaces: true })], options)
  const again: Run = { upstream: 1_500 * 2 + 1, sequence: 1_500, downstream: 1_500 }
  await store.write([write([again])], options)
  const expected = [...transactions(0, 1_500), again]
  assert.deepEqual(store.find('orders', 0)?.runs, expected)
  assert.deepEqual((await load(log.compacted())).find('orders', 0)?.runs, expected)
})

test('another identity forgets the runs of the one before and leaves no segment behind', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  await store.write([write(transactions(0, 5_000), { replaces: true })], options)
  const other = { ...identity, producerId: 4001n }
  await store.write([write(transactions(0, 2_000), { identity: other, replaces: true })], options)
  await store.write([write(transactions(2_000, 100), { identity: other })], options)
  assert.deepEqual((await load(log)).find('orders', 0), { ...other, runs: transactions(0, 2_100) })
  assert.equal(log.compacted().records.length, 2)
})

test('another epoch of the producer goes on with the runs there are: sequences run on across a fence', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  await store.write([write(transactions(0, 5_000), { replaces: true })], options)
  const fenced = { ...identity, producerEpoch: 7, firstSequence: 5_000 }
  await store.write([write(transactions(5_000, 3), { identity: fenced })], options)
  for (const each of [store, await load(log.compacted())])
    assert.deepEqual(each.find('orders', 0), { ...fenced, runs: transactions(0, 5_003) })
})

test('an entry that was written under another plan says so', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  await (await load(log)).write([write(transactions(0, 3), { replaces: true })], options)
  const other = await LedgerStore.load(log.copy(), { ...scope, planHash: 2n }, options)
  assert.equal(other.find('orders', 0)?.isOtherPlan, true)
  assert.equal((await load(log.copy())).find('orders', 0)?.isOtherPlan, undefined)
})

test('runs are forgotten when both logs have lost all their records, and not before', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  await store.write([write(transactions(0, 20_000), { replaces: true })], options)
  const segmentsCount = (): number => [...store.withHistory()][0]?.segmentsCount ?? 0
  const all = segmentsCount()
  assert.ok(all >= 5)
  const trim = (sourceLogStart: number, targetLogStart: number) =>
    store.trim([{ topic: 'orders', partition: 0, sourceLogStart, targetLogStart }], { ...options, maxBytes: 1e9 })
  for (const [source, target] of [
    [0, 0],
    [40_000, 0],
    [0, 20_000],
  ] as const) {
    assert.deepEqual(await trim(source, target), { trimmedCount: 0, droppedCount: 0 })
  }
  // Records up to upstream 19,999 and downstream 9,999 are gone.
  const { trimmedCount } = await trim(20_000, 10_000)
  assert.ok(trimmedCount >= 2 && trimmedCount < all, `${trimmedCount} of ${all}`)
  for (const each of [store, await load(log.copy()), await load(log.compacted())]) {
    const runs = each.find('orders', 0)?.runs ?? []
    assert.ok((runs[0]?.upstream ?? Infinity) <= 20_000, 'the run of the log start is there')
    assert.deepEqual(runs, transactions(20_000 - runs.length, runs.length))
    assert.equal([...each.withHistory()][0]?.segmentsCount, all - trimmedCount)
  }
  await trim(1e9, 1e9)
  assert.equal(store.find('orders', 0)?.runs.at(-1)?.upstream, 39_998, 'the newest run stays')
  assert.equal(log.compacted().records.length, 1)
  await store.write([write(transactions(20_000, 3))], options)
  assert.equal((await load(log.compacted())).find('orders', 0)?.runs.at(-1)?.sequence, 20_002)
})

test('the oldest runs are forgotten when all take more room than they may, the longest histories first', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  await store.write(
    [
      write(transactions(0, 100_000), { replaces: true }),
      write(transactions(0, 6_000), { replaces: true, partition: 1 }),
    ],
    options,
  )
  const maxBytes = 4_000
  const { droppedCount } = await store.trim([], { ...options, maxBytes })
  assert.ok(droppedCount > 10)
  assert.deepEqual(await store.trim([], { ...options, maxBytes }), { trimmedCount: 0, droppedCount: 0 })
  assert.equal(store.find('orders', 1)?.runs.length, 6_000)
  const compacted = await load(log.compacted())
  const runs = compacted.find('orders', 0)?.runs ?? []
  assert.deepEqual(runs, transactions(100_000 - runs.length, runs.length))
})

test('a trim that could not be written changes nothing', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  await store.write([write(transactions(0, 20_000), { replaces: true })], options)
  log.beforeAppend = () =>
    Promise.reject(errors.KAFKA_REFUSED({ cluster: 'us', broker: 'b', api: 'Produce', error: 'X', detail: 'no' }))
  const starts = [{ topic: 'orders', partition: 0, sourceLogStart: 20_000, targetLogStart: 10_000 }]
  await assert.rejects(store.trim(starts, { ...options, maxBytes: 1e9 }))
  assert.equal(store.find('orders', 0)?.runs.length, 20_000)
})

test('wherever an append is cut off, the ledger says the truth of before or of after', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  const before = transactions(0, 3_000)
  await store.write([write(before, { replaces: true })], options)
  await store.write([write(transactions(3_000, 1))], options)
  const countBefore = log.records.length
  const other = { ...identity, producerId: 4001n }
  await store.write([write(transactions(0, 9_000), { identity: other, replaces: true })], options)
  assert.ok(log.records.length > countBefore + 4)
  for (let count = countBefore; count <= log.records.length; count++) {
    const entry = (await load(log.copy(count))).find('orders', 0)
    assert.deepEqual(entry?.runs.length, entry?.producerId === 4001n ? 9_000 : 3_001, `cut after ${count}`)
  }
})

test('a write that fails is said with the topic, and what follows is as if it had never been asked for', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  await store.write([write(transactions(0, 1_000), { replaces: true })], options)
  log.beforeAppend = () => Promise.reject(new Error('NOT_ENOUGH_REPLICAS'))
  log.storedCountOnFailure = 1
  await assert.rejects(store.write([write(transactions(1_000, 1_000))], options), {
    code: 'LEDGER_WRITE_FAILED',
    message: /mm2-ledger\.eu\.internal on us: NOT_ENOUGH_REPLICAS/,
  })
  assert.deepEqual(store.find('orders', 0)?.runs, transactions(0, 1_000))
  log.beforeAppend = () => Promise.resolve()
  await store.write([write(transactions(1_000, 2))], options)
  assert.deepEqual((await load(log.compacted())).find('orders', 0)?.runs, transactions(0, 1_002))
})

test('a write waits out what passes by itself, and gives up in the end', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  let nowMs = 0
  const clock = { now: () => nowMs, monotonic: () => nowMs, sleep: async (ms: number) => void (nowMs += ms) }
  const store = await LedgerStore.load(log, scope, { ...options, clock })
  const passing = errors.LEDGER_WRITE_FAILED({ count: 1, ledgerTopic, cluster: 'us', reason: 'no leader' })
  let failuresLeft = 5
  log.beforeAppend = () => (failuresLeft-- > 0 ? Promise.reject(passing) : Promise.resolve())
  await store.write([write(transactions(0, 1), { replaces: true })], options)
  assert.ok(nowMs > 0)
  failuresLeft = Infinity
  await assert.rejects(store.write([write(transactions(1, 1))], options), { code: 'LEDGER_WRITE_FAILED' })
  assert.ok(nowMs > 60_000 && nowMs < 70_000, `${nowMs} ms`)
})

test('a write that the cluster refuses is not tried again', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  const refused = errors.INTERNAL_TOPIC_NOT_COMPACTED({ cluster: 'us', topic: ledgerTopic, policy: 'delete' })
  log.beforeAppend = () => Promise.reject(refused)
  await assert.rejects(store.write([write(transactions(0, 1), { replaces: true })], options), {
    code: 'LEDGER_WRITE_REFUSED',
    action: 'stop',
  })
  assert.equal(log.appendCounts.length, 1)
})

test('random writes, failures and restarts never make the ledger differ from what was acknowledged', async () => {
  const step = fc.record({
    kind: fc.constantFrom('append', 'append', 'append', 'replace', 'rewind', 'fail', 'restart', 'compact'),
    count: fc.integer({ min: 1, max: 700 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat(3), async (steps, storedCount) => {
      let log = new MemoryRecordLog(ledgerTopic)
      let store = await load(log)
      let producerId = 1n
      let expected = transactions(0, 1)
      await store.write([write(expected, { replaces: true, identity: { ...identity, producerId } })], options)
      for (const { kind, count } of steps) {
        if (kind === 'restart' || kind === 'compact') {
          log = kind === 'compact' ? log.compacted() : log.copy()
          store = await load(log)
          // A failed write may have become durable all the same: what the ledger says now is the truth to go on from.
          const entry = store.find('orders', 0)
          producerId = entry?.producerId ?? producerId
          expected = [...(entry?.runs ?? [])]
          continue
        }
        const start = kind === 'replace' ? 0 : kind === 'rewind' ? Math.floor(expected.length / 2) : expected.length
        const nextId = kind === 'replace' ? producerId + 1n : producerId
        const runs = transactions(start, count)
        const next = kind === 'replace' ? runs : [...OffsetMap.from([...expected, ...runs]).runs()]
        log.storedCountOnFailure = storedCount
        log.beforeAppend = () => (kind === 'fail' ? Promise.reject(new Error('no')) : Promise.resolve())
        const written = store.write(
          [write(runs, { replaces: kind === 'replace', identity: { ...identity, producerId: nextId } })],
          options,
        )
        if (kind === 'fail') await assert.rejects(written)
        else {
          await written
          expected = next
          producerId = nextId
        }
        assert.deepEqual(store.find('orders', 0), { ...identity, producerId, runs: expected })
        if (kind !== 'fail')
          assert.deepEqual((await load(log)).find('orders', 0), { ...identity, producerId, runs: expected })
      }
    }),
    { numRuns: 60 },
  )
})

test('a write whose signal is aborted rejects with its reason and does not take others with it', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  const stopped = AbortSignal.abort(new Error('stopping'))
  const results = await Promise.allSettled([
    store.write([write(transactions(0, 1), { replaces: true })], { signal: stopped }),
    store.write([write(transactions(0, 1), { replaces: true, partition: 1 })], options),
  ])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  )
  assert.equal(results[0]?.status === 'rejected' && results[0].reason, stopped.reason)
})

test('entries of another cluster are not found', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  await (await load(log)).write([write(transactions(0, 1), { replaces: true })], options)
  const elsewhere = await LedgerStore.load(log, { ...scope, sourceClusterId: 'another' }, options)
  assert.equal(elsewhere.find('orders', 0), null)
  const unknown = await LedgerStore.load(log, { ...scope, sourceClusterId: null }, options)
  assert.notEqual(unknown.find('orders', 0), null)
})

test('one damaged partition is said when it is asked for, and the others are found', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  await store.write(
    [write(transactions(0, 1), { replaces: true }), write(transactions(0, 1), { replaces: true, partition: 1 })],
    options,
  )
  await log.append([{ partition: 0, key: Buffer.from('head/orders/0'), value: Buffer.from([1, 2, 3]) }], options)
  await log.append([{ partition: 0, key: Buffer.from('something else'), value: Buffer.from([1]) }], options)
  const damaged = await load(log)
  assert.throws(() => damaged.find('orders', 0), {
    code: 'LEDGER_RECORD_CORRUPT',
    message: /offset 2 of the ledger topic/,
  })
  assert.notEqual(damaged.find('orders', 1), null)
  assert.deepEqual(
    damaged.problems.map(({ code }) => code),
    ['LEDGER_RECORD_CORRUPT'],
  )
  assert.deepEqual(
    [...damaged.known()].map(({ partition }) => partition),
    [1],
  )
  await damaged.write([write(transactions(0, 1), { replaces: true })], options)
  assert.notEqual((await load(log)).find('orders', 0), null)
})

test('a head whose segment is gone is said with what to do', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  await (await load(log)).write([write(transactions(0, 5_000), { replaces: true })], options)
  await log.append([{ partition: 0, key: Buffer.from('runs/orders/0/0'), value: null }], options)
  const cut = await load(log)
  assert.throws(() => cut.find('orders', 0), { code: 'LEDGER_SEGMENT_MISSING', message: /segment 0 of orders-0/ })
})

test('a forgotten partition leaves nothing in the compacted topic', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  await store.write([write(transactions(0, 5_000), { replaces: true })], options)
  await store.forget(
    [
      { topic: 'orders', partition: 0 },
      { topic: 'never', partition: 3 },
    ],
    options,
  )
  assert.equal(store.find('orders', 0), null)
  assert.equal(log.compacted().records.length, 0)
})

test('gaps are kept over a restart, and the same gap found again is one gap', async () => {
  const log = new MemoryRecordLog(ledgerTopic)
  const store = await load(log)
  const first: Gap = { topic: 'orders', partition: 0, fromOffset: 10, toOffset: 20, reason: 'truncated', atMs: 5_000 }
  const second: Gap = {
    topic: 'orders',
    partition: 1,
    fromOffset: 7,
    toOffset: null,
    reason: 'topic deleted',
    atMs: 1_000,
  }
  for (const gap of [first, second, first]) await store.writeGap(gap, options)
  assert.deepEqual(store.gaps(), [second, first])
  assert.deepEqual((await load(log)).gaps(), [second, first])
})
