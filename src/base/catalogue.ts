/** Who has to act: the user (configuration), time or the other side (operational), or us (defect). */
export type ErrorKind = 'configuration' | 'operational' | 'defect'

/** What the supervisor does about it. There is no default: every entry says. */
export type ErrorAction = 'retry' | 'refresh-metadata' | 'rejoin' | 'fence' | 'stop'

export interface ErrorEntry {
  readonly kind: ErrorKind
  readonly action: ErrorAction
  /** Message; every `{name}` is a required parameter. It says what was attempted, on what, and what to do next. */
  readonly text: string
}

type Names<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never
export type ErrorParameters<Text extends string> = { readonly [Name in Names<Text>]: unknown }

/** The one error class of twinlog. `code` is the name of its entry in the catalogue and of its paragraph in docs/errors.md. */
export class TwinlogError extends Error {
  override readonly name = 'TwinlogError'
  readonly code: string
  readonly kind: ErrorKind
  readonly action: ErrorAction
  readonly parameters: Readonly<Record<string, unknown>>

  constructor(code: string, entry: ErrorEntry, parameters: Readonly<Record<string, unknown>>, options?: ErrorOptions) {
    super(fill(entry.text, parameters), options)
    this.code = code
    this.kind = entry.kind
    this.action = entry.action
    this.parameters = parameters
  }
}

export type Catalogue<Entries extends Record<string, ErrorEntry>> = {
  readonly [Code in keyof Entries]: (
    parameters: ErrorParameters<Entries[Code]['text']>,
    options?: ErrorOptions,
  ) => TwinlogError
}

/**
 * Turns a table of error entries into functions that make the errors.
 * @returns an object with one function per entry: `errors.CODE(parameters, { cause })`
 */
export function catalogue<const Entries extends Record<string, ErrorEntry>>(entries: Entries): Catalogue<Entries> {
  const makers: Record<string, (parameters: Record<string, unknown>, options?: ErrorOptions) => TwinlogError> = {}
  for (const [code, entry] of Object.entries(entries)) {
    makers[code] = (parameters, options) => new TwinlogError(code, entry, parameters, options)
  }
  return makers as Catalogue<Entries>
}

function fill(text: string, parameters: Readonly<Record<string, unknown>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in parameters ? String(parameters[name]) : whole))
}
