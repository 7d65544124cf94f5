import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { Clock } from '../base/clock.ts'
import { locatedPartition } from '../../test/support/located-partition.ts'
import { FrameLease } from './frame-lease.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { PartitionKeeper } from './partition-keeper.ts'
import type { LedgerTicket } from './pending-batch.ts'

let nowMs: number
let isHeldUp: boolean
let freedCount: number
let reading: Set<MirroredPartition>
let offered: MirroredPartition[]
let keeper: PartitionKeeper

const clock: Clock = { now: () => nowMs, monotonic: () => nowMs, sleep: () => Promise.resolve() }

beforeEach(() => {
  nowMs = 1_000
  isHeldUp = false
  freedCount = 0
  reading = new Set()
  offered = []
  keeper = new PartitionKeeper({
    clock,
    random: () => 0.5,
    deliveryTimeoutMs: 120_000,
    say: () => {},
    locate: () => {},
    suspendReading: (partition) => reading.delete(partition),
    resumeReading: (partition) => reading.add(partition),
    withdrawWriting: () => {},
    offerWriting: (partition) => offered.push(partition),
    blockedForMs: () => 0,
    isHeldUp: () => isHeldUp,
    wantConnection: () => {},
    onRecovery: () => {},
    onFailed: () => {},
    onRested: () => {},
  })
})

/** Flowing, with one batch of an answer in its queue, which waits for the ticket. */
function queued(ticket: LedgerTicket | null): MirroredPartition {
  const partition = locatedPartition(100, 7)
  reading.add(partition)
  take(partition, ticket)
  return partition
}

function take(partition: MirroredPartition, ticket: LedgerTicket | null): void {
  const frame = { bytes: Buffer.alloc(0), bodyStart: 0, retain() {}, release() {} }
  const memory = new FrameLease(frame, () => freedCount++)
  const upstream = partition.fetchOffset
  const usual = { at: 0, size: 1, count: 1, pieces: null, handling: 'resealed' as const }
  partition.enqueue({ ...usual, memory, upstream, ticket, positionAfter: upstream + 1 }, -1)
  memory.drop()
  keeper.attend(partition)
}

test('what waits for a ledger that takes longer than usual gives its memory back, and is read again once the ledger has it', () => {
  const ticket = { isDurable: false, lateAtMs: 1_300 }
  const partition = queued(ticket)
  nowMs = 1_300
  keeper.tick()
  assert.deepEqual([freedCount, partition.queue.length, reading.has(partition)], [0, 1, true])
  nowMs = 1_301
  keeper.tick()
  assert.deepEqual([freedCount, partition.queue.length, reading.has(partition)], [1, 0, false])
  assert.equal(partition.fetchOffset, 100)
  nowMs = 9_000
  keeper.tick()
  assert.equal(reading.has(partition), false, 'it would only begin the same run again')
  ticket.isDurable = true
  keeper.tick()
  assert.equal(reading.has(partition), true)
})

test('what is held up for longer than others are to wait gives its memory back, and is read again when nothing is in flight', () => {
  const partition = queued(null)
  const batch = partition.moveToFlight(nowMs)
  batch?.memory.drop()
  take(partition, null)
  keeper.tick()
  assert.deepEqual(offered, [partition])
  isHeldUp = true
  keeper.tick()
  assert.deepEqual([freedCount, partition.queue.length, reading.has(partition)], [2, 0, false])
  keeper.tick()
  assert.equal(reading.has(partition), false)
  partition.landed()
  keeper.landed(partition)
  assert.equal(reading.has(partition), true)
})
