import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sayLines } from './say-lines.ts'

test('how bad something is has a colour on a terminal, and nowhere else', () => {
  const lines = ['  PROBLEM x: y', '  ok      z', 'plain PROBLEM']
  const said = (isTTY: boolean): string => {
    let text = ''
    sayLines({ isTTY, write: (each) => (text += each) })(lines)
    return text
  }
  assert.equal(said(false), '  PROBLEM x: y\n  ok      z\nplain PROBLEM\n')
  assert.equal(said(true), '  \u001b[31mPROBLEM\u001b[0m x: y\n  \u001b[32mok\u001b[0m      z\nplain PROBLEM\n')
})
