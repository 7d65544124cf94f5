import { assert } from '../base/assert.ts'

// Grammar of the primitive types: byte-reader.ts.

const TWO_TO_32 = 2 ** 32

/**
 * A cursor that writes Kafka's primitive types into a buffer whose size was computed before.
 * A buffer that is too small is a defect of ours: Node's own range check throws.
 */
export class ByteWriter {
  readonly bytes: Buffer
  /** Index in `bytes` of the next byte to be written. */
  position = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size)
  }

  writeInt8(value: number): void {
    this.position = this.bytes.writeInt8(value, this.position)
  }

  writeInt16(value: number): void {
    this.position = this.bytes.writeInt16BE(value, this.position)
  }

  writeInt32(value: number): void {
    this.position = this.bytes.writeInt32BE(value, this.position)
  }

  /** An INT64 from a safe integer, without a bigint. */
  writeOffset(value: number): void {
    assert(Number.isSafeInteger(value), 'an offset to be written is a safe integer')
    this.bytes.writeInt32BE(Math.floor(value / TWO_TO_32), this.position)
    this.position = this.bytes.writeUInt32BE(value >>> 0, this.position + 4)
  }

  writeUnsignedVarint(value: number): void {
    let rest = value >>> 0
    while (rest > 0x7f) {
      this.position = this.bytes.writeUInt8((rest & 0x7f) | 0x80, this.position)
      rest >>>= 7
    }
    this.position = this.bytes.writeUInt8(rest, this.position)
  }

  /** STRING, or COMPACT_STRING in flexible versions; null only where the field allows it. */
  writeNullableString(value: string | null, isFlexible: boolean): void {
    const length = value === null ? -1 : Buffer.byteLength(value)
    if (isFlexible) this.writeUnsignedVarint(length + 1)
    else this.writeInt16(length)
    if (value === null) return
    const written = this.bytes.write(value, this.position)
    assert(written === length, 'the size of a frame was computed wrongly')
    this.position += written
  }

  /** Count of an ARRAY, or COMPACT_ARRAY in flexible versions. */
  writeArrayCount(count: number, isFlexible: boolean): void {
    if (isFlexible) this.writeUnsignedVarint(count + 1)
    else this.writeInt32(count)
  }

  /** Copies bytes as they are. */
  writeBytes(source: Buffer, start: number, end: number): void {
    assert(end - start <= this.bytes.length - this.position, 'the size of a frame was computed wrongly')
    this.position += source.copy(this.bytes, this.position, start, end)
  }

  /** A TAG_BUFFER without fields. */
  writeEmptyTaggedFields(): void {
    this.position = this.bytes.writeUInt8(0, this.position)
  }
}

/** Bytes that `writeUnsignedVarint` takes for a value. */
export function unsignedVarintSize(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  return value < 0x1000_0000 ? 4 : 5
}

/** Bytes that `writeNullableString` takes for a value. */
export function stringSize(value: string | null, isFlexible: boolean): number {
  const length = value === null ? 0 : Buffer.byteLength(value)
  if (!isFlexible) return 2 + length
  return length + (value === null ? 1 : unsignedVarintSize(length + 1))
}

/** Bytes that `writeArrayCount` takes for a count. */
export function arrayCountSize(count: number, isFlexible: boolean): number {
  return isFlexible ? unsignedVarintSize(count + 1) : 4
}
