import { hiddenCharacter } from './doubtful-value.ts'
import { locateKey } from './key-place.ts'
import { nearestName } from './nearest-name.ts'
import type { Property } from './properties.ts'
import { isSettingName, settingNames } from './setting-names.ts'

/** Why a key is none that is known, and what to write instead. */
export interface UnknownKey {
  /** The end of a sentence that begins with the key. */
  readonly cause: string
  /** A sentence. */
  readonly remedy: string
}

/** Explains a key that no setting has, by what people usually mistype. */
export function explainUnknownKey({ key, value }: Property, aliases: readonly string[]): UnknownKey {
  const hidden = hiddenCharacter(key)
  if (hidden !== undefined)
    return { cause: `holds the character ${hidden}, which cannot be seen`, remedy: 'Write the key anew.' }
  return (
    explainEndedKey(key, value, aliases) ??
    explainArrow(key, aliases) ??
    explainAlias(key, aliases) ??
    explainOtherFormat(key, value) ??
    explainName(key, aliases)
  )
}

/** A blank, = or : ends a key: `A -> B.enabled=true` and `A=>B.enabled=true` are values of `A`. */
function explainEndedKey(key: string, value: string, aliases: readonly string[]): UnknownKey | undefined {
  const [, source = ''] = /^(.*?)-*$/.exec(key) ?? []
  const rest = /^[-=]*[>→]\s*(.+)$/.exec(value)?.[1]
  const named = /^(.+?)->(.+)$/.exec(key)
  if (aliases.includes(source) && rest !== undefined) return endedKey(`${source}->${rest.replace(/\s*=\s*/, '=')}`)
  if (named !== null && aliases.includes(named[1] ?? '') && aliases.includes(named[2] ?? ''))
    return endedKey(`${key}.${value.replace(/^\./, '')}`)
  return undefined
}

function endedKey(meant: string): UnknownKey {
  return { cause: 'is where the key ends: a blank, = or : ends it', remedy: `Write ${meant.slice(0, 80)}.` }
}

const arrow = /^(.+?)(-->|->>|=>|~>|[–—]>|→|>|-|_|\.| to )(.+)$/

/** `A-->B.enabled`, `A=>B.enabled`, `A-B.enabled`. */
function explainArrow(key: string, aliases: readonly string[]): UnknownKey | undefined {
  for (const source of aliases) {
    const found = key.startsWith(source) ? arrow.exec(`x${key.slice(source.length)}`) : null
    const rest = found?.[1] === 'x' ? (found[3] ?? '') : ''
    const target = aliases.find((alias) => alias !== source && rest.startsWith(`${alias}.`))
    if (target === undefined || found?.[2] === undefined || key.startsWith(`${source}->${target}.`)) continue
    return { cause: `has ${found[2]} between two aliases`, remedy: `Write ${source}->${rest}.` }
  }
  return undefined
}

/** `X->B.topics` or `X.bootstrap.servers`, where `clusters` has no X. */
function explainAlias(key: string, aliases: readonly string[]): UnknownKey | undefined {
  const at = [...key.matchAll(/\./g)].map(({ index }) => index).find((dot) => isNameOfPlace(key.slice(dot + 1)))
  if (at === undefined) return undefined
  const name = key.slice(at + 1)
  const named = key.slice(0, at).split('->')
  const wrong = named.filter((alias) => !aliases.includes(alias))
  // Three words with dots are rather a misspelt setting than an alias.
  const isSetting = named.length === 1 && key.slice(0, at).includes('.')
  if (isSetting || named.length > 2 || wrong.length === 0 || named.includes('')) return undefined
  const meant = named.map((alias) => (aliases.includes(alias) ? alias : nearestAlias(alias, aliases)))
  const isGuessed = meant.every((alias) => alias !== undefined) && new Set(meant).size === named.length
  const cause = `"${wrong.join('" and "')}" is not among the clusters ${aliases.join(', ')}`
  if (isGuessed) return { cause, remedy: `Write ${meant.join('->')}.${name}, or add the alias to clusters.` }
  return { cause, remedy: 'Correct the alias, or add it to clusters.' }
}

/** Of one or two letters, none is near but the same in another case. */
function nearestAlias(alias: string, aliases: readonly string[]): string | undefined {
  return alias.length > 2
    ? nearestName(alias, aliases)
    : aliases.find((each) => each.toLowerCase() === alias.toLowerCase())
}

/** Also with a client before it, as under an alias. */
function isNameOfPlace(name: string): boolean {
  return isSettingName(locateKey(name, []).name)
}

function explainOtherFormat(key: string, value: string): UnknownKey | undefined {
  const isOther = /^["'{[-]/.test(key) || key === '}' || key === 'apiVersion' || key === 'export'
  if (!isOther && (value !== '' || key.includes('.'))) return undefined
  return {
    cause: isOther ? 'is not the key of a .properties file' : 'has no value and is no setting',
    remedy: 'Write lines of the form key=value; YAML, JSON and shell variables are not read.',
  }
}

const byLetters: ReadonlyMap<string, string> = new Map(settingNames.map((name) => [lettersOf(name), name]))

function lettersOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

function explainName(key: string, aliases: readonly string[]): UnknownKey {
  const { name } = locateKey(key, aliases)
  const nearest = byLetters.get(lettersOf(name)) ?? nearestName(name, settingNames)
  const prefix = key.slice(0, key.length - name.length)
  return {
    cause: 'is not a known setting',
    remedy: nearest === undefined ? 'Correct or remove it.' : `Did you mean ${prefix}${nearest}?`,
  }
}
