import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { TerminalKeys } from './terminal-keys.ts'

class Terminal extends EventEmitter {
  readonly isTTY = true
  readonly done: string[] = []

  setRawMode(isRaw: boolean): void {
    this.done.push(`raw ${isRaw}`)
  }

  resume(): void {
    this.done.push('resume')
  }

  pause(): void {
    this.done.push('pause')
  }

  write(text: string): void {
    this.done.push(text)
  }
}

test('keys come one by one, and the terminal is as before when it is given back, once', () => {
  const terminal = new Terminal()
  const keys: string[] = []
  const taken = new TerminalKeys(terminal, terminal, { onExit: () => {}, onKey: (key) => keys.push(key) })
  terminal.emit('data', Buffer.from('s\u001b[B'))
  assert.deepEqual(keys, ['s', 'down'])
  taken[Symbol.dispose]()
  taken[Symbol.dispose]()
  terminal.emit('data', Buffer.from('q'))
  assert.deepEqual(keys, ['s', 'down'])
  assert.deepEqual(terminal.done, ['\u001b[?25l', 'raw true', 'resume', '\u001b[?25h', 'raw false', 'pause'])
})

test('whatever ends the process, the terminal is given back', () => {
  const terminal = new Terminal()
  let exit = (): void => assert.fail('nothing was left to be done at the exit')
  const taken = new TerminalKeys(terminal, terminal, { onExit: (restore) => (exit = restore), onKey: () => {} })
  exit()
  assert.deepEqual(terminal.done.slice(3), ['\u001b[?25h', 'raw false', 'pause'])
  taken[Symbol.dispose]()
  assert.equal(terminal.done.length, 6)
})
