import assert from 'node:assert/strict'
import { test } from 'node:test'
import { longestStandstillMs } from './standstill.ts'

const all = { fromMs: 0, untilMs: 10_000 }

test('a partition whose source stands still, too, does not', () => {
  const source = [
    { atMs: 1_000, last: 9 },
    { atMs: 1_055, last: 19 },
    { atMs: 5_000, last: 29 },
  ]
  const target = [
    { atMs: 1_010, last: 9 },
    // Soon after the one before: by times alone it looks as if the record of 1,055 had waited for four seconds.
    { atMs: 1_058, last: 19 },
    { atMs: 5_020, last: 29 },
  ]
  assert.equal(longestStandstillMs(source, target, all), 20)
})

test('what waits counts from when it was written, or from the last append, whichever is later', () => {
  const source = [
    { atMs: 1_000, last: 9 },
    { atMs: 1_001, last: 19 },
    { atMs: 3_000, last: 29 },
  ]
  const target = [
    { atMs: 1_400, last: 9 },
    { atMs: 2_000, last: 19 },
  ]
  assert.equal(longestStandstillMs(source, target.slice(0, 1), { ...all, untilMs: 2_500 }), 1_100)
  assert.equal(longestStandstillMs(source, target, { ...all, untilMs: 3_100 }), 600)
  assert.equal(longestStandstillMs(source, target, all), 7_000)
})

test('only what falls between both moments counts', () => {
  const source = [{ atMs: 1_000, last: 9 }]
  assert.equal(longestStandstillMs(source, [{ atMs: 5_000, last: 9 }], { fromMs: 4_800, untilMs: 9_000 }), 200)
  assert.equal(longestStandstillMs(source, [{ atMs: 5_000, last: 9 }], { fromMs: 2_000, untilMs: 4_000 }), 2_000)
  assert.equal(longestStandstillMs(source, [{ atMs: 5_000, last: 9 }], { fromMs: 6_000, untilMs: 9_000 }), 0)
})
