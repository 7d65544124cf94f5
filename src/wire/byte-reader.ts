import { errors } from '../base/errors.ts'

/*
 * Kafka's primitive types (https://kafka.apache.org/protocol, section "Protocol Primitive Types"), big endian:
 *
 *   INT8 INT16 INT32 INT64     two's complement
 *   UNSIGNED_VARINT            7 bits a byte, lowest first, high bit: another byte follows; at most 5 bytes
 *   STRING                     INT16 length, UTF-8      NULLABLE_STRING           length -1 is null
 *   COMPACT_STRING             UNSIGNED_VARINT length+1 COMPACT_NULLABLE_STRING   0 is null
 *   ARRAY                      INT32 count, elements    (-1 is null)
 *   COMPACT_ARRAY              UNSIGNED_VARINT count+1  (0 is null)
 *   RECORDS                    INT32 size, bytes (-1 is null); COMPACT_RECORDS: UNSIGNED_VARINT size+1 (0 is null)
 *   UUID                       16 bytes
 *   TAG_BUFFER                 UNSIGNED_VARINT count, then per field: UNSIGNED_VARINT tag, UNSIGNED_VARINT size, bytes
 *
 * "Flexible" versions of an API use the compact forms and end every structure with a TAG_BUFFER (KIP-482).
 */

const TWO_TO_32 = 2 ** 32

/**
 * A cursor over bytes that came from the wire. Every claimed length is judged against the bytes that are left, so that
 * no claim makes us read past the end, loop for long, or allocate.
 * All methods throw FRAME_CORRUPT when the bytes do not hold what was asked for.
 */
export class ByteReader {
  readonly bytes: Buffer
  /** Index in `bytes` of the next byte to be read. */
  position: number
  /** Index in `bytes` after the last byte that may be read. */
  limit: number

  constructor(bytes: Buffer, position: number, limit: number) {
    this.bytes = bytes
    this.position = position
    this.limit = limit
    if (!(position >= 0 && position <= limit && limit <= bytes.length)) this.refuse('the frame lies outside its bytes')
  }

  get remaining(): number {
    return this.limit - this.position
  }

  /** @throws FRAME_CORRUPT, always: `what` names the place in the frame */
  refuse(what: string): never {
    throw errors.FRAME_CORRUPT({ what, at: this.position, limit: this.limit })
  }

  /** Moves on by `size` bytes and returns where they begin. */
  take(size: number, what: string): number {
    const start = this.position
    if (size > this.limit - start) this.refuse(`${what} needs ${size} bytes, ${this.remaining} are left`)
    this.position = start + size
    return start
  }

  readInt8(): number {
    return this.bytes.readInt8(this.take(1, 'an INT8'))
  }

  readInt16(): number {
    return this.bytes.readInt16BE(this.take(2, 'an INT16'))
  }

  readInt32(): number {
    return this.bytes.readInt32BE(this.take(4, 'an INT32'))
  }

  readInt64(): bigint {
    return this.bytes.readBigInt64BE(this.take(8, 'an INT64'))
  }

  /** An INT64 that means an offset: a safe integer, -1 for "not known". */
  readOffset(): number {
    const at = this.take(8, 'an offset')
    const offset = this.bytes.readInt32BE(at) * TWO_TO_32 + this.bytes.readUInt32BE(at + 4)
    if (!Number.isSafeInteger(offset) || offset < -1) this.refuse(`${offset} is no offset`)
    return offset
  }

  /** 0 to 2^32 - 1. */
  readUnsignedVarint(): number {
    const bytes = this.bytes
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[this.take(1, 'an UNSIGNED_VARINT')]!
      if (shift === 28 && byte > 15) break
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return this.refuse('an UNSIGNED_VARINT is longer than 32 bits')
  }

  /** STRING, or COMPACT_STRING in flexible versions. */
  readString(isFlexible: boolean): string {
    return this.readNullableString(isFlexible) ?? this.refuse('a string is null that may not be')
  }

  /** NULLABLE_STRING, or COMPACT_NULLABLE_STRING in flexible versions. */
  readNullableString(isFlexible: boolean): string | null {
    const length = isFlexible ? this.readUnsignedVarint() - 1 : this.readInt16()
    if (length === -1) return null
    if (length < 0) this.refuse(`a string has length ${length}`)
    const start = this.take(length, 'a string')
    return this.bytes.toString('utf8', start, start + length)
  }

  /**
   * Count of an ARRAY, or COMPACT_ARRAY in flexible versions; -1 is null.
   * @param leastElementSize the fewest bytes that an element can take: more elements than fit are refused at once
   */
  readNullableArrayCount(isFlexible: boolean, leastElementSize: number): number {
    const count = isFlexible ? this.readUnsignedVarint() - 1 : this.readInt32()
    if (count < -1 || count * leastElementSize > this.remaining) {
      this.refuse(`an array of ${count} elements does not fit into the ${this.remaining} bytes left`)
    }
    return count
  }

  /** As readNullableArrayCount, where null is not allowed. */
  readArrayCount(isFlexible: boolean, leastElementSize: number): number {
    const count = this.readNullableArrayCount(isFlexible, leastElementSize)
    if (count === -1) this.refuse('an array is null that may not be')
    return count
  }

  /** Size of RECORDS, or COMPACT_RECORDS in flexible versions, which then follow; 0 for null. */
  readRecordsSize(isFlexible: boolean): number {
    const size = isFlexible ? this.readUnsignedVarint() - 1 : this.readInt32()
    if (size < -1 || size > this.remaining) this.refuse(`records of ${size} bytes, ${this.remaining} are left`)
    return Math.max(0, size)
  }

  /** A UUID as a view of 16 bytes. */
  readUuid(): Buffer {
    const start = this.take(16, 'a UUID')
    return this.bytes.subarray(start, start + 16)
  }

  /** A TAG_BUFFER of which no field is wanted. */
  skipTaggedFields(): void {
    for (let count = this.readUnsignedVarint(); count > 0; count--) {
      this.readUnsignedVarint()
      this.take(this.readUnsignedVarint(), 'a tagged field')
    }
  }

  /**
   * A TAG_BUFFER: `onField` is called for each field, with the reader confined to the field's bytes. What it leaves
   * unread is skipped.
   */
  readTaggedFields(onField: (tag: number, reader: ByteReader) => void): void {
    const outerLimit = this.limit
    for (let count = this.readUnsignedVarint(); count > 0; count--) {
      const tag = this.readUnsignedVarint()
      const size = this.readUnsignedVarint()
      const end = this.take(size, 'a tagged field') + size
      this.position = end - size
      this.limit = end
      onField(tag, this)
      this.position = end
      this.limit = outerLimit
    }
  }
}
