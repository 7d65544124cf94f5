import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import { compressLz4, compressLz4Async, decompressLz4, decompressLz4Async, lz4FrameSize } from './lz4-frame.ts'
import {
  compressSnappy,
  compressSnappyAsync,
  decompressSnappy,
  decompressSnappyAsync,
  snappySize,
} from './snappy-stream.ts'
import { claimedInflatedSize, deflate, deflateAsync, inflate, inflateAsync } from './zlib-codec.ts'
import { expandSmall } from './zlib-context.ts'
import type { ZlibCodec } from './zlib-context.ts'

/*
 * What Java's readers accept is accepted here: gzip members and zstd frames one after another, lz4 up to its first end
 * mark, both framings of snappy, any size that a frame claims about itself or does not. Windows of zstd go up to 128 MiB,
 * its own default limit, in Java too.
 *
 * Memory: lz4 and snappy say what they expand to before anything is allocated. gzip and zstd are decompressed chunk by
 * chunk, and the chunk that would go over the limit ends it.
 */

/** A codec's id in a batch's attributes: none, gzip, snappy, lz4, zstd. */
export type Codec = 0 | 1 | 2 | 3 | 4

/**
 * Most input that is compressed, by codec, and most output that is decompressed, without other threads: 256 KiB take
 * gzip 5 ms; 1 MiB takes zstd 4 ms, lz4 and snappy less; decompressing 1 MiB takes up to 2 ms. High levels are slower by
 * factors: zstd -19 takes 10 ms for 32 KiB.
 */
const MOST_COMPRESSED_HERE = [Infinity, 256 * 1024, 1 << 20, 1 << 20, 1 << 20] as const
const HIGH_LEVEL = 7
const MOST_AT_HIGH_LEVEL = 32 * 1024
const MOST_DECOMPRESSED_HERE = 1 << 20
/** lz4 makes 4 MiB of this at the most, snappy less: it is not looked at beforehand. */
const ALWAYS_HERE = 16 * 1024

/**
 * Decompresses the records of a batch on this thread.
 * @param bytes      records as they lie in the batch; unchanged, and returned themselves for codec 0
 * @param limitBytes most output, in bytes; what is over it is never allocated (up to 1 MiB more for gzip and zstd)
 * @param magic      of the batch: the old one has lz4 frames with wrong header checksums
 * @throws COMPRESSED_BYTES_CORRUPT, DECOMPRESSION_LIMIT
 * Source: Lz4BlockInputStream, xerial's SnappyInputStream, GZIPInputStream, zstd-jni's ZstdInputStreamNoFinalizer.
 */
export function decompress(codec: Codec, bytes: Buffer, limitBytes: number, magic = 2): Buffer {
  switch (codec) {
    case 0:
      return withinLimit(bytes, limitBytes)
    case 1:
    case 4:
      return inflate(codec, bytes, limitBytes)
    case 2:
      return decompressSnappy(bytes, limitBytes)
    case 3:
      return decompressLz4(bytes, limitBytes, magic)
    default:
      throw noSuchCodec(codec)
  }
}

/**
 * As decompress, but what takes long is done in other threads: this one is not blocked for more than some ms.
 * `bytes` must stay as they are until it is done.
 * @returns the records at once where that is quick
 */
export function decompressSoon(codec: Codec, bytes: Buffer, limitBytes: number, magic = 2): Buffer | Promise<Buffer> {
  switch (codec) {
    case 0:
      return withinLimit(bytes, limitBytes)
    case 1:
    case 4:
      return inflateSoon(codec, bytes, limitBytes)
    case 2:
      if (bytes.length <= ALWAYS_HERE || snappySize(bytes, limitBytes) <= MOST_DECOMPRESSED_HERE) {
        return decompressSnappy(bytes, limitBytes)
      }
      return decompressSnappyAsync(bytes, limitBytes)
    case 3:
      if (bytes.length <= ALWAYS_HERE || lz4FrameSize(bytes, limitBytes, magic) <= MOST_DECOMPRESSED_HERE) {
        return decompressLz4(bytes, limitBytes, magic)
      }
      return decompressLz4Async(bytes, limitBytes, magic)
    default:
      throw noSuchCodec(codec)
  }
}

/** As decompressSoon, where it does not matter when it is done. */
export async function decompressAsync(codec: Codec, bytes: Buffer, limitBytes: number, magic = 2): Promise<Buffer> {
  return decompressSoon(codec, bytes, limitBytes, magic)
}

/**
 * Compresses the records of a batch on this thread, as Java's clients write and read it.
 * @param bytes unchanged, and returned themselves for codec 0
 * @param level of gzip or zstd; their own default if left out. lz4 and snappy have one level here
 */
export function compress(codec: Codec, bytes: Buffer, level?: number): Buffer {
  switch (codec) {
    case 0:
      return bytes
    case 1:
    case 4:
      return deflate(codec, bytes, level)
    case 2:
      return compressSnappy(bytes)
    case 3:
      return compressLz4(bytes)
    default:
      throw noSuchCodec(codec)
  }
}

/**
 * As compress, but what takes long is done in other threads: this one is not blocked for more than some ms.
 * `bytes` must stay as they are until it is done.
 * @returns the compressed bytes at once where that is quick
 */
export function compressSoon(codec: Codec, bytes: Buffer, level?: number): Buffer | Promise<Buffer> {
  if (isCompressedHere(codec, bytes.length, level)) return compress(codec, bytes, level)
  switch (codec) {
    case 0:
      return bytes
    case 1:
    case 4:
      return deflateAsync(codec, bytes, level)
    case 2:
      return compressSnappyAsync(bytes)
    case 3:
      return compressLz4Async(bytes)
    default:
      throw noSuchCodec(codec)
  }
}

/** As compressSoon, where it does not matter when it is done. */
export async function compressAsync(codec: Codec, bytes: Buffer, level?: number): Promise<Buffer> {
  return compressSoon(codec, bytes, level)
}

/** Whether so many bytes are compressed on this thread within some ms. */
function isCompressedHere(codec: Codec, sizeBytes: number, level?: number): boolean {
  const isHighLevel = level !== undefined && level >= HIGH_LEVEL
  return sizeBytes <= (isHighLevel ? MOST_AT_HIGH_LEVEL : MOST_COMPRESSED_HERE[codec])
}

/** A little output is made here; what claims to be more, or turns out to be, is made in another thread. */
function inflateSoon(codec: ZlibCodec, bytes: Buffer, limitBytes: number): Buffer | Promise<Buffer> {
  const small = expandSmall(codec, bytes, limitBytes)
  if (small !== null) return small
  const claimed = claimedInflatedSize(codec, bytes)
  if (bytes.length > MOST_DECOMPRESSED_HERE || claimed > MOST_DECOMPRESSED_HERE) {
    return inflateAsync(codec, bytes, limitBytes)
  }
  try {
    return inflate(codec, bytes, Math.min(limitBytes, MOST_DECOMPRESSED_HERE))
  } catch (error) {
    if (limitBytes <= MOST_DECOMPRESSED_HERE || !isOverLimit(error)) throw error
    return inflateAsync(codec, bytes, limitBytes)
  }
}

function isOverLimit(error: unknown): boolean {
  return error instanceof TwinlogError && error.code === 'DECOMPRESSION_LIMIT'
}

function withinLimit(bytes: Buffer, limitBytes: number): Buffer {
  if (bytes.length > limitBytes) throw errors.DECOMPRESSION_LIMIT({ codec: 'none', limitBytes })
  return bytes
}

function noSuchCodec(codec: never): Error {
  return errors.DEFECT({ what: `there is no codec ${String(codec)}` })
}
