import { errors } from '../base/errors.ts'
import { NO_CONTROL_TYPE, controlTypeAt } from './control-record.ts'
import { int16At, int32At } from './integers.ts'

/*
 * RecordBatch, magic 2 (Kafka's DefaultRecordBatch), all big endian; `at` is the batch's first byte:
 *
 *   at  size  field
 *    0     8  baseOffset            set by the broker; not covered by the CRC
 *    8     4  batchLength           bytes after this field: size = 12 + batchLength
 *   12     4  partitionLeaderEpoch  set by the broker; not covered by the CRC
 *   16     1  magic                 2
 *   17     4  crc                   CRC-32C of bytes 21 to the end
 *   21     2  attributes            bits 0-2 codec, 3 timestamp type (1: append time), 4 transactional, 5 control,
 *                                   6 delete horizon (base timestamp holds it, KIP-534), 7-15 unused
 *   23     4  lastOffsetDelta       also the last sequence's distance from baseSequence
 *   27     8  baseTimestamp         ms, but any int64
 *   35     8  maxTimestamp
 *   43     8  producerId            -1: none
 *   51     2  producerEpoch         -1: none
 *   53     4  baseSequence          -1: none
 *   57     4  recordCount
 *   61        records               as one block of the codec
 *
 * Message set entry, magic 0 and 1 (LegacyRecord). A compressed entry wraps others; its offset is that of the LAST one:
 *
 *    0     8  offset                12  4  crc (CRC-32 of bytes 16 to the end)    18  8  timestamp, magic 1 only
 *    8     4  messageSize           16  1  magic                                      4  key size, key
 *                                   17  1  attributes: bits 0-2 codec, 3 timestamp type   4  value size, value
 */

/** Bytes of a batch before its records. */
export const BATCH_HEADER_SIZE = 61
/** Where the bytes begin that a batch's CRC covers. */
export const CHECKSUMMED_AT = 21

export const CODEC_MASK = 0x07
export const APPEND_TIME_MASK = 0x08
export const TRANSACTIONAL_MASK = 0x10
export const CONTROL_MASK = 0x20
export const DELETE_HORIZON_MASK = 0x40

/** What producerId, producerEpoch and baseSequence hold in a batch of a producer that is not idempotent. */
export const NO_PRODUCER_ID = -1n
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1
/** partitionLeaderEpoch of a batch that no broker has taken yet. */
export const NO_LEADER_EPOCH = -1

const TWO_TO_32 = 2 ** 32

/** Any int64; not a safe integer if the bytes are hostile (readBatchHeader judges it). */
export function baseOffsetAt(bytes: Buffer, at: number): number {
  return int32At(bytes, at) * TWO_TO_32 + (int32At(bytes, at + 4) >>> 0)
}

/** Whole size in bytes, as the batch claims it. */
export function batchSizeAt(bytes: Buffer, at: number): number {
  return 12 + int32At(bytes, at + 8)
}

export function leaderEpochAt(bytes: Buffer, at: number): number {
  return int32At(bytes, at + 12)
}

export function magicAt(bytes: Buffer, at: number): number {
  return (bytes[at + 16]! << 24) >> 24
}

/** CRC-32C as the batch claims it, 0 to 2^32 - 1. */
export function crcAt(bytes: Buffer, at: number): number {
  return int32At(bytes, at + 17) >>> 0
}

export function attributesAt(bytes: Buffer, at: number): number {
  return int16At(bytes, at + 21) & 0xffff
}

export function lastOffsetDeltaAt(bytes: Buffer, at: number): number {
  return int32At(bytes, at + 23)
}

export function baseTimestampAt(bytes: Buffer, at: number): bigint {
  return bytes.readBigInt64BE(at + 27)
}

export function maxTimestampAt(bytes: Buffer, at: number): bigint {
  return bytes.readBigInt64BE(at + 35)
}

/** The same as a number, for people: exact within 2^53 ms, and -1 where the bytes end before it. */
export function maxTimestampMsAt(bytes: Buffer, at: number): number {
  if (at + 43 > bytes.length) return -1
  return int32At(bytes, at + 35) * TWO_TO_32 + (int32At(bytes, at + 39) >>> 0)
}

export function producerIdAt(bytes: Buffer, at: number): bigint {
  return bytes.readBigInt64BE(at + 43)
}

export function producerEpochAt(bytes: Buffer, at: number): number {
  return int16At(bytes, at + 51)
}

export function baseSequenceAt(bytes: Buffer, at: number): number {
  return int32At(bytes, at + 53)
}

export function recordCountAt(bytes: Buffer, at: number): number {
  return int32At(bytes, at + 57)
}

/** Names of the codecs by their id in the attributes. */
export const CODEC_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** Bytes before and with the magic byte: what must be there to know a batch's size and format. */
const SIZE_UP_TO_MAGIC = 17
/** The smallest message set entries, magic 0 and 1: no key, no value (12 + LegacyRecord.RECORD_OVERHEAD_V0 and V1). */
const LEAST_ENTRY_SIZES = [26, 34] as const
/** Length, attributes, timestamp delta, offset delta, key length, value length, header count: one byte each. */
const LEAST_RECORD_SIZE = 7

/**
 * The header of one batch as plain fields: filled again and again by readBatchHeader, so copy what must outlive the
 * next call. For magic 0 and 1 it describes one message set entry: no producer, and `crc` 0. A compressed one has
 * `recordCount` -1, because only decompressing tells it, and the offset of the LAST record inside as `baseOffset`: the
 * first one is lower.
 */
export class BatchHeader {
  baseOffset = 0
  /** Whole size in bytes. */
  size = 0
  leaderEpoch = NO_LEADER_EPOCH
  magic = 2
  /** CRC-32C as claimed, 0 to 2^32 - 1. */
  crc = 0
  attributes = 0
  lastOffsetDelta = 0
  /** baseOffset + lastOffsetDelta. The next offset to fetch is one more, also if its last records were compacted away. */
  lastOffset = 0
  producerIdHigh = -1
  producerIdLow = -1
  producerEpoch = NO_PRODUCER_EPOCH
  baseSequence = NO_SEQUENCE
  /** 0 in a batch that compaction emptied; -1 if not known. */
  recordCount = 0
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  codec = 0
  isTransactional = false
  isControl = false
  isAppendTime = false
  hasDeleteHorizon = false
  /** What the first control record says (control-record.ts); NO_CONTROL_TYPE if there is none to be read. */
  controlType: number = NO_CONTROL_TYPE

  /** -1n: none. Allocates: not for every batch. */
  get producerId(): bigint {
    return (BigInt(this.producerIdHigh) << 32n) | BigInt(this.producerIdLow >>> 0)
  }

  /** As Java's RecordBatch.hasProducerId. */
  get hasProducerId(): boolean {
    return this.producerIdHigh >= 0
  }
}

/**
 * Reads and judges the header of the batch at `at`. The records are not touched and the CRC is not checked (crc32c.ts).
 * @param limit index after the last byte of the fetched records
 * @param into  is filled and returned; a new one if left out
 * @returns 'truncated' when the batch goes on behind `limit`: usual for the last one of a partition, never for the first
 * @throws BATCH_CORRUPT for a size, magic, codec, offset or count that no broker writes
 * Source: ByteBufferLogInputStream.nextBatchSize, DefaultRecordBatch, LogValidator.validateBatch.
 */
export function readBatchHeader(
  bytes: Buffer,
  at: number,
  limit: number,
  into = new BatchHeader(),
): BatchHeader | 'truncated' {
  if (limit - at < SIZE_UP_TO_MAGIC) return 'truncated'
  into.baseOffset = baseOffsetAt(bytes, at)
  into.size = batchSizeAt(bytes, at)
  into.magic = magicAt(bytes, at)
  if (into.baseOffset < 0 || !Number.isSafeInteger(into.baseOffset)) refuse(into, 'its base offset is no offset')
  if (into.magic < 0 || into.magic > 2) refuse(into, `its format (magic) is ${into.magic}; known are 0, 1 and 2`)
  const leastSize = LEAST_ENTRY_SIZES[into.magic] ?? BATCH_HEADER_SIZE
  if (into.size < leastSize) refuse(into, `it claims ${into.size} bytes, fewer than the ${leastSize} of an empty one`)
  if (into.size > limit - at) return 'truncated'
  return into.magic === 2 ? readMagic2(bytes, at, into) : readMagic0Or1(bytes, at, into)
}

function readMagic2(bytes: Buffer, at: number, into: BatchHeader): BatchHeader {
  into.leaderEpoch = leaderEpochAt(bytes, at)
  into.crc = crcAt(bytes, at)
  into.lastOffsetDelta = lastOffsetDeltaAt(bytes, at)
  into.lastOffset = into.baseOffset + into.lastOffsetDelta
  into.producerIdHigh = int32At(bytes, at + 43)
  into.producerIdLow = int32At(bytes, at + 47)
  into.producerEpoch = producerEpochAt(bytes, at)
  into.baseSequence = baseSequenceAt(bytes, at)
  into.recordCount = recordCountAt(bytes, at)
  setAttributes(into, attributesAt(bytes, at))
  judgeCounts(into)
  into.controlType = readControlType(bytes, at, into)
  return into
}

function readControlType(bytes: Buffer, at: number, header: BatchHeader): number {
  if (!header.isControl || header.recordCount === 0 || header.codec !== 0) return NO_CONTROL_TYPE
  return controlTypeAt(bytes, at + BATCH_HEADER_SIZE, at + header.size)
}

function readMagic0Or1(bytes: Buffer, at: number, into: BatchHeader): BatchHeader {
  into.leaderEpoch = NO_LEADER_EPOCH
  into.crc = 0
  into.lastOffsetDelta = 0
  into.lastOffset = into.baseOffset
  into.producerIdHigh = -1
  into.producerIdLow = -1
  into.producerEpoch = NO_PRODUCER_EPOCH
  into.baseSequence = NO_SEQUENCE
  // Only these bits exist in the old formats; magic 0 has no timestamp and so no timestamp type.
  setAttributes(into, bytes[at + 17]! & (CODEC_MASK | (into.magic === 1 ? APPEND_TIME_MASK : 0)))
  into.recordCount = into.codec === 0 ? 1 : -1
  into.controlType = NO_CONTROL_TYPE
  return into
}

function setAttributes(into: BatchHeader, attributes: number): void {
  into.attributes = attributes
  into.codec = attributes & CODEC_MASK
  into.isAppendTime = (attributes & APPEND_TIME_MASK) !== 0
  into.isTransactional = (attributes & TRANSACTIONAL_MASK) !== 0
  into.isControl = (attributes & CONTROL_MASK) !== 0
  into.hasDeleteHorizon = (attributes & DELETE_HORIZON_MASK) !== 0
  if (into.codec >= CODEC_NAMES.length) refuse(into, `its codec has the id ${into.codec}, which no broker knows`)
}

/** Sequences and positions are counted from these numbers, so they must be possible together. */
function judgeCounts(header: BatchHeader): void {
  const { lastOffsetDelta, recordCount, size, codec } = header
  if (lastOffsetDelta < 0) refuse(header, `its last offset delta is ${lastOffsetDelta}`)
  if (!Number.isSafeInteger(header.lastOffset)) refuse(header, 'its last offset is no offset')
  if (recordCount < 0 || recordCount > lastOffsetDelta + 1) {
    refuse(header, `it claims ${recordCount} records in ${lastOffsetDelta + 1} offsets`)
  }
  if (codec === 0 && recordCount * LEAST_RECORD_SIZE > size - BATCH_HEADER_SIZE) {
    refuse(header, `it claims ${recordCount} records in ${size - BATCH_HEADER_SIZE} bytes`)
  }
}

function refuse(header: BatchHeader, what: string): never {
  throw errors.BATCH_CORRUPT({ offset: header.baseOffset, what })
}
