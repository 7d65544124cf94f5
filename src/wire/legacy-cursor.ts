import { crc32 } from 'node:zlib'
import { errors } from '../base/errors.ts'
import { APPEND_TIME_MASK, CODEC_MASK } from './record-batch.ts'

/*
 * Message set entries of magic 0 and 1 (LegacyRecord): grammar in record-batch.ts. A compressed entry has other entries
 * as its value, one after another:
 *
 *   magic 0  inner offsets are those of the records
 *   magic 1  inner offsets count from the first record, also over holes of compaction: the entry's own offset is that of
 *            the last inner record. 0 stands for "they are right as they are" (librdkafka before brokers set it).
 *            Append time: the entry's timestamp is that of all inner entries of magic 1.
 *
 * Source: AbstractLegacyRecordBatch.DeepRecordsIterator.
 */

const CRC_AT = 12
const MAGIC_AT = 16
const ATTRIBUTES_AT = 17
const TIMESTAMP_AT = 18
/** Offset and size, before what the size counts. */
const OVERHEAD = 12
const LEAST_ENTRY_SIZES = [26, 34] as const
const TWO_TO_32 = 2 ** 32

/** Walks the records of one message set entry: the fields are filled anew by each `next`. Indices are of `bytes`. */
export class LegacyCursor {
  bytes: Buffer = Buffer.alloc(0)
  /** Upstream offset of the record. */
  offset = -1
  /** Int32 halves of the timestamp; -1 in magic 0. */
  timestampHigh = -1
  timestampLow = -1
  keyStart = 0
  /** -1: null. */
  keyLength = -1
  valueStart = 0
  /** -1: null. */
  valueLength = -1

  #position = 0
  #limit = 0
  /** What is added to inner offsets. */
  #firstOffset = 0
  /** Of the whole entry, for errors. */
  #wrapperOffset = 0
  #hasAppendTime = false
  #appendHigh = 0
  #appendLow = 0

  /** Puts the cursor before the only record of an entry that is not compressed. @param at its first byte */
  openPlain(bytes: Buffer, at: number, size: number): void {
    this.#wrapperOffset = offsetAt(bytes, at)
    this.#open(bytes, at, at + size)
    this.#firstOffset = 0
    this.#hasAppendTime = false
  }

  /**
   * Where the inner entries of a compressed entry are, still compressed.
   * @returns a view
   * @throws BATCH_CORRUPT when it has no value
   */
  packedRecords(bytes: Buffer, at: number, size: number): Buffer {
    this.openPlain(bytes, at, size)
    this.#read()
    if (this.valueLength < 0) this.#refuse('it is compressed but has no value')
    return bytes.subarray(this.valueStart, this.valueStart + this.valueLength)
  }

  /**
   * Puts the cursor before the first inner entry.
   * @param inner  what packedRecords gave, decompressed
   * @param bytes  hold the compressed entry from `at` on
   */
  openWrapped(inner: Buffer, bytes: Buffer, at: number): void {
    const magic = bytes[at + MAGIC_AT]!
    this.#wrapperOffset = offsetAt(bytes, at)
    this.#hasAppendTime = magic === 1 && (bytes[at + ATTRIBUTES_AT]! & APPEND_TIME_MASK) !== 0
    if (magic === 1) {
      this.#appendHigh = bytes.readInt32BE(at + TIMESTAMP_AT)
      this.#appendLow = bytes.readInt32BE(at + TIMESTAMP_AT + 4)
    }
    this.#open(inner, 0, inner.length)
    this.#firstOffset = magic === 1 ? this.#firstOffsetOf(inner) : 0
  }

  /**
   * Reads the next record.
   * @returns false when there is none left
   * @throws BATCH_CORRUPT for an entry that Java's reader refuses, for a wrong checksum, for offsets that do not rise,
   *                       and for a part of an entry
   */
  next(): boolean {
    if (this.#position === this.#limit) return false
    const at = this.#position
    const before = this.offset
    this.#read()
    const bytes = this.bytes
    if (!checksumMatches(bytes, at, this.#position)) this.#refuse('the checksum of a record is wrong')
    if ((bytes[at + ATTRIBUTES_AT]! & CODEC_MASK) !== 0) this.#refuse('a record inside it is compressed once more')
    this.offset = this.#firstOffset + offsetAt(bytes, at)
    if (this.offset <= before || !Number.isSafeInteger(this.offset) || this.offset > this.#mostOffset()) {
      this.#refuse(`a record in it has the offset ${this.offset}, after ${before}`)
    }
    return true
  }

  #open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.offset = -1
    this.#position = start
    this.#limit = end
  }

  #mostOffset(): number {
    return this.#wrapperOffset === 0 ? Number.MAX_SAFE_INTEGER : this.#wrapperOffset
  }

  /** Looks at the sizes alone. */
  #firstOffsetOf(inner: Buffer): number {
    let at = 0
    let lastOffset = -1
    while (at < inner.length) {
      const size = this.#sizeAt(inner, at, inner.length)
      lastOffset = offsetAt(inner, at)
      at += size
    }
    if (lastOffset === -1) this.#refuse('it is compressed but holds no record')
    if (this.#wrapperOffset === 0) return 0
    if (lastOffset > this.#wrapperOffset) this.#refuse(`its last record has the relative offset ${lastOffset}`)
    return this.#wrapperOffset - lastOffset
  }

  #sizeAt(bytes: Buffer, at: number, limit: number): number {
    const left = limit - at
    if (left < LEAST_ENTRY_SIZES[0]) this.#refuse(`${left} bytes are too few for a record`)
    const magic = bytes[at + MAGIC_AT]!
    const size = OVERHEAD + bytes.readInt32BE(at + 8)
    const least = LEAST_ENTRY_SIZES[magic]
    if (least === undefined) this.#refuse(`a record in it has the format (magic) ${magic}`)
    if (size < least || size > left) this.#refuse(`a record in it claims ${size} bytes, ${left} are left`)
    return size
  }

  #read(): void {
    const bytes = this.bytes
    const at = this.#position
    const end = at + this.#sizeAt(bytes, at, this.#limit)
    const isMagic1 = bytes[at + MAGIC_AT]! === 1
    this.timestampHigh = -1
    this.timestampLow = -1
    if (isMagic1) {
      this.timestampHigh = this.#hasAppendTime ? this.#appendHigh : bytes.readInt32BE(at + TIMESTAMP_AT)
      this.timestampLow = this.#hasAppendTime ? this.#appendLow : bytes.readInt32BE(at + TIMESTAMP_AT + 4)
    }
    this.#position = at + (isMagic1 ? TIMESTAMP_AT + 8 : TIMESTAMP_AT)
    this.keyLength = this.#readLength(end)
    this.keyStart = this.#position
    this.#position += Math.max(0, this.keyLength)
    this.valueLength = this.#readLength(end)
    this.valueStart = this.#position
    this.#position += Math.max(0, this.valueLength)
    if (this.#position !== end) this.#refuse(`${end - this.#position} bytes are left inside a record`)
  }

  /** Java's reader takes every negative length for null. */
  #readLength(end: number): number {
    if (end - this.#position < 4) this.#refuse('a record ends inside a length')
    const length = this.bytes.readInt32BE(this.#position)
    this.#position += 4
    if (length > end - this.#position) this.#refuse(`a length is ${length}, ${end - this.#position} bytes are left`)
    return Math.max(-1, length)
  }

  #refuse(what: string): never {
    throw errors.BATCH_CORRUPT({ offset: this.#wrapperOffset, what })
  }
}

/** @throws BATCH_CORRUPT when an entry's bytes do not have the CRC-32 that it claims */
export function verifyOldChecksum(bytes: Buffer, at: number, size: number): void {
  if (checksumMatches(bytes, at, at + size)) return
  const what = 'its CRC-32 does not fit its bytes'
  throw errors.BATCH_CORRUPT({ offset: offsetAt(bytes, at), what })
}

function checksumMatches(bytes: Buffer, at: number, end: number): boolean {
  return crc32(bytes.subarray(at + MAGIC_AT, end)) === bytes.readUInt32BE(at + CRC_AT)
}

function offsetAt(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * TWO_TO_32 + bytes.readUInt32BE(at + 4)
}
