/*
 * VARINT and VARLONG of Kafka's records: zigzag (0, -1, 1, -2, ... become 0, 1, 2, 3, ...), then 7 bits a byte, lowest
 * first; the high bit says that another byte follows. Int64s are kept as two int32 halves, so that no bigint is made.
 * Source: ByteUtils.writeVarint, writeVarlong.
 */

/** Most bytes of a VARINT and of a VARLONG. */
export const LARGEST_VARINT = 5
export const LARGEST_VARLONG = 10

/** @param value an int32 */
export function sizeOfVarint(value: number): number {
  const zigzag = (value << 1) ^ (value >> 31)
  return zigzag === 0 ? 1 : Math.trunc((38 - Math.clz32(zigzag)) / 7)
}

/**
 * @param value an int32
 * @returns index after the last byte
 */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = (value << 1) ^ (value >> 31)
  while ((rest & ~0x7f) !== 0) {
    bytes[at++] = rest | 0x80
    rest >>>= 7
  }
  bytes[at] = rest
  return at + 1
}

/** @param high and @param low int32 halves of an int64 */
export function sizeOfVarlong(high: number, low: number): number {
  const zigzagHigh = ((high << 1) | (low >>> 31)) ^ (high >> 31)
  if (zigzagHigh !== 0) return Math.trunc((70 - Math.clz32(zigzagHigh)) / 7)
  const zigzagLow = (low << 1) ^ (high >> 31)
  return zigzagLow === 0 ? 1 : Math.trunc((38 - Math.clz32(zigzagLow)) / 7)
}

/**
 * @param high and @param low int32 halves of an int64
 * @returns index after the last byte
 */
export function writeVarlong(bytes: Buffer, at: number, high: number, low: number): number {
  let restHigh = ((high << 1) | (low >>> 31)) ^ (high >> 31)
  let rest = (low << 1) ^ (high >> 31)
  while (restHigh !== 0 || (rest & ~0x7f) !== 0) {
    bytes[at++] = rest | 0x80
    rest = (rest >>> 7) | (restHigh << 25)
    restHigh >>>= 7
  }
  bytes[at] = rest
  return at + 1
}
