import { testCharacter } from './java-regex-case.ts'
import { readClass } from './java-regex-class.ts'
import { isLineEnd, isVertical, predefinedTest, readCharacterEscape, readProperty } from './java-regex-escape.ts'
import { boundary } from './java-regex-boundary.ts'
import { lengthsOf } from './java-regex-length.ts'
import { PatternReader, isAsciiDigit, isAsciiLetter } from './java-regex-reader.ts'
import type { RegexFlags, RegexNode, RepeatMode } from './java-regex-syntax.ts'

/** A parsed pattern. */
export interface ParsedRegex {
  readonly node: RegexNode
  readonly groupsCount: number
  readonly hasBackReferences: boolean
}

const int32Max = 2 ** 31 - 1
/** No name is longer: a group id has at most 32,767 bytes. */
const lookbehindMax = 32_767
/** Deeper nesting would end the stack. */
const depthMax = 500

/**
 * Parses the syntax of java.util.regex.Pattern (Java 17).
 * @throws PATTERN_INVALID for what Java refuses as well, PATTERN_UNSUPPORTED for what it takes and we do not
 */
export function parseJavaRegex(pattern: string): ParsedRegex {
  return new RegexParser(pattern).parse()
}

class RegexParser {
  readonly #reader: PatternReader
  #flags: RegexFlags = {
    isCaseInsensitive: false,
    isMultiline: false,
    isDotAll: false,
    isUnixLines: false,
    isUnicodeCase: false,
    isComments: false,
    isUnicodeClass: false,
  }
  #groupsCount = 0
  #hasBackReferences = false
  #depth = 0
  readonly #groupNames = new Map<string, number>()

  constructor(pattern: string) {
    this.#reader = new PatternReader(pattern, () => this.#flags)
  }

  parse(): ParsedRegex {
    const node = this.#readBranches()
    if (this.#reader.is(')')) throw this.#past('a closing parenthesis has no opening one')
    return { node, groupsCount: this.#groupsCount, hasBackReferences: this.#hasBackReferences }
  }

  #readBranches(): RegexNode {
    if (++this.#depth > depthMax) throw this.#reader.unsupported(`groups nested more than ${depthMax} deep`)
    const branches = [this.#readSequence()]
    while (this.#reader.take('|')) branches.push(this.#readSequence())
    this.#depth--
    const [only] = branches
    return branches.length === 1 && only !== undefined ? only : { kind: 'branch', branches }
  }

  #readSequence(): RegexNode {
    const items: RegexNode[] = []
    for (;;) {
      const codePoint = this.#reader.peek()
      if (this.#reader.isAtEnd || codePoint === 0x7c || codePoint === 0x29) break
      const item = this.#readItem()
      if (item !== undefined) items.push(this.#readQuantifier(item))
    }
    const [only] = items
    if (only === undefined) return { kind: 'empty' }
    return items.length === 1 ? only : { kind: 'sequence', items }
  }

  /** @returns undefined for inline flags, which cannot be repeated */
  #readItem(): RegexNode | undefined {
    const reader = this.#reader
    const character = String.fromCodePoint(reader.peek())
    switch (character) {
      case '(':
        return this.#readGroup()
      case '[':
        return { kind: 'character', test: readClass(reader, { ...this.#flags }) }
      case '\\':
        reader.cursor++
        return this.#readEscape()
      case '^':
        reader.cursor++
        return boundary('^', this.#flags)
      case '$':
        reader.cursor++
        return boundary('$', this.#flags)
      case '.':
        reader.cursor++
        return this.#dot()
      case '?':
      case '*':
      case '+':
        throw this.#past(`there is nothing for ${character} to repeat`)
      // A brace where a quantifier is not expected repeats the empty expression: a{2}{3} is a{2}.
      case '{':
        return { kind: 'empty' }
      default:
        return { kind: 'character', test: testCharacter(reader.read(), this.#flags) }
    }
  }

  #dot(): RegexNode {
    if (this.#flags.isDotAll) return { kind: 'character', test: () => true }
    const flags = { ...this.#flags }
    return { kind: 'character', test: (each) => !isLineEnd(each, flags) }
  }

  /** The cursor is behind the backslash. */
  #readEscape(): RegexNode {
    const reader = this.#reader
    const flags = { ...this.#flags }
    if (reader.at(0) === 0x70 || reader.at(0) === 0x50) return { kind: 'character', test: readProperty(reader, flags) }
    const codePoint = readCharacterEscape(reader)
    if (codePoint !== undefined) return { kind: 'character', test: testCharacter(codePoint, flags) }
    const letter = String.fromCodePoint(reader.at(0))
    reader.cursor++
    if (isAsciiDigit(letter.codePointAt(0) ?? 0)) return this.#readReference(Number(letter))
    if (letter === 'k') return this.#readNamedReference()
    if (letter === 'R') return lineBreak
    if (letter === 'X' || (letter === 'b' && reader.is('{'))) throw reader.unsupported('grapheme clusters')
    const test = predefinedTest(letter, flags)
    if (test !== undefined) return { kind: 'character', test }
    if ('AGZzbB'.includes(letter)) return boundary(`\\${letter}`, flags)
    throw reader.invalid(`the escape \\${letter} has no meaning`)
  }

  /** More digits belong to the number as long as there are that many groups so far. */
  #readReference(first: number): RegexNode {
    let index = first
    while (isAsciiDigit(this.#reader.peek())) {
      const longer = index * 10 + this.#reader.peek() - 0x30
      if (longer > this.#groupsCount) break
      index = longer
      this.#reader.cursor++
    }
    return this.#reference(index)
  }

  #readNamedReference(): RegexNode {
    if (!this.#reader.take('<')) throw this.#past('\\k needs a name in angle brackets after it')
    const name = this.#readGroupName()
    const index = this.#groupNames.get(name)
    if (index === undefined) throw this.#reader.invalid(`there is no group <${name}> so far`)
    return this.#reference(index)
  }

  #reference(index: number): RegexNode {
    this.#hasBackReferences = true
    const { isCaseInsensitive, isUnicodeCase } = this.#flags
    return { kind: 'backReference', index, folding: isCaseInsensitive ? (isUnicodeCase ? 'unicode' : 'ascii') : 'none' }
  }

  #readGroupName(): string {
    const reader = this.#reader
    if (!isAsciiLetter(reader.peek())) throw this.#past('a group name must begin with a letter from A to Z')
    let name = ''
    while (isAsciiLetter(reader.peek()) || isAsciiDigit(reader.peek())) name += String.fromCodePoint(reader.read())
    if (!reader.take('>')) throw this.#past('the group name is not closed with >')
    return name
  }

  /** The cursor is on the parenthesis. Flags that are set inside hold to the end of the group. */
  #readGroup(): RegexNode | undefined {
    const saved = { ...this.#flags }
    const reader = this.#reader
    if (reader.next() !== 0x3f) {
      const index = ++this.#groupsCount
      return this.#closeGroup({ kind: 'group', body: this.#readBranches(), index }, saved)
    }
    const kind = String.fromCodePoint(reader.at(1))
    reader.cursor += 2
    switch (kind) {
      case ':':
        return this.#closeGroup({ kind: 'group', body: this.#readBranches() }, saved)
      case '=':
      case '!':
        return this.#closeGroup({ kind: 'lookahead', body: this.#readBranches(), isNegative: kind === '!' }, saved)
      case '>':
        return this.#closeGroup({ kind: 'atomic', body: this.#readBranches() }, saved)
      case '<':
        return this.#closeGroup(this.#readAngle(), saved)
      default:
        reader.cursor--
        return this.#readFlagGroup(saved)
    }
  }

  #closeGroup(node: RegexNode, flags: RegexFlags): RegexNode {
    if (!this.#reader.take(')')) throw this.#reader.invalid('the group is not closed')
    this.#flags = flags
    return node
  }

  /** `(?<name>`, `(?<=` or `(?<!`. */
  #readAngle(): RegexNode {
    const reader = this.#reader
    const isNegative = reader.is('!')
    if (!isNegative && !reader.is('=')) {
      const name = this.#readGroupName()
      if (this.#groupNames.has(name)) throw reader.invalid(`there are two groups <${name}>`)
      const index = ++this.#groupsCount
      this.#groupNames.set(name, index)
      return { kind: 'group', body: this.#readBranches(), index }
    }
    reader.cursor++
    const body = this.#readBranches()
    const { min, max, isMaxValid } = lengthsOf(body)
    if (max > lookbehindMax)
      throw reader.unsupported(
        `a group that looks behind over more than ${lookbehindMax} characters; write a smaller count, as in a{0,100}`,
      )
    if (!isMaxValid) throw reader.invalid('the group that looks behind has no obvious greatest length')
    return { kind: 'lookbehind', body, isNegative, min, max }
  }

  #readFlagGroup(saved: RegexFlags): RegexNode | undefined {
    const reader = this.#reader
    this.#flags = { ...this.#flags }
    this.#readFlags()
    if (reader.take(')')) return undefined
    if (!reader.take(':')) throw this.#past('this is no inline flag')
    return this.#closeGroup({ kind: 'group', body: this.#readBranches() }, saved)
  }

  #readFlags(): void {
    let isOn = true
    for (;;) {
      const letter = String.fromCodePoint(this.#reader.peek())
      if (letter === 'c')
        throw this.#past('canonical equivalence is not done (Java ignores (?c) for names in plain ASCII: remove it)')
      const names = flagNames[letter]
      if (names !== undefined) for (const name of names) this.#flags[name] = isOn
      else if (letter === '-' && isOn) isOn = false
      else return
      this.#reader.cursor++
    }
  }

  #readQuantifier(body: RegexNode): RegexNode {
    const reader = this.#reader
    switch (String.fromCodePoint(reader.peek())) {
      case '?':
        reader.cursor++
        return this.#repeat(body, 0, 1)
      case '*':
        reader.cursor++
        return this.#repeat(body, 0, Infinity)
      case '+':
        reader.cursor++
        return this.#repeat(body, 1, Infinity)
      case '{':
        return this.#readCounts(body)
      default:
        return body
    }
  }

  #readCounts(body: RegexNode): RegexNode {
    const reader = this.#reader
    if (!isAsciiDigit(reader.at(1))) throw this.#past('{ is no count; write \\{ for the character')
    reader.cursor++
    const min = this.#readCount()
    let max = min
    if (reader.take(',')) max = reader.is('}') ? Infinity : this.#readCount()
    if (!reader.take('}'))
      throw reader.invalid('the count is not closed with } (a comma always separates two expressions of a list)')
    if (max < min) throw reader.invalid('the greatest count is less than the smallest')
    return this.#repeat(body, min, max)
  }

  #readCount(): number {
    let count = 0
    while (isAsciiDigit(this.#reader.peek())) {
      count = count * 10 + this.#reader.read() - 0x30
      if (count > int32Max) throw this.#reader.invalid('the count is too large')
    }
    return count
  }

  #repeat(body: RegexNode, min: number, max: number): RegexNode {
    let mode: RepeatMode = 'greedy'
    if (this.#reader.take('?')) mode = 'lazy'
    else if (this.#reader.take('+')) mode = 'possessive'
    return { kind: 'repeat', body, min, max, mode }
  }

  /** An error at the character under the cursor. */
  #past(reason: string): Error {
    this.#reader.cursor++
    return reason.startsWith('canonical') ? this.#reader.unsupported(reason) : this.#reader.invalid(reason)
  }
}

const flagNames: Readonly<Record<string, readonly (keyof RegexFlags)[]>> = {
  i: ['isCaseInsensitive'],
  m: ['isMultiline'],
  s: ['isDotAll'],
  d: ['isUnixLines'],
  u: ['isUnicodeCase'],
  x: ['isComments'],
  U: ['isUnicodeClass', 'isUnicodeCase'],
}

/** \R */
const lineBreak: RegexNode = {
  kind: 'branch',
  branches: [
    {
      kind: 'sequence',
      items: [
        { kind: 'character', test: (each) => each === 0x0d },
        { kind: 'character', test: (each) => each === 0x0a },
      ],
    },
    { kind: 'character', test: isVertical },
  ],
}
