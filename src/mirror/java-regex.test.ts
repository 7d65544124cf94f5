import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TwinlogError } from '../base/catalogue.ts'
import { compileJavaRegex } from './java-regex.ts'

/** Meanings that JavaScript's RegExp would give another way. test/compat/java-regex.test.ts has the rest, judged by Java. */
const table: readonly (readonly [pattern: string, name: string, isMatch: boolean])[] = [
  ['a', 'ab', false],
  ['a|(?i)ORDERS', 'orders', true],
  ['(?i)ä', 'Ä', false],
  ['(?iu)ä', 'Ä', true],
  ['\\w+', 'ä', false],
  ['\\Qa.b\\E', 'a.b', true],
  ['\\Qa.b\\E', 'axb', false],
  ['[a-z&&[^b]]+', 'abc', false],
  ['a*+a', 'aaa', false],
  ['(?>a|ab)c', 'abc', false],
  ['(a)?\\1b', 'b', false],
  ['(?x) or ders # all', 'orders', true],
  ['\\p{Punct}+', '._-', true],
  ['(?:(a)|b)*\\1', 'aba', true],
]

for (const [pattern, name, isMatch] of table) {
  test(`/${pattern}/ ${isMatch ? 'matches' : 'does not match'} "${name}"`, () => {
    assert.equal(compileJavaRegex(pattern).matches(name), isMatch)
  })
}

function codeOf(run: () => unknown): { code: string; column: unknown } {
  try {
    run()
  } catch (error) {
    if (error instanceof TwinlogError) return { code: error.code, column: error.parameters.column }
    throw error
  }
  return { code: 'none', column: undefined }
}

test('errors say the column within the expression', () => {
  assert.deepEqual(
    codeOf(() => compileJavaRegex('abc*(d')),
    { code: 'PATTERN_INVALID', column: 6 },
  )
  assert.deepEqual(
    codeOf(() => compileJavaRegex('ab**')),
    { code: 'PATTERN_INVALID', column: 4 },
  )
  assert.deepEqual(
    codeOf(() => compileJavaRegex('ab\\X')),
    { code: 'PATTERN_UNSUPPORTED', column: 4 },
  )
})

// PATTERN_TOO_SLOW would be thrown beyond a million steps.
test('catastrophic expressions without back references stay within the steps of one name', () => {
  const name = `${'a'.repeat(240)}!`
  for (const pattern of [
    '(a+)+b',
    '(a|aa)+b',
    '(.*)*x',
    '(?:a*)*b',
    '((a*)*)*b',
    '.*.*.*.*.*.*x',
    '(a?){100}a{200}b',
  ]) {
    assert.equal(compileJavaRegex(pattern).matches(name), false)
  }
})

test('a catastrophic expression with a back reference is given up', () => {
  assert.equal(codeOf(() => compileJavaRegex('(a*)*(a*)*(a*)*\\1b').matches('a'.repeat(100))).code, 'PATTERN_TOO_SLOW')
})
