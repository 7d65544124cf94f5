import type { Property } from './properties.ts'
import { settingNames } from './setting-names.ts'

/** Settings that are lists of regular expressions, matched against whole names. */
const patternLists = ['topics', 'topics.exclude', 'groups', 'groups.exclude', 'config.properties.exclude']
const secretNames = /password|passphrase|secret|jaas|\.key$|certificate/

/**
 * What is allowed and yet hardly meant: MirrorMaker 2 takes it as it stands and copies nothing, or something else.
 * @param name   of the setting, without its place
 * @returns what is odd and what to write instead; empty: nothing. Never holds a value that might be a secret
 */
export function doubtfulValue(property: Property, name: string): readonly string[] {
  const { value, droppedEscapes = '' } = property
  const found: string[] = []
  const hidden = hiddenCharacter(value)
  if (hidden !== undefined) found.push(`the value holds ${hidden}, which cannot be seen; remove it`)
  for (const [reference, variable = ''] of value.matchAll(/\$\{([A-Za-z_]\w*)\}/g))
    found.push(
      `${reference} is not replaced: a reference names its provider; write \${env:${variable}} and declare config.providers=env`,
    )
  if (secretNames.test(name)) return found
  if (droppedEscapes !== '')
    found.push(
      `the backslash before ${[...droppedEscapes].join(', ')} is dropped, as .properties files have it; write two of them`,
    )
  if (/\s#/.test(value)) found.push('what follows # belongs to the value; a comment needs a line of its own')
  if (/^["'“”‘’].*["'“”‘’]$/.test(value.trim())) found.push('the quotes belong to the value; write it without them')
  const swallowed = swallowedKey(value)
  if (swallowed !== undefined)
    found.push(
      `the line of ${swallowed} became part of the value; remove the backslash at the end of the line before it`,
    )
  if (found.length > 0) return found
  if (name === 'clusters' && /\S\s+\S/.test(value.replaceAll(/\s*,\s*/g, ',')))
    found.push('an alias holds a blank; write the aliases separated by commas')
  if (patternLists.includes(name) && /^\s*\[.*,.*\]\s*$/.test(value))
    return [
      'the brackets make one character class of the list, which stands for a single letter; write the list without them',
    ]
  if (patternLists.includes(name)) found.push(...value.split(',').flatMap((each) => doubtfulPattern(each.trim(), name)))
  return found
}

/** @returns the first character that an editor does not show, by its number */
export function hiddenCharacter(text: string): string | undefined {
  const found = /[\u00a0\u00ad\u200b-\u200f\u2028\u2029\u2060\ufeff]/.exec(text)?.[0]
  return found === undefined ? undefined : `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}

/** A backslash at the end of a line makes the next line part of the value, without a blank between them. */
function swallowedKey(value: string): string | undefined {
  for (const [, key = ''] of value.matchAll(/([\w.>-]+\.[\w.-]+)\s*=/g)) {
    const name = settingNames.find((each) => each.includes('.') && key.endsWith(each))
    if (name !== undefined) return name
  }
  return undefined
}

function doubtfulPattern(pattern: string, name: string): string[] {
  const bare = pattern.replaceAll(/\\.|\[[^\]]*\]|\{[^}]*\}/g, '')
  const odd = /[\s;"'“”‘’/=<>&#%]/.exec(bare.replaceAll(/\(\?[<=!:>]+/g, '('))?.[0]
  if (odd !== undefined && name.startsWith('topics'))
    return [
      `no topic has ${/\s/.test(odd) ? 'a blank' : odd} in its name, so "${pattern}" matches none; a comma separates expressions`,
    ]
  const glob = /^([\w.-]*[A-Za-z0-9_-])\*$/.exec(pattern)?.[1]
  if (glob !== undefined)
    return [
      `"${pattern}" does not match every name that begins with ${glob}: * repeats the sign before it; write ${glob}.*`,
    ]
  return []
}
