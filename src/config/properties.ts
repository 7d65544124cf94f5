import { errors } from '../base/errors.ts'

/** One key of a .properties file, with the place it came from. */
export interface Property {
  readonly key: string
  readonly value: string
  readonly file: string
  /** First line of the entry, counted from 1. */
  readonly line: number
  /** Letters of the value before which a backslash stood that means nothing there, and was dropped: `d` of `\\d`. */
  readonly droppedEscapes?: string
}

/** The content of a .properties file as java.util.Properties would have it: of several equal keys the last one counts. */
export interface PropertiesFile {
  readonly file: string
  readonly properties: ReadonlyMap<string, Property>
  /** Entries that a later line with the same key replaces. */
  readonly replaced: readonly Property[]
  /** Set only if the file holds bytes above 127: how they were read. */
  readonly charset: 'ascii' | 'utf-8' | 'iso-8859-1'
  /** It began with a byte order mark, which was left out; Java makes it part of the first key. */
  readonly hasByteOrderMark: boolean
}

/** A logical line: comments and blank lines are gone, continuation lines are joined. */
interface LogicalLine {
  readonly text: string
  readonly line: number
}

/**
 * Reads .properties text with the rules of java.util.Properties.load: comments (# and !), separators (= : or white space),
 * backslash escapes, continuation lines, trailing white space kept.
 * @param file   name for messages
 * @throws PROPERTIES_ESCAPE_INVALID for a \u that four hexadecimal digits do not follow, as Java does
 */
export function parseProperties(text: string, file: string): PropertiesFile {
  const properties = new Map<string, Property>()
  const replaced: Property[] = []
  for (const { text: logical, line } of logicalLines(text)) {
    const { key, value, droppedEscapes } = splitLine(logical, file, line)
    const before = properties.get(key)
    if (before !== undefined) replaced.push(before)
    properties.set(key, { key, value, file, line, ...(droppedEscapes !== '' && { droppedEscapes }) })
  }
  return { file, properties, replaced, charset: 'ascii', hasByteOrderMark: false }
}

/**
 * Reads the bytes of a .properties file. Java reads ISO-8859-1. Bytes above 127 that form valid UTF-8 are read as UTF-8, because
 * that is what an editor wrote; `charset` says which it was, so that the difference from MirrorMaker 2 can be said.
 * @throws PROPERTIES_ESCAPE_INVALID; PROPERTIES_NOT_TEXT for a file with null bytes, as UTF-16 has them
 */
export function parsePropertiesBytes(bytes: Uint8Array, file: string): PropertiesFile {
  if (bytes.includes(0)) throw errors.PROPERTIES_NOT_TEXT({ file })
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    return { ...parsePropertiesBytes(bytes.subarray(3), file), hasByteOrderMark: true }
  if (bytes.every((byte) => byte < 0x80)) return parseProperties(Buffer.from(bytes).toString('latin1'), file)
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { ...parseProperties(text, file), charset: 'utf-8' }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { ...parseProperties(Buffer.from(bytes).toString('latin1'), file), charset: 'iso-8859-1' }
  }
}

/** As java.util.Properties.LineReader: as long as a logical line is empty, comments and blank lines are skipped, also behind a backslash. */
function* logicalLines(text: string): Generator<LogicalLine> {
  const natural = text.split(/\r\n|\n|\r/)
  // What follows the last line end is no line if it is empty.
  if (natural.at(-1) === '') natural.pop()
  let logical = ''
  let line = 0
  for (const [at, each] of natural.entries()) {
    const trimmed = trimLeft(each)
    if (logical === '') {
      if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!')) continue
      line = at + 1
    }
    const isContinued = endsInOddBackslashes(trimmed)
    logical += isContinued ? trimmed.slice(0, -1) : trimmed
    // At the end of the file Java drops the backslash as well, and takes what there is, be it nothing; not so before \r\n.
    if (isContinued && at < natural.length - 1) continue
    if (logical !== '' || !text.endsWith('\r\n')) yield { text: logical, line }
    logical = ''
  }
}

function trimLeft(text: string): string {
  return text.replace(/^[ \t\f]+/, '')
}

function endsInOddBackslashes(text: string): boolean {
  const run = /\\+$/.exec(text)
  return run !== null && run[0].length % 2 === 1
}

function splitLine(text: string, file: string, line: number): { key: string; value: string; droppedEscapes: string } {
  let keyEnd = 0
  while (keyEnd < text.length && !' \t\f=:'.includes(text.charAt(keyEnd)))
    keyEnd += text.charAt(keyEnd) === '\\' ? 2 : 1
  const rest = text.slice(keyEnd).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
  const dropped = [...rest.matchAll(/\\([^])/g)].map(([, letter = '']) => letter)
  return {
    key: unescape(text.slice(0, keyEnd), file, line),
    value: unescape(rest, file, line),
    droppedEscapes: [...new Set(dropped)].filter((letter) => /[A-Za-eg-mo-qsv-z0-9]/.test(letter)).join(''),
  }
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescape(text: string, file: string, line: number): string {
  if (!text.includes('\\')) return text
  return text.replace(/\\u([0-9a-fA-F]{4})|\\([^])/g, (whole, hex: string | undefined, single: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    if (single === 'u')
      throw errors.PROPERTIES_ESCAPE_INVALID({ file, line, text: text.slice(text.indexOf(whole)).slice(0, 12) })
    return escapes[single ?? ''] ?? single ?? ''
  })
}
