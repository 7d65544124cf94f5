import { Secret } from './secret.ts'

/** What became of a text: a value, or why it is none (the end of a sentence that begins with the key). */
export type Parsed<Value> = { readonly value: Value } | { readonly problem: string }

/** How the text of a setting becomes a value; the rules are those of Kafka's ConfigDef.parseType. */
export interface SettingType<Value> {
  /** Kafka's name of the type, for the reference page. */
  readonly name: string
  /** What is allowed, for the reference page; empty: anything. */
  readonly range: string
  parse(text: string): Parsed<Value>
  /** How a default is written in the reference page. */
  format(value: Value): string
}

export interface IntegerRange {
  readonly min?: number
  readonly max?: number
}

const int32Max = 2 ** 31 - 1

/** INT of Kafka: 32 bits. */
export function int(range: IntegerRange = {}): SettingType<number> {
  return integer('int', { min: range.min ?? -int32Max - 1, max: range.max ?? int32Max }, rangeText(range))
}

/** SHORT of Kafka: 16 bits. */
export function short(range: IntegerRange = {}): SettingType<number> {
  return integer('short', { min: range.min ?? -32_768, max: range.max ?? 32_767 }, rangeText(range))
}

/**
 * LONG of Kafka: 64 bits. Values beyond 2^53 - 1 are taken as 2^53 - 1: as a time in ms it is 285,000 years, and files do say
 * 9223372036854775807 when they mean "never".
 */
export function long(range: IntegerRange = {}): SettingType<number> {
  const min = BigInt(range.min ?? Number.MIN_SAFE_INTEGER)
  const max = range.max === undefined ? 2n ** 63n - 1n : BigInt(range.max)
  return {
    name: 'long',
    range: rangeText(range),
    format: String,
    parse(text) {
      const trimmed = text.trim()
      if (!/^[+-]?\d+$/.test(trimmed)) return { problem: `must be a whole number, not ${quote(trimmed)}` }
      const value = BigInt(trimmed.replace('+', ''))
      if (value < min || value > max)
        return { problem: `is ${trimmed}, outside ${rangeText(range) || 'the range of a long'}` }
      return { value: Number(value > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : value) }
    },
  }
}

function integer(name: string, { min, max }: Required<IntegerRange>, range: string): SettingType<number> {
  return {
    name,
    range,
    format: String,
    parse(text) {
      const trimmed = text.trim()
      if (!/^[+-]?\d+$/.test(trimmed)) return { problem: `must be a whole number, not ${quote(trimmed)}` }
      const value = Number(trimmed)
      if (value < min || value > max) return { problem: `is ${trimmed}, outside ${min} to ${max}` }
      return { value }
    },
  }
}

function rangeText({ min, max }: IntegerRange): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`
  if (min !== undefined) return `at least ${min}`
  return max === undefined ? '' : `at most ${max}`
}

/** BOOLEAN: true or false, any case. */
export function boolean(): SettingType<boolean> {
  return {
    name: 'boolean',
    range: 'true, false',
    format: String,
    parse(text) {
      const lower = text.trim().toLowerCase()
      if (lower === 'true' || lower === 'false') return { value: lower === 'true' }
      return { problem: `must be true or false, not ${quote(text.trim())}` }
    },
  }
}

/** STRING, trimmed. */
export function string(): SettingType<string> {
  return { name: 'string', range: '', format: (value) => value, parse: (text) => ({ value: text.trim() }) }
}

/** STRING with a fixed set of values. `anyCase` takes every spelling and gives the one in the table. */
export function choice<const Choice extends string>(
  choices: readonly Choice[],
  options: { anyCase?: boolean } = {},
): SettingType<Choice> {
  return {
    name: 'string',
    range: choices.join(', '),
    format: (value) => value,
    parse(text) {
      const trimmed = text.trim()
      const found = choices.find(
        (each) => each === trimmed || (options.anyCase === true && each.toLowerCase() === trimmed.toLowerCase()),
      )
      if (found !== undefined) return { value: found }
      return { problem: `must be one of ${choices.join(', ')}, not ${quote(trimmed)}` }
    },
  }
}

/** PASSWORD, trimmed. */
export function password(): SettingType<Secret> {
  return { name: 'password', range: '', format: () => '', parse: (text) => ({ value: new Secret(text.trim()) }) }
}

/**
 * LIST: split at commas, blanks round the elements dropped, duplicates dropped, an empty element refused (Kafka 4's list
 * validator). An empty text is the empty list.
 */
export function list(): SettingType<readonly string[]> {
  return {
    name: 'list',
    range: '',
    format: (value) => value.join(', '),
    parse(text) {
      const trimmed = text.trim()
      if (trimmed === '') return { value: [] }
      const elements = trimmed.split(/\s*,\s*/)
      if (elements.includes('')) return { problem: 'has an empty element: two commas in a row, or one at an end' }
      return { value: [...new Set(elements)] }
    },
  }
}

/** LIST of which each element is one of a fixed set; empty is refused. */
export function choices<const Choice extends string>(allowed: readonly Choice[]): SettingType<readonly Choice[]> {
  const any = list()
  return {
    name: 'list',
    range: allowed.join(', '),
    format: (value) => value.join(', '),
    parse(text) {
      const parsed = any.parse(text)
      if ('problem' in parsed) return parsed
      const wrong = parsed.value.find((element) => !(allowed as readonly string[]).includes(element))
      if (wrong !== undefined || parsed.value.length === 0)
        return { problem: `must be a list of ${allowed.join(', ')}, not ${quote(wrong ?? '')}` }
      return { value: parsed.value as readonly Choice[] }
    },
  }
}

function quote(text: string): string {
  return `"${text.length > 60 ? `${text.slice(0, 60)}...` : text}"`
}
