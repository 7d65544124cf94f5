import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TransactionModel } from '../../test/support/transaction-model.ts'
import type { ModelFault } from '../../test/support/transaction-model.ts'

const RECORDS = 40
const STEPS_MAX = 60_000

/** Numbers in [0, 1) from a seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

async function run(seed: number, faultShare: number): Promise<TransactionModel> {
  const choose = numbers(seed)
  let faultsLeft = 40
  const fault = (): ModelFault => {
    if (faultsLeft === 0 || choose() >= faultShare) return 'none'
    faultsLeft--
    return (['before', 'after', 'refuse'] as const)[Math.floor(choose() * 3)] ?? 'none'
  }
  const model = new TransactionModel({ partitionsCount: 3, recordsCount: RECORDS, choose, fault, intervalMs: 600 })
  for (let step = 0; step < STEPS_MAX && !model.isDone && model.gaveUp.length === 0; step++) await model.step()
  return model
}

function assertExactlyOnce(model: TransactionModel): void {
  assert.deepEqual(model.gaveUp, [])
  assert.ok(model.isDone, `it did not come to its end: ${JSON.stringify([...model.target.positions])}`)
  for (const { partition } of model.partitions) {
    const copied = model.target.committed
      .filter((append) => append.partition === partition)
      .flatMap(({ upstream, count }) => Array.from({ length: count }, (_, index) => upstream + index))
    assert.deepEqual(
      copied,
      Array.from({ length: RECORDS }, (_, index) => index),
      `partition ${partition}`,
    )
  }
}

test('without faults everything is committed once and in order, in several transactions and without an abort', async () => {
  const model = await run(1, 0)
  assertExactlyOnce(model)
  assert.equal(model.totals.abortedTotal, 0)
  assert.ok(model.totals.committedTotal > 1)
})

test('whatever fails, is refused, or is answered too late, what is committed is every record once and in order', async () => {
  let abortedTotal = 0
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.constantFrom(0.02, 0.1, 0.3), async (seed, share) => {
      const model = await run(seed, share)
      abortedTotal += model.totals.abortedTotal
      assertExactlyOnce(model)
    }),
    { numRuns: 40 },
  )
  assert.ok(abortedTotal > 0, 'no transaction was aborted: the faults reach nothing')
})
