/** Why a name passes or does not. `rule` is the expression as the user wrote it. */
export type FilterDecision =
  | { readonly isIncluded: true; readonly rule: string }
  | { readonly isIncluded: false; readonly rule: string; readonly reason: 'excluded' }
  | { readonly isIncluded: false; readonly reason: 'not-listed' }

/**
 * An include list and an exclude list of Java regular expressions, each matched against whole names; exclude wins.
 * An empty include list matches nothing. Source: DefaultTopicFilter (connect/mirror).
 * Matching is bounded in time; both methods throw PATTERN_TOO_SLOW when an expression does not come to an end.
 */
export interface TopicFilter {
  /** @returns the names that pass, in the order given. One call for a whole list: a call has a fixed cost. */
  matches(names: readonly string[]): string[]
  /** @returns which rule decides about one name */
  explain(name: string): FilterDecision
}
