import { asciiLower, toLower, toUpper } from './java-regex-case.ts'
import type { CodePointTest, CodePoints, Folding, RegexNode } from './java-regex-syntax.ts'

/** Whether the rest of the expression matches from here to the end. */
type Step = (at: number) => boolean

/** Thrown when a text takes more steps than it may. */
export class StepsExceeded extends Error {}
/** Thrown when an expression unrolls to more parts than it may. */
export class PartsExceeded extends Error {}

const partsMaxCount = 50_000
/** Frames of the call stack that nested repetitions may take. */
const depthMax = 3_000

/**
 * A backtracking matcher in the manner of java.util.regex, made of functions that each know what follows them.
 *
 * Bounded in time in two ways. A repetition remembers from which places it has failed: what follows depends only on the place, so that
 * the steps grow with the length of the text and not exponentially. That does not hold if there are back references (what follows depends
 * on the groups too), nor while looking behind; there, and everywhere, the count of steps is the bound.
 */
export class RegexMatcher {
  #text: CodePoints = new Int32Array(0)
  #stepsCount = 0
  #stepsMaxCount = 0
  #depth = 0
  /** Numbers the matches, so that what repetitions remember need not be cleared. */
  #match = 0
  #partsCount = 0
  #atomicEnd = 0
  readonly #groupStarts: Int32Array
  readonly #groupEnds: Int32Array
  readonly #remembers: boolean
  readonly #start: Step

  constructor(node: RegexNode, groupsCount: number, hasBackReferences: boolean) {
    this.#groupStarts = new Int32Array(groupsCount + 1)
    this.#groupEnds = new Int32Array(groupsCount + 1)
    this.#remembers = !hasBackReferences
    this.#start = this.#compile(node, (at) => at === this.#text.length, this.#remembers)
  }

  /**
   * @returns whether the whole text matches, and how many steps that took
   * @throws StepsExceeded
   */
  match(text: CodePoints, stepsMaxCount: number): boolean {
    this.#text = text
    this.#stepsCount = 0
    this.#stepsMaxCount = stepsMaxCount
    this.#depth = 0
    this.#match++
    this.#groupStarts.fill(-1)
    this.#groupEnds.fill(-1)
    return this.#start(0)
  }

  get stepsCount(): number {
    return this.#stepsCount
  }

  #countSteps(count: number): void {
    this.#stepsCount += count
    if (this.#stepsCount > this.#stepsMaxCount) throw new StepsExceeded()
  }

  #compile(node: RegexNode, next: Step, remembers: boolean): Step {
    if (++this.#partsCount > partsMaxCount) throw new PartsExceeded()
    switch (node.kind) {
      case 'empty':
        return next
      case 'character':
        return (at) => at < this.#text.length && node.test(this.#text[at] ?? 0) && next(at + 1)
      case 'boundary':
        return (at) => node.test(this.#text, at) && next(at)
      case 'sequence':
        return node.items.reduceRight((following, item) => this.#compile(item, following, remembers), next)
      case 'branch':
        return this.#compileBranch(node.branches, next, remembers)
      case 'group':
        return node.index === undefined
          ? this.#compile(node.body, next, remembers)
          : this.#compileGroup(node.body, node.index, next, remembers)
      case 'atomic':
        return this.#compileAtomic(node.body, next, remembers)
      case 'lookahead':
        return this.#compileLookahead(node.body, node.isNegative, next, remembers)
      case 'lookbehind':
        return this.#compileLookbehind(node, next)
      case 'backReference':
        return this.#compileReference(node.index, node.folding, next)
      case 'repeat':
        return this.#compileRepeat(node, next, remembers)
    }
  }

  #compileBranch(branches: readonly RegexNode[], next: Step, remembers: boolean): Step {
    const steps = branches.map((branch) => this.#compile(branch, next, remembers))
    return (at) => {
      this.#countSteps(1)
      for (const step of steps) if (step(at)) return true
      return false
    }
  }

  #compileGroup(body: RegexNode, index: number, next: Step, remembers: boolean): Step {
    let start = -1
    const close: Step = (at) => {
      const [startBefore = -1, endBefore = -1] = [this.#groupStarts[index], this.#groupEnds[index]]
      this.#groupStarts[index] = start
      this.#groupEnds[index] = at
      if (next(at)) return true
      this.#groupStarts[index] = startBefore
      this.#groupEnds[index] = endBefore
      return false
    }
    const inner = this.#compile(body, close, remembers)
    return (at) => {
      const startBefore = start
      start = at
      const isMatch = inner(at)
      start = startBefore
      return isMatch
    }
  }

  #compileAtomic(body: RegexNode, next: Step, remembers: boolean): Step {
    const inner = this.#compile(body, this.#acceptEnd(), remembers)
    return (at) => inner(at) && next(this.#atomicEnd)
  }

  #acceptEnd(): Step {
    return (at) => {
      this.#atomicEnd = at
      return true
    }
  }

  #compileLookahead(body: RegexNode, isNegative: boolean, next: Step, remembers: boolean): Step {
    const inner = this.#compile(body, () => true, remembers)
    return (at) => inner(at) !== isNegative && next(at)
  }

  #compileLookbehind({ body, isNegative, min, max }: Extract<RegexNode, { kind: 'lookbehind' }>, next: Step): Step {
    let end = 0
    const inner = this.#compile(body, (at) => at === end, false)
    const matchesBehind: Step = (at) => {
      const endBefore = end
      end = at
      let isMatch = false
      const first = Math.max(0, at - max)
      for (let start = at - min; !isMatch && start >= first; start--) isMatch = inner(start)
      end = endBefore
      return isMatch
    }
    return (at) => matchesBehind(at) !== isNegative && next(at)
  }

  /** A group that has not matched, or that does not exist, never equals anything. */
  #compileReference(index: number, folding: Folding, next: Step): Step {
    const fold = foldings[folding]
    return (at) => {
      const start = this.#groupStarts[index] ?? -1
      const length = (this.#groupEnds[index] ?? -1) - start
      if (start < 0 || at + length > this.#text.length) return false
      this.#countSteps(1)
      for (let offset = 0; offset < length; offset++) {
        if (fold(this.#text[start + offset] ?? 0) !== fold(this.#text[at + offset] ?? 0)) return false
      }
      return next(at + length)
    }
  }

  #compileRepeat(node: Extract<RegexNode, { kind: 'repeat' }>, next: Step, remembers: boolean): Step {
    const { body, min, max, mode } = node
    if (mode === 'possessive') return this.#compileAtomic({ ...node, mode: 'greedy' }, next, remembers)
    if (body.kind === 'character') {
      return mode === 'greedy'
        ? this.#greedyCharacters(body.test, min, max, next, remembers)
        : this.#lazyCharacters(body.test, min, max, next, remembers)
    }
    const isGreedy = mode === 'greedy'
    let step = max === Infinity ? this.#star(body, isGreedy, next, remembers) : next
    for (let count = min; max !== Infinity && count < max; count++)
      step = this.#optional(body, isGreedy, step, next, remembers)
    for (let count = 0; count < min; count++) step = this.#required(body, step, next, remembers)
    return step
  }

  /** One time, and then `following`. In Java, a time that took nothing counts for all that are still required. */
  #required(body: RegexNode, following: Step, next: Step, remembers: boolean): Step {
    let start = -1
    const inner = this.#compile(body, (at) => (at === start ? next(at) : following(at)), remembers)
    return (at) => {
      const startBefore = start
      start = at
      const isMatch = inner(at)
      start = startBefore
      return isMatch
    }
  }

  /** One more time, and then `following`; or no more. */
  #optional(body: RegexNode, isGreedy: boolean, following: Step, next: Step, remembers: boolean): Step {
    const inner = this.#compile(body, following, remembers)
    const failed = this.#memory(remembers)
    return (at) => {
      if (failed.has(at)) return false
      this.#countSteps(1)
      if (isGreedy ? inner(at) || next(at) : next(at) || inner(at)) return true
      failed.add(at)
      return false
    }
  }

  /** Any number of times. A time that took nothing is the last. */
  #star(body: RegexNode, isGreedy: boolean, next: Step, remembers: boolean): Step {
    let start = -1
    const failed = this.#memory(remembers)
    const again: Step = (at) => {
      if (at === start) return next(at)
      if (failed.has(at)) return false
      this.#countSteps(1)
      if (++this.#depth > depthMax) throw new StepsExceeded()
      const startBefore = start
      const once: Step = (from) => {
        start = from
        const isMatch = inner(from)
        start = startBefore
        return isMatch
      }
      const isMatch = isGreedy ? once(at) || next(at) : next(at) || once(at)
      this.#depth--
      if (!isMatch) failed.add(at)
      return isMatch
    }
    const inner = this.#compile(body, again, remembers)
    return (at) => {
      const startBefore = start
      start = -1
      const isMatch = again(at)
      start = startBefore
      return isMatch
    }
  }

  #greedyCharacters(test: CodePointTest, min: number, max: number, next: Step, remembers: boolean): Step {
    const failed = this.#memory(remembers)
    return (at) => {
      if (failed.has(at)) return false
      const limit = Math.min(this.#text.length, at + max)
      let end = at
      while (end < limit && test(this.#text[end] ?? 0)) end++
      this.#countSteps(end - at + 1)
      for (; end >= at + min; end--) if (next(end)) return true
      failed.add(at)
      return false
    }
  }

  #lazyCharacters(test: CodePointTest, min: number, max: number, next: Step, remembers: boolean): Step {
    const failed = this.#memory(remembers)
    return (at) => {
      if (failed.has(at)) return false
      const limit = Math.min(this.#text.length, at + max)
      for (let end = at; ; end++) {
        this.#countSteps(1)
        if (end >= at + min && next(end)) return true
        if (end >= limit || !test(this.#text[end] ?? 0)) break
      }
      failed.add(at)
      return false
    }
  }

  /** From which places of the text of this match a repetition has failed. */
  #memory(remembers: boolean): { has(at: number): boolean; add(at: number): void } {
    if (!remembers) return { has: () => false, add: () => {} }
    let matches = new Uint32Array(0)
    return {
      has: (at) => matches[at] === this.#match,
      add: (at) => {
        if (at >= matches.length) {
          const grown = new Uint32Array(Math.max(64, this.#text.length + 1))
          grown.set(matches)
          matches = grown
        }
        matches[at] = this.#match
      },
    }
  }
}

const foldings: Readonly<Record<Folding, (codePoint: number) => number>> = {
  none: (codePoint) => codePoint,
  ascii: asciiLower,
  unicode: (codePoint) => toLower(toUpper(codePoint)),
}
