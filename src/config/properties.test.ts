import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TwinlogError } from '../base/catalogue.ts'
import { parseProperties, parsePropertiesBytes } from './properties.ts'

function entries(text: string): [string, string, number][] {
  return [...parseProperties(text, 'f').properties.values()].map(({ key, value, line }) => [key, value, line])
}

// The expected values were printed by java.util.Properties (Java 17).
test('a file is read as java.util.Properties reads it, with lines', () => {
  const text =
    'a = 1  \n! c\n#x\\\nb=2\nk\\:e\\ y : v\\\n   cont\\u00e9\\t.\r\n\fd\n e\\\n\\\n\nf==g\\\n h\\\n#no comment\ni\\\\\nj\\x =\\q\n=no key\n\\ =x\nz\\'
  assert.deepEqual(entries(text), [
    ['a', '1  ', 1],
    ['b', '2', 4],
    ['k:e y', 'vconté\t.', 5],
    ['d', '', 7],
    ['e', '', 8],
    ['f', '=gh#no comment', 11],
    ['i\\', '', 14],
    ['jx', 'q', 15],
    ['', 'no key', 16],
    [' ', 'x', 17],
    ['z', '', 18],
  ])
})

test('the last of several equal keys counts, and the others are known', () => {
  const file = parseProperties('a=1\na=2', 'f')
  assert.equal(file.properties.get('a')?.value, '2')
  assert.deepEqual(
    file.replaced.map(({ line }) => line),
    [1],
  )
})

test('a malformed \\u escape is refused with its line', () => {
  assert.throws(
    () => parseProperties('a=1\nb=\\u12', 'f'),
    (error) => error instanceof TwinlogError && error.message.includes('f:2'),
  )
})

test('bytes are read as UTF-8 where they are that, else as ISO-8859-1', () => {
  const utf8 = parsePropertiesBytes(Buffer.from('a=é'), 'f')
  assert.deepEqual([utf8.charset, utf8.properties.get('a')?.value], ['utf-8', 'é'])
  const latin = parsePropertiesBytes(Buffer.from('a=é', 'latin1'), 'f')
  assert.deepEqual([latin.charset, latin.properties.get('a')?.value], ['iso-8859-1', 'é'])
})
