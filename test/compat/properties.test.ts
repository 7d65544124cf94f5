import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { TwinlogError } from '../../src/base/catalogue.ts'
import { parsePropertiesBytes } from '../../src/config/properties.ts'

/** Bytes that are no UTF-8, in a comment: with them a file is read as ISO-8859-1, as Java reads every file. */
const notUtf8 = Buffer.from('#\xff\n', 'latin1')

/** What a file is made of: all that means something in a .properties file, and some that does not. */
const pieces = [
  ...[
    '=',
    ':',
    ' ',
    '\t',
    '\f',
    '\n',
    '\r',
    '\r\n',
    '#',
    '!',
    '\\',
    '\\\\',
    '\\\n',
    '\\\r\n',
    '\\\r',
    '\\\n  \t',
    '\\\f',
  ],
  ...[
    '\\u00e9',
    '\\u0041',
    '\\u12',
    '\\u',
    '\\uD83D\\uDE00',
    '\\t',
    '\\n',
    '\\r',
    '\\f',
    '\\=',
    '\\:',
    '\\#',
    '\\ ',
    '\\d',
    '\\0',
  ],
  ...[
    'a',
    'b',
    'key',
    'A->B.topics',
    'é',
    '\u00a0',
    '\u0085',
    '\u000b',
    '\u001a',
    'x=1',
    'a=2\n',
    '\n\n',
    '\n#c\\\n',
    '\\\n#d',
  ],
]

function askJava(files: readonly Buffer[]): string[] {
  const input = files.map((bytes) => `${bytes.toString('base64')}\n`).join('')
  const oracle = join(import.meta.dirname, 'PropertiesOracle.java')
  const { stdout, stderr, status } = spawnSync('java', ['-Xmx128m', oracle], {
    input,
    encoding: 'latin1',
    maxBuffer: 1 << 28,
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
  return stdout.split('\n').slice(0, files.length)
}

function askTwinlog(bytes: Buffer): string {
  try {
    const entries = [...parsePropertiesBytes(bytes, 'f').properties.values()]
    return entries
      .toSorted((one, other) => (one.key < other.key ? -1 : 1))
      .map(({ key, value }) => `${encode(key)}=${encode(value)} `)
      .join('')
  } catch (error) {
    if (error instanceof TwinlogError && error.code === 'PROPERTIES_ESCAPE_INVALID') return 'E'
    throw error
  }
}

function encode(text: string): string {
  return Buffer.from(text, 'utf16le').toString('base64url')
}

test('hostile files are read as java.util.Properties itself reads them', () => {
  const texts = fc.sample(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), {
    numRuns: 10_000,
    seed: 20_261_124,
  })
  const files = texts.map((parts) => Buffer.concat([notUtf8, Buffer.from(parts.join(''), 'latin1')]))
  const java = askJava(files)
  const wrong = files.flatMap((bytes, index) => {
    const [ours, theirs] = [askTwinlog(bytes), java[index]]
    return ours === theirs ? [] : [`${JSON.stringify(bytes.toString('latin1'))}: Java ${theirs}, twinlog ${ours}`]
  })
  assert.deepEqual(wrong.slice(0, 20), [])
  assert.ok(java.filter((each) => each === 'E').length > 500 && java.filter((each) => each !== 'E').length > 3_000)
})
