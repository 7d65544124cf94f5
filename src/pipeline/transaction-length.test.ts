import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransactionLength } from './transaction-length.ts'

function setUp(options: { intervalMs: number; longestMs: number; bytesMax?: number }) {
  let nowMs = 0
  const length = new TransactionLength({
    clock: { now: () => nowMs, monotonic: () => nowMs, sleep: () => Promise.resolve() },
    bytesMax: options.bytesMax ?? 1_000,
    onDue: () => {},
    ...options,
  })
  length.begin()
  const isOverAt = (ms: number, isSpent = false): boolean => {
    nowMs = ms
    return length.isOver(isSpent)
  }
  return { length, isOverAt }
}

test('a transaction ends after its interval, after its bytes, and soon when nothing is left to write', () => {
  const { length, isOverAt } = setUp({ intervalMs: 100, longestMs: 100 })
  assert.equal(isOverAt(99), false)
  assert.equal(isOverAt(100), true)
  assert.equal(isOverAt(4, true), false)
  assert.equal(isOverAt(5, true), true)
  length.wrote(1_000)
  assert.equal(isOverAt(1), true)
})

test('where an end takes long, a transaction lasts six times that, up to its longest', () => {
  const { length, isOverAt } = setUp({ intervalMs: 100, longestMs: 1_000 })
  for (let count = 0; count < 50; count++) length.noteEnd(50)
  assert.equal(isOverAt(290), false)
  assert.equal(isOverAt(301), true)
  for (let count = 0; count < 50; count++) length.noteEnd(5_000)
  assert.equal(isOverAt(999), false)
  assert.equal(isOverAt(1_000), true)
})

test('an interval that was asked for is kept, however long an end takes', () => {
  const { length, isOverAt } = setUp({ intervalMs: 100, longestMs: 100 })
  for (let count = 0; count < 50; count++) length.noteEnd(5_000)
  assert.equal(isOverAt(100), true)
})
