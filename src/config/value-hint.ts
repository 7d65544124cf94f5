/**
 * What was probably meant by a value that cannot be read.
 * @param key   of which the end may tell the unit (`.ms`, `.seconds`, `.bytes`)
 * @returns a remedy, with its full stop; undefined: no idea
 */
export function valueHint(key: string, text: string): string | undefined {
  const value = text.trim()
  if (value === '') return 'It has no value.'
  if (/\s#/.test(value)) return 'A comment needs a line of its own: behind a value it belongs to the value.'
  if (/^["'“”‘’].*["'“”‘’]$/.test(value))
    return 'Write it without quotes: in a .properties file they belong to the value.'
  if (/^(yes|on|y|t|1|enabled?)$/i.test(value)) return 'Write true.'
  if (/^(no|off|n|f|0|disabled?)$/i.test(value)) return 'Write false.'
  if (/^-?[\d., _]+\s*[a-z]+$/i.test(value)) return `Write the number alone${unitOf(key)}.`
  if (/^-?\d[\d,._' ]*\d$/.test(value)) return 'Write the digits alone, without a sign between them.'
  if (/[,;]$/.test(value)) return 'Remove the sign at the end.'
  return undefined
}

function unitOf(key: string): string {
  const unit = /\.(ms|seconds|bytes)$/.exec(key)?.[1]
  return unit === undefined ? ', without a unit' : `: its unit is ${unit === 'ms' ? 'milliseconds' : unit}`
}
