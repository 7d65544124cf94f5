import type { RecordCursor } from './record-cursor.ts'
import type { OversizedRecord } from './transcoded.ts'

/**
 * A record as something that can be kept and written elsewhere.
 * @param record        stands on it; its header area is sound, and its bytes are copied
 * @param timestampHigh and @param timestampLow int32 halves of its timestamp
 * @param batchBytes    size of a batch that holds it alone
 */
export function oversizedRecord(
  record: RecordCursor,
  timestampHigh: number,
  timestampLow: number,
  upstreamOffset: number,
  batchBytes: number,
): OversizedRecord {
  const { start, keyLength, valueLength, headersCount } = record
  const bytes = Buffer.from(record.bytes.subarray(start, record.end))
  const slice = (from: number, length: number): Buffer | null =>
    length < 0 ? null : bytes.subarray(from, from + length)
  const headers: { key: string; value: Buffer | null }[] = []
  let at = record.headersStart - start
  const length = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
  }
  while (headers.length < headersCount) {
    const keySize = length()
    const key = bytes.toString('utf8', at, at + keySize)
    at += keySize
    const valueSize = length()
    headers.push({ key, value: slice(at, valueSize) })
    at += Math.max(0, valueSize)
  }
  return {
    upstreamOffset,
    timestamp: (BigInt(timestampHigh) << 32n) | BigInt(timestampLow >>> 0),
    key: slice(record.keyStart - start, keyLength),
    value: slice(record.valueStart - start, valueLength),
    headers,
    batchBytes,
  }
}
