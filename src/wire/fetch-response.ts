import type { AbortedTransaction } from './aborted-transactions.ts'
import { ByteReader } from './byte-reader.ts'
import type { FetchVersion } from './fetch-request.ts'

/*
 * Fetch answer, API key 1 (Kafka's FetchResponse.json); versions 12 and above are flexible, T is their TAG_BUFFER.
 *
 *   Response    => ThrottleTimeMs INT32, ErrorCode INT16, SessionId INT32, [Topic], T
 *   Topic       => Name STRING (to version 12) or TopicId UUID (from 13), [Partition], T
 *   Partition   => Partition INT32, ErrorCode INT16, HighWatermark INT64, LastStableOffset INT64, LogStartOffset INT64,
 *                  [Aborted] (nullable), PreferredReadReplica INT32, RECORDS,
 *                  T { 0: DivergingEpoch }
 *   Aborted     => ProducerId INT64, FirstOffset INT64, T
 *   DivergingEpoch => Epoch INT32, EndOffset INT64, T
 *
 * RECORDS are batches (record-batch.ts), of which the last may be cut. Other tagged fields are skipped, KIP-951's hints who leads now among them: after an
 * error that speaks of the leader, metadata is asked for.
 */

/** The broker's log has another history than what was fetched: they part at `endOffset` at the latest (KIP-595). */
export interface DivergingEpoch {
  readonly epoch: number
  readonly endOffset: number
}

export interface FetchedPartition {
  /** Up to version 12; null after. */
  readonly topic: string | null
  /** From version 13: a view of 16 bytes, copy it to keep it; null before. */
  readonly topicId: Buffer | null
  readonly partition: number
  readonly errorCode: number
  /** -1 where not known, as with an error. */
  readonly highWatermark: number
  /** -1 where not known. */
  readonly lastStableOffset: number
  /** -1 where not known. */
  readonly logStartOffset: number
  /** Unsorted; null when reading uncommitted. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  /** -1: the leader. */
  readonly preferredReadReplica: number
  readonly divergingEpoch: DivergingEpoch | null
  /** Index in the given bytes of the first batch. */
  readonly recordsStart: number
  /** Index after the last batch; equal to recordsStart when there is none. */
  readonly recordsEnd: number
}

export interface FetchResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly sessionId: number
  /** In the broker's order. In a session: only partitions with something to say. */
  readonly partitions: readonly FetchedPartition[]
}

const NO_PARTITIONS: readonly FetchedPartition[] = Object.freeze([])

/**
 * Decodes the body of a Fetch answer (no response header). Records are not copied: their place in `bytes` is told.
 * @param at    index of the body's first byte
 * @param limit index after the frame's last byte
 * @throws FRAME_CORRUPT when a length does not fit into the frame, or an offset is none
 */
export function decodeFetchResponse(
  version: FetchVersion,
  bytes: Buffer,
  at: number,
  limit = bytes.length,
): FetchResponse {
  const reader = new ByteReader(bytes, at, limit)
  const isFlexible = version >= 12
  const throttleTimeMs = reader.readInt32()
  const errorCode = reader.readInt16()
  const sessionId = reader.readInt32()
  const partitions = readTopics(reader, version)
  if (isFlexible) reader.skipTaggedFields()
  return { throttleTimeMs, errorCode, sessionId, partitions }
}

function readTopics(reader: ByteReader, version: FetchVersion): readonly FetchedPartition[] {
  const isFlexible = version >= 12
  let topicsCount = reader.readArrayCount(isFlexible, version < 13 ? 3 : 18)
  // The usual answer of an idle session.
  if (topicsCount === 0) return NO_PARTITIONS
  const partitions: FetchedPartition[] = []
  for (; topicsCount > 0; topicsCount--) {
    const topic = version < 13 ? reader.readString(isFlexible) : null
    const topicId = version < 13 ? null : reader.readUuid()
    for (let count = reader.readArrayCount(isFlexible, isFlexible ? 37 : 42); count > 0; count--) {
      partitions.push(readPartition(reader, isFlexible, topic, topicId))
    }
    if (isFlexible) reader.skipTaggedFields()
  }
  return partitions
}

function readPartition(
  reader: ByteReader,
  isFlexible: boolean,
  topic: string | null,
  topicId: Buffer | null,
): FetchedPartition {
  const partition = reader.readInt32()
  const errorCode = reader.readInt16()
  const highWatermark = reader.readOffset()
  const lastStableOffset = reader.readOffset()
  const logStartOffset = reader.readOffset()
  const abortedTransactions = readAbortedTransactions(reader, isFlexible)
  const preferredReadReplica = reader.readInt32()
  const recordsSize = reader.readRecordsSize(isFlexible)
  const recordsStart = reader.take(recordsSize, 'records')
  let divergingEpoch: DivergingEpoch | null = null
  if (isFlexible) {
    reader.readTaggedFields((tag) => {
      if (tag === 0) divergingEpoch = readDivergingEpoch(reader)
    })
  }
  return {
    topic,
    topicId,
    partition,
    errorCode,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    abortedTransactions,
    preferredReadReplica,
    divergingEpoch,
    recordsStart,
    recordsEnd: recordsStart + recordsSize,
  }
}

function readAbortedTransactions(reader: ByteReader, isFlexible: boolean): AbortedTransaction[] | null {
  let count = reader.readNullableArrayCount(isFlexible, isFlexible ? 17 : 16)
  if (count === -1) return null
  const transactions: AbortedTransaction[] = []
  for (; count > 0; count--) {
    const producerId = reader.readInt64()
    transactions.push({ producerId, firstOffset: reader.readOffset() })
    if (isFlexible) reader.skipTaggedFields()
  }
  return transactions
}

/** Null for the schema's defaults, -1 and -1, which say nothing. */
function readDivergingEpoch(reader: ByteReader): DivergingEpoch | null {
  const epoch = reader.readInt32()
  const endOffset = reader.readOffset()
  return endOffset === -1 && epoch === -1 ? null : { epoch, endOffset }
}
