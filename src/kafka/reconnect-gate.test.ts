import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClientSettings } from '../config/client-settings.ts'
import { ReconnectGate } from './reconnect-gate.ts'

const settings = {
  reconnectBackoffMs: 50,
  reconnectBackoffMaxMs: 1000,
  connectionSetupTimeoutMs: 10_000,
  connectionSetupTimeoutMaxMs: 30_000,
} as ClientSettings

function setUp() {
  const sleeps: number[] = []
  let nowMs = 0
  const clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    async sleep(ms: number) {
      sleeps.push(Math.round(ms))
      nowMs += ms
    },
  }
  return { gate: new ReconnectGate(settings, clock, () => 0.5), sleeps }
}

test('each failure makes the next attempt wait longer, up to reconnect.backoff.max.ms, and a success forgets them', async () => {
  const { gate, sleeps } = setUp()
  const { signal } = new AbortController()
  await gate.pass('1', signal)
  for (let count = 0; count < 7; count++) {
    gate.failed('1')
    await gate.pass('1', signal)
  }
  assert.deepEqual(sleeps, [50, 100, 200, 400, 800, 1000, 1000])
  await gate.pass('2', signal)
  gate.succeeded('1')
  await gate.pass('1', signal)
  assert.equal(sleeps.length, 7)
})

test('the set-up time of a connection grows with the failures, up to its maximum', () => {
  const { gate } = setUp()
  const times = [0, 1, 2, 3].map(() => {
    const timeoutMs = gate.setupTimeoutMs('1')
    gate.failed('1')
    return timeoutMs
  })
  assert.deepEqual(times, [10_000, 20_000, 30_000, 30_000])
})
