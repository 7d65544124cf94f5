import { ProtocolError, Reader, apiVersionsV0, apiVersionsV3, apiVersionsV4 } from '@platformatic/kafka'
import { errors } from '../base/errors.ts'
import type { ApiRange } from './api-range.ts'
import type { LoginConnection } from './sasl-login.ts'

const apiKey = 18
const unsupportedVersion = 35

/**
 * Asks which APIs and versions the broker has: v4, and what it falls back to when it has no v4. A broker that lacks the asked
 * version answers with error 35 in the form of v0, with its own range of ApiVersions (KIP-511), so one more question is enough.
 * @returns the range of each API by its key
 */
export async function askApiVersions(connection: LoginConnection): Promise<ReadonlyMap<number, ApiRange>> {
  const newest = await ask(connection, 4)
  if (newest.errorCode === 0) return newest.apis
  const isKnown = (newest.apis.get(apiKey)?.max ?? 0) >= 3
  const older = newest.errorCode === unsupportedVersion ? await ask(connection, isKnown ? 3 : 0) : newest
  if (older.errorCode === 0) return older.apis
  const reason = new ProtocolError(older.errorCode).message
  throw errors.ANSWER_INVALID({ cluster: connection.cluster, broker: connection.name, api: 'ApiVersions', reason })
}

interface Answer {
  readonly errorCode: number
  readonly apis: ReadonlyMap<number, ApiRange>
}

async function ask(connection: LoginConnection, version: 0 | 3 | 4): Promise<Answer> {
  const isFlexible = version >= 3
  const body = isFlexible ? apiVersionsV3.createRequest('twinlog', '1').buffer : Buffer.alloc(0)
  // The response header stays v0 in all versions: the client cannot know yet what the broker speaks.
  const frame = await connection.request(apiKey, version, { request: isFlexible, response: false }, body)
  const bytes = Buffer.from(frame.bytes.subarray(frame.bodyStart))
  frame.release()
  try {
    const errorCode = bytes.readInt16BE(0)
    if (errorCode !== 0) return { errorCode, apis: parseV0(bytes) }
    const parse = version === 0 ? apiVersionsV0.parseResponse : apiVersionsV4.parseResponse
    const { apiKeys } = parse(0, apiKey, version, Reader.from(bytes))
    return {
      errorCode,
      apis: new Map(apiKeys.map((api) => [api.apiKey, { min: api.minVersion, max: api.maxVersion }])),
    }
  } catch (cause) {
    const parameters = { cluster: connection.cluster, broker: connection.name, api: 'ApiVersions' }
    throw errors.ANSWER_INVALID({ ...parameters, reason: 'it is malformed' }, { cause })
  }
}

/** ApiVersions Response (Version: 0) => error_code INT16, [api_keys] => api_key min_version max_version (INT16 each) */
function parseV0(bytes: Buffer): ReadonlyMap<number, ApiRange> {
  const apis = new Map<number, ApiRange>()
  const count = bytes.length >= 6 ? bytes.readInt32BE(2) : 0
  for (let index = 0, at = 6; index < count && at + 6 <= bytes.length; index++, at += 6) {
    apis.set(bytes.readInt16BE(at), { min: bytes.readInt16BE(at + 2), max: bytes.readInt16BE(at + 4) })
  }
  return apis
}
