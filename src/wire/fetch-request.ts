import { assert } from '../base/assert.ts'
import { ByteWriter, arrayCountSize, stringSize } from './byte-writer.ts'

/*
 * Fetch request, API key 1 (Kafka's FetchRequest.json). Versions 12 and above are flexible: compact strings and arrays,
 * and a TAG_BUFFER (here: T) at the end of every structure. Primitive types: byte-reader.ts.
 *
 *   Request        => ReplicaId INT32 (to version 14: -1), MaxWaitMs INT32, MinBytes INT32, MaxBytes INT32,
 *                     IsolationLevel INT8, SessionId INT32, SessionEpoch INT32, [Topic], [ForgottenTopic],
 *                     RackId STRING, T
 *   Topic          => Name STRING (to version 12) or TopicId UUID (from 13), [Partition], T
 *   Partition      => Partition INT32, CurrentLeaderEpoch INT32, FetchOffset INT64, LastFetchedEpoch INT32 (from 12),
 *                     LogStartOffset INT64 (-1), PartitionMaxBytes INT32, T
 *   ForgottenTopic => Name STRING or TopicId UUID as above, [Partition INT32], T
 *
 * Left out, because only replicas send them: tags ClusterId, ReplicaState (15), ReplicaDirectoryId (17).
 */

/** Versions that encodeFetchRequest and decodeFetchResponse know, ascending. */
export const FETCH_VERSIONS = [11, 12, 13, 14, 15, 16, 17] as const
export type FetchVersion = (typeof FETCH_VERSIONS)[number]

export interface FetchPartition {
  readonly partition: number
  /** -1: not known, the broker does not compare. */
  readonly currentLeaderEpoch: number
  readonly fetchOffset: number
  /** Of the last batch fetched; -1: none. From version 12 the broker tells by it of truncation (KIP-595). */
  readonly lastFetchedEpoch: number
  readonly partitionMaxBytes: number
}

export interface FetchTopic {
  /** Sent up to version 12. */
  readonly topic: string
  /** 16 bytes; sent from version 13. */
  readonly topicId: Buffer
  readonly partitions: readonly FetchPartition[]
}

export interface ForgottenTopic {
  readonly topic: string
  readonly topicId: Buffer
  readonly partitions: readonly number[]
}

export interface FetchRequest {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  /** 0 read_uncommitted, 1 read_committed. */
  readonly isolationLevel: 0 | 1
  /** 0: no session yet (KIP-227). */
  readonly sessionId: number
  /** 0: begin a session; -1: close it, or fetch without one. */
  readonly sessionEpoch: number
  /** In a session that goes on: only the partitions whose request changed. */
  readonly topics: readonly FetchTopic[]
  readonly forgottenTopics: readonly ForgottenTopic[]
  /** client.rack, or ''. */
  readonly rackId: string
}

const TOPIC_ID_SIZE = 16
const CONSUMER_REPLICA_ID = -1

/**
 * Encodes the body of a Fetch request (no request header) in one pass into one buffer of the computed size.
 * @returns a new buffer
 */
export function encodeFetchRequest(version: FetchVersion, request: FetchRequest): Buffer {
  const isFlexible = version >= 12
  const writer = new ByteWriter(fetchRequestSize(version, request))
  if (version < 15) writer.writeInt32(CONSUMER_REPLICA_ID)
  writer.writeInt32(request.maxWaitMs)
  writer.writeInt32(request.minBytes)
  writer.writeInt32(request.maxBytes)
  writer.writeInt8(request.isolationLevel)
  writer.writeInt32(request.sessionId)
  writer.writeInt32(request.sessionEpoch)
  writer.writeArrayCount(request.topics.length, isFlexible)
  for (const topic of request.topics) writeTopic(writer, version, topic)
  writer.writeArrayCount(request.forgottenTopics.length, isFlexible)
  for (const topic of request.forgottenTopics) writeForgottenTopic(writer, version, topic)
  writer.writeNullableString(request.rackId, isFlexible)
  if (isFlexible) writer.writeEmptyTaggedFields()
  assert(writer.position === writer.bytes.length, 'the size of a Fetch request was computed wrongly')
  return writer.bytes
}

function writeTopic(writer: ByteWriter, version: FetchVersion, topic: FetchTopic): void {
  const isFlexible = version >= 12
  writeTopicName(writer, version, topic)
  writer.writeArrayCount(topic.partitions.length, isFlexible)
  for (const partition of topic.partitions) {
    writer.writeInt32(partition.partition)
    writer.writeInt32(partition.currentLeaderEpoch)
    writer.writeOffset(partition.fetchOffset)
    if (version >= 12) writer.writeInt32(partition.lastFetchedEpoch)
    writer.writeOffset(-1)
    writer.writeInt32(partition.partitionMaxBytes)
    if (isFlexible) writer.writeEmptyTaggedFields()
  }
  if (isFlexible) writer.writeEmptyTaggedFields()
}

function writeForgottenTopic(writer: ByteWriter, version: FetchVersion, topic: ForgottenTopic): void {
  const isFlexible = version >= 12
  writeTopicName(writer, version, topic)
  writer.writeArrayCount(topic.partitions.length, isFlexible)
  for (const partition of topic.partitions) writer.writeInt32(partition)
  if (isFlexible) writer.writeEmptyTaggedFields()
}

function writeTopicName(writer: ByteWriter, version: FetchVersion, topic: FetchTopic | ForgottenTopic): void {
  if (version < 13) return writer.writeNullableString(topic.topic, version >= 12)
  assert(topic.topicId.length === TOPIC_ID_SIZE, 'a topic id has 16 bytes')
  writer.writeBytes(topic.topicId, 0, TOPIC_ID_SIZE)
}

function fetchRequestSize(version: FetchVersion, request: FetchRequest): number {
  const isFlexible = version >= 12
  const tagsSize = isFlexible ? 1 : 0
  const partitionSize = 28 + (version >= 12 ? 4 : 0) + tagsSize
  let size = 21 + (version < 15 ? 4 : 0) + tagsSize + stringSize(request.rackId, isFlexible)
  size += arrayCountSize(request.topics.length, isFlexible) + arrayCountSize(request.forgottenTopics.length, isFlexible)
  for (const topic of request.topics) {
    const count = topic.partitions.length
    size += topicNameSize(version, topic.topic) + arrayCountSize(count, isFlexible) + count * partitionSize + tagsSize
  }
  for (const topic of request.forgottenTopics) {
    const count = topic.partitions.length
    size += topicNameSize(version, topic.topic) + arrayCountSize(count, isFlexible) + count * 4 + tagsSize
  }
  return size
}

function topicNameSize(version: FetchVersion, topic: string): number {
  return version < 13 ? stringSize(topic, version >= 12) : TOPIC_ID_SIZE
}
