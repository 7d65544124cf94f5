import type { RequestHeader } from './kafka-frames.ts'

/** What a Fetch request asks for, without its partitions. */
export interface FetchFields {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  /** 0: read_uncommitted, 1: read_committed. */
  readonly isolationLevel: number
  readonly rackId: string
}

/** What a Produce request asks for, without its batches. */
export interface ProduceFields {
  readonly acks: number
  readonly timeoutMs: number
}

/** Length field, API key, version, correlation id and the length of the client id. */
const BEFORE_CLIENT_ID = 14
const FIRST_FETCH_WITHOUT_REPLICA_ID = 15
const FIRST_FLEXIBLE_PRODUCE = 9

/** Reads a whole Fetch request frame of version 15 or above, as the library's and our own encoder do not. Source: FetchRequest.json. */
export function readFetchFields(header: RequestHeader, frame: Buffer): FetchFields {
  if (header.apiVersion < FIRST_FETCH_WITHOUT_REPLICA_ID) throw new RangeError(`Fetch version ${header.apiVersion}`)
  const at = bodyAt(header)
  return {
    maxWaitMs: frame.readInt32BE(at),
    minBytes: frame.readInt32BE(at + 4),
    maxBytes: frame.readInt32BE(at + 8),
    isolationLevel: frame.readInt8(at + 12),
    rackId: lastString(frame),
  }
}

/** Reads a whole Produce request frame of version 9 or above, without a transactional id. Source: ProduceRequest.json. */
export function readProduceFields(header: RequestHeader, frame: Buffer): ProduceFields {
  const at = bodyAt(header)
  if (header.apiVersion < FIRST_FLEXIBLE_PRODUCE || frame[at] !== 0)
    throw new RangeError(`Produce version ${header.apiVersion}`)
  return { acks: frame.readInt16BE(at + 1), timeoutMs: frame.readInt32BE(at + 3) }
}

/** After the client id comes the byte of no tagged fields. */
function bodyAt({ clientId = '' }: RequestHeader): number {
  return BEFORE_CLIENT_ID + Buffer.byteLength(clientId) + 1
}

/** A compact string (its length + 1 in a byte, then its bytes) before the frame's last byte, which says that there are no tagged fields. */
function lastString(frame: Buffer): string {
  const end = frame.length - 1
  for (let length = 0; length < 127; length++) {
    const text = frame.toString('latin1', end - length, end)
    if (frame[end - length - 1] === length + 1 && /^[\w.-]*$/.test(text)) return text
  }
  throw new RangeError('no string at the end of the frame')
}
