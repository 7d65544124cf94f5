import { errors } from '../base/errors.ts'

/** A compiled java.util.regex.Pattern, for whole-name matching. */
export interface JavaRegex {
  readonly source: string
  matches(text: string): boolean
}

/** First step: only what JavaScript and Java share. */
export function compileJavaRegex(source: string): JavaRegex {
  try {
    const regex = new RegExp(`^(?:${source})$`, 's')
    return { source, matches: (text) => regex.test(text) }
  } catch (error) {
    throw errors.PATTERN_INVALID({ pattern: source, column: 1, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}
