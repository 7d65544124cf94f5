import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ArenaPool } from './frame-arena.ts'

test('an arena goes back to its pool when the reader and all its frames have let go of it, and is used again', () => {
  const pool = new ArenaPool({ arenaBytes: 64 })
  const arena = pool.take()
  const first = arena.frame(0, 10)
  const second = arena.frame(10, 20)
  arena.release()
  first.release()
  assert.equal(pool.bytesInUse, 64)
  second.retain(2)
  second.release()
  second.release()
  assert.equal(pool.bytesInUse, 64)
  second.release()
  assert.equal(pool.bytesInUse, 0)
  assert.equal(pool.take(), arena)
  assert.equal(pool.bytesAllocated, 64)
})

test('a release too many is a defect', () => {
  const pool = new ArenaPool({ arenaBytes: 64 })
  const arena = pool.take()
  const frame = arena.frame(0, 4)
  frame.release()
  assert.throws(() => frame.release(), { code: 'DEFECT' })
  assert.throws(() => frame.retain(), { code: 'DEFECT' })
  arena.release()
  assert.throws(() => arena.release(), { code: 'DEFECT' })
})

test('memory of an oversized frame is given back at its last release, and the peak is remembered', () => {
  const pool = new ArenaPool({ arenaBytes: 64 })
  const arena = pool.takeOversized(1000)
  const frame = arena.frame(0, 1000)
  arena.release()
  assert.equal(pool.bytesInUse, 1000)
  frame.release()
  assert.equal(frame.bytes.length, 0, 'the memory is detached at once')
  assert.equal(pool.bytesInUse, 0)
  assert.equal(pool.peakBytes, 1000)
  assert.equal(pool.bytesAllocated, 0)
})

test('the memory of large frames that follow each other is used again, and whole when it can hold all that is claimed', () => {
  const pool = new ArenaPool({ arenaBytes: 64 })
  const first = pool.takeOversized(500)
  const memory = first.bytes.buffer
  first.release()
  const second = pool.takeOversized(128, 400)
  assert.equal(second.bytes.buffer, memory)
  assert.equal(pool.bytesInUse, 500)
  const third = pool.takeOversized(128, 400)
  assert.notEqual(third.bytes.buffer, memory)
  assert.equal(third.bytes.length, 128)
})
