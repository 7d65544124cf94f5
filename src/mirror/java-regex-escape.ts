import { propertyTest } from './java-regex-property.ts'
import { isAsciiDigit } from './java-regex-reader.ts'
import type { PatternReader } from './java-regex-reader.ts'
import type { CodePointTest, RegexFlags } from './java-regex-syntax.ts'

const horizontal = new Set([
  0x20,
  0x09,
  0xa0,
  0x1680,
  0x180e,
  0x202f,
  0x205f,
  0x3000,
  ...Array.from({ length: 11 }, (_, index) => 0x2000 + index),
])
const isHorizontal: CodePointTest = (each) => horizontal.has(each)

/** \v, and what \R takes beside \r\n. */
export const isVertical: CodePointTest = (each) =>
  (each >= 0x0a && each <= 0x0d) || each === 0x85 || each === 0x2028 || each === 0x2029

/** What ends a line for `.`, `^` and `$`. */
export function isLineEnd(codePoint: number, flags: RegexFlags): boolean {
  if (codePoint === 0x0a) return true
  return (
    !flags.isUnixLines && (codePoint === 0x0d || codePoint === 0x85 || codePoint === 0x2028 || codePoint === 0x2029)
  )
}

/** Characters that an escape stands for by itself. */
const controls: Readonly<Record<string, number>> = { a: 0x07, e: 0x1b, f: 0x0c, n: 0x0a, r: 0x0d, t: 0x09 }

/** \d \D \h \H \s \S \v \V \w \W; undefined for another letter. */
export function predefinedTest(letter: string, flags: RegexFlags): CodePointTest | undefined {
  const test = positiveTest(letter.toLowerCase(), flags)
  if (test === undefined) return undefined
  return letter === letter.toLowerCase() ? test : (each) => !test(each)
}

function positiveTest(letter: string, flags: RegexFlags): CodePointTest | undefined {
  const byName = (ascii: string, unicode: string): CodePointTest | undefined => {
    const test = propertyTest(flags.isUnicodeClass ? unicode : ascii, { ...flags, isCaseInsensitive: false })
    return typeof test === 'function' ? test : undefined
  }
  switch (letter) {
    case 'd':
      return byName('Digit', 'IsDigit')
    case 's':
      return byName('Space', 'IsWhite_Space')
    case 'w':
      if (flags.isUnicodeClass) return byName('IsWord', 'IsWord')
      return (each) =>
        isAsciiDigit(each) || (each >= 0x41 && each <= 0x5a) || (each >= 0x61 && each <= 0x7a) || each === 0x5f
    case 'h':
      return isHorizontal
    case 'v':
      return isVertical
    default:
      return undefined
  }
}

/**
 * Reads an escape that stands for one character; the cursor is on the letter after the backslash.
 * @returns the character; undefined if the letter does not stand for one (the cursor has not moved)
 */
export function readCharacterEscape(reader: PatternReader): number | undefined {
  const codePoint = reader.at(0)
  const letter = String.fromCodePoint(codePoint)
  if (reader.isAtEnd) throw reader.invalid('the expression ends with a backslash')
  const control = controls[letter]
  if (control !== undefined || !/[A-Za-z0-9]/.test(letter)) {
    reader.cursor++
    return control ?? codePoint
  }
  const read = readers[letter]
  if (read === undefined) return undefined
  reader.cursor++
  return read(reader)
}

const readers: Readonly<Record<string, (reader: PatternReader) => number>> = {
  '0': readOctal,
  x: readHex,
  u: readUnicode,
  c: readControl,
  N: refuseName,
}

function readOctal(reader: PatternReader): number {
  let value = 0
  let digitsCount = 0
  while (digitsCount < 3 && /[0-7]/.test(String.fromCodePoint(reader.peek()))) {
    const longer = value * 8 + reader.peek() - 0x30
    if (longer > 0o377) break
    value = longer
    digitsCount++
    reader.cursor++
  }
  if (digitsCount === 0) throw reader.invalid('\\0 needs an octal digit after it')
  return value
}

function hexDigit(codePoint: number): number {
  return /[0-9A-Fa-f]/.test(String.fromCodePoint(codePoint))
    ? Number.parseInt(String.fromCodePoint(codePoint), 16)
    : Number.NaN
}

function readHex(reader: PatternReader): number {
  if (reader.take('{')) {
    let value = Number.NaN
    while (!Number.isNaN(hexDigit(reader.peek()))) {
      value = (Number.isNaN(value) ? 0 : value) * 16 + hexDigit(reader.read())
      if (value > 0x10ffff) throw reader.invalid('\\x{...} is beyond the last character')
    }
    if (Number.isNaN(value) || !reader.take('}'))
      throw reader.invalid('\\x{...} needs hexadecimal digits and a closing brace')
    return value
  }
  return readDigits(reader, 2, '\\x')
}

function readDigits(reader: PatternReader, count: number, escape: string): number {
  let value = 0
  for (let index = 0; index < count; index++) {
    value = value * 16 + hexDigit(reader.read())
    if (Number.isNaN(value)) throw reader.invalid(`${escape} needs ${count} hexadecimal digits after it`)
  }
  return value
}

/** Two escapes that form a surrogate pair are one character. */
function readUnicode(reader: PatternReader): number {
  const high = readDigits(reader, 4, '\\u')
  if (high < 0xd800 || high > 0xdbff || reader.at(0) !== 0x5c || reader.at(1) !== 0x75) return high
  const start = reader.cursor
  reader.cursor += 2
  const low = readDigits(reader, 4, '\\u')
  if (low >= 0xdc00 && low <= 0xdfff) return (high - 0xd800) * 0x400 + (low - 0xdc00) + 0x10000
  reader.cursor = start
  return high
}

function readControl(reader: PatternReader): number {
  if (reader.isAtEnd) throw reader.invalid('\\c needs a character after it')
  return reader.read() ^ 64
}

function refuseName(reader: PatternReader): number {
  throw reader.unsupported('characters by name (\\N{...}); write \\x{...}')
}

/** Reads \p{...}, \P{...} or \pL; the cursor is on the p. */
export function readProperty(reader: PatternReader, flags: RegexFlags): CodePointTest {
  const isNegative = reader.at(0) === 0x50
  reader.cursor++
  const name = readPropertyName(reader)
  const test = propertyTest(name, flags)
  if (test === undefined) throw reader.invalid(`there is no character property "${name}"`)
  if (test === 'unsupported') throw reader.unsupported(`the block "${name}"; write its range, as in [\\u0400-\\u04ff]`)
  return isNegative ? (each) => !test(each) : test
}

function readPropertyName(reader: PatternReader): string {
  if (!reader.is('{')) {
    if (reader.isAtEnd) throw reader.invalid('\\p needs a name after it')
    return String.fromCodePoint(reader.read())
  }
  reader.cursor++
  let name = ''
  while (!reader.is('}')) {
    if (reader.isAtEnd) throw reader.invalid('\\p{ is not closed')
    name += String.fromCodePoint(reader.read())
  }
  reader.cursor++
  if (name === '') throw reader.invalid('\\p{} is empty')
  return name
}
