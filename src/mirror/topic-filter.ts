import { TwinlogError } from '../base/catalogue.ts'
import { compileJavaRegex } from './java-regex.ts'
import type { JavaRegex } from './java-regex.ts'

/** Why a name passes or does not. `rule` is the expression as the user wrote it. */
export type FilterDecision =
  | { readonly isIncluded: true; readonly rule: string }
  | { readonly isIncluded: false; readonly reason: 'excluded'; readonly rule: string }
  | { readonly isIncluded: false; readonly reason: 'not-listed' }

/**
 * An include list and an exclude list of Java regular expressions, each matched against whole names; exclude wins.
 * An empty include list matches nothing. Matching is bounded in time: both methods throw PATTERN_TOO_SLOW when an expression does
 * not come to an end.
 */
export interface TopicFilter {
  /** The lists that it was made from. */
  readonly rules: { readonly include: readonly string[]; readonly exclude: readonly string[] }
  /** @returns the names that pass, in the order given */
  matches(names: readonly string[]): string[]
  /** @returns which rule decides about one name */
  explain(name: string): FilterDecision
}

/**
 * @param include   elements of `topics`
 * @param exclude   elements of `topics.exclude`
 * @throws PATTERN_INVALID, PATTERN_UNSUPPORTED
 * Source: DefaultTopicFilter (connect/mirror), MirrorUtils.compilePatternList.
 */
export function createTopicFilter(include: readonly string[], exclude: readonly string[]): TopicFilter {
  const included = createPatternList(include)
  const excluded = createPatternList(exclude)
  const passes = remember((name) => included.matches(name) && !excluded.matches(name))
  return {
    rules: { include, exclude },
    matches: (names) => names.filter((name) => passes(name)),
    explain(name) {
      if (excluded.matches(name)) return { isIncluded: false, reason: 'excluded', rule: excluded.ruleFor(name) }
      if (included.matches(name)) return { isIncluded: true, rule: included.ruleFor(name) }
      return { isIncluded: false, reason: 'not-listed' }
    },
  }
}

/** Most names that a filter remembers its answer for. */
const rememberedMaxCount = 100_000

/** The same names come at every refresh of the topics: only new ones are matched. */
function remember(test: (name: string) => boolean): (name: string) => boolean {
  const answers = new Map<string, boolean>()
  return (name) => {
    const known = answers.get(name)
    if (known !== undefined) return known
    const answer = test(name)
    if (answers.size >= rememberedMaxCount) answers.clear()
    answers.set(name, answer)
    return answer
  }
}

/** A list of regular expressions, of which one has to match the whole name. */
export interface PatternList {
  matches(name: string): boolean
  /** @returns the element that matches a name for which `matches` is true */
  ruleFor(name: string): string
}

/**
 * The elements are one expression, joined with `|`, as in MirrorMaker 2. So `(?i)` at the start of one holds for those after it, and a
 * comma inside parentheses works as an alternative. An empty list matches nothing.
 */
export function createPatternList(elements: readonly string[]): PatternList {
  if (elements.length === 0) return { matches: () => false, ruleFor: () => '' }
  const joined = elements.join('|')
  const regex = compileJavaRegex(joined)
  const single = elements.length === 1 ? [] : elements.map(compileAlone)
  return {
    matches: (name) => regex.matches(name),
    ruleFor: (name) => single.find((each) => each?.matches(name))?.source ?? joined,
  }
}

/** An element that is no expression on its own is explained by the whole list. */
function compileAlone(element: string): JavaRegex | undefined {
  try {
    return compileJavaRegex(element)
  } catch (error) {
    if (error instanceof TwinlogError && error.kind === 'configuration') return undefined
    throw error
  }
}
