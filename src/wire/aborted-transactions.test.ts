import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AbortedTransactions } from './aborted-transactions.ts'
import { ABORT_MARKER, COMMIT_MARKER, NO_CONTROL_TYPE } from './control-record.ts'
import { BatchHeader } from './record-batch.ts'

interface Shape {
  id: number
  from: number
  to: number
  isTransactional?: boolean
  controlType?: number
  recordCount?: number
}

function headerOf({
  id,
  from,
  to,
  isTransactional = true,
  controlType,
  recordCount = to - from + 1,
}: Shape): BatchHeader {
  return Object.assign(new BatchHeader(), {
    baseOffset: from,
    lastOffset: to,
    lastOffsetDelta: to - from,
    recordCount,
    producerIdHigh: id < 0 ? -1 : 0,
    producerIdLow: id,
    isTransactional,
    isControl: controlType !== undefined,
    controlType: controlType ?? NO_CONTROL_TYPE,
  })
}

const data = (id: number, from: number, to: number, isTransactional = true) =>
  headerOf({ id, from, to, isTransactional })
const abort = (id: number, at: number) => headerOf({ id, from: at, to: at, controlType: ABORT_MARKER })
const commit = (id: number, at: number) => headerOf({ id, from: at, to: at, controlType: COMMIT_MARKER })

function copiedOffsets(list: [id: number, firstOffset: number][] | null, batches: BatchHeader[]): number[] {
  const transactions = list?.map(([id, firstOffset]) => ({ producerId: BigInt(id), firstOffset })) ?? null
  const aborted = new AbortedTransactions(transactions)
  return batches.filter((batch) => !aborted.isAborted(batch) && !batch.isControl).map((batch) => batch.baseOffset)
}

test('without a list nothing is aborted', () => {
  assert.deepEqual(copiedOffsets(null, [data(1, 0, 4), commit(1, 5)]), [0])
  assert.deepEqual(copiedOffsets([], [data(1, 0, 4), commit(1, 5)]), [0])
})

test('one aborted transaction between two committed ones of the same producer', () => {
  const batches = [
    data(1, 0, 4),
    commit(1, 5),
    data(1, 6, 9),
    data(1, 10, 12),
    abort(1, 13),
    data(1, 14, 15),
    commit(1, 16),
  ]
  assert.deepEqual(copiedOffsets([[1, 6]], batches), [0, 14])
})

test('the list is not sorted, and transactions of several producers lie inside each other', () => {
  const batches = [
    data(2, 0, 1),
    data(1, 2, 3),
    data(3, 4, 5),
    abort(1, 6),
    data(2, 7, 8),
    commit(3, 9),
    abort(2, 10),
    data(1, 11, 12),
    data(2, 13, 14),
  ]
  const list: [number, number][] = [
    [1, 2],
    [2, 0],
  ]
  assert.deepEqual(copiedOffsets(list, batches), [4, 11, 13])
  assert.deepEqual(copiedOffsets(list.toReversed(), batches), [4, 11, 13])
})

test('two aborted transactions of one producer end each at its own marker', () => {
  const batches = [data(1, 0, 1), abort(1, 2), data(1, 3, 4), commit(1, 5), data(1, 6, 7), abort(1, 8), data(1, 9, 9)]
  assert.deepEqual(
    copiedOffsets(
      [
        [1, 6],
        [1, 0],
      ],
      batches,
    ),
    [3, 9],
  )
})

test('a transaction begun before the fetched offsets is aborted from the first batch on', () => {
  assert.deepEqual(copiedOffsets([[1, 3]], [data(1, 50, 60), abort(1, 61), data(1, 62, 63)]), [62])
})

test('a batch whose last offset reaches the first aborted offset is aborted, one before it is not', () => {
  assert.deepEqual(copiedOffsets([[1, 9]], [data(1, 0, 8), data(1, 5, 9)]), [0])
})

test('batches of the same producer that are not transactional, and of others, are kept', () => {
  assert.deepEqual(
    copiedOffsets([[1, 0]], [data(1, 0, 1, false), data(-1, 2, 3), data(4, 5, 6), data(1, 7, 8)]),
    [0, 2, 5],
  )
})

test('a commit marker or an emptied control batch ends no aborted transaction', () => {
  const emptied = headerOf({ id: 1, from: 3, to: 3, controlType: NO_CONTROL_TYPE, recordCount: 0 })
  assert.deepEqual(
    copiedOffsets([[1, 0]], [data(1, 0, 1), commit(1, 2), emptied, data(1, 4, 5), abort(1, 6), data(1, 7, 7)]),
    [7],
  )
})

test('a control batch that cannot be read is refused while something is aborted, for committed data might be dropped', () => {
  const unreadable = headerOf({ id: 1, from: 2, to: 2, controlType: NO_CONTROL_TYPE })
  assert.throws(() => copiedOffsets([[1, 0]], [data(1, 0, 1), unreadable]), /BATCH_CORRUPT|offset 2 is damaged/)
  assert.deepEqual(copiedOffsets([], [data(1, 0, 1), unreadable]), [0])
})

test('producer ids that differ only in their high half are told apart', () => {
  const aborted = new AbortedTransactions([{ producerId: (7n << 32n) | 1n, firstOffset: 0 }])
  const low = data(1, 0, 1)
  const high = Object.assign(data(1, 2, 3), { producerIdHigh: 7 })
  assert.ok(!aborted.isAborted(low))
  assert.ok(aborted.isAborted(high))
})
