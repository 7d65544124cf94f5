import { crc32c } from '@node-rs/crc32'
import { BATCH_HEADER_SIZE, CHECKSUMMED_AT, crcAt } from './record-batch.ts'

/*
 * CRC-32C (Castagnoli), reflected: polynomial 0x82f63b78, start and final value 0xffffffff.
 *
 * A patch instead of a second pass. Let A and B have the same length and differ only in a prefix; D = A xor B there.
 * The CRC is affine over GF(2), so crc(B) = crc(A) xor L(D followed by n zero bytes), where L is the CRC with start and
 * final value 0, and n the length of what follows the prefix. Appending a zero byte multiplies the register by x^8
 * modulo the polynomial; n of them multiply it by x^(8n). That factor is put together from four tables, one for each
 * byte of n: the power for that byte's value at its place.
 *
 * So a batch that was damaged before the patch is as damaged after it: crc(B) is right exactly if crc(A) was.
 */

const POLYNOMIAL = 0x82f63b78
/** 1 in the reflected representation: the highest bit is the coefficient of x^0. */
const ONE = 0x8000_0000
/** x^8. */
const X8 = 0x0080_0000

/** For small inputs a table walk is cheaper than a view and a call into native code (bench/micro-reseal.ts). */
const NATIVE_FROM_SIZE = 256

const BYTE_TABLE = makeByteTable()
/** What a byte becomes when so many zero bytes follow it: eight bytes are looked up at a time ("slicing by eight"). */
const BEFORE_1 = withZeroAfter(BYTE_TABLE)
const BEFORE_2 = withZeroAfter(BEFORE_1)
const BEFORE_3 = withZeroAfter(BEFORE_2)
const BEFORE_4 = withZeroAfter(BEFORE_3)
const BEFORE_5 = withZeroAfter(BEFORE_4)
const BEFORE_6 = withZeroAfter(BEFORE_5)
const BEFORE_7 = withZeroAfter(BEFORE_6)
const POWER_TABLES = makePowerTables()

/**
 * @param start index of the first byte, @param end index after the last one
 * @returns CRC-32C, 0 to 2^32 - 1
 */
export function crc32cOf(bytes: Buffer, start: number, end: number): number {
  if (end - start >= NATIVE_FROM_SIZE) return crc32c(bytes.subarray(start, end))
  let register = -1
  let index = start
  for (; index < end - 7; index += 8) {
    register =
      BEFORE_7[(register ^ bytes[index]!) & 0xff]! ^
      BEFORE_6[((register >>> 8) ^ bytes[index + 1]!) & 0xff]! ^
      BEFORE_5[((register >>> 16) ^ bytes[index + 2]!) & 0xff]! ^
      BEFORE_4[(register >>> 24) ^ bytes[index + 3]!]! ^
      BEFORE_3[bytes[index + 4]!]! ^
      BEFORE_2[bytes[index + 5]!]! ^
      BEFORE_1[bytes[index + 6]!]! ^
      BYTE_TABLE[bytes[index + 7]!]!
  }
  for (; index < end; index++) register = BYTE_TABLE[(register ^ bytes[index]!) & 0xff]! ^ (register >>> 8)
  return ~register >>> 0
}

/** True when a magic 2 batch's bytes have the CRC that its header claims. */
export function batchChecksumMatches(bytes: Buffer, at: number, size: number): boolean {
  return crc32cOf(bytes, at + CHECKSUMMED_AT, at + size) === crcAt(bytes, at)
}

/**
 * The CRC-32C of a batch after its header bytes 21 to 61 changed, without reading the records.
 * @param oldCrc    CRC before the change
 * @param oldHeader the 40 bytes 21 to 61 as they were
 * @param bytes     holds the changed batch
 * @param at        index of the changed batch's first byte
 * @param size      size of the whole batch in bytes
 * @returns CRC-32C, 0 to 2^32 - 1
 */
export function patchChecksum(oldCrc: number, oldHeader: Uint8Array, bytes: Buffer, at: number, size: number): number {
  let register = 0
  const start = at + CHECKSUMMED_AT
  for (let index = 0; index < BATCH_HEADER_SIZE - CHECKSUMMED_AT; index++) {
    register = BYTE_TABLE[(register ^ oldHeader[index]! ^ bytes[start + index]!) & 0xff]! ^ (register >>> 8)
  }
  return (oldCrc ^ appendZeros(register, size - BATCH_HEADER_SIZE)) >>> 0
}

/** The register after `count` zero bytes. */
function appendZeros(register: number, count: number): number {
  let product = register
  for (let place = 0, rest = count; rest > 0; place++, rest >>>= 8) {
    const digit = rest & 0xff
    if (digit !== 0) product = multiply(product, POWER_TABLES[place * 256 + digit]!)
  }
  return product
}

/** Product of two polynomials of degree below 32, modulo the CRC's; both reflected. */
function multiply(a: number, b: number): number {
  let product = 0
  let power = b
  for (let rest = a; rest !== 0; rest <<= 1) {
    // The sign bit of `rest` is the coefficient in turn; `power` is b times x to that turn.
    product ^= power & (rest >> 31)
    power = (power >>> 1) ^ (POLYNOMIAL & -(power & 1))
  }
  return product
}

function makeByteTable(): Int32Array {
  const table = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let register = byte
    for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (POLYNOMIAL & -(register & 1))
    table[byte] = register
  }
  return table
}

function withZeroAfter(table: Int32Array): Int32Array {
  return table.map((register) => BYTE_TABLE[register & 0xff]! ^ (register >>> 8))
}

/** Entry `place * 256 + digit` is x^(8 * digit * 256^place). */
function makePowerTables(): Int32Array {
  const tables = new Int32Array(4 * 256)
  let step = X8
  for (let place = 0; place < 4; place++) {
    let power = ONE
    for (let digit = 0; digit < 256; digit++) {
      tables[place * 256 + digit] = power
      power = multiply(power, step)
    }
    step = power
  }
  return tables
}
