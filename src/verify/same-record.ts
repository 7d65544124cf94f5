import type { RecordWalk } from './record-walk.ts'

/** Below this size a loop is quicker than a call into native code. */
const NATIVE_FROM_SIZE = 48

/** Whether two records have the same timestamp, key, value and headers. Nothing is made for it. */
export function isSameRecord(source: RecordWalk, target: RecordWalk, hasTimestamps: boolean): boolean {
  const { bytes, bodyStart, end } = source.records
  const { bytes: otherBytes, bodyStart: otherStart, end: otherEnd } = target.records
  const size = end - bodyStart
  if (size !== otherEnd - otherStart) return false
  if (hasTimestamps && (source.timestampLow !== target.timestampLow || source.timestampHigh !== target.timestampHigh)) {
    return false
  }
  if (size >= NATIVE_FROM_SIZE) return bytes.compare(otherBytes, otherStart, otherEnd, bodyStart, end) === 0
  for (let index = 0; index < size; index++) {
    if (bytes[bodyStart + index] !== otherBytes[otherStart + index]) return false
  }
  return true
}
