import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

interface Row {
  readonly number: number
  /** The file whose comment names it; null for an invariant of the whole. */
  readonly place: string | null
  readonly testFile: string
  readonly testName: string
}

const HEADING = 'Invariants (docs/invariants.md):'

/** Rows of the tables: a number, text, in the first table a file, and the test. */
function readRows(page: string): Row[] {
  return [...page.matchAll(/^\| (\d+) \|.*\|$/gm)].map(([line, number]) => {
    const cells = line.split(' | ')
    const enforced = /^`(?<file>[^`]+)`: "(?<name>.+)" \|$/.exec(cells.at(-1) ?? '')?.groups
    assert.ok(enforced !== undefined, `no test in: ${line}`)
    const place = cells.length === 4 ? /^`([^`]+)`$/.exec(cells[2] ?? '')?.[1] : null
    assert.ok(place !== undefined, `no file in: ${line}`)
    return { number: Number(number), place, testFile: String(enforced['file']), testName: String(enforced['name']) }
  })
}

/** Numbers that a comment under the heading names; a lettered list, or one without the heading, is none. */
function invariantsIn(source: string): { readonly numbers: number[]; readonly letters: string[] } {
  const [, ...parts] = source.split(HEADING)
  const numbers = parts.flatMap((part) => {
    const comment = part.slice(0, part.indexOf('*/'))
    return [...comment.matchAll(/^ \* (\d+)\. \S/gm)].map(([, number]) => Number(number))
  })
  const letters = [...source.matchAll(/^ \* (?:\([A-Z]\d?\)|[A-Z]\d?[.:]) \S.*$/gm)].map(([line]) => line)
  if (/^ \* Invariants:/m.test(source)) letters.push('Invariants:')
  return { numbers, letters }
}

const root = new URL('../', import.meta.url)
const rows = readRows(readFileSync(new URL('docs/invariants.md', root), 'utf8'))
const sources = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8')

test('every invariant has a number of its own and a test that exists', () => {
  assert.ok(rows.length > 10)
  assert.equal(new Set(rows.map(({ number }) => number)).size, rows.length, 'a number is there twice')
  for (const { number, testFile, testName } of rows) {
    const names = [`'${testName}'`, `"${testName}"`, `\`${testName}\``]
    const text = read(testFile)
    assert.ok(
      names.some((name) => text.includes(name)),
      `${number}: ${testFile} has no test "${testName}"`,
    )
  }
})

test('every test that docs/delivery.md names exists', () => {
  const page = readFileSync(new URL('docs/delivery.md', root), 'utf8')
  const named = [...page.matchAll(/`([^`]+\.test\.ts)`(?:: "(.+?)" \|$)?/gm)]
  assert.ok(named.length > 10)
  for (const [, testFile = '', testName = ''] of named) {
    assert.ok(read(testFile).includes(testName), `${testFile} has no test "${testName}"`)
  }
})

test('every invariant that the page places in a file is in its comment, and every one in a comment is on the page', () => {
  const onPage = rows.flatMap(({ number, place }) => (place === null ? [] : [`${number} ${place}`]))
  const inCode = sources.flatMap((file) => invariantsIn(read(file)).numbers.map((number) => `${number} ${file}`))
  assert.deepEqual(inCode.toSorted(), onPage.toSorted())
})

test('no invariant in a comment goes by a letter, or without naming the page', () => {
  const lettered = sources.flatMap((file) => invariantsIn(read(file)).letters.map((line) => `${file}: ${line}`))
  assert.deepEqual(lettered, [])
})

test('a comment is understood, and one that breaks the rules is found', () => {
  const good = `/**\n * A thing.\n *\n * ${HEADING}\n * 3. It holds.\n * 14. That, too,\n *    over two lines.\n */\n * 99. elsewhere`
  assert.deepEqual(invariantsIn(good), { numbers: [3, 14], letters: [] })
  const bad = '/**\n * Invariants:\n * (A) it holds\n * B. that, too\n * C: that\n * T1. and that\n */'
  assert.deepEqual(invariantsIn(bad), {
    numbers: [],
    letters: [' * (A) it holds', ' * B. that, too', ' * C: that', ' * T1. and that', 'Invariants:'],
  })
  assert.throws(() => readRows('| 1 | it holds | nowhere |\n'), /no test in/)
})
