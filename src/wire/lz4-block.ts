import { uncompressSync } from 'lz4-napi'

/*
 * LZ4 block: sequences of
 *
 *   token                high 4 bits: length of the literals, low 4 bits: length of the match - 4
 *   more literal length  only if 15: bytes to be added, up to and with the first that is not 255
 *   literals
 *   offset               uint16, little endian: how far back in the output the match begins; never 0
 *   more match length    only if 15: as above
 *
 * The last sequence ends after its literals. Source: lz4's doc/lz4_Block_format.md.
 */

const LEAST_MATCH = 4
/** Below this output a loop here is faster than a call into native code (bench/micro-transcode.ts). */
const NATIVE_FROM_SIZE = 1024
/** Above this a copy by native code is faster than a loop. */
const LOOP_UP_TO = 32

/** What lz4-napi wants before a block: its size when decompressed, as uint32, little endian. */
const SIZE_PREFIX = 4
let prefixed = Buffer.allocUnsafe(64 * 1024 + SIZE_PREFIX)

/**
 * What a block expands to, from its tokens alone: nothing is allocated, whatever they claim.
 * @param start index of the first byte, @param end index after the last one
 * @returns size in bytes; -1 when the block is cut or its claims lead behind its end
 */
export function lz4BlockSize(bytes: Buffer, start: number, end: number): number {
  let at = start
  let size = 0
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >> 4
    if (literals === 15) {
      let more = 255
      while (more === 255) {
        if (at >= end) return -1
        more = bytes[at++]!
        literals += more
      }
    }
    at += literals
    size += literals
    if (at === end) return size
    at += 2
    let match = token & 15
    if (match === 15) {
      let more = 255
      while (more === 255) {
        if (at >= end) return -1
        more = bytes[at++]!
        match += more
      }
    }
    size += match + LEAST_MATCH
    if (at > end) return -1
  }
  return -1
}

/**
 * Decompresses a block.
 * @param start index of the block's first byte in `bytes`, @param end index after its last one
 * @param into  takes the output from `at` on
 * @param size  what lz4BlockSize said
 * @returns false when the block is damaged; then `into` may hold a part of it, never more than `size` bytes
 */
export function decodeLz4Block(
  bytes: Buffer,
  start: number,
  end: number,
  into: Buffer,
  at: number,
  size: number,
): boolean {
  if (size < NATIVE_FROM_SIZE) return decodeHere(bytes, start, end, into, at, size)
  const input = prefixedBlock(bytes, start, end, size, reusable(end - start + SIZE_PREFIX))
  let output: Buffer
  try {
    output = uncompressSync(input)
  } catch {
    // Native code says only that it is damaged; the caller says where.
    return false
  }
  return output.length === size && output.copy(into, at) === size
}

/**
 * A block as lz4-napi wants it.
 * @param into at least 4 bytes longer than the block
 * @returns a view of `into`
 */
export function prefixedBlock(bytes: Buffer, start: number, end: number, size: number, into: Buffer): Buffer {
  into.writeUInt32LE(size, 0)
  bytes.copy(into, SIZE_PREFIX, start, end)
  return into.subarray(0, SIZE_PREFIX + end - start)
}

function reusable(size: number): Buffer {
  if (prefixed.length < size) prefixed = Buffer.allocUnsafe(size)
  return prefixed
}

function decodeHere(bytes: Buffer, start: number, end: number, into: Buffer, first: number, size: number): boolean {
  const outputEnd = first + size
  let from = start
  let at = first
  while (from < end) {
    const token = bytes[from++]!
    let literals = token >> 4
    if (literals === 15) {
      let more = 255
      while (more === 255 && from < end) {
        more = bytes[from++]!
        literals += more
      }
    }
    if (literals > end - from || literals > outputEnd - at) return false
    if (literals > LOOP_UP_TO) {
      bytes.copy(into, at, from, from + literals)
      at += literals
      from += literals
    } else {
      for (const last = from + literals; from < last;) into[at++] = bytes[from++]!
    }
    if (from === end) return at === outputEnd
    if (end - from < 2) return false
    const back = bytes[from]! | (bytes[from + 1]! << 8)
    from += 2
    let match = token & 15
    if (match === 15) {
      let more = 255
      while (more === 255 && from < end) {
        more = bytes[from++]!
        match += more
      }
    }
    match += LEAST_MATCH
    if (back === 0 || back > at - first || match > outputEnd - at) return false
    for (const last = at + match; at < last; at++) into[at] = into[at - back]!
  }
  return false
}
