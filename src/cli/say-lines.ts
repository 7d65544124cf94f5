import type { OutputStream } from './screen.ts'
import { paint } from './styled-line.ts'
import type { Style } from './styled-line.ts'

/** Words at the beginning of a line that say how bad it is. */
const styles: Readonly<Record<string, Style>> = {
  PROBLEM: 'red',
  PROBLEMS: 'red',
  WARNING: 'yellow',
  UNKNOWN: 'yellow',
  NOTE: 'yellow',
  ok: 'green',
  OK: 'green',
}

/** @returns what writes lines for people; on a terminal the word that says how bad something is has a colour */
export function sayLines(stdout: OutputStream & { readonly isTTY?: boolean }): (lines: readonly string[]) => void {
  return (lines) => {
    for (const line of lines) stdout.write(`${stdout.isTTY === true ? coloured(line) : line}\n`)
  }
}

function coloured(line: string): string {
  const [, indent = '', word = '', rest = ''] = /^(\s*)(\w+)(.*)$/.exec(line) ?? []
  const style = styles[word]
  if (style === undefined) return line
  return paint([{ text: indent }, { text: word, style }, { text: rest }], line.length, true)
}
