import { ByteWriter } from '../wire/byte-writer.ts'
import type { OffsetPair } from './offset-trail.ts'
import type { TopicPartition } from './topic-partition.ts'

/**
 * An offset sync: a record at an upstream offset was copied to a downstream offset. MirrorMaker 2 translates a group's offset by the nearest sync at or before it.
 *
 * ```
 *   key     topic STRING, partition INT32     (source topic)
 *   value   upstreamOffset INT64, offset INT64
 * ```
 * Source: org.apache.kafka.connect.mirror.OffsetSync. Unlike its kin it has no version.
 */
export type OffsetSync = TopicPartition & OffsetPair

export function encodeOffsetSyncKey({ topic, partition }: TopicPartition): Buffer {
  const writer = new ByteWriter(6 + Buffer.byteLength(topic))
  writer.writeNullableString(topic, false)
  writer.writeInt32(partition)
  return writer.bytes
}

export function encodeOffsetSyncValue({ upstream, downstream }: OffsetPair): Buffer {
  const writer = new ByteWriter(16)
  writer.writeOffset(upstream)
  writer.writeOffset(downstream)
  return writer.bytes
}
