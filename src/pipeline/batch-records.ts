import type { OffsetTrail } from '../mirror/offset-trail.ts'
import type { UpstreamPiece } from '../wire/transcoded.ts'
import type { PendingBatch } from './pending-batch.ts'

/** Which records a batch holds. */
export type BatchRecords = Pick<PendingBatch, 'upstream' | 'count' | 'pieces'>

/** A batch's records in stretches without holes. */
export function piecesOf({ upstream, count, pieces }: BatchRecords): readonly UpstreamPiece[] {
  return pieces ?? [{ upstreamOffset: upstream, count }]
}

/** The upstream offset after a batch's last record. */
export function endOf({ upstream, count, pieces }: BatchRecords): number {
  const last = pieces?.at(-1)
  return last === undefined ? upstream + count : last.upstreamOffset + last.count
}

/** Notes where a batch's records were copied to. @param downstream   offset of its first record on the target */
export function noteCopied(trail: OffsetTrail, { upstream, count, pieces }: BatchRecords, downstream: number): void {
  if (pieces === null) {
    trail.note(upstream, count, downstream)
    return
  }
  let first = downstream
  for (const piece of pieces) {
    trail.note(piece.upstreamOffset, piece.count, first)
    first += piece.count
  }
}
