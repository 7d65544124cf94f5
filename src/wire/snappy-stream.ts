import { compress as compressBlock, compressSync, uncompress, uncompressSync } from 'snappy'
import { errors } from '../base/errors.ts'

/*
 * Snappy comes in two framings. librdkafka and others write one raw block:
 *
 *   varint           size when decompressed
 *   elements         literals and copies
 *
 * Java writes what xerial's SnappyOutputStream does, big endian:
 *
 *   8  82 'SNAPPY' 00
 *   4  version, 4  least version that can read it: 1
 *   chunks: int32 size and a raw block, each of up to 32 KiB when decompressed. Instead of a size the first four bytes
 *   of the header may come again, with the rest of it: streams can be put together.
 *
 * Source: xerial's SnappyInputStream, snappy's format_description.txt.
 */

const XERIAL_HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
const MAGIC_SIZE = 8
/** The header's first four bytes, where a chunk's size may stand. */
const HEADER_AGAIN = XERIAL_HEADER.readInt32BE(0)
const CHUNK_SIZE = 32 * 1024
/** A copy of three bytes expands to 64 at the most. */
const MOST_EXPANSION = 22
/** A view of memory outside of V8's heap would cost more than a copy of it. */
const COPIED = { copyOutputData: true } as const

interface SnappyBlocks {
  /** Start and end of each raw block in turn, and its size when decompressed. */
  readonly places: readonly number[]
  readonly size: number
}

/**
 * Decompresses either framing.
 * @throws COMPRESSED_BYTES_CORRUPT, or DECOMPRESSION_LIMIT before anything is allocated
 */
export function decompressSnappy(bytes: Buffer, limitBytes: number): Buffer {
  const { places, size } = findBlocks(bytes, limitBytes)
  const only = places.length === 3
  const output = only ? undefined : Buffer.allocUnsafe(size)
  let at = 0
  for (let index = 0; index < places.length; index += 3) {
    const start = places[index]!
    let block: Buffer
    try {
      block = uncompressSync(bytes.subarray(start, places[index + 1]!), COPIED) as Buffer
    } catch (cause) {
      refuse(`the block at byte ${start} is damaged`, cause)
    }
    if (block.length !== places[index + 2]!) refuse(`the block at byte ${start} has another size than it claims`)
    if (output === undefined) return block
    at += block.copy(output, at)
  }
  return output ?? Buffer.alloc(0)
}

/** As decompressSnappy, in other threads. `bytes` must stay as they are until it is done. */
export async function decompressSnappyAsync(bytes: Buffer, limitBytes: number): Promise<Buffer> {
  const { places, size } = findBlocks(bytes, limitBytes)
  const output = Buffer.allocUnsafe(size)
  let at = 0
  for (let index = 0; index < places.length; index += 3) {
    const start = places[index]!
    let block: Buffer
    try {
      block = (await uncompress(bytes.subarray(start, places[index + 1]!), COPIED)) as Buffer
    } catch (cause) {
      refuse(`the block at byte ${start} is damaged`, cause)
    }
    if (block.length !== places[index + 2]!) refuse(`the block at byte ${start} has another size than it claims`)
    at += block.copy(output, at)
  }
  return output
}

/** What the blocks claim to expand to. @throws as decompressSnappy */
export function snappySize(bytes: Buffer, limitBytes: number): number {
  return findBlocks(bytes, limitBytes).size
}

/** Compresses as Java does: xerial's framing, chunks of 32 KiB. */
export function compressSnappy(bytes: Buffer): Buffer {
  const parts: Buffer[] = [XERIAL_HEADER]
  for (let start = 0; start < bytes.length; start += CHUNK_SIZE) {
    const block = compressSync(bytes.subarray(start, start + CHUNK_SIZE), COPIED)
    parts.push(sizeField(block.length), block)
  }
  return Buffer.concat(parts)
}

/** As compressSnappy, in other threads. */
export async function compressSnappyAsync(bytes: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [XERIAL_HEADER]
  for (let start = 0; start < bytes.length; start += CHUNK_SIZE) {
    const block = await compressBlock(bytes.subarray(start, start + CHUNK_SIZE), COPIED)
    parts.push(sizeField(block.length), block)
  }
  return Buffer.concat(parts)
}

function sizeField(size: number): Buffer {
  const field = Buffer.allocUnsafe(4)
  field.writeInt32BE(size, 0)
  return field
}

function findBlocks(bytes: Buffer, limitBytes: number): SnappyBlocks {
  const places: number[] = []
  if (!isHeader(bytes, 0)) return { places, size: addBlock(bytes, 0, bytes.length, 0, limitBytes, places) }
  let at = afterHeader(bytes, 0)
  let size = 0
  while (at < bytes.length) {
    if (bytes.length - at < 4) refuse('it ends inside the size of a chunk')
    const chunkBytes = bytes.readInt32BE(at)
    if (chunkBytes === HEADER_AGAIN && isHeader(bytes, at)) {
      at = afterHeader(bytes, at)
      continue
    }
    at += 4
    if (chunkBytes < 0 || chunkBytes > bytes.length - at) {
      refuse(`a chunk claims ${chunkBytes} bytes, ${bytes.length - at} are left`)
    }
    // Java's reader skips a chunk of no bytes.
    if (chunkBytes > 0) size = addBlock(bytes, at, at + chunkBytes, size, limitBytes, places)
    at += chunkBytes
  }
  return { places, size }
}

function isHeader(bytes: Buffer, at: number): boolean {
  return bytes.length - at >= MAGIC_SIZE && bytes.compare(XERIAL_HEADER, 0, MAGIC_SIZE, at, at + MAGIC_SIZE) === 0
}

function afterHeader(bytes: Buffer, at: number): number {
  if (bytes.length - at < XERIAL_HEADER.length) refuse('it ends inside the header')
  if (bytes.readInt32BE(at + MAGIC_SIZE) < 1) refuse('its header has a version that no reader takes')
  return at + XERIAL_HEADER.length
}

/** @returns the size of all blocks so far */
function addBlock(
  bytes: Buffer,
  start: number,
  end: number,
  sizeBefore: number,
  limitBytes: number,
  places: number[],
): number {
  const claimed = claimedSize(bytes, start, end)
  if (claimed > (end - start) * MOST_EXPANSION) {
    refuse(`the block at byte ${start} claims that ${end - start} bytes expand to ${claimed}`)
  }
  if (sizeBefore + claimed > limitBytes) throw errors.DECOMPRESSION_LIMIT({ codec: 'snappy', limitBytes })
  places.push(start, end, claimed)
  return sizeBefore + claimed
}

function claimedSize(bytes: Buffer, start: number, end: number): number {
  let value = 0
  for (let index = 0; index < 5 && start + index < end; index++) {
    const byte = bytes[start + index]!
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return value
  }
  return refuse(`the size of the block at byte ${start} is no varint`)
}

function refuse(what: string, cause?: unknown): never {
  throw errors.COMPRESSED_BYTES_CORRUPT({ codec: 'snappy', what }, { cause })
}
