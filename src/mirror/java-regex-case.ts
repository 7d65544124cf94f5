import type { CodePointTest, RegexFlags } from './java-regex-syntax.ts'

/** Character.toUpperCase: one character to one; where Unicode needs several, the character stays. */
export function toUpper(codePoint: number): number {
  return single(String.fromCodePoint(codePoint).toUpperCase(), codePoint)
}

/** Character.toLowerCase. U+0130 has a special lower case in Unicode, and a simple one in Java. */
export function toLower(codePoint: number): number {
  return codePoint === 0x130 ? 0x69 : single(String.fromCodePoint(codePoint).toLowerCase(), codePoint)
}

function single(text: string, otherwise: number): number {
  const codePoint = text.codePointAt(0) ?? otherwise
  return String.fromCodePoint(codePoint).length === text.length ? codePoint : otherwise
}

export function asciiLower(codePoint: number): number {
  return codePoint >= 0x41 && codePoint <= 0x5a ? codePoint + 32 : codePoint
}

export function asciiUpper(codePoint: number): number {
  return codePoint >= 0x61 && codePoint <= 0x7a ? codePoint - 32 : codePoint
}

/** One character, under (?i) for ASCII letters only, under (?iu) for all. */
export function testCharacter(codePoint: number, flags: RegexFlags): CodePointTest {
  if (flags.isCaseInsensitive && flags.isUnicodeCase) {
    const lower = toLower(toUpper(codePoint))
    if (lower !== toUpper(codePoint)) return (each) => each === lower || toLower(toUpper(each)) === lower
  } else if (flags.isCaseInsensitive && codePoint < 128) {
    const lower = asciiLower(codePoint)
    return (each) => asciiLower(each) === lower
  }
  return (each) => each === codePoint
}

/** A range; under (?i) a character is in it if its other case is. */
export function testRange(from: number, to: number, flags: RegexFlags): CodePointTest {
  const isIn: CodePointTest = (each) => each >= from && each <= to
  if (!flags.isCaseInsensitive) return isIn
  if (!flags.isUnicodeCase)
    return (each) => isIn(each) || (each < 128 && (isIn(asciiUpper(each)) || isIn(asciiLower(each))))
  return (each) => {
    const upper = toUpper(each)
    return isIn(each) || isIn(upper) || isIn(toLower(upper))
  }
}
