/** Which headers of an API version carry tagged fields (KIP-482). */
export interface FlexibleHeaders {
  readonly request: boolean
  readonly response: boolean
}

/**
 * Request Header v1 => size api_key api_version correlation_id client_id; v2 adds a TAG_BUFFER (KIP-482)
 *   size => INT32 (of all that follows); api_key, api_version => INT16; correlation_id => INT32; client_id => NULLABLE_STRING
 *
 * @param clientId   its UTF-8 bytes
 * @param bodyBytes  size of the body that follows
 * @returns          the header with its length field
 */
export function encodeRequestHeader(
  apiKey: number,
  apiVersion: number,
  correlationId: number,
  clientId: Buffer,
  isFlexible: boolean,
  bodyBytes: number,
): Buffer {
  const headerBytes = 14 + clientId.length + (isFlexible ? 1 : 0)
  const header = Buffer.allocUnsafe(headerBytes)
  header.writeInt32BE(headerBytes - 4 + bodyBytes, 0)
  header.writeInt16BE(apiKey, 4)
  header.writeInt16BE(apiVersion, 6)
  header.writeInt32BE(correlationId, 8)
  header.writeInt16BE(clientId.length, 12)
  clientId.copy(header, 14)
  if (isFlexible) header[headerBytes - 1] = 0
  return header
}

/**
 * Response Header v0 => correlation_id; v1 adds a TAG_BUFFER: count, then for each tag, size, bytes (UNSIGNED_VARINTs)
 * @param bytes  a frame without its length field
 * @returns      where the body begins; -1 when the header is cut or malformed
 */
export function responseBodyStart(bytes: Buffer, isFlexible: boolean): number {
  if (!isFlexible) return 4
  // Brokers send no tags in the header as yet: one zero byte.
  if (bytes[4] === 0) return 5
  const position = { at: 4 }
  const tags = unsignedVarint(bytes, position)
  for (let tag = 0; tag < tags; tag++) {
    unsignedVarint(bytes, position)
    const sizeBytes = unsignedVarint(bytes, position)
    position.at += sizeBytes
    if (position.at > bytes.length) return -1
  }
  return position.at > bytes.length ? -1 : position.at
}

/** Moves on; where the bytes end or a number goes on too long, the position becomes Infinity. */
function unsignedVarint(bytes: Buffer, position: { at: number }): number {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[position.at++]
    if (byte === undefined) break
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return value
  }
  position.at = Infinity
  return 0
}
