import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../base/clock.ts'
import { OwnershipLease } from './ownership-lease.ts'

class TwoClocks implements Clock {
  wallMs = 1_000_000
  monotonicMs = 0

  now(): number {
    return this.wallMs
  }

  monotonic(): number {
    return this.monotonicMs
  }

  sleep(): Promise<void> {
    throw new Error('not used')
  }

  pass(ms: number): void {
    this.wallMs += ms
    this.monotonicMs += ms
  }
}

function confirmed(): { clock: TwoClocks; lease: OwnershipLease } {
  const clock = new TwoClocks()
  const lease = new OwnershipLease(clock, 1_000)
  lease.confirm(lease.now())
  return { clock, lease }
}

test('nobody is sure before the coordinator has answered', () => {
  const lease = new OwnershipLease(new TwoClocks(), 1_000)
  lease.excuse(lease.now())
  assert.deepEqual([lease.isSure(), lease.mayCopy()], [false, false])
})

test('an owner is sure for the session timeout from its question on, not from the answer', () => {
  const { clock, lease } = confirmed()
  const askedAt = lease.now()
  clock.pass(600)
  lease.confirm(askedAt)
  clock.pass(400)
  assert.equal(lease.isSure(), true)
  clock.pass(1)
  assert.deepEqual([lease.isSure(), lease.mayCopy(), lease.silentMs()], [false, false, 1_001])
})

test('an answer that was overtaken by a later one takes nothing back', () => {
  const { clock, lease } = confirmed()
  const early = lease.now()
  clock.pass(900)
  lease.confirm(lease.now())
  lease.confirm(early)
  clock.pass(900)
  assert.equal(lease.isSure(), true)
})

test('a machine that slept (the monotonic clock stood still) and a clock that was set forward end it', () => {
  const { clock, lease } = confirmed()
  clock.wallMs += 5_000
  assert.equal(lease.mayCopy(), false)
})

test('a clock that is set back does not prolong it', () => {
  const { clock, lease } = confirmed()
  clock.wallMs -= 60_000
  clock.pass(1_001)
  assert.equal(lease.mayCopy(), false)
})

test('while the group has no coordinator an owner may copy on, without being sure', () => {
  const { clock, lease } = confirmed()
  for (let second = 0; second < 60; second++) {
    clock.pass(900)
    lease.excuse(lease.now())
  }
  assert.deepEqual([lease.isSure(), lease.mayCopy()], [false, true])
  clock.pass(1_001)
  assert.equal(lease.mayCopy(), false)
})

test('a new membership begins with nothing', () => {
  const { lease } = confirmed()
  lease.clear()
  assert.deepEqual([lease.isSure(), lease.mayCopy(), lease.silentMs()], [false, false, 0])
})
