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
