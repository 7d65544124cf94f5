import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DurationHistogram } from './duration-histogram.ts'

test('a duration counts in each bucket whose bound it does not exceed, a bound itself included', () => {
  const histogram = new DurationHistogram([0.1, 1, 10])
  histogram.note(0.1, 2)
  histogram.note(0.5, 1)
  histogram.note(10.5, 4)
  assert.deepEqual(histogram.cumulativeCounts(), [2, 3, 3])
  assert.deepEqual([histogram.count, histogram.sumSeconds], [7, 0.2 + 0.5 + 42])
})
