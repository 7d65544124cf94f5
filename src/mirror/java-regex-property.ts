import type { CodePointTest, RegexFlags } from './java-regex-syntax.ts'

/** Tests that are one of JavaScript's Unicode properties; the answers for ASCII are kept, because names are ASCII nearly always. */
function unicode(expression: string): CodePointTest {
  const regex = new RegExp(`^${expression}$`, 'v')
  const ascii = Uint8Array.from({ length: 128 }, (_, codePoint) => (regex.test(String.fromCharCode(codePoint)) ? 1 : 0))
  return (codePoint) => (codePoint < 128 ? ascii[codePoint] === 1 : regex.test(String.fromCodePoint(codePoint)))
}

const isIdentifierIgnorable: CodePointTest = (each) =>
  each <= 0x08 || (each >= 0x0e && each <= 0x1b) || (each >= 0x7f && each <= 0x9f) || format(each)
const format = unicode('\\p{Cf}')

/** POSIX classes: ASCII only. */
const posix: Readonly<Record<string, string>> = {
  ASCII: '[\\x00-\\x7f]',
  Alnum: '[0-9A-Za-z]',
  Alpha: '[A-Za-z]',
  Blank: '[ \\t]',
  Cntrl: '[\\x00-\\x1f\\x7f]',
  Digit: '[0-9]',
  Graph: '[\\x21-\\x7e]',
  Lower: '[a-z]',
  Print: '[\\x20-\\x7e]',
  Punct: '[\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e]',
  Space: '[ \\t-\\r]',
  Upper: '[A-Z]',
  XDigit: '[0-9A-Fa-f]',
}

/** What JavaScript's names of properties say in another way. */
const others: Readonly<Record<string, string>> = {
  L1: '[\\x00-\\xff]',
  all: '[^]',
  LC: '[\\p{Lu}\\p{Ll}\\p{Lt}]',
  LD: '[\\p{L}\\p{Nd}]',
  javaLowerCase: '\\p{Lowercase}',
  javaUpperCase: '\\p{Uppercase}',
  javaAlphabetic: '\\p{Alphabetic}',
  javaIdeographic: '\\p{Ideographic}',
  javaTitleCase: '\\p{Lt}',
  javaDigit: '\\p{Nd}',
  javaDefined: '\\P{Cn}',
  javaLetter: '\\p{L}',
  javaLetterOrDigit: '[\\p{L}\\p{Nd}]',
  javaSpaceChar: '\\p{Z}',
  javaWhitespace: '[[\\p{Z}--[\\u00a0\\u2007\\u202f]][\\t-\\r\\x1c-\\x1f]]',
  javaISOControl: '[\\x00-\\x1f\\x7f-\\x9f]',
  javaMirrored: '\\p{Bidi_Mirrored}',
  javaJavaIdentifierStart: '[\\p{L}\\p{Nl}\\p{Sc}\\p{Pc}]',
  javaUnicodeIdentifierStart: '[\\p{L}\\p{Nl}\\u2118\\u212e\\u309b\\u309c\\u1885\\u1886]',
}

/** Unicode's binary properties and Unicode's versions of the POSIX classes, by their name in upper case. */
const binary: Readonly<Record<string, string>> = {
  ALPHABETIC: '\\p{Alphabetic}',
  ASSIGNED: '\\P{Cn}',
  CONTROL: '\\p{Cc}',
  HEXDIGIT: '[\\p{Nd}\\p{Hex_Digit}]',
  HEX_DIGIT: '[\\p{Nd}\\p{Hex_Digit}]',
  IDEOGRAPHIC: '\\p{Ideographic}',
  JOINCONTROL: '\\p{Join_C}',
  JOIN_CONTROL: '\\p{Join_C}',
  LETTER: '\\p{L}',
  LOWERCASE: '\\p{Lowercase}',
  NONCHARACTERCODEPOINT: '\\p{NChar}',
  NONCHARACTER_CODE_POINT: '\\p{NChar}',
  TITLECASE: '\\p{Lt}',
  PUNCTUATION: '\\p{P}',
  UPPERCASE: '\\p{Uppercase}',
  WHITESPACE: '[\\p{Z}\\t-\\r\\x85]',
  WHITE_SPACE: '[\\p{Z}\\t-\\r\\x85]',
  WORD: '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]',
  ALPHA: '\\p{Alphabetic}',
  LOWER: '\\p{Lowercase}',
  UPPER: '\\p{Uppercase}',
  SPACE: '[\\p{Z}\\t-\\r\\x85]',
  PUNCT: '\\p{P}',
  XDIGIT: '[\\p{Nd}\\p{Hex_Digit}]',
  ALNUM: '[\\p{Alphabetic}\\p{Nd}]',
  CNTRL: '\\p{Cc}',
  DIGIT: '\\p{Nd}',
  BLANK: '[\\p{Zs}\\t]',
  GRAPH: '[^\\p{Z}\\p{Cc}\\p{Cs}\\p{Cn}]',
  PRINT: '[[[^\\p{Z}\\p{Cc}\\p{Cs}\\p{Cn}]\\p{Zs}]--\\p{Cc}]',
}

const posixNames = [
  'ALPHA',
  'LOWER',
  'UPPER',
  'SPACE',
  'PUNCT',
  'XDIGIT',
  'ALNUM',
  'CNTRL',
  'DIGIT',
  'BLANK',
  'GRAPH',
  'PRINT',
]

/** General categories, which Java spells exactly so. */
const category = /^(?:C[cfons]?|L[ulmot]?|M[nec]?|N[dlo]?|P[cdfeosi]?|S[mcko]?|Z[slp]?)$/

/** The blocks that JavaScript has no property for, with the ranges of those that a name may hold. */
const blocks: Readonly<Record<string, readonly [number, number]>> = {
  BASICLATIN: [0, 0x7f],
  LATIN1SUPPLEMENT: [0x80, 0xff],
  LATINEXTENDEDA: [0x100, 0x17f],
  LATINEXTENDEDB: [0x180, 0x24f],
  IPAEXTENSIONS: [0x250, 0x2af],
  GREEK: [0x370, 0x3ff],
  GREEKANDCOPTIC: [0x370, 0x3ff],
  CYRILLIC: [0x400, 0x4ff],
  ARMENIAN: [0x530, 0x58f],
  HEBREW: [0x590, 0x5ff],
  ARABIC: [0x600, 0x6ff],
  DEVANAGARI: [0x900, 0x97f],
  THAI: [0xe00, 0xe7f],
  GENERALPUNCTUATION: [0x2000, 0x206f],
  CURRENCYSYMBOLS: [0x20a0, 0x20cf],
  HIRAGANA: [0x3040, 0x309f],
  KATAKANA: [0x30a0, 0x30ff],
  CJKUNIFIEDIDEOGRAPHS: [0x4e00, 0x9fff],
  HANGULSYLLABLES: [0xac00, 0xd7af],
}

/** Under (?i) the classes of one case take all cases. */
const caseless: Readonly<Record<string, string>> = {
  Lower: '[A-Za-z]',
  Upper: '[A-Za-z]',
  Lu: '[\\p{Lu}\\p{Ll}\\p{Lt}]',
  Ll: '[\\p{Lu}\\p{Ll}\\p{Lt}]',
  Lt: '[\\p{Lu}\\p{Ll}\\p{Lt}]',
  javaLowerCase: '[\\p{Lowercase}\\p{Uppercase}\\p{Lt}]',
  javaUpperCase: '[\\p{Lowercase}\\p{Uppercase}\\p{Lt}]',
  javaTitleCase: '[\\p{Lowercase}\\p{Uppercase}\\p{Lt}]',
}
const caselessBinary = ['LOWERCASE', 'UPPERCASE', 'TITLECASE', 'LOWER', 'UPPER']

/**
 * The set that \p{name} stands for. Source: java.util.regex.CharPredicates; Unicode is Node's, not the JVM's, which matters for characters
 * newer than the JVM only.
 * @returns undefined for a name that is not known; `unsupported` for a block without a range here
 */
export function propertyTest(name: string, flags: RegexFlags): CodePointTest | undefined | 'unsupported' {
  const equals = name.indexOf('=')
  if (equals !== -1) return valueTest(name.slice(0, equals).toLowerCase(), name.slice(equals + 1), flags)
  if (name.startsWith('In')) return blockTest(name.slice(2))
  if (name.startsWith('Is')) {
    const short = name.slice(2)
    return binaryTest(short.toUpperCase(), flags) ?? namedTest(short, flags) ?? scriptTest(short)
  }
  const posixTest =
    flags.isUnicodeClass && posixNames.includes(name.toUpperCase()) ? binaryTest(name.toUpperCase(), flags) : undefined
  return posixTest ?? namedTest(name, flags)
}

function valueTest(key: string, value: string, flags: RegexFlags): CodePointTest | undefined | 'unsupported' {
  if (key === 'sc' || key === 'script') return scriptTest(value)
  if (key === 'blk' || key === 'block') return blockTest(value)
  return key === 'gc' || key === 'general_category' ? namedTest(value, flags) : undefined
}

function binaryTest(upper: string, flags: RegexFlags): CodePointTest | undefined {
  if (flags.isCaseInsensitive && caselessBinary.includes(upper)) return unicode('[\\p{Lowercase}\\p{Uppercase}\\p{Lt}]')
  const expression = binary[upper]
  return expression === undefined ? undefined : unicode(expression)
}

function namedTest(name: string, flags: RegexFlags): CodePointTest | undefined {
  const expression = (flags.isCaseInsensitive ? caseless[name] : undefined) ?? posix[name] ?? others[name]
  if (expression !== undefined) return unicode(expression)
  if (category.test(name)) return unicode(`\\p{${name}}`)
  if (name === 'javaIdentifierIgnorable') return isIdentifierIgnorable
  const isPart = name === 'javaJavaIdentifierPart' ? '[\\p{L}\\p{Nl}\\p{Sc}\\p{Pc}\\p{Nd}\\p{Mn}\\p{Mc}]' : undefined
  const isUnicodePart = name === 'javaUnicodeIdentifierPart' ? '[\\p{ID_Continue}\\u2e2f]' : undefined
  const part = isPart ?? isUnicodePart
  if (part === undefined) return undefined
  const test = unicode(part)
  return (each) => test(each) || isIdentifierIgnorable(each)
}

function scriptTest(name: string): CodePointTest | undefined {
  const spelt = name
    .toLowerCase()
    .replace(/(^|_)([a-z])/g, (_whole, before: string, letter: string) => before + letter.toUpperCase())
  for (const each of [spelt, spelt.replaceAll('_And_', '_and_')]) {
    try {
      return unicode(`\\p{Script=${each}}`)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
  }
  return undefined
}

function blockTest(name: string): CodePointTest | 'unsupported' {
  const range = blocks[name.toUpperCase().replace(/[ _-]/g, '')]
  if (range === undefined) return 'unsupported'
  const [from, to] = range
  return (each) => each >= from && each <= to
}
