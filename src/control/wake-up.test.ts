import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '../base/clock.ts'
import { WakeUp } from './wake-up.ts'

const { signal } = new AbortController()

describe('wake-up', () => {
  test('ends the sleep under way, or the next one, and only that', async () => {
    const wakeUp = new WakeUp(systemClock)
    const sleep = wakeUp.sleep(Infinity, { signal })
    wakeUp.wake()
    await sleep
    wakeUp.wake()
    await wakeUp.sleep(Infinity, { signal })
    const startMs = performance.now()
    await wakeUp.sleep(20, { signal })
    assert(performance.now() - startMs > 15)
  })

  test('a sleep longer than a timer takes does not end at once', async () => {
    const stop = new AbortController()
    const slept: number[] = []
    const clock = { ...systemClock, sleep: async (ms: number) => void slept.push(ms) }
    await new WakeUp(clock).sleep(2 ** 31 + 10, { signal: stop.signal })
    assert.deepEqual(slept, [2 ** 31 - 1, 11])
  })

  test('rejects with the reason of the signal', async () => {
    const stop = new AbortController()
    const sleep = new WakeUp(systemClock).sleep(Infinity, { signal: stop.signal })
    stop.abort(new Error('asked to'))
    await assert.rejects(sleep, /asked to/)
  })
})
