/** A login module with its options, as sasl.jaas.config has it. */
export interface JaasEntry {
  readonly loginModule: string
  readonly options: ReadonlyMap<string, string>
}

type Token = { readonly kind: 'word' | 'quoted' | 'mark' | 'number'; readonly text: string }

const flags = ['required', 'requisite', 'sufficient', 'optional']

/**
 * Reads `LoginModule flag key="value" ... ;`. Values are words, or quoted with " or ' and Java's escapes; comments are // and /*.
 * Source: JaasConfig (clients, common/security), which uses java.io.StreamTokenizer.
 * @returns the entry, or what is wrong with the text; the problem never holds a value
 */
export function parseJaasConfig(text: string): JaasEntry | { readonly problem: string } {
  const tokens = tokenize(text)
  if (typeof tokens === 'string') return { problem: tokens }
  const entries: JaasEntry[] = []
  while (tokens.length > 0) {
    const entry = parseEntry(tokens)
    if ('problem' in entry) return entry
    entries.push(entry)
  }
  const [entry] = entries
  if (entry === undefined) return { problem: 'is empty' }
  if (entries.length > 1) return { problem: `holds ${entries.length} login modules where one is allowed` }
  return entry
}

function parseEntry(tokens: Token[]): JaasEntry | { problem: string } {
  const loginModule = tokens.shift()?.text ?? ''
  const flag = tokens.shift()
  if (flag === undefined) return { problem: `has no control flag after "${loginModule}" (${flags.join(', ')})` }
  if (!flags.includes(flag.text.toLowerCase()))
    return { problem: `must have a control flag (${flags.join(', ')}) after "${loginModule}"` }
  const options = new Map<string, string>()
  for (;;) {
    const key = tokens.shift()
    if (key === undefined) return { problem: 'does not end with a semicolon' }
    if (key.kind === 'mark' && key.text === ';') return { loginModule, options }
    const equals = tokens.shift()
    const value = tokens.shift()
    if (equals?.text !== '=' || value === undefined) return { problem: `has no value for the option "${key.text}"` }
    if (value.kind === 'number')
      return {
        problem: `must have quotes round the value of "${key.text}", because it begins with a digit, a dot or a minus`,
      }
    if (value.kind === 'mark') return { problem: `has no value for the option "${key.text}"` }
    options.set(key.text, value.text)
  }
}

const tokenPattern =
  /\/\/[^\n\r]*|\/\*[^]*?\*\/|\/[^\n\r]*|"(?:[^"\\\n\r]|\\[^])*"|'(?:[^'\\\n\r]|\\[^])*'|[A-Za-z_$\u00a0-\uffff][\w.$\u00a0-\uffff-]*|[\d.-][\d.]*|[^\s]/g

function tokenize(text: string): Token[] | string {
  const tokens: Token[] = []
  for (const [found] of text.matchAll(tokenPattern)) {
    const first = found.charAt(0)
    if (first === '/') continue
    if (first === '"' || first === "'") {
      if (found.length < 2 || !found.endsWith(first)) return 'has a quote that is not closed'
      tokens.push({ kind: 'quoted', text: unescape(found.slice(1, -1)) })
    } else if (/[\d.-]/.test(first)) tokens.push({ kind: 'number', text: found })
    else if (/[\w$\u00a0-\uffff]/.test(first)) tokens.push({ kind: 'word', text: found })
    else tokens.push({ kind: 'mark', text: found })
  }
  return tokens
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

function unescape(text: string): string {
  return text.replace(
    /\\(?:([0-3][0-7]{0,2}|[4-7][0-7]?)|([^]))/g,
    (_whole, octal: string | undefined, single: string | undefined) =>
      octal === undefined ? (escapes[single ?? ''] ?? single ?? '') : String.fromCharCode(Number.parseInt(octal, 8)),
  )
}
