import { isLineEnd, predefinedTest } from './java-regex-escape.ts'
import { propertyTest } from './java-regex-property.ts'
import type { CodePoints, CodePointTest, RegexFlags, RegexNode } from './java-regex-syntax.ts'

type BoundaryTest = (text: CodePoints, at: number) => boolean

/** What `^ $ \A \G \Z \z \b \B` stand for under the flags at their place. Source: java.util.regex.Pattern (Caret, Dollar, Bound and others). */
export function boundary(name: string, current: RegexFlags): RegexNode {
  const flags = { ...current }
  return { kind: 'boundary', test: boundaryTest(name, flags) }
}

function boundaryTest(name: string, flags: RegexFlags): BoundaryTest {
  switch (name) {
    case '^':
      return flags.isMultiline ? (text, at) => isLineStart(text, at, flags) : isStart
    case '$':
      return flags.isMultiline
        ? (text, at) => isBeforeLineEnd(text, at, flags)
        : (text, at) => isBeforeLastLineEnd(text, at, flags)
    case '\\Z':
      return (text, at) => isBeforeLastLineEnd(text, at, flags)
    case '\\z':
      return (text, at) => at === text.length
    case '\\b':
      return wordBoundary(flags)
    case '\\B': {
      const test = wordBoundary(flags)
      return (text, at) => !test(text, at)
    }
    default:
      // \A, and \G: a match of a whole name begins where the last one ended, at 0.
      return isStart
  }
}

const isStart: BoundaryTest = (_text, at) => at === 0

/** Behind a line end, but not at the end of the text, and not between \r and \n. */
function isLineStart(text: CodePoints, at: number, flags: RegexFlags): boolean {
  if (at === 0) return true
  if (at === text.length || !isLineEnd(text[at - 1] ?? 0, flags)) return false
  return flags.isUnixLines || text[at - 1] !== 0x0d || text[at] !== 0x0a
}

function isBeforeLineEnd(text: CodePoints, at: number, flags: RegexFlags): boolean {
  if (at === text.length) return true
  if (!isLineEnd(text[at] ?? 0, flags)) return false
  return flags.isUnixLines || text[at] !== 0x0a || at === 0 || text[at - 1] !== 0x0d
}

/** At the end, or before the line end that is the end. */
function isBeforeLastLineEnd(text: CodePoints, at: number, flags: RegexFlags): boolean {
  if (at === text.length) return true
  if (!isBeforeLineEnd(text, at, flags)) return false
  if (at === text.length - 1) return true
  return !flags.isUnixLines && at === text.length - 2 && text[at] === 0x0d && text[at + 1] === 0x0a
}

/** Java 17 takes all letters and digits for words here, although \w is ASCII. */
function wordBoundary(flags: RegexFlags): BoundaryTest {
  const isWord =
    (flags.isUnicodeClass ? predefinedTest('w', flags) : propertyOf('javaLetterOrDigit', flags)) ?? (() => false)
  const isMark = propertyOf('Mn', flags)
  const isWordAt: BoundaryTest = (text, at) => {
    const codePoint = text[at]
    if (codePoint === undefined) return false
    return (
      codePoint === 0x5f ||
      isWord(codePoint) ||
      (codePoint > 127 && isMark(codePoint) && hasBase(text, at, isWord, isMark))
    )
  }
  return (text, at) => isWordAt(text, at - 1) !== isWordAt(text, at)
}

/** A mark belongs to the letter that it stands on. */
function hasBase(text: CodePoints, at: number, isWord: CodePointTest, isMark: CodePointTest): boolean {
  let before = at
  while (before >= 0 && isMark(text[before] ?? 0)) before--
  return before >= 0 && isWord(text[before] ?? 0)
}

function propertyOf(name: string, flags: RegexFlags): CodePointTest {
  const test = propertyTest(name, { ...flags, isCaseInsensitive: false })
  return typeof test === 'function' ? test : () => false
}
