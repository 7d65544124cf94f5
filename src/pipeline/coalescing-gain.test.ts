import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CoalescingGain } from './coalescing-gain.ts'

function measured(batchesCount: number, batchUs: number, times = 200): CoalescingGain {
  const gain = new CoalescingGain()
  for (let count = 0; count < times; count++) gain.took(batchesCount, batchesCount * batchUs)
  return gain
}

test('one batch alone is never put together with none', () => {
  assert.equal(new CoalescingGain().pays(1), false)
})

test('it is tried before it is known', () => {
  assert.equal(new CoalescingGain().pays(2), true)
})

for (const [batchesCount, batchUs, pays] of [
  [2, 1, true],
  [2, 12, true],
  [2, 13, false],
  [100, 13, true],
  [100, 24, true],
  [100, 26, false],
] as const) {
  test(`${batchesCount} batches of ${batchUs} us each: ${pays ? 'pays' : 'does not pay'}`, () => {
    assert.equal(measured(batchesCount, batchUs).pays(batchesCount), pays)
  })
}

test('where it does not pay it is measured again now and then, and goes on when it does', () => {
  const gain = measured(10, 100)
  const answers = Array.from({ length: 64 }, () => gain.pays(10))
  assert.equal(answers.filter(Boolean).length, 4)
  for (let count = 0; count < 4; count++) gain.took(10, 10)
  assert.equal(gain.pays(10), true)
})

test('a single pause does not change what is known', () => {
  const gain = measured(10, 1)
  gain.took(10, 500_000)
  assert.equal(gain.pays(10), true)
})

test('what pays by far is measured now and then; what is in doubt, always', () => {
  const measuredCount = (gain: CoalescingGain): number =>
    Array.from({ length: 80 }, () => gain.isMeasuredNext()).filter(Boolean).length
  assert.equal(measuredCount(new CoalescingGain()), 10)
  assert.equal(measuredCount(measured(100, 1)), 10)
  assert.equal(measuredCount(measured(100, 10)), 80)
})
