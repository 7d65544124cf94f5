import type { TranslatedOffset } from '../control/translated-offset.ts'

/** A line for each offset, in columns, and then what is to be known about them. */
export function offsetLines(offsets: readonly TranslatedOffset[], notes: readonly string[]): string[] {
  if (offsets.length === 0) return ['nothing is known of it', ...notes]
  const head = ['flow', 'topic', 'partition', 'upstream', 'downstream', 'accuracy', '']
  const rows = offsets.map(({ flow, topic, partition, upstreamOffset, downstreamOffset, accuracy, reason }) => [
    flow,
    topic,
    String(partition),
    String(upstreamOffset ?? '-'),
    String(downstreamOffset ?? '-'),
    accuracy,
    reason ?? '',
  ])
  const widths = head.map((title, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? title).length)))
  const isNumber = (column: number): boolean => column >= 2 && column <= 4
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return [lineOf(head), ...rows.map(lineOf), ...notes]
}
