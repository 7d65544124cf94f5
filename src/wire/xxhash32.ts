/*
 * XXH32 with seed 0, little endian (xxHash specification, section "XXH32"): what LZ4 frames have as checksums.
 */
const PRIME_1 = 0x9e3779b1 | 0
const PRIME_2 = 0x85ebca77 | 0
const PRIME_3 = 0xc2b2ae3d | 0
const PRIME_4 = 0x27d4eb2f | 0
const PRIME_5 = 0x165667b1 | 0

/**
 * @param start index of the first byte, @param end index after the last one
 * @returns XXH32 with seed 0, 0 to 2^32 - 1
 */
export function xxHash32(bytes: Buffer, start: number, end: number): number {
  const size = end - start
  let at = start
  let hash = PRIME_5
  if (size >= 16) {
    let lane1 = (PRIME_1 + PRIME_2) | 0
    let lane2 = PRIME_2
    let lane3 = 0
    let lane4 = -PRIME_1 | 0
    for (; at + 16 <= end; at += 16) {
      lane1 = round(lane1, bytes.readInt32LE(at))
      lane2 = round(lane2, bytes.readInt32LE(at + 4))
      lane3 = round(lane3, bytes.readInt32LE(at + 8))
      lane4 = round(lane4, bytes.readInt32LE(at + 12))
    }
    hash = rotate(lane1, 1) + rotate(lane2, 7) + rotate(lane3, 12) + rotate(lane4, 18)
  }
  hash = (hash + size) | 0
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(bytes.readInt32LE(at), PRIME_3)) | 0, 17), PRIME_4)
  }
  for (; at < end; at++) hash = Math.imul(rotate((hash + Math.imul(bytes[at]!, PRIME_5)) | 0, 11), PRIME_1)
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2)
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3)
  return (hash ^ (hash >>> 16)) >>> 0
}

function round(lane: number, input: number): number {
  return Math.imul(rotate((lane + Math.imul(input, PRIME_2)) | 0, 13), PRIME_1)
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
