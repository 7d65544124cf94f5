/*
 * A control batch holds one record, never compressed, that ends a transaction (Kafka's ControlRecordType):
 *
 *   Record   => Length VARINT, Attributes INT8, TimestampDelta VARLONG, OffsetDelta VARINT, KeyLength VARINT, Key, ...
 *   Key      => Version INT16 (>= 0), Type INT16: 0 abort, 1 commit, others belong to KRaft or the future
 *
 * VARINT and VARLONG are zigzag, 7 bits a byte, lowest first, at most 5 and 10 bytes.
 */

export const ABORT_MARKER = 0
export const COMMIT_MARKER = 1
/** There is no control record, or none that can be read. */
export const NO_CONTROL_TYPE = -1

const LONGEST_VARLONG_SIZE = 10

/**
 * Type of the first control record.
 * @param at    index of the first record's first byte
 * @param limit index after the batch's last byte
 * @returns the type, or NO_CONTROL_TYPE when the bytes are not such a record
 */
export function controlTypeAt(bytes: Buffer, at: number, limit: number): number {
  const attributesAt = skipVarint(bytes, at, limit)
  const timestampAt = attributesAt + 1
  const offsetDeltaAt = skipVarint(bytes, timestampAt, limit)
  const keyLengthAt = skipVarint(bytes, offsetDeltaAt, limit)
  const keyAt = skipVarint(bytes, keyLengthAt, limit)
  // NaN, the answer for a varint that does not end, makes each of these claims false.
  if (!(keyAt + 4 <= limit) || !keyHoldsType(bytes, keyLengthAt)) return NO_CONTROL_TYPE
  return bytes.readInt16BE(keyAt) < 0 ? NO_CONTROL_TYPE : bytes.readUInt16BE(keyAt + 2)
}

/** Index of the byte after the varint; NaN when it does not end before `limit`. */
function skipVarint(bytes: Buffer, at: number, limit: number): number {
  const end = Math.min(limit, at + LONGEST_VARLONG_SIZE)
  for (let index = at; index < end; index++) if (bytes[index]! < 0x80) return index + 1
  return Number.NaN
}

/** The key length is 4 or more: zigzag, so the first byte is even, and at least 8 or followed by others. */
function keyHoldsType(bytes: Buffer, keyLengthAt: number): boolean {
  const first = bytes[keyLengthAt]!
  return (first & 1) === 0 && (first >= 0x80 || first >= 8)
}
