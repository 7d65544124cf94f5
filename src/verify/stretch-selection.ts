import type { OffsetMap } from '../mirror/offset-map.ts'
import { sampleRanges } from './sample-ranges.ts'
import type { PlannedStretch } from './stretch.ts'

/** Where an earlier run, or an earlier round, came to. */
export interface VerifiedPosition {
  readonly upstream: number
  readonly downstream: number
}

/** What is left to be compared behind a place up to which all was compared. */
export function afterPosition(
  stretches: readonly PlannedStretch[],
  { upstream, downstream }: VerifiedPosition,
): PlannedStretch[] {
  const left: PlannedStretch[] = []
  for (const stretch of stretches) {
    const isBehind = downstream <= stretch.downstreamFrom && upstream <= stretch.upstreamFrom
    if (isBehind) {
      left.push(stretch)
    } else if (stretch.isNewest || downstream < stretch.downstreamTo) {
      left.push({
        ...stretch,
        upstreamFrom: Math.min(
          Math.max(upstream, stretch.upstreamFrom),
          Math.max(stretch.upstreamTo, stretch.upstreamFrom),
        ),
        downstreamFrom: Math.max(downstream, stretch.downstreamFrom),
        alignment: 'verified before',
      })
    }
  }
  return left
}

/**
 * The part of a stretch from an upstream offset on.
 * @param map          null: not known; then the records or their timestamps have to tell where the target has it
 * @param downstream   where the target has the first record of that time; -1: not known
 */
export function fromUpstream(
  stretch: PlannedStretch,
  upstream: number,
  map: OffsetMap | null,
  downstream: number,
): PlannedStretch | null {
  if (upstream <= stretch.upstreamFrom) return stretch
  if (upstream >= stretch.upstreamTo && !stretch.isNewest) return null
  const upstreamFrom = Math.min(upstream, stretch.upstreamTo)
  const exact = stretch.alignment === 'ledger' ? (map?.downstreamOf(upstream) ?? null) : null
  if (exact !== null) {
    const downstreamFrom = Math.min(
      Math.max(stretch.downstreamFrom, exact),
      Math.max(stretch.downstreamTo, stretch.downstreamFrom),
    )
    return { ...stretch, upstreamFrom, downstreamFrom }
  }
  if (downstream < 0) return { ...stretch, upstreamFrom, alignment: 'content' }
  return {
    ...stretch,
    upstreamFrom,
    downstreamFrom: Math.max(downstream, stretch.downstreamFrom),
    alignment: 'timestamps',
  }
}

/** A share of a stretch's ranges. Where only the records tell where a range ends on the target, its end there is left open. */
export function sampleStretch(
  name: string,
  stretch: PlannedStretch,
  share: number,
  map: OffsetMap | null,
): PlannedStretch[] {
  const { upstreamFrom, upstreamTo, downstreamFrom, downstreamTo } = stretch
  if (share >= 1 || upstreamFrom >= upstreamTo) return [stretch]
  const exactMap = stretch.alignment === 'ledger' ? map : null
  const ranges = sampleRanges(name, upstreamFrom, upstreamTo, share)
  return ranges.map(({ from, to }): PlannedStretch => {
    const isLast = to === upstreamTo
    const isFirst = from === upstreamFrom
    const exactFrom = isFirst ? downstreamFrom : (exactMap?.downstreamOf(from) ?? null)
    const exactTo = isLast ? downstreamTo : (exactMap?.downstreamOf(to) ?? null)
    return {
      upstreamFrom: from,
      upstreamTo: to,
      downstreamFrom: Math.min(exactFrom ?? downstreamFrom, downstreamTo),
      downstreamTo: Math.min(exactTo ?? downstreamTo, downstreamTo),
      alignment: exactFrom === null ? 'content' : stretch.alignment,
      isNewest: stretch.isNewest && isLast,
      ...(exactTo === null ? { isTargetEndOpen: true } : {}),
    }
  })
}
