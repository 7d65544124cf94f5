import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GapRecorder } from './gap-recorder.ts'

describe('gap recorder', () => {
  const gap = {
    topic: 'orders',
    partition: 0,
    fromOffset: 3,
    toOffset: null,
    reason: 'topic deleted',
    atMs: 0,
  } as const

  test('says a gap at once, writes it down, and says when it could not', async () => {
    const events: string[] = []
    const observe = { event: (name: string) => void events.push(name) }
    const recorder = new GapRecorder({ flow: 'a->b', observe, write: () => Promise.reject(new Error('down')) })
    recorder.record(gap)
    assert.deepEqual(events, ['GapFound'])
    await recorder[Symbol.asyncDispose]()
    assert.deepEqual(events, ['GapFound', 'GapUnrecorded'])
  })
})
