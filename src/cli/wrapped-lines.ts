/**
 * Breaks a text at its spaces.
 * @param start    of the first line
 * @param indent   of the others
 * @returns lines of at most `columns` characters, but for words that are longer
 */
export function wrappedLines(start: string, text: string, indent: string, columns = 80): string[] {
  const lines: string[] = []
  let line = start
  let isEmpty = true
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + word.length + 1 > columns) {
      lines.push(line)
      line = `${indent}${word}`
    } else line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}
