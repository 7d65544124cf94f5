import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ProcessFigures } from './process-figures.ts'

const blockMs = 300
const waitMs = 20

test('a loop that is held up is seen by everyone who asks, for a window more and no longer', async () => {
  let nowMs = 0
  using figures = new ProcessFigures({ version: '1', startedAtMs: 0, monotonic: () => nowMs })
  const isHeldUp = (): boolean => figures.delays().maxSeconds > 0.2
  while (!isHeldUp()) {
    // The histogram begins with its first look, so it may miss the first of these.
    const end = performance.now() + blockMs
    while (performance.now() < end);
    await sleep(waitMs)
  }
  assert.ok(isHeldUp(), 'asking takes nothing away')
  nowMs = 31_000
  assert.ok(isHeldUp())
  nowMs = 40_000
  assert.ok(isHeldUp(), 'the window before is told as well')
  nowMs = 62_000
  while (isHeldUp()) await sleep(waitMs)
})

test('processor, memory and version', () => {
  using figures = new ProcessFigures({ version: '1.2.3', startedAtMs: 5_000, monotonic: () => 0 })
  const readers = figures.readers('topic')
  assert.deepEqual(readers.twinlog_info(), [{ labels: { version: '1.2.3' }, value: 1 }])
  assert.equal(readers.process_start_time_seconds()[0]?.value, 5)
  assert.ok((readers.process_cpu_seconds_total()[0]?.value ?? 0) > 0)
  assert.ok((readers.process_resident_memory_bytes()[0]?.value ?? 0) > 1e7)
})
