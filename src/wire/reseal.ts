import { errors } from '../base/errors.ts'
import { crc32cOf, patchChecksum } from './crc32c.ts'
import {
  APPEND_TIME_MASK,
  BATCH_HEADER_SIZE,
  CHECKSUMMED_AT,
  DELETE_HORIZON_MASK,
  NO_LEADER_EPOCH,
  TRANSACTIONAL_MASK,
  attributesAt,
  baseOffsetAt,
  crcAt,
} from './record-batch.ts'

// Grammar of a batch: record-batch.ts.

const CLEARED_MASK = APPEND_TIME_MASK | TRANSACTIONAL_MASK | DELETE_HORIZON_MASK

/** The header's checksummed bytes before a change; one is enough, because resealBatch does not wait in between. */
const oldHeader = new Uint8Array(BATCH_HEADER_SIZE - CHECKSUMMED_AT)

/** Splits a producer id into halves without making another bigint, as Buffer.writeBigInt64BE would. */
const producerIdView = new DataView(new ArrayBuffer(8))

/** Who writes the batch to the target. NO_PRODUCER_ID, NO_PRODUCER_EPOCH and NO_SEQUENCE where idempotence is off. */
export interface Seal {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** 0 to 2^31 - 1. */
  readonly baseSequence: number
  /** Part of a transaction of this producer. */
  readonly isTransactional: boolean
  /** Check the CRC over the whole batch first. */
  readonly verify: boolean
}

/**
 * Makes a fetched batch one that the target takes from us: base offset 0, leader epoch -1, our producer,
 * transactional only if the seal says so, create time, no delete horizon. The records stay as they are. The base timestamp does too, also where
 * it held the delete horizon: the records' timestamp deltas are relative to it.
 * @param bytes holds a batch of magic 2; modified in place, not at all when this throws
 * @param at    index of the batch's first byte
 * @param size  size of the whole batch in bytes
 * @throws BATCH_CHECKSUM when `seal.verify` is set and the bytes do not have the claimed CRC
 * The CRC is patched, never computed anew, so that damage done before or after the check is still seen by the target.
 * Source: UnifiedLog, LogValidator.validateBatch, ProduceRequest.validateRecords, KIP-534.
 */
export function resealBatch(bytes: Buffer, at: number, size: number, seal: Seal): void {
  if (seal.verify) verifyChecksum(bytes, at, size)
  for (let index = 0; index < oldHeader.length; index++) oldHeader[index] = bytes[at + CHECKSUMMED_AT + index]!
  const oldCrc = crcAt(bytes, at)
  forwardBatch(bytes, at)
  const kept = attributesAt(bytes, at) & ~CLEARED_MASK
  bytes.writeUInt16BE(seal.isTransactional ? kept | TRANSACTIONAL_MASK : kept, at + 21)
  producerIdView.setBigInt64(0, seal.producerId)
  bytes.writeInt32BE(producerIdView.getInt32(0), at + 43)
  bytes.writeInt32BE(producerIdView.getInt32(4), at + 47)
  bytes.writeInt16BE(seal.producerEpoch, at + 51)
  bytes.writeInt32BE(seal.baseSequence, at + 53)
  bytes.writeUInt32BE(patchChecksum(oldCrc, oldHeader, bytes, at, size), at + 17)
}

/**
 * Changes only what the CRC does not cover: base offset 0, leader epoch -1.
 * @param bytes holds a batch of magic 2; modified in place
 */
export function forwardBatch(bytes: Buffer, at: number): void {
  bytes.fill(0, at, at + 8)
  bytes.writeInt32BE(NO_LEADER_EPOCH, at + 12)
}

/**
 * To be called also before a batch is dropped: a flipped bit can make data look like a control batch.
 * @throws BATCH_CHECKSUM when a magic 2 batch's bytes do not have the CRC that its header claims
 */
export function verifyChecksum(bytes: Buffer, at: number, size: number): void {
  const stored = crcAt(bytes, at)
  const computed = crc32cOf(bytes, at + CHECKSUMMED_AT, at + size)
  if (stored === computed) return
  const offset = baseOffsetAt(bytes, at)
  throw errors.BATCH_CHECKSUM({ offset, size, stored: hex(stored), computed: hex(computed) })
}

function hex(crc: number): string {
  return `0x${crc.toString(16).padStart(8, '0')}`
}
