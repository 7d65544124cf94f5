import { ByteWriter } from '../wire/byte-writer.ts'

/**
 * A heartbeat: by those that were copied on, readers tell which clusters a cluster hears of, and over how many hops.
 *
 * ```
 *   key     sourceClusterAlias STRING, targetClusterAlias STRING
 *   value   version INT16 = 0, timestamp INT64
 * ```
 * Source: org.apache.kafka.connect.mirror.Heartbeat.
 */
export interface Heartbeat {
  readonly sourceAlias: string
  readonly targetAlias: string
  /** ms since the epoch. */
  readonly timestampMs: number
}

const version = 0
const lengthBytes = 2

export function encodeHeartbeatKey({ sourceAlias, targetAlias }: Heartbeat): Buffer {
  const size = 2 * lengthBytes + Buffer.byteLength(sourceAlias) + Buffer.byteLength(targetAlias)
  const writer = new ByteWriter(size)
  writer.writeNullableString(sourceAlias, false)
  writer.writeNullableString(targetAlias, false)
  return writer.bytes
}

export function encodeHeartbeatValue({ timestampMs }: Heartbeat): Buffer {
  const writer = new ByteWriter(10)
  writer.writeInt16(version)
  writer.writeOffset(timestampMs)
  return writer.bytes
}
