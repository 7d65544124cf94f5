import type { Notice } from './notice.ts'
import type { Problems } from './problems.ts'
import type { PropertiesFile, Property } from './properties.ts'
import type { References } from './references.ts'
import type { ClientRole, Setting } from './setting.ts'
import { valueHint } from './value-hint.ts'
import type { View } from './view.ts'

/**
 * One reading of a configuration: remembers which properties were used, so that those that reach nothing can be said, and gathers
 * problems and notices.
 */
export class Resolution {
  readonly file: PropertiesFile
  readonly problems: Problems
  readonly #notices = new Map<string, Notice>()
  readonly #used = new Set<Property>()
  readonly #references: References

  constructor(file: PropertiesFile, problems: Problems, references: References) {
    this.file = file
    this.problems = problems
    this.#references = references
  }

  /** Reads a setting from a view. A value that cannot be read is a problem, and the default takes its place. */
  read<Value, Default extends Value | undefined>(
    view: View,
    key: string,
    setting: Setting<Value, Default>,
    role?: ClientRole,
  ): Value | Default {
    const fallback = (role === undefined ? undefined : setting.roleDefaults?.[role]) ?? setting.default
    const property = view.get(key)
    if (property === undefined) return fallback
    const parsed = setting.type.parse(this.text(property))
    if ('value' in parsed) return parsed.value
    const allowed = setting.type.range === '' ? 'Correct the value.' : `Allowed: ${setting.type.range}.`
    this.problems.add(property, parsed.problem, valueHint(key, this.text(property)) ?? allowed)
    return fallback
  }

  /** @returns the property's text with its references resolved; the property counts as used */
  text(property: Property): string {
    this.#used.add(property)
    return this.#references.resolve(property)
  }

  /** Marks a property as followed without reading it. */
  use(property: Property): void {
    this.#used.add(property)
  }

  isUsed(property: Property): boolean {
    return this.#used.has(property)
  }

  /** Says something about a property, or (given only a key) about what holds without one. The same thing is said once. */
  notice(
    at: Property | string,
    kind: Notice['kind'],
    level: Notice['level'],
    text: string,
    worksAs: readonly string[] = [],
  ): void {
    const place = typeof at === 'string' ? { key: at } : { key: at.key, file: at.file, line: at.line }
    const remedy = worksAs.length === 0 ? {} : { worksAs }
    this.#notices.set(JSON.stringify([place, kind, text]), { kind, level, text, ...place, ...remedy })
  }

  get notices(): readonly Notice[] {
    return [...this.#notices.values()].toSorted((one, other) => (one.line ?? Infinity) - (other.line ?? Infinity))
  }
}
