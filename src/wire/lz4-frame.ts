import { compress as compressBlock, compressSync as compressBlockSync, uncompress } from 'lz4-napi'
import { errors } from '../base/errors.ts'
import { decodeLz4Block, lz4BlockSize, prefixedBlock } from './lz4-block.ts'
import { xxHash32 } from './xxhash32.ts'

/*
 * LZ4 frame as Kafka has it (Lz4BlockOutputStream, Lz4BlockInputStream), little endian:
 *
 *   4  magic 0x184d2204
 *   1  FLG            bits 6-7 version: 1; 5 blocks are independent: 1; 4 block checksums; 3 content size; 2 content
 *                     checksum; 0-1 must be 0
 *   1  BD             bits 4-6 largest block: 4 64 KiB, 5 256 KiB, 6 1 MiB, 7 4 MiB; the others must be 0
 *   8  content size   only with its bit; nobody looks at it
 *   1  HC             second byte of XXH32 of FLG to content size; in message sets of magic 0 of FRAME MAGIC to
 *                     content size, which is wrong and is therefore not looked at there
 *      blocks         uint32 size, highest bit: not compressed; bytes; XXH32 of them if there are block checksums
 *   4  0              the end
 *   4  content checksum, only with its bit; not looked at
 *
 * Java's reader stops at the end; what follows is not read, also if it is another frame.
 */

const FRAME_MAGIC = 0x184d2204
const VERSION_AND_INDEPENDENT = 0x60
const VERSION_AND_INDEPENDENT_MASK = 0xe3
const BLOCK_CHECKSUM_BIT = 0x10
const CONTENT_SIZE_BIT = 0x08
const CONTENT_CHECKSUM_BIT = 0x04
const NOT_COMPRESSED = 0x8000_0000
const SIZE_FIELD = 4

/** 64 KiB, as Java writes: a reader needs a buffer of this size. */
const BLOCK_SIZE = 64 * 1024
const FRAME_HEADER = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82])
const FRAME_END = Buffer.alloc(4)

/** Where the blocks are and what they expand to. */
interface Lz4Blocks {
  /** Start and end of each block's bytes in turn, and its size when decompressed; -1: it is not compressed. */
  readonly places: readonly number[]
  /** Of all blocks together, when decompressed. */
  readonly size: number
}

/**
 * Decompresses a frame.
 * @param magic of the batch: HC is not looked at in magic 0
 * @throws COMPRESSED_BYTES_CORRUPT, or DECOMPRESSION_LIMIT before anything is allocated
 */
export function decompressLz4(bytes: Buffer, limitBytes: number, magic: number): Buffer {
  const { places, size } = findBlocks(bytes, limitBytes, magic)
  const output = Buffer.allocUnsafe(size)
  let at = 0
  for (let index = 0; index < places.length; index += 3) {
    const start = places[index]!
    const end = places[index + 1]!
    const blockSize = places[index + 2]!
    if (blockSize < 0) at += bytes.copy(output, at, start, end)
    else if (decodeLz4Block(bytes, start, end, output, at, blockSize)) at += blockSize
    else refuse(`the block at byte ${start} is damaged`)
  }
  return output
}

/** As decompressLz4, in other threads. `bytes` must stay as they are until it is done. */
export async function decompressLz4Async(bytes: Buffer, limitBytes: number, magic: number): Promise<Buffer> {
  const { places, size } = findBlocks(bytes, limitBytes, magic)
  const output = Buffer.allocUnsafe(size)
  let at = 0
  for (let index = 0; index < places.length; index += 3) {
    const start = places[index]!
    const end = places[index + 1]!
    const blockSize = places[index + 2]!
    if (blockSize < 0) {
      at += bytes.copy(output, at, start, end)
      continue
    }
    const input = prefixedBlock(bytes, start, end, blockSize, Buffer.allocUnsafe(end - start + SIZE_FIELD))
    const block = await uncompress(input).catch(() => undefined)
    if (block === undefined || block.length !== blockSize) refuse(`the block at byte ${start} is damaged`)
    at += block.copy(output, at)
  }
  return output
}

/** What a frame expands to, from its tokens alone. @throws as decompressLz4 */
export function lz4FrameSize(bytes: Buffer, limitBytes: number, magic: number): number {
  return findBlocks(bytes, limitBytes, magic).size
}

/** Compresses into a frame as Java writes it: independent blocks of 64 KiB, no checksums. */
export function compressLz4(bytes: Buffer): Buffer {
  const parts: Buffer[] = [FRAME_HEADER]
  for (let start = 0; start < bytes.length; start += BLOCK_SIZE) {
    const block = bytes.subarray(start, start + BLOCK_SIZE)
    addBlock(parts, block, compressBlockSync(block))
  }
  parts.push(FRAME_END)
  return Buffer.concat(parts)
}

/** As compressLz4, in other threads. */
export async function compressLz4Async(bytes: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [FRAME_HEADER]
  for (let start = 0; start < bytes.length; start += BLOCK_SIZE) {
    const block = bytes.subarray(start, start + BLOCK_SIZE)
    addBlock(parts, block, await compressBlock(block))
  }
  parts.push(FRAME_END)
  return Buffer.concat(parts)
}

/** lz4-napi puts the size when decompressed before its block; the frame has the size of the block at that place. */
function addBlock(parts: Buffer[], block: Buffer, compressed: Buffer): void {
  const size = compressed.length - SIZE_FIELD
  if (size < block.length) {
    compressed.writeUInt32LE(size, 0)
    parts.push(compressed)
  } else {
    const sizeField = Buffer.allocUnsafe(SIZE_FIELD)
    sizeField.writeUInt32LE(NOT_COMPRESSED + block.length, 0)
    parts.push(sizeField, block)
  }
}

function findBlocks(bytes: Buffer, limitBytes: number, magic: number): Lz4Blocks {
  const places: number[] = []
  if (bytes.length < 7) refuse('it ends inside the frame header')
  if (bytes.readUInt32LE(0) !== FRAME_MAGIC) refuse('it does not begin as an LZ4 frame')
  const flags = bytes[4]!
  if ((flags & VERSION_AND_INDEPENDENT_MASK) !== VERSION_AND_INDEPENDENT) refuse(`its FLG byte is ${flags}`)
  const largestBlock = largestBlockOf(bytes[5]!)
  let at = 6 + ((flags & CONTENT_SIZE_BIT) === 0 ? 0 : 8)
  if (at >= bytes.length) refuse('it ends inside the frame header')
  if (magic > 0 && bytes[at] !== ((xxHash32(bytes, 4, at) >>> 8) & 0xff)) refuse('its header checksum is wrong')
  at++
  for (let size = 0; ;) {
    if (bytes.length - at < SIZE_FIELD) refuse('it ends before its end mark')
    const field = bytes.readUInt32LE(at)
    at += SIZE_FIELD
    const blockBytes = field % NOT_COMPRESSED
    if (blockBytes === 0) {
      if ((flags & CONTENT_CHECKSUM_BIT) !== 0 && bytes.length - at < 4) refuse('it ends before its content checksum')
      return { places, size }
    }
    if (blockBytes > largestBlock) refuse(`a block has ${blockBytes} bytes; its header allows ${largestBlock}`)
    const start = at
    const end = start + blockBytes
    if (end > bytes.length) refuse(`the block at byte ${start} goes on behind its end`)
    const blockSize = field >= NOT_COMPRESSED ? -1 : lz4BlockSize(bytes, start, end)
    if (field < NOT_COMPRESSED && (blockSize < 0 || blockSize > largestBlock)) {
      refuse(`the block at byte ${start} is damaged`)
    }
    at = (flags & BLOCK_CHECKSUM_BIT) === 0 ? end : afterChecksum(bytes, start, end)
    size += blockSize < 0 ? blockBytes : blockSize
    if (size > limitBytes) throw errors.DECOMPRESSION_LIMIT({ codec: 'lz4', limitBytes })
    places.push(start, end, blockSize)
  }
}

function largestBlockOf(descriptor: number): number {
  const code = descriptor >> 4
  if ((descriptor & 0x8f) !== 0 || code < 4) refuse(`its BD byte is ${descriptor}`)
  return 1 << (2 * code + 8)
}

function afterChecksum(bytes: Buffer, start: number, end: number): number {
  if (bytes.length - end < 4) refuse('it ends inside a block checksum')
  if (bytes.readUInt32LE(end) !== xxHash32(bytes, start, end)) refuse(`the block at byte ${start} has a wrong checksum`)
  return end + 4
}

function refuse(what: string): never {
  throw errors.COMPRESSED_BYTES_CORRUPT({ codec: 'lz4', what })
}
