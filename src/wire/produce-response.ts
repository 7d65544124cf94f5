import { ByteReader } from './byte-reader.ts'
import type { ProduceVersion } from './produce-request.ts'

/*
 * Produce answer, API key 0 (Kafka's ProduceResponse.json); versions 9 and above are flexible, T is their TAG_BUFFER.
 *
 *   Response    => [Topic], ThrottleTimeMs INT32, T
 *   Topic       => Name STRING, [Partition], T
 *   Partition   => Partition INT32, ErrorCode INT16, BaseOffset INT64, LogAppendTimeMs INT64, LogStartOffset INT64,
 *                  [RecordError], ErrorMessage NULLABLE_STRING, T
 *   RecordError => BatchIndex INT32, Message NULLABLE_STRING, T
 *
 * LogAppendTimeMs is skipped, and so are the tagged fields (KIP-951's hints who leads now): after an error that speaks of the leader, metadata is asked for.
 */

/** Why one record made the broker refuse its batch (KIP-467). */
export interface RecordError {
  /** Index of the record in the batch. */
  readonly batchIndex: number
  readonly message: string | null
}

export interface ProducedPartition {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  /** Downstream offset of the batch's first record; -1 with an error, or for a duplicate the broker has no offset of. */
  readonly baseOffset: number
  /** -1 where not known. */
  readonly logStartOffset: number
  readonly recordErrors: readonly RecordError[]
  readonly errorMessage: string | null
}

export interface ProduceResponse {
  readonly throttleTimeMs: number
  readonly partitions: readonly ProducedPartition[]
}

const NO_RECORD_ERRORS: readonly RecordError[] = Object.freeze([])

/**
 * Decodes the body of a Produce answer (no response header).
 * @param at    index of the body's first byte
 * @param limit index after the frame's last byte
 * @throws FRAME_CORRUPT when a length does not fit into the frame, or an offset is none
 */
export function decodeProduceResponse(
  version: ProduceVersion,
  bytes: Buffer,
  at: number,
  limit = bytes.length,
): ProduceResponse {
  const reader = new ByteReader(bytes, at, limit)
  const partitions = readTopics(reader, version)
  const throttleTimeMs = reader.readInt32()
  if (version >= 9) reader.skipTaggedFields()
  return { throttleTimeMs, partitions }
}

function readTopics(reader: ByteReader, version: ProduceVersion): ProducedPartition[] {
  const isFlexible = version >= 9
  const partitions: ProducedPartition[] = []
  for (let topicsCount = reader.readArrayCount(isFlexible, 3); topicsCount > 0; topicsCount--) {
    const topic = reader.readString(isFlexible)
    for (let count = reader.readArrayCount(isFlexible, isFlexible ? 33 : 36); count > 0; count--) {
      partitions.push(readPartition(reader, isFlexible, topic))
    }
    if (isFlexible) reader.skipTaggedFields()
  }
  return partitions
}

function readPartition(reader: ByteReader, isFlexible: boolean, topic: string): ProducedPartition {
  const partition = reader.readInt32()
  const errorCode = reader.readInt16()
  const baseOffset = reader.readOffset()
  reader.take(8, 'the append time')
  const logStartOffset = reader.readOffset()
  const recordErrors = readRecordErrors(reader, isFlexible)
  const errorMessage = reader.readNullableString(isFlexible)
  if (isFlexible) reader.skipTaggedFields()
  return { topic, partition, errorCode, baseOffset, logStartOffset, recordErrors, errorMessage }
}

function readRecordErrors(reader: ByteReader, isFlexible: boolean): readonly RecordError[] {
  let count = reader.readArrayCount(isFlexible, 6)
  if (count === 0) return NO_RECORD_ERRORS
  const recordErrors: RecordError[] = []
  for (; count > 0; count--) {
    const batchIndex = reader.readInt32()
    recordErrors.push({ batchIndex, message: reader.readNullableString(isFlexible) })
    if (isFlexible) reader.skipTaggedFields()
  }
  return recordErrors
}
