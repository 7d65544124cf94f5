import type { Codec } from './compression.ts'
import { crc32cOf } from './crc32c.ts'
import {
  BATCH_HEADER_SIZE,
  CHECKSUMMED_AT,
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
} from './record-batch.ts'
import type { RecordCursor } from './record-cursor.ts'
import { LARGEST_VARINT, LARGEST_VARLONG, sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.ts'

// Grammar of a batch: record-batch.ts; of a record: record-cursor.ts.

/** Length, attributes, timestamp delta and offset delta at their longest. */
const LARGEST_PREFIX = LARGEST_VARINT + 1 + LARGEST_VARLONG + LARGEST_VARINT
const FIRST_CAPACITY = 64 * 1024
/** A larger buffer is given up after use. */
const MOST_KEPT_BYTES = 4 << 20
/** A loop here is faster than a call into native code. */
const LOOP_UP_TO = 24

/** What a record's prefix takes besides timestamp and offset delta: attributes. */
const ATTRIBUTES_SIZE = 1

/**
 * Puts records together into one batch of magic 2: create time, base offset 0, leader epoch -1, no producer (resealBatch
 * gives it one). Offset deltas count from 0; timestamps stay what they are, relative to the first record's.
 * Used again and again: `seal` empties it.
 * Source: MemoryRecordsBuilder.
 */
export class BatchBuilder {
  /** Records so far. */
  recordCount = 0
  /** Begins with room for the header. */
  #bytes = Buffer.allocUnsafe(FIRST_CAPACITY)
  #size = BATCH_HEADER_SIZE
  #baseHigh = 0
  #baseLow = 0
  #maxHigh = -1
  #maxLow = -1

  /** Size in bytes of the batch so far, header included, not compressed. */
  get size(): number {
    return this.#size
  }

  /** The records so far, not compressed; valid until the builder is used again. */
  get records(): Buffer {
    return this.#bytes.subarray(BATCH_HEADER_SIZE, this.#size)
  }

  /** Int32 halves of the base timestamp: the first record's. */
  get baseTimestampHigh(): number {
    return this.#baseHigh
  }

  get baseTimestampLow(): number {
    return this.#baseLow
  }

  /** What `size` would be if the record were added. */
  sizeWith(record: RecordCursor, timestampHigh: number, timestampLow: number): number {
    const isFirst = this.recordCount === 0
    const low = isFirst ? 0 : (timestampLow - this.#baseLow) | 0
    const borrow = timestampLow >>> 0 < this.#baseLow >>> 0 ? 1 : 0
    const high = isFirst ? 0 : (timestampHigh - this.#baseHigh - borrow) | 0
    const deltasSize = sizeOfVarlong(high, low) + sizeOfVarint(this.recordCount)
    const length = ATTRIBUTES_SIZE + deltasSize + record.end - record.bodyStart
    return this.#size + sizeOfVarint(length) + length
  }

  /**
   * Adds the record on which the cursor stands: attributes, key, value and headers as they are.
   * @param timestampHigh and @param timestampLow int32 halves of its timestamp
   */
  add(record: RecordCursor, timestampHigh: number, timestampLow: number): void {
    if (this.recordCount === 0) {
      this.#baseHigh = timestampHigh
      this.#baseLow = timestampLow
    }
    const bodySize = record.end - record.bodyStart
    this.#reserve(bodySize + LARGEST_PREFIX)
    this.#writePrefix(record.attributes, timestampHigh, timestampLow, bodySize)
    this.#copy(record.bytes, record.bodyStart, record.end)
    this.recordCount++
  }

  /**
   * Adds a record without headers: what the old formats have.
   * @param keyLength and @param valueLength -1: null
   */
  addPlain(
    bytes: Buffer,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
    timestampHigh: number,
    timestampLow: number,
  ): void {
    if (this.recordCount === 0) {
      this.#baseHigh = timestampHigh
      this.#baseLow = timestampLow
    }
    const sizes = Math.max(0, keyLength) + Math.max(0, valueLength)
    const bodySize = sizeOfVarint(keyLength) + sizeOfVarint(valueLength) + sizes + 1
    this.#reserve(bodySize + LARGEST_PREFIX)
    this.#writePrefix(0, timestampHigh, timestampLow, bodySize)
    this.#size = writeVarint(this.#bytes, this.#size, keyLength)
    if (keyLength > 0) this.#copy(bytes, keyStart, keyStart + keyLength)
    this.#size = writeVarint(this.#bytes, this.#size, valueLength)
    if (valueLength > 0) this.#copy(bytes, valueStart, valueStart + valueLength)
    this.#bytes[this.#size++] = 0
    this.recordCount++
  }

  /**
   * @param codec of `packed`
   * @param packed what `records` gives, compressed
   * @returns the batch, in memory of its own; the builder is empty again
   */
  seal(codec: Codec, packed: Buffer): Buffer {
    const size = BATCH_HEADER_SIZE + packed.length
    const batch = Buffer.allocUnsafe(size)
    packed.copy(batch, BATCH_HEADER_SIZE)
    batch.fill(0, 0, 8)
    batch.writeInt32BE(size - 12, 8)
    batch.writeInt32BE(NO_LEADER_EPOCH, 12)
    batch[16] = 2
    batch.writeUInt16BE(codec, 21)
    batch.writeInt32BE(this.recordCount - 1, 23)
    batch.writeInt32BE(this.#baseHigh, 27)
    batch.writeInt32BE(this.#baseLow, 31)
    batch.writeInt32BE(this.#maxHigh, 35)
    batch.writeInt32BE(this.#maxLow, 39)
    batch.writeBigInt64BE(NO_PRODUCER_ID, 43)
    batch.writeInt16BE(NO_PRODUCER_EPOCH, 51)
    batch.writeInt32BE(NO_SEQUENCE, 53)
    batch.writeInt32BE(this.recordCount, 57)
    batch.writeUInt32BE(crc32cOf(batch, CHECKSUMMED_AT, size), 17)
    this.clear()
    return batch
  }

  /** Forgets what was added. */
  clear(): void {
    if (this.#bytes.length > MOST_KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(FIRST_CAPACITY)
    this.recordCount = 0
    this.#size = BATCH_HEADER_SIZE
    this.#maxHigh = -1
    this.#maxLow = -1
  }

  #writePrefix(attributes: number, timestampHigh: number, timestampLow: number, bodySize: number): void {
    const deltaLow = (timestampLow - this.#baseLow) | 0
    const borrow = timestampLow >>> 0 < this.#baseLow >>> 0 ? 1 : 0
    const deltaHigh = (timestampHigh - this.#baseHigh - borrow) | 0
    const deltasSize = sizeOfVarlong(deltaHigh, deltaLow) + sizeOfVarint(this.recordCount)
    const bytes = this.#bytes
    let at = writeVarint(bytes, this.#size, ATTRIBUTES_SIZE + deltasSize + bodySize)
    bytes[at] = attributes
    at = writeVarlong(bytes, at + 1, deltaHigh, deltaLow)
    this.#size = writeVarint(bytes, at, this.recordCount)
    const isLater = timestampHigh === this.#maxHigh && timestampLow >>> 0 > this.#maxLow >>> 0
    if (timestampHigh > this.#maxHigh || isLater) {
      this.#maxHigh = timestampHigh
      this.#maxLow = timestampLow
    }
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    const into = this.#bytes
    let at = this.#size
    this.#size = at + end - start
    if (end - start > LOOP_UP_TO) bytes.copy(into, at, start, end)
    else for (let index = start; index < end;) into[at++] = bytes[index++]!
  }

  #reserve(size: number): void {
    const needed = this.#size + size
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#size)
    this.#bytes = larger
  }
}
