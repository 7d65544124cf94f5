/** What was appended to a partition at one time. */
export interface Append {
  /** ms since the epoch. */
  readonly atMs: number
  /** Number of its last record; numbers rise. */
  readonly last: number
}

/**
 * The longest time between two moments in which nothing was appended to the copy of a partition although the source had records that it had not, in ms.
 * @param source, target   all that was appended to the partition and to its copy, in order
 */
export function longestStandstillMs(
  source: readonly Append[],
  target: readonly Append[],
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): number {
  let longestMs = 0
  let sinceMs = fromMs
  let copied = -1
  let next = 0
  for (const { atMs, last } of [...target.filter(({ atMs }) => atMs < untilMs), { atMs: untilMs, last: Infinity }]) {
    while ((source[next]?.last ?? Infinity) <= copied) next++
    const waitingSinceMs = Math.max(sinceMs, source[next]?.atMs ?? Infinity)
    longestMs = Math.max(longestMs, atMs - waitingSinceMs)
    sinceMs = Math.max(sinceMs, atMs)
    copied = Math.max(copied, last)
  }
  return longestMs
}
