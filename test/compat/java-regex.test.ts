import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { TwinlogError } from '../../src/base/catalogue.ts'
import { compileJavaRegex } from '../../src/mirror/java-regex.ts'
import { namesInTable } from './java-regex-names.ts'
import { patternsInTable } from './java-regex-table.ts'

interface Case {
  readonly pattern: string
  readonly name: string
}

/** What one side makes of a case: 1 or 0; E: refused as invalid; U: we do not have it; S: given up; O, X: Java itself failed. */
type Answer = '1' | '0' | 'E' | 'U' | 'S' | 'O' | string

function askJava(cases: readonly Case[]): Answer[] {
  const input = cases.map(({ pattern, name }) => `${base64(pattern)} ${base64(name)}\n`).join('')
  const oracle = join(import.meta.dirname, 'JavaRegexOracle.java')
  const { stdout, stderr, status } = spawnSync('java', [oracle], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
  return stdout.trimEnd().split('\n')
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}

const codes: Readonly<Record<string, Answer>> = {
  PATTERN_INVALID: 'E',
  PATTERN_UNSUPPORTED: 'U',
  PATTERN_TOO_SLOW: 'S',
}

function askTwinlog({ pattern, name }: Case): Answer {
  try {
    return compileJavaRegex(pattern).matches(name) ? '1' : '0'
  } catch (error) {
    if (error instanceof TwinlogError) return codes[error.code] ?? error.code
    throw error
  }
}

/** Every case on which both sides do not agree; what we say not to have is no disagreement. */
function disagreements(cases: readonly Case[]): string[] {
  const java = askJava(cases)
  assert.equal(java.length, cases.length)
  return cases.flatMap((each, index) => {
    const ours = askTwinlog(each)
    const theirs = java[index] ?? ''
    if (ours === theirs || 'OX'.includes(theirs) || ours === 'U') return []
    return [`/${each.pattern}/ on ${JSON.stringify(each.name)}: Java ${theirs}, twinlog ${ours}`]
  })
}

test('Java and twinlog agree on every pattern of the table with every name', () => {
  const cases = patternsInTable.flatMap((pattern) => namesInTable.map((name) => ({ pattern, name })))
  assert.deepEqual(disagreements(cases).slice(0, 60), [])
})

const letters = fc.constantFrom('a', 'b', 'A', 'B', '1', '_', '-', '.')
const sets = fc.constantFrom(
  '.',
  '\\w',
  '\\d',
  '\\W',
  '\\S',
  '[ab]',
  '[^a]',
  '[a-c]',
  '[A-Z&&[^B]]',
  '\\p{Alpha}',
  '\\p{Punct}',
  '\\P{Upper}',
  '[\\w&&[^1]]',
  '\\.',
  '[a[1-3]]',
  '\\Qa.\\E',
)
const quantifiers = fc.constantFrom(
  '',
  '',
  '',
  '*',
  '+',
  '?',
  '{2}',
  '{1,2}',
  '{0,}',
  '*?',
  '+?',
  '??',
  '*+',
  '++',
  '?+',
  '{1,2}?',
  '{1,}+',
)
const openings = fc.constantFrom(
  '(',
  '(?:',
  '(?:',
  '(?i:',
  '(?=',
  '(?!',
  '(?>',
  '(?<=',
  '(?<!',
  '(?<n>',
  '(?i)(',
  '(?x: ',
)

/** Patterns that are expressions nearly always. */
const patterns: fc.Arbitrary<string> = fc.letrec<{ pattern: string; item: string }>((tie) => ({
  pattern: fc.array(tie('item'), { minLength: 1, maxLength: 4 }).map((items) => items.join('')),
  item: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(fc.oneof(letters, sets), quantifiers).map((parts) => parts.join('')),
    fc.constantFrom('^', '$', '\\b', '\\B', '\\A', '\\z', '\\Z', '\\G'),
    fc
      .tuple(openings, tie('pattern'), fc.constantFrom('', '|', '|a'), fc.constant(')'), quantifiers)
      .map((parts) => parts.join('')),
    fc.tuple(tie('pattern'), fc.constant('|'), tie('pattern')).map((parts) => parts.join('')),
  ),
})).pattern

const names = fc.array(letters, { maxLength: 8 }).map((parts) => parts.join(''))

test('Java and twinlog agree on generated patterns and names', () => {
  const cases = fc.sample(fc.record({ pattern: patterns, name: names }), { numRuns: 30_000, seed: 20_260 })
  assert.deepEqual(disagreements(cases).slice(0, 20), [])
})

test('Java and twinlog agree on which texts are patterns at all', () => {
  const noise = fc
    .array(fc.constantFrom(...'ab1()[]{}*+?|\\^$.-&,<>=!:#iQEdwpPxux0 ~'), { maxLength: 9 })
    .map((parts) => parts.join(''))
  const cases = fc.sample(fc.record({ pattern: noise, name: names }), { numRuns: 60_000, seed: 4_711 })
  assert.deepEqual(disagreements(cases).slice(0, 20), [])
})

test('Java and twinlog agree on patterns with back references', () => {
  const references = fc.tuple(
    fc.constantFrom('(a|b)', '(a*)', '(a|ab)(c|bcd)', '(?<x>[ab]+)', '(?i)(a)', '((a)|b)+', '(a)?'),
    fc.constantFrom('\\1', '\\1*', '.*\\1', '\\2', '\\1+?b', '(?:\\1|b)*', '\\11'),
  )
  const cases = fc.sample(
    fc.record({
      pattern: references.map((parts) => parts.join('')),
      name: fc.array(fc.constantFrom('a', 'b', 'A', 'c', '1'), { maxLength: 6 }).map((parts) => parts.join('')),
    }),
    { numRuns: 5_000, seed: 99 },
  )
  assert.deepEqual(disagreements(cases).slice(0, 20), [])
})
