import type { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { Codec } from '../wire/compression.ts'
import { attributesAt, magicAt, CODEC_MASK } from '../wire/record-batch.ts'
import { transcodeBatches } from '../wire/transcode-batches.ts'
import type { OversizedRecord, SourceBatches, TargetBatch, TranscodeOptions, Transcoded } from '../wire/transcoded.ts'
import type { AnswerWalk } from './answer-walk.ts'
import type { BatchGroup } from './batch-group.ts'
import type { DeadLetterOrigin } from './dead-letter-writer.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

/** Of more it is assumed that it takes long. */
const SOURCE_BYTES_MAX = 64 * 1024

export interface GroupTranscoderSettings {
  /** Codec of the target's batches; null: they keep theirs. */
  readonly codec: Codec | null
  /** Of the codec; null: its default. */
  readonly level: number | null
  /** batch.size of the producer. */
  readonly coalescedBytesMax: number
  /** Most bytes that a source batch may have when decompressed. */
  readonly decompressionLimitBytes: number
  /** Writes records that are too large for the target elsewhere. Resolves when they are safe there. Null: their partition stops. */
  readonly writeDeadLetters: ((origin: DeadLetterOrigin, records: readonly OversizedRecord[]) => Promise<void>) | null
  /** ms since the epoch. */
  nowMs(): number
}

/** What was made of a group of batches. */
export interface TranscodedGroup {
  readonly batches: readonly TargetBatch[]
  /** Records without a key that are left out. */
  readonly nullKeysCount: number
  /** Records that were written elsewhere, because they are too large. */
  readonly deadLettersCount: number
  /** What comes behind these batches cannot be copied; null: it can. */
  readonly refusal: TwinlogError | null
}

/** Decodes the batches of a group and writes their records anew, for what the partition's target takes. */
export class GroupTranscoder {
  readonly #settings: GroupTranscoderSettings

  constructor(settings: GroupTranscoderSettings) {
    this.#settings = settings
  }

  /**
   * @returns null when it would take too long for a turn of the event loop
   * @throws BATCH_CORRUPT, BATCH_CHECKSUM, BATCH_EXPANDS
   */
  now(walk: AnswerWalk, group: BatchGroup): TranscodedGroup | null {
    if (group.sizeBytes > SOURCE_BYTES_MAX) return null
    const { partition, memory } = walk
    const options = this.#optionsFor(walk, group)
    const transcoded = transcodeBatches(sourcesOf(walk, group), options)
    if (transcoded instanceof Promise) {
      // It is done once more, later: so little expands to so much so seldom that nobody keeps what was begun.
      memory.hold()
      void transcoded.catch(() => {}).finally(() => memory.drop())
      return null
    }
    const mustWrite = transcoded.oversized.length > 0 && this.#settings.writeDeadLetters !== null
    return mustWrite ? null : this.#judge(partition, transcoded, options)
  }

  /** What takes long is done in other threads; dead letters are written before it resolves. @throws as `now` does, and why they cannot be written */
  async later(walk: AnswerWalk, group: BatchGroup): Promise<TranscodedGroup> {
    const options = this.#optionsFor(walk, group)
    const transcoded = await transcodeBatches(sourcesOf(walk, group), options)
    const { sourceTopic: topic, targetTopic, partition } = walk.partition
    const { oversized } = transcoded
    // Of what is thrown away nothing is written.
    if (oversized.length > 0 && walk.isCurrent)
      await this.#settings.writeDeadLetters?.({ topic, targetTopic, partition }, oversized)
    return this.#judge(walk.partition, transcoded, options)
  }

  #optionsFor({ partition, memory }: AnswerWalk, group: BatchGroup): TranscodeOptions {
    const { codec, level, coalescedBytesMax, decompressionLimitBytes, nowMs } = this.#settings
    const { target, refusals, fetchOffset } = partition
    // A group is as large as a batch may be, as its batches are compressed now: only where they are compressed otherwise it has to be seen what comes out.
    const isKept = codec === null || group.places.every((at) => codecAt(memory.bytes, at) === codec)
    return {
      firstUpstream: fetchOffset,
      codec: codec ?? 'keep',
      ...levelOf(level, codec, group),
      maxBatchBytes: target.maxMessageBytes,
      splitBatchBytes: refusals.batchBytesMax,
      ...(refusals.records.size === 0 ? {} : { refusedUpstreams: refusals.records }),
      preferredBatchBytes: isKept ? Number.MAX_SAFE_INTEGER : coalescedBytesMax,
      dropsNullKeys: refusals.areKeysDoubted(nowMs()),
      decompressionLimitBytes,
    }
  }

  #judge(partition: MirroredPartition, transcoded: Transcoded, options: TranscodeOptions): TranscodedGroup {
    const { batches, nullKeys, oversized } = transcoded
    const [first] = oversized
    if (first === undefined || this.#settings.writeDeadLetters !== null)
      return { batches, nullKeysCount: nullKeys.length, deadLettersCount: oversized.length, refusal: null }
    const { sourceTopic: topic, targetTopic, partition: index } = partition
    const refusal = errors.RECORD_TOO_LARGE({
      offset: first.upstreamOffset,
      topic,
      partition: index,
      targetTopic,
      sizeBytes: first.batchBytes,
      // The broker has compressed it anew, or does not tell its limit.
      limitBytes:
        first.batchBytes > options.maxBatchBytes ? options.maxBatchBytes : 'too small for it, as the broker says',
    })
    const isBefore = (offset: number | undefined): boolean => offset !== undefined && offset < first.upstreamOffset
    return {
      batches: batches.filter(({ pieces }) => isBefore(pieces.at(-1)?.upstreamOffset)),
      nullKeysCount: nullKeys.filter(isBefore).length,
      deadLettersCount: 0,
      refusal,
    }
  }
}

/**
 * With which level: the one that was asked for. Where the codec is the batches' own, nobody asked: then what only saves work is to cost little (many small
 * batches as one are smaller in any case), and what has to be done gets the codec's default.
 */
function levelOf(level: number | null, codec: Codec | null, { isNeeded }: BatchGroup): { level?: number } {
  if (level !== null) return { level }
  return codec === null && !isNeeded ? { level: 1 } : {}
}

function sourcesOf({ memory: { bytes } }: AnswerWalk, { places }: BatchGroup): SourceBatches {
  return { bytes, places }
}

function codecAt(bytes: Buffer, at: number): number {
  return (magicAt(bytes, at) === 2 ? attributesAt(bytes, at) : bytes.readUInt8(at + 17)) & CODEC_MASK
}
