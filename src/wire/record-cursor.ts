import { errors } from '../base/errors.ts'

/*
 * Record of a batch of magic 2 (DefaultRecord); grammar of numbers: varint.ts.
 *
 *   VARINT   length           bytes after this field
 *   INT8     attributes       none is used
 *   VARLONG  timestampDelta   to the batch's baseTimestamp; their sum wraps around as int64
 *   VARINT   offsetDelta      to the batch's baseOffset
 *   VARINT   keyLength        -1 is null; key
 *   VARINT   valueLength      -1 is null; value
 *   VARINT   headerCount
 *            headers: VARINT keyLength (never -1), key (UTF-8), VARINT valueLength (-1 is null), value
 */

/** The smallest record: each field in one byte. */
const LEAST_RECORD_SIZE = 7

/**
 * Walks the records of a batch. There is one object, not one a record: `next` fills its fields anew. Every length is
 * judged against the bytes that are left. All indices are of `bytes`.
 */
export class RecordCursor {
  bytes: Buffer = Buffer.alloc(0)
  /** First byte of the record, its length field; and after its last byte. */
  start = 0
  end = 0
  attributes = 0
  /** Int32 halves of the timestamp delta, an int64. */
  timestampDeltaHigh = 0
  timestampDeltaLow = 0
  offsetDelta = -1
  /** Where the key's length field is: key, value and headers go from here to `end`. */
  bodyStart = 0
  keyStart = 0
  /** -1: null. */
  keyLength = -1
  valueStart = 0
  /** -1: null. */
  valueLength = -1
  /** Where the first header begins; they go on to `end`. */
  headersStart = 0
  headersCount = 0
  /** Records that `next` gave so far. */
  count = 0

  #position = 0
  #limit = 0
  #recordCount = 0
  #lastOffsetDelta = 0
  #baseOffset = 0

  /**
   * Puts the cursor before the first record.
   * @param bytes           hold the records, decompressed, from `start` to `end`
   * @param recordCount     how many there have to be
   * @param lastOffsetDelta no record's offset delta is above
   * @param baseOffset      of the batch, for errors
   */
  open(
    bytes: Buffer,
    start: number,
    end: number,
    recordCount: number,
    lastOffsetDelta: number,
    baseOffset: number,
  ): void {
    this.bytes = bytes
    this.count = 0
    this.offsetDelta = -1
    this.#position = start
    this.#limit = end
    this.#recordCount = recordCount
    this.#lastOffsetDelta = lastOffsetDelta
    this.#baseOffset = baseOffset
    if (recordCount * LEAST_RECORD_SIZE > end - start) {
      this.refuse(`it claims ${recordCount} records in ${end - start} bytes`)
    }
  }

  /**
   * Reads the next record.
   * @returns false when there is none left
   * @throws BATCH_CORRUPT for a record that Java's reader refuses, for offsets that do not rise, and for bytes behind
   *                       the last record
   */
  next(): boolean {
    if (this.count >= this.#recordCount) {
      if (this.#position !== this.#limit) this.refuse(`${this.#limit - this.#position} bytes follow its last record`)
      return false
    }
    this.start = this.#position
    const length = this.#readVarint()
    this.end = this.#position + length
    if (length < LEAST_RECORD_SIZE - 1 || this.end > this.#limit) this.refuse(`a record has the length ${length}`)
    this.attributes = this.bytes[this.#position++]!
    this.#readTimestampDelta()
    this.#readOffsetDelta()
    this.bodyStart = this.#position
    this.keyLength = this.#readVarint()
    this.keyStart = this.#position
    this.#skip(this.keyLength)
    this.valueLength = this.#readVarint()
    this.valueStart = this.#position
    this.#skip(this.valueLength)
    this.#readHeaders()
    this.count++
    return true
  }

  /** @throws BATCH_CORRUPT, always: `what` says what is wrong with the batch */
  refuse(what: string): never {
    throw errors.BATCH_CORRUPT({ offset: this.#baseOffset, what: `${what} (record ${this.count + 1} of it)` })
  }

  #readOffsetDelta(): void {
    const offsetDelta = this.#readVarint()
    if (offsetDelta <= this.offsetDelta || offsetDelta > this.#lastOffsetDelta) {
      this.refuse(`an offset delta is ${offsetDelta}, after ${this.offsetDelta}, of at most ${this.#lastOffsetDelta}`)
    }
    this.offsetDelta = offsetDelta
  }

  #readHeaders(): void {
    const count = this.#readVarint()
    this.headersCount = count
    this.headersStart = this.#position
    // Two bytes are the least for each.
    if (count < 0 || count * 2 > this.end - this.#position) this.refuse(`a record has ${count} headers`)
    for (let left = count; left > 0; left--) {
      const keyLength = this.#readVarint()
      if (keyLength < 0) this.refuse('the key of a header is null')
      this.#skip(keyLength)
      this.#skip(this.#readVarint())
    }
    if (this.#position !== this.end) this.refuse(`${this.end - this.#position} bytes are left inside a record`)
  }

  #skip(length: number): void {
    if (length < -1 || length > this.end - this.#position) {
      this.refuse(`a length is ${length}, ${this.end - this.#position} bytes are left`)
    }
    if (length > 0) this.#position += length
  }

  #readVarint(): number {
    const byte = this.bytes[this.#position]!
    // Whoever reads behind the record's end is found out by its length, and there is no byte behind the buffer's.
    if (byte < 0x80) {
      this.#position++
      return (byte >>> 1) ^ -(byte & 1)
    }
    return this.#readLongVarint()
  }

  #readLongVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.#position >= this.#limit) this.refuse('it ends inside a number')
      const byte = this.bytes[this.#position++]!
      if (shift === 28 && byte > 15) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    return this.refuse('a VARINT is longer than 32 bits')
  }

  #readTimestampDelta(): void {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#position >= this.#limit) this.refuse('it ends inside a number')
      const byte = this.bytes[this.#position++]!
      if (shift === 63 && byte > 1) break
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) {
        const sign = -(low & 1)
        this.timestampDeltaLow = ((low >>> 1) | (high << 31)) ^ sign
        this.timestampDeltaHigh = (high >>> 1) ^ sign
        return
      }
    }
    this.refuse('a VARLONG is longer than 64 bits')
  }
}
