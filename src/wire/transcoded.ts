import type { Codec } from './compression.ts'

/*
 * What transcodeBatches (transcode-batches.ts) takes and gives:
 *
 *   transcodeBatches(sources: SourceBatches, options: TranscodeOptions): Transcoded | Promise<Transcoded>
 *
 * It gives the result at once when that takes a few ms. Else it gives a promise: other work has its turn every few ms,
 * and large blocks are (de)compressed in other threads. The sources' bytes must stay as they are until it is done.
 */

/** Batches of magic 2 and message set entries of magic 0 and 1, each whole and with the checksum that it claims: who hands them over has verified it. */
export interface SourceBatches {
  readonly bytes: Buffer
  /** Index of the first byte of each; its header says how large it is. */
  readonly places: readonly number[]
}

/** What may become of the records. */
export interface TranscodeOptions {
  /** Records with lower offsets are left out: the next upstream offset to be copied. */
  readonly firstUpstream: number
  /** 'keep': a target batch has the codec of the source batches that it was made of. */
  readonly codec: Codec | 'keep'
  /** Level of gzip or zstd; their default if left out. */
  readonly level?: number
  /** No target batch is larger, header included, compressed: the least of max.message.bytes, max.request.size, ... */
  readonly maxBatchBytes: number
  /** A target batch of several records is not larger either; one of a single record may be. No limit if left out. */
  readonly splitBatchBytes?: number
  /** Upstream offsets of records that are set aside as if they were too large. */
  readonly refusedUpstreams?: ReadonlySet<number>
  /**
   * Source batches are put together as long as the target batch stays within this size, header included, NOT
   * compressed. A single source batch is not split because of it. 0: nothing is put together.
   */
  readonly preferredBatchBytes: number
  /** Records without key are left out: a compacted topic does not take them. */
  readonly dropsNullKeys: boolean
  /** Most bytes that a source batch may have when decompressed. */
  readonly decompressionLimitBytes: number
}

/** Records whose upstream offsets follow each other without a hole. */
export interface UpstreamPiece {
  /** Of the first one. */
  readonly upstreamOffset: number
  readonly count: number
}

/** A batch of magic 2 for the target: base offset 0, create time, no producer; resealBatch gives it one. */
export interface TargetBatch {
  /** Memory of its own. */
  readonly bytes: Buffer
  readonly recordCount: number
  /** In order; their counts add up to recordCount. At least one. */
  readonly pieces: readonly UpstreamPiece[]
}

/** A record that alone, as a batch of the wanted codec, is larger than maxBatchBytes, or is one of refusedUpstreams. Views of memory of its own. */
export interface OversizedRecord {
  readonly upstreamOffset: number
  /** Any int64. */
  readonly timestamp: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
  /** Of a batch that holds it alone, in bytes. */
  readonly batchBytes: number
}

/** What became of the records. Which records of the sources are in none of the lists was said by firstUpstream. */
export interface Transcoded {
  /** In upstream order. The same sources and options give the same boundaries. */
  readonly batches: readonly TargetBatch[]
  /** Upstream offsets of the records that were left out for want of a key. */
  readonly nullKeys: readonly number[]
  /** In upstream order. */
  readonly oversized: readonly OversizedRecord[]
  /** Next upstream offset behind all sources, compacted tails included. */
  readonly nextUpstream: number
}
