import { promisify } from 'node:util'
import { gunzip, gunzipSync, gzip, gzipSync } from 'node:zlib'
import { zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib'
import type { ZlibOptions, ZstdOptions } from 'node:zlib'
import { errors } from '../base/errors.ts'
import { CODEC_NAMES } from './record-batch.ts'
import { compressSmall, expandSmall, gzipOptions, zstdOptions } from './zlib-context.ts'
import type { ZlibCodec } from './zlib-context.ts'
import { findZstdFrames } from './zstd-frame.ts'

const gunzipAsync = promisify<Buffer, ZlibOptions, Buffer>(gunzip)
const gzipAsync = promisify<Buffer, ZlibOptions, Buffer>(gzip)
const zstdDecompressAsync = promisify<Buffer, ZstdOptions, Buffer>(zstdDecompress)
const zstdCompressAsync = promisify<Buffer, ZstdOptions, Buffer>(zstdCompress)

/** Output comes in chunks of up to this size. A chunk that is just full makes zlib ask for another: hence the slack. */
const LARGEST_CHUNK = 1 << 20
const CHUNK_SLACK = 64
/** deflate never expands more. */
const MOST_GZIP_EXPANSION = 1032

/** What is decompressed at once: gzip members together, each zstd frame for itself. */
interface Piece {
  readonly bytes: Buffer
  /** In bytes, when decompressed: a hint, used for the size of chunks and to choose a thread. */
  readonly claimedSize: number
}

/**
 * @param limitBytes most output; up to LARGEST_CHUNK more are allocated before it is noticed
 * @throws COMPRESSED_BYTES_CORRUPT, DECOMPRESSION_LIMIT
 */
export function inflate(codec: ZlibCodec, bytes: Buffer, limitBytes: number): Buffer {
  return expandSmall(codec, bytes, limitBytes) ?? inflatePieces(codec, bytes, limitBytes)
}

function inflatePieces(codec: ZlibCodec, bytes: Buffer, limitBytes: number): Buffer {
  const outputs: Buffer[] = []
  let left = limitBytes
  for (const piece of piecesOf(codec, bytes)) {
    let output: Buffer
    try {
      const options = optionsFor(piece, left)
      output = codec === 1 ? gunzipSync(piece.bytes, options) : zstdDecompressSync(piece.bytes, options)
    } catch (error) {
      return refuse(codec, limitBytes, error)
    }
    left = leftAfter(codec, output, left, limitBytes)
    outputs.push(output)
  }
  return joined(outputs)
}

/** As inflate, in other threads. `bytes` must stay as they are until it is done. */
export async function inflateAsync(codec: ZlibCodec, bytes: Buffer, limitBytes: number): Promise<Buffer> {
  const outputs: Buffer[] = []
  let left = limitBytes
  for (const piece of piecesOf(codec, bytes)) {
    let output: Buffer
    try {
      const options = optionsFor(piece, left)
      output = await (codec === 1 ? gunzipAsync(piece.bytes, options) : zstdDecompressAsync(piece.bytes, options))
    } catch (error) {
      return refuse(codec, limitBytes, error)
    }
    left = leftAfter(codec, output, left, limitBytes)
    outputs.push(output)
  }
  return joined(outputs)
}

/**
 * What the bytes claim to expand to, or are guessed to: a hint.
 * @throws COMPRESSED_BYTES_CORRUPT
 */
export function claimedInflatedSize(codec: ZlibCodec, bytes: Buffer): number {
  return piecesOf(codec, bytes).reduce((sum, { claimedSize }) => sum + claimedSize, 0)
}

/** @param level its codec's default if left out */
export function deflate(codec: ZlibCodec, bytes: Buffer, level: number | undefined): Buffer {
  const small = compressSmall(codec, bytes, level)
  if (small !== null) return small
  return codec === 1 ? gzipSync(bytes, gzipOptions(level)) : zstdCompressSync(bytes, zstdOptionsFor(bytes, level))
}

/** As deflate, in other threads. `bytes` must stay as they are until it is done. */
export async function deflateAsync(codec: ZlibCodec, bytes: Buffer, level: number | undefined): Promise<Buffer> {
  return codec === 1 ? gzipAsync(bytes, gzipOptions(level)) : zstdCompressAsync(bytes, zstdOptionsFor(bytes, level))
}

function piecesOf(codec: ZlibCodec, bytes: Buffer): Piece[] {
  if (codec === 4) {
    return findZstdFrames(bytes).map(({ start, end, claimedSize }) => ({
      bytes: bytes.subarray(start, end),
      claimedSize,
    }))
  }
  // The last four bytes of a member say what it expands to, modulo 2^32.
  const claimed = bytes.length < 18 ? 0 : bytes.readUInt32LE(bytes.length - 4)
  return [{ bytes, claimedSize: Math.min(claimed, bytes.length * MOST_GZIP_EXPANSION) }]
}

function optionsFor(piece: Piece, left: number): { chunkSize: number; maxOutputLength: number } {
  // zlib does not take a limit of 0; leftAfter sees to that.
  const chunkSize = Math.min(LARGEST_CHUNK, Math.min(piece.claimedSize, left) + CHUNK_SLACK)
  return { chunkSize, maxOutputLength: Math.max(1, left) }
}

function leftAfter(codec: ZlibCodec, output: Buffer, left: number, limitBytes: number): number {
  if (output.length > left) throw errors.DECOMPRESSION_LIMIT({ codec: CODEC_NAMES[codec], limitBytes })
  return left - output.length
}

function joined(outputs: Buffer[]): Buffer {
  const [only] = outputs
  return only !== undefined && outputs.length === 1 ? only : Buffer.concat(outputs)
}

function refuse(codec: ZlibCodec, limitBytes: number, cause: unknown): never {
  const name = CODEC_NAMES[codec]
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ERR_BUFFER_TOO_LARGE') throw errors.DECOMPRESSION_LIMIT({ codec: name, limitBytes }, { cause })
  throw errors.COMPRESSED_BYTES_CORRUPT({ codec: name, what: message }, { cause })
}

function zstdOptionsFor(bytes: Buffer, level: number | undefined): ZstdOptions {
  return { pledgedSrcSize: bytes.length, ...zstdOptions(level) }
}
