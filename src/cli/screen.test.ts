import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FullScreen } from './full-screen.ts'
import { Screen } from './screen.ts'
import { paint } from './styled-line.ts'

describe('screen', () => {
  test('a block stays below the log lines, and remains when it is kept', () => {
    let written = ''
    const screen = new Screen({ write: (text) => (written += text) })
    screen.writeLine('first')
    screen.draw(['status'])
    screen.draw(['status'])
    screen.writeLine('second')
    screen.draw(['one', 'two', 'three'])
    screen.writeLine('third')
    screen.keep()
    screen.writeLine('fourth')
    assert.equal(
      written,
      'first\nstatus\r\u001b[Jsecond\nstatus\r\u001b[Jone\ntwo\nthree' +
        '\r\u001b[2A\u001b[Jthird\none\ntwo\nthree\nfourth\n',
    )
  })

  test('has one column less than the terminal, and leaves room for the log', () => {
    const screen = new Screen({ write: () => true, columns: 80, rows: 24 })
    assert.deepEqual([screen.columns, screen.rows], [79, 19])
    const unknown = new Screen({ write: () => true, columns: 0 })
    assert.deepEqual([unknown.columns, unknown.rows], [79, 19])
  })
})

describe('full screen', () => {
  test('gives back what was there, once', () => {
    let written = ''
    {
      using screen = new FullScreen({ write: (text) => (written += text), rows: 2 })
      screen.draw(['a', 'b', 'c'])
      screen[Symbol.dispose]()
    }
    assert.equal(written, '\u001b[?1049h\u001b[Ha\u001b[K\r\nb\u001b[K\u001b[J\u001b[?1049l')
  })
})

describe('painted line', () => {
  test('is cut to the width, and nothing from outside drives the terminal', () => {
    assert.equal(paint([{ text: '123456789' }], 9, true), '123456789')
    assert.equal(paint([{ text: '12345' }, { text: '67890', style: 'red' }], 9, true), '12345\u001b[31m678\u001b[0m…')
    assert.equal(paint([{ text: 'evil\u001b[2Jname\r', style: 'bold' }], 40, false), 'evil?[2Jname?')
  })
})
