export type Style = 'plain' | 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'inverse'

export interface Segment {
  readonly text: string
  readonly style?: Style
}

/** A line of the terminal: pieces of text, each in one style. */
export type StyledLine = readonly Segment[]

const codes: Readonly<Record<Style, string>> = {
  plain: '',
  bold: '\u001b[1m',
  dim: '\u001b[2m',
  red: '\u001b[31m',
  yellow: '\u001b[33m',
  green: '\u001b[32m',
  inverse: '\u001b[7m',
}

/** The line as the terminal gets it: at most so many characters, cut with …, and nothing of what came from outside drives the terminal. */
export function paint(line: StyledLine, columns: number, hasColours: boolean): string {
  let left = columns
  let painted = ''
  const length = line.reduce((sum, { text }) => sum + text.length, 0)
  if (length > columns) left--
  for (const { text, style = 'plain' } of line) {
    const shown = withoutControls(text.slice(0, left))
    left -= shown.length
    if (shown === '') continue
    const code = hasColours ? codes[style] : ''
    painted += code === '' ? shown : `${code}${shown}\u001b[0m`
  }
  return length > columns ? `${painted}…` : painted.trimEnd()
}

function withoutControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
}
