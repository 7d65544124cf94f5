import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fullCount, megabytes, shortCount, shortDuration } from './figures-text.ts'

test('counts in few characters', () => {
  assert.deepEqual([null, 0, 9_999, 10_000, 99_949, 999_499, 999_500, 12_345_678, 7.89e9, 1e12, 5e15].map(shortCount), [
    '–',
    '0',
    '9,999',
    '10.0k',
    '99.9k',
    '999k',
    '1.00M',
    '12.3M',
    '7.89G',
    '1.00T',
    '5.00P',
  ])
  assert.equal(fullCount(12_345_678.4), '12,345,678')
})

test('durations in the unit that fits', () => {
  assert.deepEqual([null, 0, 0.04, 9.94, 9.96, 99, 100, 5_000, 7_200, 100_000, 200_000, 1e7].map(shortDuration), [
    '–',
    '0.0 s',
    '0.0 s',
    '9.9 s',
    '10 s',
    '99 s',
    '1.7 min',
    '83 min',
    '2.0 h',
    '28 h',
    '2.3 d',
    '116 d',
  ])
})

test('megabytes a second', () => {
  assert.deepEqual([null, 0, 123_456, 99_940_000, 123_456_789].map(megabytes), ['–', '0.0', '0.1', '99.9', '123'])
})
