import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../base/clock.ts'
import type { SourceOffset } from '../mirror/source-offset-record.ts'
import { PositionFlusher } from './position-flusher.ts'

/** A clock whose sleeps end when the test says so. */
class SteppedClock implements Clock {
  #wake: (() => void) | null = null
  readonly sleptMs: number[] = []
  readonly now = (): number => 0
  readonly monotonic = (): number => 0

  async sleep(ms: number, { signal }: { signal: AbortSignal }): Promise<void> {
    this.sleptMs.push(ms)
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    this.#wake = resolve
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Ends the sleep and lets everything run until the next one. */
  async tick(): Promise<void> {
    this.#wake?.()
    await settle()
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function setUp(): {
  clock: SteppedClock
  changed: SourceOffset[]
  written: SourceOffset[][]
  failures: { error: unknown; pendingCount: number }[]
  failWith: (error: Error | null) => void
  disown: () => void
  flusher: PositionFlusher
} {
  const clock = new SteppedClock()
  const changed: SourceOffset[] = []
  const written: SourceOffset[][] = []
  const failures: { error: unknown; pendingCount: number }[] = []
  let failure: Error | null = null
  let isOwner = true
  const flusher = new PositionFlusher({
    clock,
    intervalMs: 60_000,
    finalFlushTimeoutMs: 5_000,
    takePositions: () => changed.splice(0),
    mayWrite: () => isOwner,
    write: async (positions) => {
      if (failure !== null) throw failure
      written.push([...positions])
    },
    onFailure: (told) => failures.push(told),
  })
  const disown = (): void => void (isOwner = false)
  return { clock, changed, written, failures, failWith: (error) => (failure = error), disown, flusher }
}

const position = (partition: number, lastCopiedOffset: number): SourceOffset => ({
  topic: 't',
  partition,
  lastCopiedOffset,
})

test('positions are written at every tick, only when some changed, and once more at the stop', async () => {
  const { clock, changed, written, flusher } = setUp()
  const stop = new AbortController()
  const running = flusher.run(stop)
  changed.push(position(0, 5))
  await clock.tick()
  await clock.tick()
  changed.push(position(0, 9), position(1, 2))
  assert.deepEqual(written, [[position(0, 5)]])
  stop.abort()
  await running
  assert.deepEqual(written, [[position(0, 5)], [position(0, 9), position(1, 2)]])
  assert.deepEqual(new Set(clock.sleptMs), new Set([60_000]))
})

test('positions of a failed flush go with the next one, unless newer ones took their place', async () => {
  const { clock, changed, written, failures, failWith, flusher } = setUp()
  const stop = new AbortController()
  const running = flusher.run(stop)
  const error = new Error('NOT_ENOUGH_REPLICAS')
  failWith(error)
  changed.push(position(0, 5), position(1, 7))
  await clock.tick()
  assert.deepEqual(failures, [{ error, pendingCount: 2 }])
  failWith(null)
  changed.push(position(0, 6))
  await clock.tick()
  assert.deepEqual(written, [[position(0, 6), position(1, 7)]])
  stop.abort()
  await running
  assert.equal(written.length, 1)
})

test('a stop during a flush writes what that flush had taken', async () => {
  const written: SourceOffset[][] = []
  const failures: unknown[] = []
  const changed = [position(0, 5)]
  const clock = new SteppedClock()
  const flusher = new PositionFlusher({
    clock,
    intervalMs: 1,
    finalFlushTimeoutMs: 5_000,
    takePositions: () => changed.splice(0),
    mayWrite: () => true,
    write: async (positions, { signal }) => {
      if (written.length === 0 && signal === stop.signal)
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      written.push([...positions])
    },
    onFailure: (failure) => failures.push(failure),
  })
  const stop = new AbortController()
  const running = flusher.run(stop)
  await clock.tick()
  changed.push(position(1, 1))
  stop.abort(new Error('stopping'))
  await running
  assert.deepEqual(written, [[position(0, 5), position(1, 1)]])
  assert.deepEqual(failures, [])
})

test('a last flush that fails is reported and does not keep the stop from ending', async () => {
  const { changed, failures, failWith, flusher } = setUp()
  failWith(new Error('gone'))
  changed.push(position(0, 5))
  await flusher.run({ signal: AbortSignal.abort() })
  assert.equal(failures.length, 1)
})

test('positions of a process that does not own the flow any more are not written, at the stop either', async () => {
  const { changed, written, disown, flusher } = setUp()
  changed.push(position(0, 5))
  disown()
  await flusher.flush({ signal: AbortSignal.timeout(10_000) })
  await flusher.run({ signal: AbortSignal.abort() })
  assert.deepEqual(written, [])
})

test('flushes never overlap', async () => {
  let openCount = 0
  let highest = 0
  const changed = [position(0, 1)]
  const flusher = new PositionFlusher({
    clock: new SteppedClock(),
    intervalMs: 1,
    finalFlushTimeoutMs: 5_000,
    takePositions: () => [...changed],
    mayWrite: () => true,
    write: async () => {
      highest = Math.max(highest, ++openCount)
      await settle()
      openCount--
    },
    onFailure: () => undefined,
  })
  const options = { signal: AbortSignal.timeout(10_000) }
  await Promise.all([flusher.flush(options), flusher.flush(options), flusher.flush(options)])
  assert.equal(highest, 1)
})
