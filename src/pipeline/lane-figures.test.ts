import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { FetchedPartition } from '../wire/fetch-response.ts'
import { locatedPartition } from '../../test/support/located-partition.ts'
import { laneTotals } from '../../test/support/partition-status.ts'
import { LaneFigures } from './lane-figures.ts'
import { laneStatusOf } from './lane-status.ts'
import type { PartitionStatus } from './lane-status.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

const NOW_MS = Date.parse('2026-03-01T12:00:00Z')
const plan = {
  fetch: { isolationLevel: 'read_uncommitted' },
  produce: { isIdempotent: true },
} as unknown as FlowPlan

class Bench {
  readonly figures = new LaneFigures(false)
  readonly partition = locatedPartition(0, 0)
  nowMs = NOW_MS

  /** The source answers: its end, and perhaps a batch. */
  read(endOffset: number, count = 0, timestampMs = this.nowMs): void {
    const fetched = { errorCode: 0, highWatermark: endOffset, lastStableOffset: endOffset } as FetchedPartition
    this.figures.noteFetched(this.partition, fetched, this.nowMs)
    this.partition.highWatermark = endOffset
    if (count > 0) enqueue(this.partition, count, timestampMs)
    this.figures.noteTaken(this.partition, this.nowMs)
  }

  acknowledge(errorCode = 0): void {
    const batch = this.partition.moveToFlight(0)
    assert.ok(batch !== undefined)
    this.partition.landed()
    this.partition.acknowledge(batch, -1)
    this.figures.noteAcknowledged(this.partition, batch, errorCode, this.nowMs)
  }

  get status(): PartitionStatus {
    const lane = laneStatusOf([this.partition], {
      plan,
      nowMs: this.nowMs,
      figures: this.figures,
      readSide: { isEndKnown: () => true, totals: laneTotals(), buffer: { usedBytes: 0, totalBytes: 1 } },
      writeSide: { totals: { resealedTotal: 0, forwardedTotal: 0, foreignWritesTotal: 0 } as never },
      transactions: null,
      counts: laneTotals(),
    })
    assert.ok(lane.partitions[0] !== undefined)
    return lane.partitions[0]
  }

  get lag(): readonly [number, number | null, number | null] {
    const { lagRecords, lagSeconds, oldestAgeSeconds } = this.status
    return [lagRecords, lagSeconds, oldestAgeSeconds]
  }
}

function enqueue(partition: MirroredPartition, count: number, timestampMs: number): void {
  const bytes = Buffer.alloc(61)
  bytes.writeBigInt64BE(BigInt(Math.round(timestampMs)), 35)
  const memory = { bytes, hold() {}, drop() {} }
  const upstream = partition.fetchOffset
  const what = { at: 0, size: 100, upstream, count, pieces: null, handling: 'resealed', ticket: null } as const
  partition.enqueue({ memory, ...what, positionAfter: upstream + count }, 0)
}

describe('lag in seconds', () => {
  test('is the time since the oldest record that is not copied, by its timestamp', () => {
    const bench = new Bench()
    bench.read(10, 10, NOW_MS - 4_000)
    bench.nowMs += 1_000
    assert.deepEqual(bench.lag, [10, 5, 5])
    bench.acknowledge()
    assert.deepEqual(bench.lag, [0, 0, null])
  })

  test('is 0 on an idle topic, however old its last record is', () => {
    const bench = new Bench()
    bench.read(10, 10, NOW_MS - 86_400_000)
    bench.acknowledge()
    bench.nowMs += 3_600_000
    bench.read(10)
    assert.deepEqual(bench.lag, [0, 0, null])
  })

  test('of a topic that was idle begins when it has a record again, also before that one was read', () => {
    const bench = new Bench()
    bench.read(10, 10, NOW_MS - 86_400_000)
    bench.acknowledge()
    bench.nowMs += 3_600_000
    bench.read(11)
    bench.nowMs += 2_000
    assert.deepEqual(bench.lag.slice(0, 2), [1, 2])
  })

  test('is no longer than the copy was behind, when records claim to be years old', () => {
    const bench = new Bench()
    bench.read(0)
    bench.nowMs += 1_000
    bench.read(10, 10, NOW_MS - 10 * 365 * 86_400_000)
    bench.nowMs += 500
    assert.equal(bench.lag[1], 0.5)
    assert.ok((bench.lag[2] ?? 0) > 9 * 365 * 86_400)
  })

  for (const [name, timestampMs] of [
    ['none (-1)', -1],
    ['in seconds', NOW_MS / 1_000],
    ['in nanoseconds', NOW_MS * 1e6],
    ['the greatest there is', 2 ** 62],
  ] as const) {
    test(`is not told by a timestamp that is ${name}; it is counted`, () => {
      const bench = new Bench()
      bench.read(10, 10, timestampMs)
      assert.deepEqual(bench.lag, [10, null, null])
      bench.acknowledge()
      assert.deepEqual([bench.figures.implausibleTimestampsTotal, bench.figures.latency.count], [1, 0])
      assert.deepEqual(bench.lag, [0, 0, null])
    })
  }

  test('is never negative: a clock ahead of ours is no lag', () => {
    const bench = new Bench()
    bench.read(10, 10, NOW_MS + 60_000)
    assert.deepEqual(bench.lag, [10, 0, 0])
    bench.acknowledge()
    assert.deepEqual([bench.figures.latency.count, bench.figures.latency.sumSeconds], [10, 0])
  })
})

describe('figures of a lane', () => {
  test('latency is from the newest record of a batch to its acknowledgement, and counts records', () => {
    const bench = new Bench()
    bench.read(10, 10, NOW_MS - 100)
    bench.nowMs += 20
    bench.acknowledge()
    assert.equal(bench.figures.latency.count, 10)
    const { latencyMs, ageMs, batchesTotal } = bench.partition.figures
    assert.deepEqual([latencyMs.last, ageMs.last, batchesTotal], [120, 100, 1])
  })

  test('duplicates avoided: what the target says it has, and what it has beyond the last acknowledgement', () => {
    const bench = new Bench()
    bench.read(20, 10)
    bench.acknowledge(46)
    assert.equal(bench.partition.figures.duplicatesAvoidedTotal, 10)
    bench.partition.figures.interruptedAt = 10
    bench.partition.ackedOffset = 17
    bench.figures.noteLocated(bench.partition)
    assert.equal(bench.partition.figures.duplicatesAvoidedTotal, 17)
    bench.figures.noteLocated(bench.partition)
    assert.equal(bench.partition.figures.duplicatesAvoidedTotal, 17)
  })

  test('errors of brokers are counted by code', () => {
    const bench = new Bench()
    bench.figures.noteFetched(bench.partition, { errorCode: 6 } as FetchedPartition, NOW_MS)
    bench.figures.noteFetched(bench.partition, { errorCode: 6 } as FetchedPartition, NOW_MS)
    bench.figures.noteRefused(7)
    assert.deepEqual([...bench.figures.fetchErrors], [[6, 2]])
    assert.deepEqual([...bench.figures.produceErrors], [[7, 1]])
  })
})
