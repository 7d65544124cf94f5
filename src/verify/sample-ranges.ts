import { crc32 } from 'node:zlib'

/** Ranges of a partition are at least so long: reading less costs as much. */
const RANGE_OFFSETS_MIN = 10_000
/** And there are at most so many of them. */
const RANGES_MAX = 1_000

export interface SampledRange {
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

/**
 * Picks a share of a partition's ranges. The same partition always gets the same ones, so that a later run compares what an earlier one did; the first and the
 * last are always among them.
 * @param name   of the partition: other partitions get others
 * @param share  above 0 and at most 1
 * @returns ranges in their order, neighbours joined; nothing for an empty stretch
 */
export function sampleRanges(name: string, from: number, to: number, share: number): SampledRange[] {
  if (from >= to) return []
  if (share >= 1) return [{ from, to }]
  const size = Math.max(RANGE_OFFSETS_MIN, Math.ceil((to - from) / RANGES_MAX))
  const count = Math.ceil((to - from) / size)
  const picked = pick(name, count, Math.max(1, Math.round(count * share)))
  const ranges: SampledRange[] = []
  for (const index of picked) {
    const range = { from: from + index * size, to: Math.min(to, from + (index + 1) * size) }
    const last = ranges.at(-1)
    if (last?.to === range.from) ranges[ranges.length - 1] = { from: last.from, to: range.to }
    else ranges.push(range)
  }
  return ranges
}

function pick(name: string, count: number, wanted: number): number[] {
  const drawn = Array.from({ length: count }, (_, index) => ({ index, lot: crc32(`${name}/${index}`) }))
  const ends = new Set([0, count - 1])
  const others = drawn.filter(({ index }) => !ends.has(index)).sort((one, other) => one.lot - other.lot)
  const chosen = [...ends, ...others.slice(0, Math.max(0, wanted - ends.size)).map(({ index }) => index)]
  return chosen.sort((one, other) => one - other)
}
