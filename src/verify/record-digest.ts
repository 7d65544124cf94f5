import { crc32 } from 'node:zlib'
import { crc32cOf } from '../wire/crc32c.ts'
import type { RecordWalk } from './record-walk.ts'

const timestampBytes = Buffer.alloc(8)

/**
 * Digests of the current record, filled anew for each: CRC-32 and CRC-32C over the same bytes, whose polynomials have nothing in common. Two
 * different records have the same one once in 2^64. They are for finding the place of a difference, and for keys; records in order are held against each
 * other byte by byte.
 */
export class RecordDigest {
  /** Of timestamp, key, value and headers. */
  high = 0
  low = 0
  /** Of the key alone. */
  keyHigh = 0
  keyLow = 0

  /** @param hasTimestamps   false: timestamps do not count */
  take(walk: RecordWalk, hasTimestamps: boolean): void {
    const { bytes, bodyStart, end } = walk.records
    timestampBytes.writeInt32BE(hasTimestamps ? walk.timestampHigh : 0, 0)
    timestampBytes.writeInt32BE(hasTimestamps ? walk.timestampLow : 0, 4)
    this.high = crc32(bytes.subarray(bodyStart, end), crc32(timestampBytes))
    this.low = (crc32cOf(bytes, bodyStart, end) ^ Math.imul(crc32cOf(timestampBytes, 0, 8), 0x9e3779b1)) >>> 0
    this.takeKey(walk)
  }

  takeKey({ records: { bytes, keyStart, keyLength } }: RecordWalk): void {
    const end = keyStart + Math.max(0, keyLength)
    this.keyHigh = crc32(bytes.subarray(keyStart, end))
    this.keyLow = crc32cOf(bytes, keyStart, end)
  }
}
