import { gunzipSync } from 'node:zlib'
import { BATCH_HEADER_SIZE, CODEC_MASK, CONTROL_MASK, attributesAt, batchSizeAt, magicAt } from './record-batch.ts'
import type { SourceBatches } from './transcoded.ts'

const GZIP = 1
/** A call of gunzip takes 6 us, whatever little it has to do; larger batches have enough to do. */
const LARGEST_SOURCE = 4096
const LEAST_SOURCES = 3
/** Limits of a group: what a call takes and gives. */
const MOST_PACKED_BYTES = 128 * 1024
const MOST_RECORDS_BYTES = 512 * 1024
/** Header and trailer of a gzip member; its last four bytes are the size when decompressed. */
const LEAST_MEMBER_SIZE = 18

/**
 * Decompresses small gzip batches that follow each other in one call: members of gzip one after another are decompressed
 * as one, at a third of the cost (bench/micro-transcode.ts). Only what is sure is given: damage, and whatever else is
 * unusual, is left to who looks at each batch alone.
 */
export class GzipGroup {
  readonly #limitBytes: number
  #outputs: readonly Buffer[] = []
  #first = 0
  /** Index behind the last source that was looked at. */
  #end = 0

  /** @param limitBytes most bytes that a source may have when decompressed; a larger one is looked at alone */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /**
   * @param index of a source of magic 2 and gzip; not below that of the call before
   * @returns its records, decompressed; undefined when it is to be looked at alone
   */
  recordsOf(sources: SourceBatches, index: number): Buffer | undefined {
    if (index >= this.#end) this.#gather(sources, index)
    return this.#outputs[index - this.#first]
  }

  #gather(sources: SourceBatches, first: number): void {
    const packed: Buffer[] = []
    const sizes: number[] = []
    let packedBytes = 0
    let recordsBytes = 0
    const { bytes, places } = sources
    for (let index = first; index < places.length; index++) {
      const at = places[index]!
      const size = batchSizeAt(bytes, at)
      if (!isSmallGzip(bytes, at, size)) break
      const recordsSize = bytes.readUInt32LE(at + size - 4)
      packedBytes += size
      recordsBytes += recordsSize
      if (packedBytes > MOST_PACKED_BYTES || recordsBytes > MOST_RECORDS_BYTES || recordsSize > this.#limitBytes) break
      packed.push(bytes.subarray(at + BATCH_HEADER_SIZE, at + size))
      sizes.push(recordsSize)
    }
    this.#first = first
    this.#end = first + Math.max(1, packed.length)
    this.#outputs = packed.length < LEAST_SOURCES ? [] : inflateTogether(packed, sizes)
  }
}

function isSmallGzip(bytes: Buffer, at: number, size: number): boolean {
  if (size < BATCH_HEADER_SIZE + LEAST_MEMBER_SIZE || size > LARGEST_SOURCE || at + size > bytes.length) return false
  return magicAt(bytes, at) === 2 && (attributesAt(bytes, at) & (CODEC_MASK | CONTROL_MASK)) === GZIP
}

/** @returns as many buffers as `packed` has, which have the sizes; none at all if something is not as it should be */
function inflateTogether(packed: readonly Buffer[], sizes: readonly number[]): Buffer[] {
  const input = Buffer.concat(packed)
  const size = sizes.reduce((sum, each) => sum + each, 0)
  let found: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } }
  try {
    const options = { info: true, maxOutputLength: size + 1, chunkSize: size + 64 }
    found = gunzipSync(input, options) as unknown as typeof found
  } catch {
    // Which of them it is, is found out when each is looked at alone.
    return []
  }
  // All input was taken, so each ends with the end of a member, whose size is right. Then all sizes together are right
  // only if no batch has a member with bytes before its last one.
  if (found.buffer.length !== size || found.engine.bytesWritten !== input.length) return []
  let at = 0
  return sizes.map((each) => found.buffer.subarray(at, (at += each)))
}
