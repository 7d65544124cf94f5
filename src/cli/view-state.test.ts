import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeKeys, initialViewState, pressKey } from './view-state.ts'
import type { ViewState } from './view-state.ts'

function press(...keys: string[]): ViewState {
  return keys.reduce((state, key) => pressKey(state, key).state, initialViewState)
}

test('s goes through the orders and begins again, r turns them round', () => {
  assert.deepEqual(
    ['s', 'ss', 'sss', 'ssss', 'sssss'].map((keys) => press(...keys).sort),
    ['lag', 'behind', 'records/s', 'MB/s', 'name'],
  )
  assert.equal(press('r').isReversed, true)
  assert.equal(press('r', 's').isReversed, false)
})

test('/ takes a text: letters that are keys otherwise, backspace, and Enter or Esc at its end', () => {
  assert.deepEqual(press('/', 'q', 's', 'x', 'backspace', 'enter'), { ...initialViewState, filter: 'qs' })
  assert.deepEqual(press('/', 'q', 'escape'), initialViewState)
  assert.deepEqual(press('/', 'q', 'enter', 'escape'), initialViewState)
  assert.equal(press('/', 'up', 'ctrl-x').filter, '')
})

test('arrows move through the topics, and not above the first', () => {
  assert.equal(press('down', 'down', 'page-down', 'up').firstRow, 11)
  assert.equal(press('down', 'page-up').firstRow, 0)
  assert.equal(press('end', 'home').firstRow, 0)
})

test('q leaves, Ctrl-C interrupts, also while a text is typed; t and ? switch', () => {
  assert.equal(pressKey(initialViewState, 'q').wish, 'leave')
  assert.equal(pressKey(press('/'), 'q').wish, 'none')
  assert.equal(pressKey(press('/'), 'ctrl-c').wish, 'interrupt')
  assert.equal(press('t').areTopicsShown, false)
  assert.equal(press('?').isHelpShown, true)
  assert.equal(press('?', '?').isHelpShown, false)
})

test('keys are decoded, several in one chunk as well, and what is not known is left out', () => {
  assert.deepEqual(decodeKeys('s\u001b[A\u001b[6~\u0003\u007f\r\u001b[15~ü\u0001\u001b'), [
    's',
    'up',
    'page-down',
    'ctrl-c',
    'backspace',
    'enter',
    'ü',
    'escape',
  ])
})
