import { TwinlogError } from '../base/catalogue.ts'
import { ByteReader } from '../wire/byte-reader.ts'
import { ByteWriter } from '../wire/byte-writer.ts'

/**
 * Where a consumer group of the source goes on in a remote topic: what Java's MirrorClient reads.
 *
 * ```
 *   key     group STRING, topic STRING, partition INT32
 *   value   version INT16 = 0, upstreamOffset INT64, downstreamOffset INT64, metadata STRING
 * ```
 * A record without a value would be the end of a reader of Kafka 4.3 (MirrorClient.remoteConsumerOffsets), so none is ever written, as by MirrorMaker 2.
 * Source: org.apache.kafka.connect.mirror.Checkpoint.
 */
export interface Checkpoint {
  readonly groupId: string
  /** On the target. */
  readonly topic: string
  readonly partition: number
  readonly upstreamOffset: number
  readonly downstreamOffset: number
  /** As the group committed it; empty for none. */
  readonly metadata: string
}

const version = 0
const lengthBytes = 2

export function encodeCheckpointKey({ groupId, topic, partition }: Checkpoint): Buffer {
  const writer = new ByteWriter(2 * lengthBytes + Buffer.byteLength(groupId) + Buffer.byteLength(topic) + 4)
  writer.writeNullableString(groupId, false)
  writer.writeNullableString(topic, false)
  writer.writeInt32(partition)
  return writer.bytes
}

export function encodeCheckpointValue({ upstreamOffset, downstreamOffset, metadata }: Checkpoint): Buffer {
  const writer = new ByteWriter(2 + 8 + 8 + lengthBytes + Buffer.byteLength(metadata))
  writer.writeInt16(version)
  writer.writeOffset(upstreamOffset)
  writer.writeOffset(downstreamOffset)
  writer.writeNullableString(metadata, false)
  return writer.bytes
}

/**
 * Whether a checkpoint is to be written: the first one, after a step back of the group at the source, and whenever the offset on the target is higher.
 * @param last   the last one of the same group and partition; null: there is none
 * Source: MirrorCheckpointTask.checkpointIsMoreRecent.
 */
export function isCheckpointDue(
  { upstreamOffset, downstreamOffset }: Pick<Checkpoint, 'upstreamOffset' | 'downstreamOffset'>,
  last: Checkpoint | null,
): boolean {
  return last === null || upstreamOffset < last.upstreamOffset || downstreamOffset > last.downstreamOffset
}

/** @returns null for what is no checkpoint, which readers pass over. As in Java bytes behind the last field are ignored, and the version is not looked at. */
export function decodeCheckpoint(key: Buffer | null, value: Buffer | null): Checkpoint | null {
  if (key === null || value === null) return null
  try {
    const keyReader = new ByteReader(key, 0, key.length)
    const groupId = keyReader.readString(false)
    const topic = keyReader.readString(false)
    const partition = keyReader.readInt32()
    const reader = new ByteReader(value, 0, value.length)
    reader.readInt16()
    const upstreamOffset = reader.readOffset()
    const downstreamOffset = reader.readOffset()
    return { groupId, topic, partition, upstreamOffset, downstreamOffset, metadata: reader.readString(false) }
  } catch (error) {
    if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
    return null
  }
}
