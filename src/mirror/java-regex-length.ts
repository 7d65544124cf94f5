import type { RegexNode } from './java-regex-syntax.ts'

/** How many characters an expression can take. */
export interface Lengths {
  readonly min: number
  /** Infinity where there is no end. */
  readonly max: number
  /** False: Java finds no greatest length, although there is one. */
  readonly isMaxValid: boolean
  /** Whether there is one way only to take them. */
  readonly isDeterministic: boolean
}

const none: Lengths = { min: 0, max: 0, isMaxValid: true, isDeterministic: true }

/**
 * What Java finds out about the length of an expression (Node.study in java.util.regex.Pattern). It matters for groups that look behind: Java
 * refuses them if it finds no greatest length, and that is a matter of how it computes, not of mathematics: it finds none for `(?:a|b){2}`.
 * (For `a*` it takes 2^31 - 1 and computes on, overflows included; we do not have that.)
 */
export function lengthsOf(node: RegexNode): Lengths {
  return extend(none, node)
}

/** The lengths of what came before and the node after it. */
function extend(before: Lengths, node: RegexNode): Lengths {
  switch (node.kind) {
    case 'character':
      return { ...before, min: before.min + 1, max: before.max + 1 }
    case 'empty':
    case 'boundary':
    case 'lookahead':
    case 'lookbehind':
      return before
    case 'backReference':
      return { ...before, isMaxValid: false }
    case 'group':
    case 'atomic':
      return extend(before, node.body)
    case 'sequence':
      return node.items.reduce(extend, before)
    case 'branch':
      return extendByBranches(before, node.branches)
    case 'repeat':
      return extendByRepeat(before, node)
  }
}

function extendByBranches(before: Lengths, branches: readonly RegexNode[]): Lengths {
  const lengths = branches.map((branch) => lengthsOf(branch))
  return {
    min: before.min + Math.min(...lengths.map(({ min }) => min)),
    max: before.max + Math.max(...lengths.map(({ max }) => max)),
    isMaxValid: before.isMaxValid && lengths.every(({ isMaxValid }) => isMaxValid),
    isDeterministic: false,
  }
}

function extendByRepeat(before: Lengths, { body, min, max, mode }: Extract<RegexNode, { kind: 'repeat' }>): Lengths {
  if (min === 0 && max === 1) return { ...extend(before, body), min: before.min, isDeterministic: false }
  const each = lengthsOf(body)
  const isLoop = body.kind === 'group' && mode !== 'possessive' && !each.isDeterministic
  return {
    min: before.min + each.min * min,
    max: before.max + (each.max === 0 ? 0 : each.max * max),
    isMaxValid: before.isMaxValid && each.isMaxValid && !isLoop,
    isDeterministic: before.isDeterministic && each.isDeterministic && min === max,
  }
}
