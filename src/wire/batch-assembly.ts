import { freeNow } from '../base/free-now.ts'
import { BatchBuilder } from './batch-builder.ts'
import { compressSoon } from './compression.ts'
import type { Codec } from './compression.ts'
import type { LegacyCursor } from './legacy-cursor.ts'
import { oversizedRecord } from './oversized-record.ts'
import { BATCH_HEADER_SIZE } from './record-batch.ts'
import type { BatchHeader } from './record-batch.ts'
import { RecordCursor } from './record-cursor.ts'
import type { OversizedRecord, TargetBatch, TranscodeOptions } from './transcoded.ts'
import { UpstreamPieces, offsetsOf } from './upstream-pieces.ts'

/** Work that waits for another thread, or, undefined, that lets others have their turn. */
export type Pending = Promise<Buffer> | undefined

/** After so many bytes others may have their turn. */
const TURN_BYTES = 64 * 1024
/** Most that the prefix of a record grows by when it is re-numbered. */
const LARGEST_GROWTH = 24
const BASE_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35

/**
 * Takes records in upstream order and makes target batches of them.
 *
 * Invariants (docs/invariants.md):
 * 70. A target batch holds only records of source batches of one kind: codec, timestamp type, and producer if transactional.
 * 71. No target batch is larger than maxBatchBytes, and none of several records larger than splitBatchBytes: an uncompressed one is closed before the record that would make it so,
 *     a compressed one is halved by size until its parts fit, and a record that does not fit alone is in `oversized`.
 * 72. Where target batches begin and end depends on nothing but records and options.
 */
export class BatchAssembly {
  readonly batches: TargetBatch[] = []
  readonly nullKeys: number[] = []
  readonly oversized: OversizedRecord[] = []

  readonly #options: TranscodeOptions
  readonly #builder: BatchBuilder
  readonly #pieces = new UpstreamPieces()
  /** Of a batch of several records. */
  readonly #mostBytes: number
  readonly #mostPreferredBytes: number
  #codec: Codec = 0
  /** Of the source batches so far: invariant 70. */
  #isAppendTime = false
  #transactionHigh = -1
  #transactionLow = -1
  /** Of the source batch whose records are being added. */
  #baseOffset = 0
  /** Int32 halves of its base timestamp; with append time of its max timestamp, which is that of all its records. */
  #sourceHigh = 0
  #sourceLow = 0

  constructor(options: TranscodeOptions, builder: BatchBuilder) {
    this.#options = options
    this.#builder = builder
    this.#mostBytes = Math.min(options.splitBatchBytes ?? Infinity, options.maxBatchBytes)
    this.#mostPreferredBytes = Math.min(options.preferredBatchBytes, this.#mostBytes)
  }

  /**
   * To be asked before a source batch's records are added.
   * @param recordsSize bytes that they have, decompressed
   * @returns whether they begin another target batch: `close` comes before them
   */
  beginsAnew(header: BatchHeader, recordsSize: number): boolean {
    if (this.#builder.recordCount === 0) return false
    if (this.#builder.size + recordsSize > this.#mostPreferredBytes) return true
    if (header.isAppendTime !== this.#isAppendTime || this.#codecFor(header) !== this.#codec) return true
    const isSameProducer =
      header.producerIdHigh === this.#transactionHigh && header.producerIdLow === this.#transactionLow
    return header.isTransactional ? !isSameProducer : this.#transactionHigh >= 0
  }

  /**
   * The following records are of this batch.
   * @param bytes hold its header from `at` on
   */
  begin(header: BatchHeader, bytes: Buffer, at: number): void {
    this.#codec = this.#codecFor(header)
    this.#isAppendTime = header.isAppendTime
    this.#transactionHigh = header.isTransactional ? header.producerIdHigh : -1
    this.#transactionLow = header.isTransactional ? header.producerIdLow : -1
    this.#baseOffset = header.baseOffset
    if (header.magic < 2) return
    const timestampAt = at + (header.isAppendTime ? MAX_TIMESTAMP_AT : BASE_TIMESTAMP_AT)
    this.#sourceHigh = bytes.readInt32BE(timestampAt)
    this.#sourceLow = bytes.readInt32BE(timestampAt + 4)
  }

  /**
   * Adds records of the batch of magic 2 that was begun, as many as make up a turn.
   * @param records stands before the next one
   * @returns whether there may be more
   */
  addSome(records: RecordCursor): boolean {
    const { firstUpstream, dropsNullKeys, refusedUpstreams } = this.#options
    const builder = this.#builder
    const mostBytes = this.#mostBytes
    const baseOffset = this.#baseOffset
    const sourceHigh = this.#sourceHigh
    const sourceLow = this.#sourceLow
    const isAppendTime = this.#isAppendTime
    let turnEnd = -1
    while (records.next()) {
      if (turnEnd < 0) turnEnd = records.start + TURN_BYTES
      const upstreamOffset = baseOffset + records.offsetDelta
      if (upstreamOffset < firstUpstream) continue
      if (dropsNullKeys && records.keyLength < 0) {
        this.nullKeys.push(upstreamOffset)
        continue
      }
      let high = sourceHigh
      let low = sourceLow
      if (!isAppendTime) {
        low = (sourceLow + records.timestampDeltaLow) | 0
        high = (sourceHigh + records.timestampDeltaHigh + (low >>> 0 < sourceLow >>> 0 ? 1 : 0)) | 0
      }
      const mostSize = builder.size + records.end - records.start + LARGEST_GROWTH
      if (mostSize > mostBytes && this.#codec === 0 && builder.sizeWith(records, high, low) > mostBytes) {
        this.#closePlain()
      }
      if (refusedUpstreams !== undefined && refusedUpstreams.has(upstreamOffset)) {
        const batchBytes = BATCH_HEADER_SIZE + records.end - records.start
        this.oversized.push(oversizedRecord(records, high, low, upstreamOffset, batchBytes))
        continue
      }
      builder.add(records, high, low)
      this.#pieces.add(upstreamOffset)
      if (records.end > turnEnd) return true
    }
    return false
  }

  /** As addSome, of an entry of magic 0 or 1. */
  addSomeOld(records: LegacyCursor): boolean {
    const { firstUpstream, dropsNullKeys, refusedUpstreams } = this.#options
    const builder = this.#builder
    let turnEnd = -1
    while (records.next()) {
      if (turnEnd < 0) turnEnd = records.keyStart + TURN_BYTES
      const { offset, keyLength, valueLength } = records
      if (offset < firstUpstream) continue
      if (dropsNullKeys && keyLength < 0) {
        this.nullKeys.push(offset)
        continue
      }
      if (refusedUpstreams !== undefined && refusedUpstreams.has(offset)) {
        this.#setOldAside(records)
        continue
      }
      const size = Math.max(0, keyLength) + Math.max(0, valueLength) + 2 * LARGEST_GROWTH
      if (this.#codec === 0 && builder.size + size > this.#mostBytes) this.#closePlain()
      builder.addPlain(
        records.bytes,
        records.keyStart,
        keyLength,
        records.valueStart,
        valueLength,
        records.timestampHigh,
        records.timestampLow,
      )
      this.#pieces.add(offset)
      if (records.valueStart > turnEnd) return true
    }
    return false
  }

  /** Makes batches of what was added, if there is something. */
  *close(): Generator<Pending, void, Buffer> {
    const builder = this.#builder
    if (this.#codec === 0) return this.#closePlain()
    const count = builder.recordCount
    if (count === 0) return
    const result = compressSoon(this.#codec, builder.records, this.#options.level)
    const packed = result instanceof Promise ? yield result : result
    const size = BATCH_HEADER_SIZE + packed.length
    if (size <= (count === 1 ? this.#options.maxBatchBytes : this.#mostBytes)) this.#push(packed)
    else if (count === 1) this.#setAside(size)
    else yield* this.#halve(count)
    freeNow(packed)
  }

  #closePlain(): void {
    const builder = this.#builder
    if (builder.recordCount === 0) return
    if (builder.size <= this.#options.maxBatchBytes) this.#push(builder.records)
    else this.#setAside(builder.size)
  }

  /** Each half is compressed, and halved again if that is needed. */
  *#halve(count: number): Generator<Pending, void, Buffer> {
    const builder = this.#builder
    const { baseTimestampHigh, baseTimestampLow } = builder
    const whole = Buffer.from(builder.records)
    const upstreamOffsets = offsetsOf(this.#pieces.take())
    builder.clear()
    const records = new RecordCursor()
    records.open(whole, 0, whole.length, count, count - 1, 0)
    let turnEnd = TURN_BYTES
    let isFirstHalf = true
    while (records.next()) {
      // At least one record is before the border, and one behind it.
      if (isFirstHalf && records.count > 1 && (records.end > whole.length / 2 || records.count === count)) {
        isFirstHalf = false
        yield* this.close()
      }
      const low = (baseTimestampLow + records.timestampDeltaLow) | 0
      const carry = low >>> 0 < baseTimestampLow >>> 0 ? 1 : 0
      builder.add(records, (baseTimestampHigh + records.timestampDeltaHigh + carry) | 0, low)
      this.#pieces.add(upstreamOffsets[records.count - 1]!)
      if (records.end > turnEnd) {
        turnEnd = records.end + TURN_BYTES
        yield undefined
      }
    }
    yield* this.close()
  }

  #push(packed: Buffer): void {
    const { recordCount } = this.#builder
    const bytes = this.#builder.seal(this.#codec, packed)
    this.batches.push({ bytes, recordCount, pieces: this.#pieces.take() })
  }

  /** The builder's only record is too large. */
  #setAside(batchBytes: number): void {
    const [piece] = this.#pieces.take()
    this.#setAsideFrom(this.#builder, piece?.upstreamOffset ?? -1, batchBytes)
    this.#builder.clear()
  }

  #setOldAside(record: LegacyCursor): void {
    const { bytes, keyStart, keyLength, valueStart, valueLength, timestampHigh, timestampLow, offset } = record
    const alone = new BatchBuilder()
    alone.addPlain(bytes, keyStart, keyLength, valueStart, valueLength, timestampHigh, timestampLow)
    this.#setAsideFrom(alone, offset, alone.size)
  }

  #setAsideFrom(builder: BatchBuilder, upstreamOffset: number, batchBytes: number): void {
    const { records: bytes, baseTimestampHigh, baseTimestampLow } = builder
    const record = new RecordCursor()
    record.open(bytes, 0, bytes.length, 1, 0, 0)
    record.next()
    this.oversized.push(oversizedRecord(record, baseTimestampHigh, baseTimestampLow, upstreamOffset, batchBytes))
  }

  #codecFor(header: BatchHeader): Codec {
    return this.#options.codec === 'keep' ? (header.codec as Codec) : this.#options.codec
  }
}
