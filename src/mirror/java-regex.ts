import { errors } from '../base/errors.ts'
import { PartsExceeded, RegexMatcher, StepsExceeded } from './java-regex-matcher.ts'
import { parseJavaRegex } from './java-regex-parser.ts'
import type { CodePoints } from './java-regex-syntax.ts'

/** A compiled java.util.regex.Pattern, for matching whole names. */
export interface JavaRegex {
  /** The expression as the user wrote it. */
  readonly source: string
  /** @throws PATTERN_TOO_SLOW */
  matches(text: string): boolean
}

/** Steps for one text: some tens of milliseconds. A name of a usual topic and a usual expression take fewer than a hundred. */
const stepsMaxCount = 1_000_000

/**
 * Compiles an expression with the syntax and the meaning that java.util.regex.Pattern gives it (docs/regular-expressions.md).
 * @throws PATTERN_INVALID for what Java refuses as well, PATTERN_UNSUPPORTED for what it takes and we do not; both with the column
 */
export function compileJavaRegex(source: string): JavaRegex {
  const { node, groupsCount, hasBackReferences } = parseJavaRegex(source)
  const matcher = createMatcher()
  return { source, matches: (text) => matchBounded(text) }

  function createMatcher(): RegexMatcher {
    try {
      return new RegexMatcher(node, groupsCount, hasBackReferences)
    } catch (error) {
      if (!(error instanceof PartsExceeded)) throw error
      throw errors.PATTERN_UNSUPPORTED(
        { pattern: source, column: 1, reason: 'its counts, multiplied, are too large' },
        { cause: error },
      )
    }
  }

  function matchBounded(text: string): boolean {
    try {
      return matcher.match(codePointsOf(text), stepsMaxCount)
    } catch (error) {
      if (!(error instanceof StepsExceeded)) throw error
      throw errors.PATTERN_TOO_SLOW({ pattern: source, name: text, stepsCount: stepsMaxCount }, { cause: error })
    }
  }
}

/** A loop, because Int32Array.from takes longer than the match does. */
function codePointsOf(text: string): CodePoints {
  const codePoints = new Int32Array(text.length)
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const codePoint = text.codePointAt(at) ?? 0
    if (codePoint > 0xffff) at++
    codePoints[count++] = codePoint
  }
  return count === text.length ? codePoints : codePoints.subarray(0, count)
}
