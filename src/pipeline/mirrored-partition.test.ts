import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Run } from '../mirror/run.ts'
import { locatedPartition } from '../../test/support/located-partition.ts'
import { FrameLease } from './frame-lease.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { LedgerTicket, PendingBatch } from './pending-batch.ts'
import { StrayBatches } from './stray-batches.ts'

const window = { batchesMax: 4, bytesMax: 1_000 }
const sentByOthers = { leaderEpoch: 5, isOtherPlan: false, end: null }
const frame = { bytes: Buffer.alloc(0), bodyStart: 0, retain() {}, release() {} }

/** Takes in a batch of `count` records at the reading position, as BatchIntake does. */
function takeIn(partition: MirroredPartition, count: number, size = 100): void {
  const upstream = partition.fetchOffset
  for (const run of runsOf(partition, upstream, count)) partition.map?.begin(run)
  const memory = new FrameLease(frame, () => {})
  const positionAfter = upstream + count
  partition.enqueue({ ...usual, memory, size, upstream, count, positionAfter }, 5)
}

const usual = { at: 0, size: 1, pieces: null, handling: 'resealed' as const, ticket: null }

function runsOf(partition: MirroredPartition, upstream: number, count: number, leaderEpoch = 5): Run[] {
  const runs: Run[] = []
  partition.beginRuns({ upstream, count, pieces: null }, leaderEpoch, runs)
  return runs
}

function send(partition: MirroredPartition): PendingBatch | undefined {
  return partition.canSend(window) ? partition.moveToFlight(0) : undefined
}

test('batches without holes between them are one run, and a hole begins another', () => {
  const partition = locatedPartition(100, 0)
  takeIn(partition, 10)
  takeIn(partition, 10)
  partition.skipTo(121, 5)
  takeIn(partition, 5)
  assert.deepEqual(
    [...(partition.map?.runs() ?? [])],
    [
      { upstream: 100, sequence: 0, downstream: 1_000 },
      { upstream: 121, sequence: 20, downstream: 1_020 },
    ],
  )
})

test('a new leader epoch at the source begins a run, so that the ledger knows the epoch of the last batch', () => {
  const partition = locatedPartition(0, 0)
  takeIn(partition, 1)
  assert.deepEqual(runsOf(partition, 1, 1), [])
  assert.equal(runsOf(partition, 1, 1, 6).length, 1)
})

test('each piece of a batch with holes is a run of its own', () => {
  const partition = locatedPartition(100, 2 ** 31 - 4)
  takeIn(partition, 2)
  const memory = new FrameLease(frame, () => {})
  const pieces = [
    { upstreamOffset: 102, count: 1 },
    { upstreamOffset: 105, count: 3 },
    { upstreamOffset: 110, count: 1 },
  ]
  const runs: Run[] = []
  const batch = { upstream: 102, count: 5, pieces }
  partition.beginRuns(batch, 5, runs)
  partition.enqueue({ ...usual, ...batch, memory, positionAfter: 120 }, 5)
  partition.beginRuns({ upstream: 111, count: 4, pieces: null }, 5, runs)
  assert.deepEqual(runs, [
    { upstream: 105, sequence: 2 ** 31 - 1, downstream: 1_003 },
    { upstream: 110, sequence: 2, downstream: 1_006 },
  ])
  assert.equal(partition.fetchOffset, 120)
})

for (const [what, prepare, isAtOdds] of [
  ['a hole that a marker leaves is no hole to a stray batch', (one) => one.skipTo(111, 5, 110), false],
  ['an emptied batch may have held what a stray batch holds', (one) => one.skipTo(111, 5), true],
  ['nor is it known what was in a hole that nobody saw', () => {}, true],
  ['a gap is a hole although a marker follows', (one) => (one.readFrom(111, 5), one.skipTo(111, 5, 110)), true],
] satisfies [string, (partition: MirroredPartition) => unknown, boolean][]) {
  test(what, () => {
    const partition = locatedPartition(100, 0)
    partition.strays = new StrayBatches([{ upstream: 100, sequence: 0, downstream: 1_000 }], sentByOthers)
    const circumstances = { leaderEpoch: 5, maxTimestampMs: 1e12, nowMs: 1e12 }
    takeIn(partition, 10)
    prepare(partition)
    assert.equal(partition.isAtOddsWithStrays({ upstream: 111, count: 1, pieces: null }, circumstances), isAtOdds)
  })
}

test('a hole inside a batch is one that a stray batch may not have, and so is what is missing at the end of one', () => {
  const partition = locatedPartition(100, 0)
  partition.strays = new StrayBatches([{ upstream: 100, sequence: 0, downstream: 1_000 }], sentByOthers)
  const circumstances = { leaderEpoch: 5, maxTimestampMs: 1e12, nowMs: 1e12 }
  const pieces = [
    { upstreamOffset: 100, count: 2 },
    { upstreamOffset: 103, count: 2 },
  ]
  assert.equal(partition.isAtOddsWithStrays({ upstream: 100, count: 4, pieces }, circumstances), true)
  const memory = new FrameLease(frame, () => {})
  partition.enqueue({ ...usual, memory, upstream: 100, count: 2, positionAfter: 103 }, 5)
  assert.equal(partition.isAtOddsWithStrays({ upstream: 103, count: 2, pieces: null }, circumstances), true)
})

test('a sequence wraps to 0 after 2^31 - 1', () => {
  const partition = locatedPartition(0, 2 ** 31 - 10)
  takeIn(partition, 10)
  takeIn(partition, 10)
  assert.deepEqual(
    [...partition.queue].map(({ sequence }) => sequence),
    [2 ** 31 - 10, 0],
  )
})

test('a partition that probes has one batch in flight, however much is queued', () => {
  const partition = locatedPartition(0, 0)
  partition.state = { name: 'probing' }
  takeIn(partition, 1)
  takeIn(partition, 1)
  assert.notEqual(send(partition), undefined)
  assert.equal(send(partition), undefined)
})

test('a partition whose target cannot be asked has no more in flight than a broker remembers', () => {
  const partition = locatedPartition(0, 0)
  partition.isTargetBlind = true
  for (let count = 0; count < 10; count++) takeIn(partition, 1, 1)
  let sent = 0
  while (partition.canSend({ batchesMax: 100, bytesMax: 1_000 }))
    sent += partition.moveToFlight(0) === undefined ? 0 : 1
  assert.equal(sent, 5)
})

test('a batch waits until its run is in the ledger', () => {
  const partition = locatedPartition(0, 0)
  const ticket = { isDurable: false, lateAtMs: Infinity }
  const memory = new FrameLease(frame, () => {})
  partition.enqueue({ ...usual, memory, upstream: 0, count: 1, ticket, positionAfter: 1 }, 5)
  assert.equal(partition.canSend(window), false)
  ticket.isDurable = true
  assert.equal(partition.canSend(window), true)
})

/** Takes in a batch as SourceAnswers does: whatever run it begins goes to the ledger. @returns whether it began one */
function takeInWritten(partition: MirroredPartition, leaderEpoch: number, ticket: LedgerTicket): boolean {
  const upstream = partition.fetchOffset
  const runs = runsOf(partition, upstream, 1, leaderEpoch)
  for (const run of runs) partition.map?.begin(run)
  const place = { memory: new FrameLease(frame, () => {}), upstream, count: 1, positionAfter: upstream + 1 }
  partition.enqueue({ ...usual, ...place, ticket: runs.length === 0 ? null : ticket }, leaderEpoch)
  return partition.ledgerWrite(runs) !== null
}

test('where the ledger says already what a run would say, a partition that looked how far it came goes on without one', () => {
  const partition = locatedPartition(100, 7)
  const ticket = { isDurable: true, lateAtMs: Infinity }
  const goOn = (): void => {
    while (partition.queue.length > 0) partition.queue.shift()
    partition.continueAt({ upstream: 101, sequence: 8, downstream: 1_001, leaderEpoch: -1 })
  }
  assert.equal(takeInWritten(partition, 5, ticket), true)
  goOn()
  assert.equal(takeInWritten(partition, 5, ticket), false)
  goOn()
  assert.equal(takeInWritten(partition, 6, ticket), true, 'another leader of the source')
  goOn()
  assert.ok(partition.identity !== null)
  partition.identity = { ...partition.identity, producerEpoch: 1 }
  goOn()
  assert.equal(takeInWritten(partition, 6, ticket), true, 'another epoch of the producer')
  partition.discardQueue()
  partition.continueAt({ upstream: 105, sequence: 8, downstream: 1_001, leaderEpoch: -1 })
  assert.equal(takeInWritten(partition, 6, ticket), true, 'another place at the source')
  partition.discardQueue()
  partition.continueAt({ upstream: 105, sequence: 8, downstream: 1_002, leaderEpoch: -1 })
  assert.equal(takeInWritten(partition, 6, ticket), true, 'another place at the target')
})

test('a batch whose run was begun before it was given back still waits for the ledger when it is read again', () => {
  const partition = locatedPartition(100, 7)
  const ticket = { isDurable: false, lateAtMs: Infinity }
  assert.equal(takeInWritten(partition, 5, ticket), true)
  partition.discardQueue()
  assert.equal(takeInWritten(partition, 5, { isDurable: true, lateAtMs: Infinity }), false)
  assert.equal(partition.canSend(window), false)
  ticket.isDurable = true
  assert.equal(partition.canSend(window), true)
})

test('dropped batches behind one in flight move the position on only when that one is acknowledged', () => {
  const partition = locatedPartition(0, 0)
  takeIn(partition, 10)
  const batch = send(partition)
  partition.skipTo(15, 5)
  assert.equal(partition.ackedOffset, 0)
  assert.ok(batch)
  partition.landed()
  partition.acknowledge(batch, 1_000)
  assert.equal(partition.ackedOffset, 15)
})

test('a target offset that was not expected is told of, and later runs begin at the offset that the target will give', () => {
  const partition = locatedPartition(0, 0)
  takeIn(partition, 10)
  const batch = send(partition)
  assert.ok(batch)
  partition.landed()
  assert.equal(partition.acknowledge(batch, 1_003), false)
  takeIn(partition, 10)
  assert.equal(partition.map?.last?.downstream, 1_013)
})

test('behind a duplicate, of which the target does not say where it lies, the next batch is where it was expected', () => {
  const partition = locatedPartition(0, 0)
  for (let index = 0; index < 3; index++) takeIn(partition, 10)
  const [first, duplicate, next] = [send(partition), send(partition), send(partition)]
  assert.ok(first !== undefined && duplicate !== undefined && next !== undefined)
  assert.equal(partition.acknowledge(first, 1_000), true)
  assert.equal(partition.acknowledge(duplicate, -1), true)
  assert.equal(partition.acknowledge(next, 1_020), true)
})

test('all memory of a frame is given back when its batches were sent or discarded', () => {
  const partition = locatedPartition(0, 0)
  let freed = 0
  const lease = new FrameLease(frame, () => freed++)
  for (const upstream of [0, 1]) {
    partition.enqueue({ ...usual, memory: lease, upstream, count: 1, positionAfter: upstream + 1 }, 5)
  }
  lease.drop()
  partition.moveToFlight(0)?.memory.drop()
  assert.equal(freed, 0)
  partition.discardQueue()
  assert.equal(freed, 1)
})

test('in any order of reading, dropping, sending, acknowledging and giving back, nothing is skipped and no sequence is used twice', () => {
  const step = fc.oneof(
    fc.record({ name: fc.constant('take' as const), count: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ name: fc.constant('drop' as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.constantFrom({ name: 'send' as const }, { name: 'acknowledge' as const }, { name: 'give back' as const }),
  )
  const start = fc.constantFrom(0, 2 ** 31 - 60)
  fc.assert(
    fc.property(start, fc.array(step, { maxLength: 120 }), (sequence, steps) => {
      const partition = locatedPartition(0, sequence)
      const dropped = new Set<number>()
      const flight: PendingBatch[] = []
      const copied: { upstream: number; count: number; sequence: number }[] = []
      const wasDropped = new Map<number, boolean>()
      let downstream = 1_000
      for (const one of steps) {
        if (one.name === 'take') {
          // The source's log does not change: what was dropped once is dropped again, what was copied is not dropped.
          if (wasDropped.get(partition.fetchOffset) === true) partition.skipTo(partition.fetchOffset + 1, 5)
          else {
            wasDropped.set(partition.fetchOffset, false)
            takeIn(partition, 1)
          }
        } else if (one.name === 'drop') {
          const offset = partition.fetchOffset
          if (wasDropped.get(offset) === false) continue
          wasDropped.set(offset, true)
          dropped.add(offset)
          partition.skipTo(offset + 1, 5)
        } else if (one.name === 'send') {
          const batch = send(partition)
          if (batch !== undefined) flight.push(batch)
        } else if (one.name === 'acknowledge') {
          const batch = flight.shift()
          if (batch === undefined) continue
          assert.equal(partition.landed(), batch)
          assert.equal(partition.acknowledge(batch, downstream), true)
          downstream += batch.count
          copied.push(batch)
        } else {
          partition.discardQueue()
        }
        assert.ok(partition.ackedOffset <= partition.fetchOffset)
      }
      let next = 0
      let nextSequence = sequence
      for (const batch of copied) {
        while (dropped.has(next)) next++
        assert.equal(batch.upstream, next, 'an offset was skipped or copied twice')
        assert.equal(batch.sequence, nextSequence % 2 ** 31)
        assert.equal(partition.map?.upstreamAtSequence(batch.sequence), batch.upstream)
        next = batch.upstream + batch.count
        nextSequence += batch.count
      }
    }),
    { numRuns: 300 },
  )
})
