import { errors } from '../base/errors.ts'
import type { TwinlogError } from '../base/catalogue.ts'
import type { RegexFlags } from './java-regex-syntax.ts'

const backslash = 0x5c
const hash = 0x23

/**
 * The characters of a pattern. `\Q...\E` is resolved first, as Java does it: what is quoted becomes escaped characters. In comments mode (?x)
 * white space and comments are passed over wherever Java passes over them.
 *
 * `current` is the character at the cursor, 0 at the end; nothing moves without being asked.
 */
export class PatternReader {
  readonly pattern: string
  readonly #codePoints: number[] = []
  /** Column of each code point in the pattern as written, from 1. */
  readonly #columns: number[] = []
  readonly #flags: () => RegexFlags
  cursor = 0

  constructor(pattern: string, flags: () => RegexFlags) {
    this.pattern = pattern
    this.#flags = flags
    this.#resolveQuotes()
  }

  get isAtEnd(): boolean {
    return this.cursor >= this.#codePoints.length
  }

  /** The character at the cursor, past white space in comments mode. */
  peek(): number {
    this.skipComments()
    return this.at(0)
  }

  /** Moves on by one, and peeks. */
  next(): number {
    this.cursor++
    return this.peek()
  }

  /** Takes the character at the cursor. */
  read(): number {
    const codePoint = this.peek()
    this.cursor++
    return codePoint
  }

  /** The character so far from the cursor, exactly; 0 beyond the end. */
  at(distance: number): number {
    return this.#codePoints[this.cursor + distance] ?? 0
  }

  /** Takes the character at the cursor if it is this one. */
  take(character: string): boolean {
    if (this.peek() !== character.codePointAt(0)) return false
    this.cursor++
    return true
  }

  is(character: string): boolean {
    return this.peek() === character.codePointAt(0)
  }

  skipComments(): void {
    if (!this.#flags().isComments) return
    for (;;) {
      while (isSpace(this.at(0))) this.cursor++
      if (this.at(0) !== hash) return
      while (!this.isAtEnd && !this.#endsLine(this.at(0))) this.cursor++
    }
  }

  #endsLine(codePoint: number): boolean {
    if (codePoint === 0x0a) return true
    return (
      !this.#flags().isUnixLines &&
      (codePoint === 0x0d || codePoint === 0x85 || codePoint === 0x2028 || codePoint === 0x2029)
    )
  }

  /** PATTERN_INVALID: Java refuses it as well. */
  invalid(reason: string): TwinlogError {
    return errors.PATTERN_INVALID({ pattern: this.pattern, column: this.#column(), reason })
  }

  /** PATTERN_UNSUPPORTED: Java takes it, we do not. */
  unsupported(reason: string): TwinlogError {
    return errors.PATTERN_UNSUPPORTED({ pattern: this.pattern, column: this.#column(), reason })
  }

  #column(): number {
    const at = Math.max(0, Math.min(this.cursor, this.#columns.length) - 1)
    return this.#columns[at] ?? 1
  }

  #resolveQuotes(): void {
    const characters = [...this.pattern].map((character) => character.codePointAt(0) ?? 0)
    let isQuoting = false
    for (let at = 0; at < characters.length; at++) {
      const codePoint = characters[at] ?? 0
      const following = characters[at + 1]
      if (isQuoting) {
        if (codePoint === backslash && following === 0x45) {
          isQuoting = false
          at++
        } else this.#pushQuoted(codePoint, at + 1)
      } else if (codePoint === backslash && following === 0x51) {
        isQuoting = true
        at++
      } else {
        this.#push(codePoint, at + 1)
        if (codePoint === backslash && following !== undefined) this.#push(following, ++at + 1)
      }
    }
  }

  /** A quoted digit is written in hexadecimal, so that it does not lengthen the number of a back reference before it. */
  #pushQuoted(codePoint: number, column: number): void {
    if (codePoint >= 0x30 && codePoint <= 0x39)
      for (const part of [backslash, 0x78, 0x33, codePoint]) this.#push(part, column)
    else {
      if (codePoint < 128 && !isAsciiLetter(codePoint)) this.#push(backslash, column)
      this.#push(codePoint, column)
    }
  }

  #push(codePoint: number, column: number): void {
    this.#codePoints.push(codePoint)
    this.#columns.push(column)
  }
}

export function isAsciiLetter(codePoint: number): boolean {
  return (codePoint >= 0x41 && codePoint <= 0x5a) || (codePoint >= 0x61 && codePoint <= 0x7a)
}

export function isAsciiDigit(codePoint: number): boolean {
  return codePoint >= 0x30 && codePoint <= 0x39
}

/** Java's ASCII white space: also the vertical tab. */
export function isSpace(codePoint: number): boolean {
  return codePoint === 0x20 || (codePoint >= 0x09 && codePoint <= 0x0d)
}
