/** @returns how many segments each partition may keep so that all stay within the limit; null: they do already */
export function segmentsLimit(
  sizes: readonly { readonly count: number; readonly bytes: number }[],
  maxBytes: number,
): number | null {
  const total = (segmentsMax: number): number =>
    sizes.reduce((sum, { count, bytes }) => sum + (count === 0 ? 0 : (bytes * Math.min(count, segmentsMax)) / count), 0)
  const longest = sizes.reduce((most, { count }) => Math.max(most, count), 0)
  if (total(longest) <= maxBytes) return null
  let low = 0
  let high = longest
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    // Somewhat below the limit, so that it is not met again at once.
    if (total(middle) <= 0.75 * maxBytes) low = middle
    else high = middle - 1
  }
  return low
}
