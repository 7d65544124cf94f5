import type { RegexNode } from './java-regex-syntax.ts'

/** How many characters an expression can take, as Java computes it. */
export interface Lengths {
  readonly min: number
  /** A Java int: it wraps round, and 2^31 - 1 stands for no end. */
  readonly max: number
  /** False: Java finds no greatest length. */
  readonly isMaxValid: boolean
  /** Whether there is one way only to take them. */
  readonly isDeterministic: boolean
}

const endless = 2 ** 31 - 1
const none: Lengths = { min: 0, max: 0, isMaxValid: true, isDeterministic: true }

/**
 * What Java finds out about the length of an expression (Node.study in java.util.regex.Pattern). It matters for groups that look behind: Java
 * refuses them if it finds no greatest length, and that is a matter of how it computes, not of mathematics: `a*` has one
 * (2^31 - 1), `(?:a|b){2}` has none. Computed in the same way here, so that the same expressions are taken and refused.
 */
export function lengthsOf(node: RegexNode): Lengths {
  return extend(none, node)
}

/** The lengths of what came before and the node after it. */
function extend(before: Lengths, node: RegexNode): Lengths {
  switch (node.kind) {
    case 'character':
      return { ...before, min: before.min + 1, max: (before.max + 1) | 0 }
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
    max: (before.max + Math.max(...lengths.map(({ max }) => max))) | 0,
    isMaxValid: before.isMaxValid && lengths.every(({ isMaxValid }) => isMaxValid),
    isDeterministic: false,
  }
}

function extendByRepeat(before: Lengths, { body, min, max, mode }: Extract<RegexNode, { kind: 'repeat' }>): Lengths {
  if (min === 0 && max === 1) return { ...extend(before, body), min: before.min, isDeterministic: false }
  if (body.kind === 'character' && max === Infinity && mode === 'greedy') {
    return { ...before, min: before.min + min, max: (before.max + endless) | 0, isDeterministic: false }
  }
  const each = lengthsOf(body)
  const isLoop = body.kind === 'group' && mode !== 'possessive' && !each.isDeterministic
  const total = (Math.imul(each.max, Math.min(max, endless)) + before.max) | 0
  return {
    min: before.min + each.min * min,
    max: total,
    isMaxValid: before.isMaxValid && each.isMaxValid && !isLoop && total >= before.max,
    isDeterministic: before.isDeterministic && each.isDeterministic && min === max,
  }
}
