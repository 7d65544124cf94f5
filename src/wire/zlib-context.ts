import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib'

/*
 * node:zlib makes a stream, and a context of zlib or zstd, for each call: 3 us for gzip, 10 us for zstd, where a small batch itself takes 1 to 3 us. What
 * is inside of such a stream can be used again. It is no documented interface; where it is not what we know, everything goes the documented way.
 *
 * Microseconds (bench/micro-transcode.ts codec), node's function and this:
 *
 *                        650 bytes          20,000 bytes
 *   gzip, expand          5.8    3.0           58     54
 *   zstd, expand         12.2    2.1           24     13
 *   gzip -1              15.9    9.7          232    200    (memLevel 9)
 *   zstd -1              16.9    4.2           37     24
 */

/** The largest input to be compressed, and output to be expanded. What comes out has room. */
const MOST_PLAIN_BYTES = 240 * 1024
const ROOM_BYTES = 256 * 1024
/** A zstd frame of Java's clients does not say what it expands to; more than so many times is unusual. */
const USUAL_EXPANSION = 8
/** Header and trailer of a gzip member; its last four bytes are the size when expanded. */
const LEAST_GZIP_BYTES = 18

const GZIP = 1

/** Ids of the codecs that node:zlib has: gzip and zstd. */
export type ZlibCodec = 1 | 4

type ZlibStream = ReturnType<
  typeof createGunzip | typeof createGzip | typeof createZstdCompress | typeof createZstdDecompress
>

/** Inside of node's zlib streams. Writes the room that is left and the input that is left to the stream's `_writeState`. */
interface Handle {
  onerror: () => void
  reset(): void
  writeSync(
    flush: number,
    input: Buffer,
    inputAt: number,
    inputSize: number,
    output: Buffer,
    outputAt: number,
    outputSize: number,
  ): void
}

/** Where all of them write: what they give is copied out of it at once. */
let room: Buffer | null = null

/** One context, used again and again. */
class ZlibContext {
  readonly #make: () => ZlibStream
  readonly #finish: number
  /** zlib's contexts are reset between two inputs; zstd's are ready for the next after a whole frame. */
  readonly #isReset: boolean
  #stream: ZlibStream | null = null
  #hasFailed = false

  constructor(make: () => ZlibStream, codec: ZlibCodec) {
    this.#make = make
    this.#isReset = codec === GZIP
    this.#finish = codec === GZIP ? constants.Z_FINISH : constants.ZSTD_e_end
  }

  /** @returns what comes out, in memory of its own; null when it is not all that comes out, or something is wrong with the input */
  run(input: Buffer): Buffer | null {
    const stream = (this.#stream ??= this.#make())
    const { _handle: handle, _writeState: state } = stream as unknown as { _handle?: Handle; _writeState?: Uint32Array }
    if (typeof handle?.writeSync !== 'function' || !(state instanceof Uint32Array)) return null
    room ??= Buffer.allocUnsafeSlow(ROOM_BYTES)
    this.#hasFailed = false
    handle.onerror = () => (this.#hasFailed = true)
    if (this.#isReset) handle.reset()
    handle.writeSync(this.#finish, input, 0, input.length, room, 0, ROOM_BYTES)
    const [roomLeft = 0, inputLeft = 0] = state
    if (!this.#hasFailed && roomLeft > 0 && inputLeft === 0) {
      const output = Buffer.allocUnsafe(ROOM_BYTES - roomLeft)
      room.copy(output)
      return output
    }
    // After an error zstd's contexts cannot be used again.
    stream.close()
    this.#stream = null
    return null
  }
}

const expanding = { 1: new ZlibContext(createGunzip, 1), 4: new ZlibContext(createZstdDecompress, 4) }
/** By codec and level. */
const compressing = new Map<string, ZlibContext>()

/**
 * @param bytes gzip members or a zstd frame
 * @returns null when it has to be looked at otherwise: it is large, or damaged, or more than `limitBytes` comes out, or several zstd frames are in it
 */
export function expandSmall(codec: ZlibCodec, bytes: Buffer, limitBytes: number): Buffer | null {
  const { length } = bytes
  // Of nothing at all a used context of zstd says nothing.
  if (length < (codec === GZIP ? LEAST_GZIP_BYTES : 1)) return null
  const expected = codec === GZIP ? bytes.readUInt32LE(length - 4) : length * USUAL_EXPANSION
  if (length > MOST_PLAIN_BYTES || expected > MOST_PLAIN_BYTES) return null
  const expanded = expanding[codec].run(bytes)
  return expanded === null || expanded.length > limitBytes ? null : expanded
}

/**
 * @param level the codec's default if left out
 * @returns null when it has to be done otherwise: it is large
 */
export function compressSmall(codec: ZlibCodec, bytes: Buffer, level: number | undefined): Buffer | null {
  if (bytes.length > MOST_PLAIN_BYTES) return null
  const key = `${codec}/${level}`
  let context = compressing.get(key)
  if (context === undefined) {
    const make = codec === GZIP ? () => createGzip(gzipOptions(level)) : () => createZstdCompress(zstdOptions(level))
    context = new ZlibContext(make, codec)
    compressing.set(key, context)
  }
  return context.run(bytes)
}

/** With the most memory it is faster by a seventh, and no worse. */
export function gzipOptions(level: number | undefined): { level?: number; memLevel: number } {
  return { memLevel: constants.Z_MAX_MEMLEVEL, ...(level === undefined ? {} : { level }) }
}

export function zstdOptions(level: number | undefined): { params?: Record<number, number> } {
  return level === undefined ? {} : { params: { [constants.ZSTD_c_compressionLevel]: level } }
}
