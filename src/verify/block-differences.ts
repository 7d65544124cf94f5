import type { RecordWindow } from './record-window.ts'
import type { Resync } from './resync.ts'

/** Above so many pairs of records it is not looked for what of a block belongs together. */
const PAIRS_MAX = 4_000_000

/** One difference within a block; indexes are those of the windows. */
export type BlockDifference =
  | { readonly kind: 'missing'; readonly source: number; readonly target: null }
  | { readonly kind: 'extra' | 'duplicated'; readonly source: null; readonly target: number }
  | { readonly kind: 'changed' | 'reordered'; readonly source: number; readonly target: number }

/**
 * Says what became of the records of a block that is not the same on both sides, in as few words as possible: records in their place are not
 * named; one that stands elsewhere is reordered; two in one place are one that was changed; the others are missing, or extra,
 * which is called duplicated where the same record is nearby.
 * @param before   digests of target records before the block
 */
export function blockDifferences(
  source: RecordWindow,
  target: RecordWindow,
  { sourceCount, targetCount }: Resync,
  before: ReadonlySet<number>,
): BlockDifference[] {
  const slots = unmatchedSlots(source, target, sourceCount, targetCount)
  const moved = takeMoved(source, target, slots)
  const differences: BlockDifference[] = moved
  const known = digestsOf(source)
  for (const slot of slots) {
    for (const [one, other] of takeChanged(source, target, slot)) {
      differences.push({ kind: 'changed', source: one, target: other })
    }
    for (const index of slot.source) differences.push({ kind: 'missing', source: index, target: null })
    for (const index of slot.target) {
      const digest = target.digest(index)
      const kind = known.has(digest) || before.has(digest) ? 'duplicated' : 'extra'
      differences.push({ kind, source: null, target: index })
    }
  }
  return differences.sort((one, other) => placeOf(one) - placeOf(other))
}

/** Records of both sides that are in no other place between two that are the same. */
interface Slot {
  source: number[]
  target: number[]
}

function placeOf({ source, target }: BlockDifference): number {
  return source === null ? target : target === null ? source : Math.min(source, target)
}

/** By the longest common subsequence; the ends that both share are gone already. */
function unmatchedSlots(source: RecordWindow, target: RecordWindow, rows: number, columns: number): Slot[] {
  if (rows * columns > PAIRS_MAX) return [{ source: upTo(rows), target: upTo(columns) }]
  const width = columns + 1
  const longest = new Uint32Array((rows + 1) * width)
  const at = (row: number, column: number): number => longest[row * width + column] ?? 0
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      longest[row * width + column] = source.isSame(row, target, column)
        ? at(row + 1, column + 1) + 1
        : Math.max(at(row + 1, column), at(row, column + 1))
    }
  }
  const slots: Slot[] = [{ source: [], target: [] }]
  let [row, column] = [0, 0]
  while (row < rows || column < columns) {
    const slot = slots.at(-1)
    if (row < rows && column < columns && source.isSame(row, target, column)) {
      slots.push({ source: [], target: [] })
      row++
      column++
    } else if (column >= columns || (row < rows && at(row + 1, column) >= at(row, column + 1))) {
      slot?.source.push(row++)
    } else {
      slot?.target.push(column++)
    }
  }
  return slots
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

/** Takes out of the slots what both sides have, in different places. */
function takeMoved(source: RecordWindow, target: RecordWindow, slots: readonly Slot[]): BlockDifference[] {
  const places = new Map<number, number[]>()
  for (const slot of slots) {
    for (const index of slot.target) {
      const digest = target.digest(index)
      const same = places.get(digest)
      if (same === undefined) places.set(digest, [index])
      else same.push(index)
    }
  }
  const moved: BlockDifference[] = []
  const taken = new Set<number>()
  for (const slot of slots) {
    slot.source = slot.source.filter((index) => {
      const found = places.get(source.digest(index))?.shift()
      if (found === undefined) return true
      taken.add(found)
      moved.push({ kind: 'reordered', source: index, target: found })
      return false
    })
  }
  for (const slot of slots) slot.target = slot.target.filter((index) => !taken.has(index))
  return moved
}

/** Takes pairs that stand for each other out of one slot: first those with the same key, then in their order. */
function takeChanged(source: RecordWindow, target: RecordWindow, slot: Slot): [number, number][] {
  const pairs: [number, number][] = []
  if (slot.source.length > 0 && slot.target.length > 0 && slot.source.length !== slot.target.length) {
    let from = 0
    slot.source = slot.source.filter((index) => {
      const found = slot.target.findIndex((other, place) => place >= from && target.key(other) === source.key(index))
      if (found < 0) return true
      const [other] = slot.target.splice(found, 1)
      from = found
      if (other !== undefined) pairs.push([index, other])
      return false
    })
    return pairs
  }
  while (slot.source.length > 0 && slot.target.length > 0) {
    const [index, other] = [slot.source.shift(), slot.target.shift()]
    if (index !== undefined && other !== undefined) pairs.push([index, other])
  }
  return pairs
}

function digestsOf(window: RecordWindow): ReadonlySet<number> {
  const digests = new Set<number>()
  for (let index = 0; index < window.length; index++) digests.add(window.digest(index))
  return digests
}
