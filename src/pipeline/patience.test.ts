import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Patience } from './patience.ts'

test('what is always slow is waited for: every other time at least it is in time', () => {
  const patience = new Patience({ leastMs: 300, longestMs: Infinity })
  let inTime = 0
  for (let nowMs = 10_000, count = 0; count < 100; count++, nowMs += 10_000) {
    if (patience.currentMs >= 5_000) inTime++
    patience.took(nowMs, nowMs + 5_000)
  }
  assert.ok(inTime > 40, `${inTime} of 100`)
})

test('one slow moment, however many it concerns, doubles it once, and it falls again', () => {
  const patience = new Patience({ leastMs: 300, longestMs: 1_000 })
  for (const beganAtMs of [1_000, 1_001, 1_200]) patience.took(beganAtMs, 6_000)
  assert.equal(patience.currentMs, 600)
  patience.took(7_000, 12_000)
  assert.equal(patience.currentMs, 1_000)
  for (let count = 0; count < 5; count++) patience.took(13_000, 13_010)
  assert.equal(patience.currentMs, 300)
})
