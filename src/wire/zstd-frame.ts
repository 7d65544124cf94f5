import { errors } from '../base/errors.ts'

/*
 * Zstandard frame (RFC 8878, 3.1), little endian:
 *
 *   4     magic 0xfd2fb528
 *   1     descriptor: bits 6-7 size of the content size, 5 single segment, 2 checksum, 0-1 size of the dictionary id
 *   0, 1  window descriptor, unless it is a single segment
 *   0-4   dictionary id
 *   0-8   content size
 *         blocks: 3 bytes: bit 0 last one, 1-2 type (0 raw, 1 one byte again and again, 2 compressed), 3-23 size; bytes
 *   0, 4  checksum
 *
 * Skippable frame: 4 magic 0x184d2a50 to 0x184d2a5f, 4 size, bytes.
 */

const FRAME_MAGIC = 0xfd2f_b528
const SKIPPABLE_MAGIC = 0x184d_2a50
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const
const REPEATED_BYTE = 1
const LARGEST_BLOCK = 128 * 1024
/** A frame that does not say is guessed to expand so many times. Too much would be memory for nothing, for every small batch. */
const GUESSED_EXPANSION = 8
const GUESSED_LEAST = 2048

/** One frame that is not a skippable one. */
export interface ZstdFrame {
  /** Index of its first byte, and after its last one. */
  readonly start: number
  readonly end: number
  /** What it claims to expand to, in bytes; if it does not say, as Java's clients never do, a guess. */
  readonly claimedSize: number
}

/**
 * Finds the frames that lie one after another: node's zstd stops behind the first, Java's reader does not.
 * @throws COMPRESSED_BYTES_CORRUPT when the bytes end inside a frame, or something else follows one
 */
export function findZstdFrames(bytes: Buffer): ZstdFrame[] {
  const frames: ZstdFrame[] = []
  let at = 0
  while (at < bytes.length) {
    const magic = bytes.length - at < 8 ? 0 : bytes.readUInt32LE(at)
    if (magic === FRAME_MAGIC) {
      const frame = frameAt(bytes, at)
      frames.push(frame)
      at = frame.end
    } else if ((magic & 0xffff_fff0) === SKIPPABLE_MAGIC) {
      at += 8 + bytes.readUInt32LE(at + 4)
      if (at > bytes.length) refuse('it ends inside a frame')
    } else {
      refuse(`no frame begins at byte ${at}`)
    }
  }
  if (frames.length === 0) refuse('it has no frame')
  return frames
}

function frameAt(bytes: Buffer, start: number): ZstdFrame {
  const descriptor = bytes[start + 4]!
  const isSingleSegment = (descriptor & 0x20) !== 0
  const sizeBytes = isSingleSegment && descriptor < 0x40 ? 1 : CONTENT_SIZE_BYTES[descriptor >> 6]!
  const sizeAt = start + 5 + (isSingleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3]!
  let at = sizeAt + sizeBytes
  if (at > bytes.length) refuse('it ends inside a frame header')
  let blocksCount = 0
  for (let isLast = false; !isLast; blocksCount++) {
    if (bytes.length - at < 3) refuse('it ends before its last block')
    const header = bytes.readUIntLE(at, 3)
    isLast = (header & 1) === 1
    at += 3 + (((header >> 1) & 3) === REPEATED_BYTE ? 1 : header >> 3)
  }
  if ((descriptor & 4) !== 0) at += 4
  if (at > bytes.length) refuse('it ends inside a frame')
  const guessed = Math.min(blocksCount * LARGEST_BLOCK, Math.max(GUESSED_LEAST, (at - start) * GUESSED_EXPANSION))
  return { start, end: at, claimedSize: contentSizeAt(bytes, sizeAt, sizeBytes) ?? guessed }
}

function contentSizeAt(bytes: Buffer, at: number, sizeBytes: number): number | undefined {
  if (sizeBytes === 0) return undefined
  if (sizeBytes === 1) return bytes[at]!
  if (sizeBytes === 2) return bytes.readUInt16LE(at) + 256
  return bytes.readUInt32LE(at) + (sizeBytes === 4 ? 0 : bytes.readUInt32LE(at + 4) * 2 ** 32)
}

function refuse(what: string): never {
  throw errors.COMPRESSED_BYTES_CORRUPT({ codec: 'zstd', what })
}
