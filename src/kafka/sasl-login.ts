import {
  Reader,
  protocolErrorsCodesById,
  saslAuthenticateV0,
  saslAuthenticateV2,
  saslHandshakeV1,
} from '@platformatic/kafka'
import { errors } from '../base/errors.ts'
import type { ClientSettings, SaslSettings } from '../config/client-settings.ts'
import type { ApiRange } from './api-range.ts'
import type { Frame } from './frame-arena.ts'
import type { FlexibleHeaders } from './request-header.ts'
import { ServerProofError, createSaslExchange } from './sasl-exchange.ts'

/** What ApiVersions and the log-in need of a connection. */
export interface LoginConnection {
  readonly cluster: string
  /** The broker, for messages. */
  readonly name: string
  readonly settings: ClientSettings
  apiRange(apiKey: number): ApiRange | null
  request(apiKey: number, apiVersion: number, headers: FlexibleHeaders, body: Buffer): Promise<Frame>
}

const handshakeKey = 17
const authenticateKey = 36
const unsupportedMechanism = 33
const illegalState = 34

/**
 * Logs in by SaslHandshake v1 and SaslAuthenticate (KIP-43, KIP-152), at the beginning and again when the session ends (KIP-368).
 * @returns how long the session lasts, ms; 0: for ever
 * @throws SASL_MECHANISM_UNSUPPORTED, SASL_NOT_ENABLED, SASL_AUTHENTICATION_FAILED, SASL_SERVER_UNPROVEN
 */
export async function logIn(connection: LoginConnection, sasl: SaslSettings): Promise<number> {
  await handshake(connection, sasl)
  const exchange = createSaslExchange(sasl)
  let sessionLifetimeMs = 0
  let challenge: Buffer | null = null
  for (;;) {
    const message = await nextMessage(connection, sasl, () => exchange.next(challenge))
    if (message === null) return sessionLifetimeMs
    const answer = await authenticate(connection, sasl, message)
    challenge = answer.authBytes
    sessionLifetimeMs = answer.sessionLifetimeMs
  }
}

async function nextMessage(
  { cluster, name: broker }: LoginConnection,
  { username, mechanism }: SaslSettings,
  next: () => Promise<Buffer | null>,
): Promise<Buffer | null> {
  try {
    return await next()
  } catch (error) {
    if (!(error instanceof ServerProofError)) throw error
    throw errors.SASL_SERVER_UNPROVEN({ cluster, broker, username, mechanism, reason: error.message }, { cause: error })
  }
}

async function handshake(connection: LoginConnection, { mechanism }: SaslSettings): Promise<void> {
  const { cluster, name: broker, settings } = connection
  const body = saslHandshakeV1.createRequest(mechanism).buffer
  const reader = await ask(connection, handshakeKey, 1, body)
  const errorCode = reader.readInt16()
  if (errorCode === 0) return
  if (errorCode === unsupportedMechanism) {
    const offered = reader.readArray((r) => r.readString(false), false, false).join(', ')
    throw errors.SASL_MECHANISM_UNSUPPORTED({ cluster, broker, mechanism, offered: offered === '' ? 'none' : offered })
  }
  if (errorCode === illegalState) {
    throw errors.SASL_NOT_ENABLED({ cluster, broker, plain: settings.tls === undefined ? 'PLAINTEXT' : 'SSL' })
  }
  throw refused(connection, settings.sasl, errorCode, null)
}

async function authenticate(connection: LoginConnection, sasl: SaslSettings, message: Buffer) {
  const version = Math.min(connection.apiRange(authenticateKey)?.max ?? 0, 2)
  const isFlexible = version >= 2
  const body = isFlexible ? saslAuthenticateV2.createRequest(message) : saslAuthenticateV0.createRequest(message)
  const reader = await ask(connection, authenticateKey, version, body.buffer)
  const errorCode = reader.readInt16()
  const errorMessage = reader.readNullableString(isFlexible)
  if (errorCode !== 0) throw refused(connection, sasl, errorCode, errorMessage)
  const authBytes = reader.readBytes(isFlexible)
  return { authBytes, sessionLifetimeMs: version >= 1 ? Number(reader.readInt64()) : 0 }
}

async function ask(connection: LoginConnection, apiKey: number, version: number, body: Buffer): Promise<Reader> {
  const isFlexible = apiKey === authenticateKey && version >= 2
  const frame = await connection.request(apiKey, version, { request: isFlexible, response: isFlexible }, body)
  const bytes = Buffer.from(frame.bytes.subarray(frame.bodyStart))
  frame.release()
  return Reader.from(bytes)
}

function refused(
  connection: LoginConnection,
  sasl: SaslSettings | undefined,
  errorCode: number,
  message: string | null,
) {
  const { cluster, name: broker } = connection
  const error = protocolErrorsCodesById[errorCode] ?? `error ${errorCode}`
  const reason = message === null || message === '' ? error : `${error}: ${message}`
  const username = sasl?.username ?? ''
  return errors.SASL_AUTHENTICATION_FAILED({ cluster, broker, username, mechanism: sasl?.mechanism ?? '', reason })
}
