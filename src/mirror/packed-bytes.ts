import { assert } from '../base/assert.ts'
import type { TwinlogError } from '../base/catalogue.ts'

/** Largest absolute value that a signed varint of ours carries: its doubling must stay exact in a JavaScript number. */
const MAX_SIGNED = 2 ** 52 - 1

/**
 * Writes our own packed records: big-endian fixed fields, and varints as in Kafka's ByteUtils (7 bits a byte, low bits first).
 * Numbers up to 2^53 - 1, so that offsets fit.
 */
export class PackedWriter {
  // Outside Node's buffer pool: what `finish` returns lies in there, and is kept for long. Scratch in between would hold it open.
  #bytes = Buffer.allocUnsafeSlow(1024)
  #size = 0

  int8(value: number): void {
    this.#reserve(1)
    this.#size = this.#bytes.writeInt8(value, this.#size)
  }

  int16(value: number): void {
    this.#reserve(2)
    this.#size = this.#bytes.writeInt16BE(value, this.#size)
  }

  int64(value: bigint): void {
    this.#reserve(8)
    this.#size = this.#bytes.writeBigInt64BE(value, this.#size)
  }

  unsigned(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, `unsigned varint of ${value}`)
    this.#reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#size++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#size++] = rest
  }

  signed(value: number): void {
    assert(Number.isSafeInteger(value) && Math.abs(value) <= MAX_SIGNED, `signed varint of ${value}`)
    this.unsigned(value < 0 ? -value * 2 - 1 : value * 2)
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#size)
    this.#size += value.length
  }

  /** UTF-8 behind its length + 1; 0 stands for null. */
  nullableText(value: string | null): void {
    if (value === null) return this.unsigned(0)
    const bytes = Buffer.from(value, 'utf8')
    this.unsigned(bytes.length + 1)
    this.bytes(bytes)
  }

  /** @returns a copy of what was written */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#size))
  }

  #reserve(count: number): void {
    if (this.#size + count <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#size + count))
    this.#bytes.copy(larger, 0, 0, this.#size)
    this.#bytes = larger
  }
}

/** Reads what PackedWriter wrote. Bytes that end early or make no sense raise the error that the caller names. */
export class PackedReader {
  readonly #bytes: Buffer
  readonly #corrupt: (reason: string) => TwinlogError
  #position = 0

  /** @param corrupt makes the error of the catalogue that says what these bytes are and where they came from */
  constructor(bytes: Buffer, corrupt: (reason: string) => TwinlogError) {
    this.#bytes = bytes
    this.#corrupt = corrupt
  }

  get remaining(): number {
    return this.#bytes.length - this.#position
  }

  int8(): number {
    return this.#bytes.readInt8(this.#take(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8))
  }

  unsigned(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.#bytes.readUInt8(this.#take(1))
      value += (byte & 0x7f) * factor
      if (value > Number.MAX_SAFE_INTEGER) throw this.#corrupt('a number is larger than 2^53')
      if (byte < 0x80) return value
      factor *= 0x80
      if (factor > 2 ** 49) throw this.#corrupt('a number has too many bytes')
    }
  }

  signed(): number {
    const value = this.unsigned()
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }

  bytes(count: number): Buffer {
    const start = this.#take(count)
    return this.#bytes.subarray(start, start + count)
  }

  nullableText(): string | null {
    const lengthPlusOne = this.unsigned()
    return lengthPlusOne === 0 ? null : this.bytes(lengthPlusOne - 1).toString('utf8')
  }

  /** Raises the caller's error: for values that are well-formed and still impossible. */
  fail(reason: string): never {
    throw this.#corrupt(reason)
  }

  #take(count: number): number {
    if (count > this.remaining)
      throw this.#corrupt(`${count} bytes expected at ${this.#position}, ${this.remaining} left`)
    const start = this.#position
    this.#position += count
    return start
  }
}
