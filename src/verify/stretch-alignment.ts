import { alignByContent } from './content-alignment.ts'
import type { PartitionBounds } from './flow-survey.ts'
import type { OpenSupply } from './record-supply.ts'
import type { PlannedStretch } from './stretch.ts'

export interface AlignmentContext {
  readonly open: { readonly source: OpenSupply; readonly target: OpenSupply }
  readonly bounds: PartitionBounds
  readonly hasTimestamps: boolean
  /** The flow began with what was new then (auto.offset.reset=latest). */
  readonly isBegunAtEnd: boolean
  /** As in content-alignment.ts. */
  hint(side: 'source' | 'target', timestamp: bigint): Promise<number>
}

/** A stretch whose beginnings belong together, with what is left out; or why they are not known. */
export type AlignedStretch =
  | { readonly stretch: PlannedStretch; readonly notes: readonly string[] }
  | { readonly stretch: null; readonly reason: string }

/** Finds where both sides of a stretch begin, if that is not known already. */
export async function alignStretch(stretch: PlannedStretch, context: AlignmentContext): Promise<AlignedStretch> {
  if (stretch.alignment !== 'content') return { stretch, notes: [] }
  const aligned = await alignByContent({ ...context, stretch })
  if (aligned !== null) return judgeFront(stretch, { ...stretch, ...aligned }, context)
  return {
    stretch: null,
    reason: `it is not found where source offset ${stretch.upstreamFrom} lies on the target: there is no ledger, and the first records of neither side are on the other`,
  }
}

/** What one side has before the first common record is left out where the other one has deleted it; else it is compared, and so found. */
function judgeFront(
  stretch: PlannedStretch,
  aligned: PlannedStretch,
  { bounds, isBegunAtEnd }: AlignmentContext,
): AlignedStretch {
  const { upstreamStart, downstreamStart } = bounds
  const notes: string[] = []
  let { upstreamFrom, downstreamFrom } = aligned
  if (upstreamFrom > stretch.upstreamFrom) {
    if (downstreamStart > 0 || isBegunAtEnd) {
      notes.push(`source offsets ${stretch.upstreamFrom} to ${upstreamFrom - 1} are not on the target any more`)
    } else upstreamFrom = stretch.upstreamFrom
  }
  // In the middle of a partition, as with --sample, the target's stretch begins anywhere before.
  if (downstreamFrom > stretch.downstreamFrom && stretch.upstreamFrom === upstreamStart) {
    if (upstreamStart > 0) {
      const range = `${stretch.downstreamFrom} to ${downstreamFrom - 1}`
      notes.push(`target offsets ${range} are older than what the source still has`)
    } else downstreamFrom = stretch.downstreamFrom
  }
  return { stretch: { ...aligned, upstreamFrom, downstreamFrom }, notes }
}
