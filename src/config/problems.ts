import { errors } from '../base/errors.ts'
import type { TwinlogError } from '../base/catalogue.ts'
import type { Property } from './properties.ts'

/** One thing that is wrong with the configuration. Where no line is to blame, only the file is named. */
export interface Problem {
  readonly key: string
  readonly file: string
  readonly line?: number
  readonly cause: string
  readonly remedy: string
}

/** Gathers everything that is wrong, so that the user sees all of it at once. The same problem is kept once. */
export class Problems {
  readonly #file: string
  readonly #problems = new Map<string, Problem>()

  constructor(file: string) {
    this.#file = file
  }

  /**
   * @param at   the property to blame, or the key that is missing
   */
  add(at: Property | string, cause: string, remedy: string): void {
    const place = typeof at === 'string' ? { key: at, file: this.#file } : { key: at.key, file: at.file, line: at.line }
    this.#problems.set(JSON.stringify([place.key, cause]), { ...place, cause, remedy })
  }

  get all(): readonly Problem[] {
    return [...this.#problems.values()].toSorted((one, other) => (one.line ?? 0) - (other.line ?? 0))
  }

  /** @returns CONFIG_INVALID with all problems, or undefined if there is none */
  toError(): TwinlogError | undefined {
    const { all } = this
    if (all.length === 0) return undefined
    return errors.CONFIG_INVALID({ file: this.#file, count: all.length, problems: all.map(formatProblem).join('\n') })
  }
}

/** @returns one line: place, key, cause, remedy */
export function formatProblem({ key, file, line, cause, remedy }: Problem): string {
  return `  ${file}${line === undefined ? '' : `:${line}`}: ${key}: ${cause}. ${remedy}`
}
