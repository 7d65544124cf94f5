import { BATCH_HEADER_SIZE } from '../wire/record-batch.ts'
import type { BatchCursor } from './batch-cursor.ts'

const BASE_TIMESTAMP_AT = 27
const BASE_TIMESTAMP_SIZE = 8
const MAX_TIMESTAMP_AT = 35

/**
 * Whether two batches hold the same records because they are the same bytes: the usual case of a copy that was not decoded. One pass over both,
 * without a digest, since both lie in memory. False does not say that the records differ.
 */
export function isSameBatch(source: BatchCursor, target: BatchCursor, hasTimestamps: boolean): boolean {
  const { header: one, bytes, at } = source
  const { header: other, bytes: otherBytes, at: otherAt } = target
  if (one.size !== other.size || one.recordCount !== other.recordCount || one.codec !== other.codec) return false
  if (hasTimestamps && !isSameTime(source, target)) return false
  const start = at + BATCH_HEADER_SIZE
  const otherStart = otherAt + BATCH_HEADER_SIZE
  return bytes.compare(otherBytes, otherStart, otherAt + other.size, start, at + one.size) === 0
}

/** Readers of an append-time batch see its largest timestamp in every record. */
function isSameTime(
  { header: one, bytes, at }: BatchCursor,
  { header: other, bytes: otherBytes, at: otherAt }: BatchCursor,
): boolean {
  if (one.isAppendTime !== other.isAppendTime) return false
  const field = one.isAppendTime ? MAX_TIMESTAMP_AT : BASE_TIMESTAMP_AT
  const end = field + BASE_TIMESTAMP_SIZE
  return bytes.compare(otherBytes, otherAt + field, otherAt + end, at + field, at + end) === 0
}
