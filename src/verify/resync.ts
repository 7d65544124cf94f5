import type { RecordWindow } from './record-window.ts'

/** So many records in a row have to be the same before both sides are said to be together again. */
const CONFIRMED_COUNT = 4

/** How many records of each side do not belong together before both go on alike. */
export interface Resync {
  readonly sourceCount: number
  readonly targetCount: number
}

/**
 * Finds where two sides that differ at their first record go on alike, with as few records between as possible. Linear in the windows' lengths.
 * @param options.hasCommonEnd   both sides end at the same record
 * @returns null when they do not within the windows
 */
export function findResync(
  source: RecordWindow,
  target: RecordWindow,
  { hasCommonEnd }: { readonly hasCommonEnd: boolean },
): Resync | null {
  const grams = firstGrams(target)
  let best: Resync | null = null
  for (let index = 0; index + CONFIRMED_COUNT <= source.length; index++) {
    if (best !== null && index >= best.sourceCount + best.targetCount) break
    const found = grams.get(gramAt(source, index))
    if (found === undefined || !isSameRun(source, index, target, found, CONFIRMED_COUNT)) continue
    if (best === null || index + found < best.sourceCount + best.targetCount) {
      best = { sourceCount: index, targetCount: found }
    }
  }
  return best ?? (hasCommonEnd ? findCommonEnd(source, target) : null)
}

/** Where both sides come to their end before enough records were the same: the longest end that they share. */
function findCommonEnd(source: RecordWindow, target: RecordWindow): Resync | null {
  if (!source.isAtEnd || !target.isAtEnd) return null
  const most = Math.min(source.length, target.length)
  let shared = 0
  while (shared < most && source.isSame(source.length - 1 - shared, target, target.length - 1 - shared)) shared++
  return { sourceCount: source.length - shared, targetCount: target.length - shared }
}

/**
 * Finds what of the source the target's last records are, where the source goes on behind them with records that are not copied yet.
 * @param target   all that the target has left
 * @returns  the target's longest end that the source has too; without one as many records of the source as the target has
 */
export function findTailResync(source: RecordWindow, target: RecordWindow): Resync {
  let best = { sourceCount: Math.min(source.length, target.length), targetCount: target.length }
  let longest = 0
  for (let end = 1; end <= source.length; end++) {
    let shared = 0
    while (shared < Math.min(end, target.length) && source.isSame(end - 1 - shared, target, target.length - 1 - shared))
      shared++
    if (shared <= longest) continue
    longest = shared
    best = { sourceCount: end - shared, targetCount: target.length - shared }
  }
  return best
}

/** Where each run of records that is long enough begins first. */
function firstGrams(window: RecordWindow): Map<number, number> {
  const grams = new Map<number, number>()
  for (let index = window.length - CONFIRMED_COUNT; index >= 0; index--) grams.set(gramAt(window, index), index)
  return grams
}

function gramAt(window: RecordWindow, index: number): number {
  let gram = 0
  for (let step = 0; step < CONFIRMED_COUNT; step++) {
    gram = (gram * 31 + window.digest(index + step)) % Number.MAX_SAFE_INTEGER
  }
  return gram
}

function isSameRun(source: RecordWindow, from: number, target: RecordWindow, to: number, count: number): boolean {
  for (let step = 0; step < count; step++) if (!source.isSame(from + step, target, to + step)) return false
  return true
}
