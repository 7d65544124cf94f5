/** Whether a code point belongs to a set. */
export type CodePointTest = (codePoint: number) => boolean

/** A text as the matcher sees it: code points, so that a surrogate pair is one character, as in Java. */
export type CodePoints = Int32Array

export type RepeatMode = 'greedy' | 'lazy' | 'possessive'

/** How a back reference compares: Java folds ASCII only, unless (?u) is set. */
export type Folding = 'none' | 'ascii' | 'unicode'

/** The parsed form of a java.util.regex.Pattern. */
export type RegexNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'character'; readonly test: CodePointTest }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'branch'; readonly branches: readonly RegexNode[] }
  /** `index` from 1; absent for a group that does not capture. */
  | { readonly kind: 'group'; readonly body: RegexNode; readonly index?: number }
  /** `max` may be Infinity. */
  | {
      readonly kind: 'repeat'
      readonly body: RegexNode
      readonly min: number
      readonly max: number
      readonly mode: RepeatMode
    }
  | { readonly kind: 'atomic'; readonly body: RegexNode }
  | { readonly kind: 'lookahead'; readonly body: RegexNode; readonly isNegative: boolean }
  /** The lengths that the body can have; both finite. */
  | {
      readonly kind: 'lookbehind'
      readonly body: RegexNode
      readonly isNegative: boolean
      readonly min: number
      readonly max: number
    }
  | { readonly kind: 'backReference'; readonly index: number; readonly folding: Folding }
  /** A place between characters. */
  | { readonly kind: 'boundary'; readonly test: (text: CodePoints, at: number) => boolean }

/** Java's match flags. */
export interface RegexFlags {
  isCaseInsensitive: boolean
  isMultiline: boolean
  isDotAll: boolean
  isUnixLines: boolean
  isUnicodeCase: boolean
  isComments: boolean
  isUnicodeClass: boolean
}
