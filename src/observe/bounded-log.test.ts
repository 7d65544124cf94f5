import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { BoundedLog } from './bounded-log.ts'
import type { LogLine } from './log-sink.ts'

const line = (text: string): LogLine => ({ level: 'info', event: 'Tested', text, fields: {} })

test('lines are left out while too much waits, and counted when there is room again', () => {
  let waitingBytes = 0
  const written: string[] = []
  const log = new BoundedLog({ write: ({ text }) => void written.push(text) }, () => waitingBytes)
  log.write(line('first'))
  waitingBytes = 9 * 1024 * 1024
  log.write(line('second'))
  log.write(line('third'))
  waitingBytes = 0
  log.write(line('fourth'))
  log.write(line('fifth'))
  const said = '2 lines of the log were left out here: nobody read the output'
  assert.deepEqual(written, ['first', said, 'fourth', 'fifth'])
})

test('a process whose output nobody reads keeps its memory', async () => {
  const script = `
    import { BoundedLog } from ${JSON.stringify(new URL('bounded-log.ts', import.meta.url).href)}
    const text = 'x'.repeat(10_000)
    const sink = { write: (line) => process.stdout.write(line.text) }
    const log = new BoundedLog(sink, () => process.stdout.writableLength)
    for (let index = 0; index < 10_000; index++) log.write({ level: 'info', event: 'Tested', text, fields: {} })
    process.stderr.write(String(process.stdout.writableLength))
    setTimeout(() => process.exit(), 100)
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.pause()
  let waiting = ''
  child.stderr.on('data', (chunk: Buffer) => void (waiting += chunk.toString()))
  await once(child.stderr, 'close')
  child.kill('SIGKILL')
  assert.ok(Number(waiting) > 0 && Number(waiting) < 16 * 1024 * 1024, `${waiting} bytes wait`)
})
