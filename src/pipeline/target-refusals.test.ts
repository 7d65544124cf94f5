import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TargetRefusals } from './target-refusals.ts'

const MINUTE_MS = 60_000

function took(refusals: TargetRefusals, batchesCount: number): void {
  for (let count = 0; count < batchesCount; count++) refusals.took(0)
}

test('batches become half as large with each refusal, and larger again when enough of them were taken', () => {
  const refusals = new TargetRefusals()
  assert.equal(refusals.batchBytesMax, Infinity)
  refusals.refuseSize(1_000_000)
  refusals.refuseSize(400_000)
  assert.equal(refusals.batchBytesMax, 200_000)
  // One that was larger than what is tried now was sent before.
  refusals.refuseSize(1_000_000)
  assert.equal(refusals.batchBytesMax, 100_000)
  took(refusals, 255)
  assert.equal(refusals.batchBytesMax, 100_000)
  took(refusals, 1)
  assert.equal(refusals.batchBytesMax, 200_000)
  took(refusals, 256 * 20)
  assert.equal(refusals.batchBytesMax, Infinity)
})

test('a record that was refused alone is left out until the copy is past it', () => {
  const refusals = new TargetRefusals()
  assert.equal(refusals.doubtedTo(0), 0)
  refusals.refuseRecord(7)
  refusals.refuseRecord(5)
  assert.equal(refusals.doubtedTo(0), 8)
  refusals.took(7)
  assert.deepEqual([...refusals.records], [7, 5])
  refusals.took(8)
  assert.deepEqual([[...refusals.records], refusals.doubtedTo(0)], [[], 0])
})

test('keys are looked at for a minute after one was missed', () => {
  const refusals = new TargetRefusals()
  assert.equal(refusals.areKeysDoubted(0), false)
  refusals.refuseNullKey(1_000)
  assert.equal(refusals.doubtedTo(1_000 + MINUTE_MS - 1), Infinity)
  assert.equal(refusals.areKeysDoubted(1_000 + MINUTE_MS), false)
})
