import type { Segment, Style, StyledLine } from './styled-line.ts'

/** A column of a table; numbers stand at the right. */
export interface Column<Row> {
  readonly title: string
  /** Least width; the column grows with what it holds. */
  readonly width: number
  readonly isLeft?: boolean
  /** It takes the room that is left, and gives it up first. */
  readonly isFlexible?: boolean
  text(row: Row): string
  style?(row: Row): Style
}

const gap = 2

/**
 * The rows under their titles, as wide as the terminal allows: the flexible column is cut where there is too little room. A last column of words goes on to the
 * edge of the terminal.
 */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  totalWidth: number,
): { readonly head: StyledLine; readonly body: readonly StyledLine[] } {
  const cells = rows.map((row) => columns.map((column) => column.text(row)))
  const widths = columns.map(({ title, width, isLeft }, index) =>
    isLeft === true && index === columns.length - 1
      ? Math.max(title.length, width)
      : Math.max(title.length, width, ...cells.map((row) => row[index]?.length ?? 0)),
  )
  const tooMuch = widths.reduce((sum, width) => sum + width, gap * (columns.length - 1)) - totalWidth
  const flexible = columns.findIndex(({ isFlexible }) => isFlexible === true)
  if (tooMuch > 0 && flexible >= 0) widths[flexible] = Math.max(8, (widths[flexible] ?? 0) - tooMuch)
  const line = (texts: readonly string[], styles: readonly (Style | undefined)[]): StyledLine =>
    texts.map((text, index): Segment => {
      const isLeft = columns[index]?.isLeft === true
      const padded = isLeft && index === columns.length - 1 ? text : pad(text, widths[index] ?? 0, isLeft)
      const style = styles[index]
      const shown = index === 0 ? padded : `${' '.repeat(gap)}${padded}`
      return style === undefined ? { text: shown } : { text: shown, style }
    })
  return {
    head: line(
      columns.map(({ title }) => title),
      columns.map(() => 'dim'),
    ),
    body: cells.map((texts, row) =>
      line(
        texts,
        columns.map((column) => column.style?.(rows[row] as Row)),
      ),
    ),
  }
}

function pad(text: string, width: number, isLeft: boolean): string {
  const cut = text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text
  return isLeft ? cut.padEnd(width) : cut.padStart(width)
}
