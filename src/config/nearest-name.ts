/**
 * @returns the candidate that a misspelt name most probably means; undefined if none is near (a third of the letters, at most five)
 */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined
  let leastCount = Math.min(5, Math.ceil(name.length / 3)) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= leastCount) continue
    const count = editsCount(name.toLowerCase(), candidate.toLowerCase())
    if (count < leastCount) [nearest, leastCount] = [candidate, count]
  }
  return nearest
}

/** Levenshtein's distance: letters inserted, removed or replaced. */
function editsCount(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let index = 1; index <= one.length; index++) {
    const next = [index]
    for (let column = 1; column <= other.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (one[index - 1] === other[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
