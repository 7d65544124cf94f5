import { decompress } from '../wire/compression.ts'
import type { Codec } from '../wire/compression.ts'
import { BATCH_HEADER_SIZE } from '../wire/record-batch.ts'
import type { BatchHeader } from '../wire/record-batch.ts'
import { BatchBuilder } from '../wire/batch-builder.ts'
import { LegacyCursor } from '../wire/legacy-cursor.ts'
import { RecordCursor } from '../wire/record-cursor.ts'

/** Most bytes that the records of one batch may decompress to. */
const DECOMPRESSED_BYTES_MAX = 256 * 1024 * 1024
const BASE_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35

/** Walks over the records of a batch of any format as readers see them: with their offsets, and with the timestamps that count. No object for each. */
export class RecordWalk {
  /** The current record's fields, as indexes of `records.bytes`. */
  readonly records = new RecordCursor()
  /** Of the current record. */
  offset = 0
  /** Int32 halves of the current record's timestamp, an int64. */
  timestampHigh = 0
  timestampLow = 0
  readonly #legacy = new LegacyCursor()
  /** Made when the first old record comes. */
  #builder: BatchBuilder | null = null
  #isLegacy = false
  #baseOffset = 0
  #isAppendTime = false
  #baseHigh = 0
  #baseLow = 0

  get timestamp(): bigint {
    return (BigInt(this.timestampHigh) << 32n) | BigInt(this.timestampLow >>> 0)
  }

  /**
   * Begins with a batch, or with an entry of an old message set; `next` goes to its first record.
   * @throws COMPRESSED_BYTES_CORRUPT, DECOMPRESSION_LIMIT, BATCH_CORRUPT
   */
  begin(bytes: Buffer, at: number, header: BatchHeader): void {
    this.#isLegacy = header.magic < 2
    if (this.#isLegacy) this.#beginLegacy(bytes, at, header)
    else this.#beginBatch(bytes, at, header)
  }

  /**
   * Goes to the next record. @returns false when there is none
   * @throws BATCH_CORRUPT
   */
  next(): boolean {
    if (this.#isLegacy) return this.#nextLegacy()
    const { records } = this
    if (!records.next()) return false
    this.offset = this.#baseOffset + records.offsetDelta
    // Readers of an append-time batch see one time in all its records.
    if (this.#isAppendTime) {
      this.timestampHigh = this.#baseHigh
      this.timestampLow = this.#baseLow
      return true
    }
    const low = (this.#baseLow >>> 0) + (records.timestampDeltaLow >>> 0)
    this.timestampLow = low | 0
    this.timestampHigh = (this.#baseHigh + records.timestampDeltaHigh + (low >= 2 ** 32 ? 1 : 0)) | 0
    return true
  }

  #beginBatch(bytes: Buffer, at: number, header: BatchHeader): void {
    const { recordCount, lastOffsetDelta, baseOffset } = header
    const [start, end] = [at + BATCH_HEADER_SIZE, at + header.size]
    if (header.codec === 0) {
      this.records.open(bytes, start, end, recordCount, lastOffsetDelta, baseOffset)
    } else {
      const plain = decompress(header.codec as Codec, bytes.subarray(start, end), DECOMPRESSED_BYTES_MAX)
      this.records.open(plain, 0, plain.length, recordCount, lastOffsetDelta, baseOffset)
    }
    const timestampAt = at + (header.isAppendTime ? MAX_TIMESTAMP_AT : BASE_TIMESTAMP_AT)
    this.#baseHigh = bytes.readInt32BE(timestampAt)
    this.#baseLow = bytes.readInt32BE(timestampAt + 4)
    this.#isAppendTime = header.isAppendTime
    this.#baseOffset = baseOffset
  }

  #beginLegacy(bytes: Buffer, at: number, { size, codec, magic }: BatchHeader): void {
    if (codec === 0) return this.#legacy.openPlain(bytes, at, size)
    const packed = this.#legacy.packedRecords(bytes, at, size)
    this.#legacy.openWrapped(decompress(codec as Codec, packed, DECOMPRESSED_BYTES_MAX, magic), bytes, at)
  }

  /** The record is written anew as one of magic 2, so that both formats can be held against each other. */
  #nextLegacy(): boolean {
    const legacy = this.#legacy
    if (!legacy.next()) return false
    const { bytes, keyStart, keyLength, valueStart, valueLength, timestampHigh, timestampLow } = legacy
    const builder = (this.#builder ??= new BatchBuilder())
    builder.clear()
    builder.addPlain(bytes, keyStart, keyLength, valueStart, valueLength, timestampHigh, timestampLow)
    const plain = builder.records
    this.records.open(plain, 0, plain.length, 1, 0, legacy.offset)
    this.records.next()
    this.offset = legacy.offset
    this.timestampHigh = timestampHigh
    this.timestampLow = timestampLow
    return true
  }
}
