import { errors } from '../base/errors.ts'
import type { TwinlogError } from '../base/catalogue.ts'
import type { ClientSettings } from '../config/client-settings.ts'
import { brokerName } from './broker-address.ts'
import type { BrokerAddress } from './broker-address.ts'

/** What was going on when a socket failed. */
export interface ConnectAttempt {
  readonly cluster: string
  readonly broker: BrokerAddress
  /** The address behind the name, for people. */
  readonly address: string
  readonly settings: ClientSettings
  readonly timeoutMs: number
  /** `connecting`, `the TLS handshake`, ... */
  readonly step: string
}

/** Reasons of OpenSSL and Node that speak of the broker's certificate, with what to do about each. */
const certificateRemedies: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'trust',
  SELF_SIGNED_CERT_IN_CHAIN: 'trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'trust',
  UNABLE_TO_GET_ISSUER_CERT: 'trust',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'trust',
  CERT_UNTRUSTED: 'trust',
  CERT_SIGNATURE_FAILURE: 'trust',
  INVALID_CA: 'trust',
  CERT_HAS_EXPIRED: 'renew',
  CERT_NOT_YET_VALID: 'renew',
  CERT_REVOKED: 'renew',
  ERR_TLS_CERT_ALTNAME_INVALID: 'name',
  HOSTNAME_MISMATCH: 'name',
}

const remedies: Readonly<Record<string, string>> = {
  trust:
    'Give the certificate of the authority that signed it by ssl.truststore.certificates, or ssl.truststore.location with ssl.truststore.type=PEM.',
  renew: 'Check the clocks of both machines, and renew the certificate at the broker.',
  name: 'Use a host name that the certificate carries (bootstrap.servers, advertised.listeners), or an empty ssl.endpoint.identification.algorithm to leave the name unchecked.',
}

/**
 * Explains why a connection could not be made, with the setting to look at.
 * @param cause  the socket's error; null when the broker closed the connection without one
 */
export function connectError(cause: Error | null, attempt: ConnectAttempt): TwinlogError {
  const { cluster, address, timeoutMs, step, settings } = attempt
  const broker = brokerName(attempt.broker)
  const code = cause !== null && 'code' in cause ? String(cause.code) : ''
  const options = cause === null ? undefined : { cause }
  if (code === 'ECONNREFUSED') return errors.CONNECTION_REFUSED({ cluster, broker, address }, options)
  if (code === 'ETIMEDOUT') return errors.CONNECTION_TIMED_OUT({ cluster, broker, address, timeoutMs, step }, options)
  if (settings.tls !== undefined) {
    const tlsError = explainTls(cause, code, attempt, broker)
    if (tlsError !== null) return tlsError
  }
  const isPlain = settings.tls === undefined && step === 'the first request'
  // Most TLS listeners say so by an alert (PEER_SPEAKS_TLS); others just close.
  const hint = isPlain ? '; if its listener is encrypted, set security.protocol=SSL (or SASL_SSL)' : ''
  const reason = cause === null ? `the broker closed it${hint}` : withoutStack(cause)
  return errors.CONNECTION_FAILED({ cluster, broker, address, step, reason }, options)
}

function explainTls(cause: Error | null, code: string, attempt: ConnectAttempt, broker: string): TwinlogError | null {
  const { cluster, address } = attempt
  const options = cause === null ? undefined : { cause }
  const remedyName = certificateRemedies[code]
  if (remedyName !== undefined && cause !== null) {
    const remedy = remedies[remedyName]
    return errors.TLS_CERTIFICATE_REFUSED(
      { cluster, broker, reason: `${code}, ${withoutStack(cause)}`, remedy },
      options,
    )
  }
  const plain = attempt.settings.sasl === undefined ? 'PLAINTEXT' : 'SASL_PLAINTEXT'
  const isClosed = cause === null || code === 'ECONNRESET' || code === 'EPIPE'
  if (
    code === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
    code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG' ||
    code === 'ERR_SSL_HTTP_REQUEST'
  ) {
    return errors.TLS_NOT_SPOKEN({ cluster, broker, address, plain, reason: 'its answer is no TLS' }, options)
  }
  if (isClosed && attempt.step === 'the TLS handshake') {
    // A plain Kafka listener takes the client's hello for a frame of 369 MB and closes without a word.
    const reason = 'it closed the connection during the handshake'
    return errors.TLS_NOT_SPOKEN({ cluster, broker, address, plain, reason }, options)
  }
  if (cause !== null && code.startsWith('ERR_SSL_')) {
    return errors.TLS_CLIENT_REFUSED({ cluster, broker, reason: code.slice('ERR_SSL_'.length) }, options)
  }
  return null
}

/** OpenSSL's messages carry the line of its source file; the first sentence is enough for people. */
function withoutStack(cause: Error): string {
  return cause.message.split('\n')[0] ?? cause.message
}
