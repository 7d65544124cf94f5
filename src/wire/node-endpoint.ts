import type { ByteReader } from './byte-reader.ts'

/*
 * Tagged fields that tell of a new leader (KIP-951), the same in answers to Fetch (from version 16; the leader from 12)
 * and to Produce (from 10):
 *
 *   CurrentLeader => LeaderId INT32, LeaderEpoch INT32, TAG_BUFFER
 *   NodeEndpoints => [NodeEndpoint]
 *   NodeEndpoint  => NodeId INT32, Host STRING, Port INT32, Rack NULLABLE_STRING, TAG_BUFFER
 */

/** Where a broker named as the new leader can be reached. */
export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** The leader of a partition as the broker that answers knows it. */
export interface CurrentLeader {
  readonly leaderId: number
  readonly leaderEpoch: number
}

const LEAST_ENDPOINT_SIZE = 11

/** @returns null when the broker does not know the leader (id -1); @throws FRAME_CORRUPT */
export function readCurrentLeader(reader: ByteReader): CurrentLeader | null {
  const leaderId = reader.readInt32()
  const leaderEpoch = reader.readInt32()
  return leaderId < 0 ? null : { leaderId, leaderEpoch }
}

/** @throws FRAME_CORRUPT */
export function readNodeEndpoints(reader: ByteReader): NodeEndpoint[] {
  const endpoints: NodeEndpoint[] = []
  for (let count = reader.readArrayCount(true, LEAST_ENDPOINT_SIZE); count > 0; count--) {
    const nodeId = reader.readInt32()
    const host = reader.readString(true)
    const port = reader.readInt32()
    endpoints.push({ nodeId, host, port, rack: reader.readNullableString(true) })
    reader.skipTaggedFields()
  }
  return endpoints
}
