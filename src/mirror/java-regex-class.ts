import { testCharacter, testRange } from './java-regex-case.ts'
import { predefinedTest, readCharacterEscape, readProperty } from './java-regex-escape.ts'
import type { PatternReader } from './java-regex-reader.ts'
import type { CodePointTest, RegexFlags } from './java-regex-syntax.ts'

const minus = 0x2d
const openBracket = 0x5b
const closeBracket = 0x5d
const backslash = 0x5c
const ampersand = 0x26

function union(one: CodePointTest | undefined, other: CodePointTest): CodePointTest {
  return one === undefined ? other : (each) => one(each) || other(each)
}

/** The state of a class while it is read. `last` is what Java intersects with when nothing follows `&&`. */
interface ClassState {
  all: CodePointTest | undefined
  last: CodePointTest | undefined
  /** Single characters below 256, which Java gathers apart and joins before `&&` or the end. */
  singles: CodePointTest | undefined
}

/**
 * Reads a character class with nested classes and intersections; the cursor is on its `[`, and afterwards behind its `]`.
 * As in Java, `&&` binds weaker than anything, and a `^` counts only right behind the bracket.
 */
export function readClass(reader: PatternReader, flags: RegexFlags): CodePointTest {
  reader.next()
  const isNegative = reader.is('^') && reader.at(-1) === openBracket
  if (isNegative) reader.next()
  const test = readClassItems(reader, flags)
  reader.cursor++
  return isNegative ? (each) => !test(each) : test
}

/** Reads up to the closing bracket, which stays. */
function readClassItems(reader: PatternReader, flags: RegexFlags): CodePointTest {
  const state: ClassState = { all: undefined, last: undefined, singles: undefined }
  for (;;) {
    const codePoint = reader.peek()
    if (codePoint === openBracket) {
      state.last = readClass(reader, flags)
      state.all = union(state.all, state.last)
    } else if (codePoint === ampersand && secondAmpersand(reader)) readIntersection(reader, flags, state)
    else if (codePoint === closeBracket && (state.all ?? state.singles) !== undefined)
      return joinSingles(state) ?? (() => false)
    else if (reader.isAtEnd) throw reader.invalid('the character class is not closed')
    else readItem(reader, flags, state)
  }
}

/** Whether the ampersand at the cursor is followed by another, white space between them allowed in comments mode. */
function secondAmpersand(reader: PatternReader): boolean {
  const start = reader.cursor
  const isSecond = reader.next() === ampersand
  if (!isSecond) reader.cursor = start
  return isSecond
}

function joinSingles(state: ClassState): CodePointTest | undefined {
  if (state.singles !== undefined) state.all = union(state.all, state.singles)
  return state.all
}

/** The cursor is on the second ampersand. */
function readIntersection(reader: PatternReader, flags: RegexFlags, state: ClassState): void {
  reader.next()
  let right: CodePointTest | undefined
  while (!reader.is(']') && !reader.is('&')) {
    const more = reader.is('[') ? readClass(reader, flags) : readClassItems(reader, flags)
    right = union(right, more)
  }
  if (state.singles !== undefined) {
    if (state.all === undefined) state.last = state.singles
    joinSingles(state)
    state.singles = undefined
  }
  if (right !== undefined) state.last = right
  const left = state.all
  const other = state.last
  if (left === undefined) {
    if (right === undefined) throw reader.invalid('there is nothing on either side of && in the character class')
    state.all = right
    return
  }
  if (other === undefined) throw reader.invalid('there is nothing behind && in the character class')
  state.all = (each) => left(each) && other(each)
}

function readItem(reader: PatternReader, flags: RegexFlags, state: ClassState): void {
  const item = readRange(reader, flags)
  if (typeof item === 'number') {
    state.singles = union(state.singles, testCharacter(item, flags))
    state.last = undefined
    return
  }
  state.last = item
  state.all = union(state.all, item)
}

/** @returns a character that Java would keep as a bit, or the test of anything else */
function readRange(reader: PatternReader, flags: RegexFlags): CodePointTest | number {
  let from: number
  if (reader.peek() === backslash) {
    reader.cursor++
    if (isPropertyLetter(reader.at(0))) return readProperty(reader, flags)
    const escape = readClassEscape(reader, flags, reader.at(1) === minus)
    if (typeof escape === 'function') return escape
    from = escape
  } else from = reader.read()
  if (!reader.is('-')) return single(from, flags)
  const following = reader.at(1)
  if (following === openBracket || following === closeBracket) return single(from, flags)
  const to = readRangeEnd(reader, flags)
  if (to < from) throw reader.invalid('the range ends before it begins')
  return testRange(from, to, flags)
}

function single(codePoint: number, flags: RegexFlags): CodePointTest | number {
  const isFolded = flags.isCaseInsensitive && flags.isUnicodeCase
  const isSpecial = isFolded && [0xff, 0xb5, 0x49, 0x69, 0x53, 0x73, 0x4b, 0x6b, 0xc5, 0xe5].includes(codePoint)
  return codePoint < 256 && !isSpecial ? codePoint : testCharacter(codePoint, flags)
}

/** The cursor is on the minus. */
function readRangeEnd(reader: PatternReader, flags: RegexFlags): number {
  reader.next()
  if (reader.peek() !== backslash) {
    if (reader.isAtEnd) throw reader.invalid('the character class is not closed')
    return reader.read()
  }
  reader.cursor++
  const escape = readClassEscape(reader, flags, true)
  // Java takes -1 for a set here, and so finds the range reversed.
  if (typeof escape === 'function') throw reader.invalid('the range ends with a set')
  return escape
}

function isPropertyLetter(codePoint: number): boolean {
  return codePoint === 0x70 || codePoint === 0x50
}

/** The cursor is behind the backslash. As an end of a range, \v is the vertical tab. */
function readClassEscape(reader: PatternReader, flags: RegexFlags, isRangeEnd: boolean): CodePointTest | number {
  const character = readCharacterEscape(reader)
  if (character !== undefined) return character
  const letter = String.fromCodePoint(reader.at(0))
  reader.cursor++
  if (letter === 'v' && isRangeEnd) return 0x0b
  const test = predefinedTest(letter, flags)
  if (test === undefined) throw reader.invalid(`the escape \\${letter} has no meaning in a character class`)
  return test
}
