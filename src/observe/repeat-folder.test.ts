import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LogLine } from './log-sink.ts'
import { RepeatFolder } from './repeat-folder.ts'

function line(text: string, flow = 'eu->us', event = 'ClusterUnreachable'): LogLine {
  return { level: 'warn', event, text, fields: { flow } }
}

function createFolder() {
  let nowMs = 0
  const shown: string[] = []
  const folder = new RepeatFolder({ write: ({ text }) => shown.push(text) }, { monotonic: () => nowMs })
  return { folder, shown, advance: (ms: number) => (nowMs += ms) }
}

describe('repeat folder', () => {
  test('shows a line once and tells at the end of the window how often it came again', () => {
    const { folder, shown, advance } = createFolder()
    for (let i = 0; i < 413; i++) folder.write(line('no answer'))
    assert.deepEqual(shown, ['no answer'])
    advance(60_000)
    folder.sweep()
    assert.deepEqual(shown, ['no answer', 'no answer (and 411 more in 60 s)'])
  })

  test('a single repeat is shown as it is', () => {
    const { folder, shown } = createFolder()
    folder.write(line('no answer'))
    folder.write(line('no answer'))
    folder.flush()
    assert.deepEqual(shown, ['no answer', 'no answer'])
  })

  test('different texts of an event are shown, up to a few', () => {
    const { folder, shown } = createFolder()
    for (let i = 0; i < 20; i++) folder.write(line(`topic ${i}`))
    assert.deepEqual(shown, ['topic 0', 'topic 1', 'topic 2', 'topic 3', 'topic 4'])
    folder.flush()
    assert.equal(shown.at(-1), 'topic 19 (and 14 more in 1 s)')
  })

  test('flows and events do not hide each other', () => {
    const { folder, shown } = createFolder()
    folder.write(line('no answer'))
    folder.write(line('no answer', 'us->eu'))
    folder.write(line('no answer', 'eu->us', 'TopicsRefreshFailed'))
    assert.equal(shown.length, 3)
  })

  test('debug lines are never folded', () => {
    const { folder, shown } = createFolder()
    for (let i = 0; i < 3; i++) folder.write({ ...line('asked'), level: 'debug' })
    assert.equal(shown.length, 3)
  })

  test('a line is shown again in the next window', () => {
    const { folder, shown, advance } = createFolder()
    folder.write(line('no answer'))
    advance(60_000)
    folder.write(line('no answer'))
    assert.deepEqual(shown, ['no answer', 'no answer'])
  })
})
