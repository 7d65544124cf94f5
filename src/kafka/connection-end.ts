import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { ClientSettings } from '../config/client-settings.ts'
import { apiName } from './api-name.ts'
import { brokerName } from './broker-address.ts'
import type { BrokerAddress } from './broker-address.ts'
import { connectError } from './connect-error.ts'

/** A connection as it was when it ended. */
export interface EndedConnection {
  readonly cluster: string
  readonly broker: BrokerAddress
  readonly settings: ClientSettings
  /** Answers that had come. None: it was still being set up. */
  readonly answersCount: number
  /** Requests that waited for an answer. */
  readonly pendingCount: number
}

/** One request that will not be answered any more. */
export interface LostRequest {
  readonly apiKey: number
  readonly elapsedMs: number
  readonly isFlushed: boolean
}

/**
 * Says why a connection ended.
 * @param reason  what was thrown or emitted; null when the broker closed the connection
 */
export function endReason(reason: unknown, ended: EndedConnection): Error {
  if (reason instanceof Error && !('syscall' in reason) && !isSslError(reason)) return reason
  const cause = reason instanceof Error ? reason : null
  const { cluster, broker, settings } = ended
  if (ended.answersCount === 0) {
    const address = `${broker.host} port ${broker.port}`
    return connectError(cause, { cluster, broker, address, settings, timeoutMs: 0, step: 'the first request' })
  }
  const text = cause?.message ?? closedByBroker(ended)
  return errors.CONNECTION_CLOSED({ cluster, broker: brokerName(broker), reason: text }, { cause })
}

function closedByBroker({ pendingCount, answersCount, settings }: EndedConnection): string {
  if (pendingCount === 0) return 'the broker closed it, as it does with idle ones'
  const isFirst = answersCount === 1 && settings.sasl === undefined
  const protocol = settings.tls === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL'
  // A SASL listener answers ApiVersions to anybody, and closes at the first request that is not a log-in.
  const hint = `; if its listener asks for a log-in, set security.protocol=${protocol} and sasl.jaas.config`
  return isFirst ? `the broker closed it at the first request${hint}` : 'the broker closed it'
}

/** @returns what a request that was under way is rejected with */
export function lostRequestError(request: LostRequest, reason: Error, ended: EndedConnection): Error {
  // While it is being set up, and at a wanted end, the reason says it all.
  if (ended.answersCount === 0 || (reason instanceof TwinlogError && reason.code === 'STOPPING')) return reason
  const { cluster, broker } = ended
  const parameters = {
    cluster,
    broker: brokerName(broker),
    api: apiName(request.apiKey),
    elapsedMs: request.elapsedMs,
    flushed: request.isFlushed,
  }
  if (
    reason instanceof TwinlogError &&
    reason.code === 'REQUEST_TIMED_OUT' &&
    reason.parameters['api'] === parameters.api
  ) {
    return errors.REQUEST_TIMED_OUT({ ...parameters, timeoutMs: reason.parameters['timeoutMs'] }, { cause: reason })
  }
  return errors.CONNECTION_LOST({ ...parameters, reason: briefly(reason) }, { cause: reason })
}

/** @returns what a request that comes too late is rejected with */
export function closedConnectionError(reason: Error | null, cluster: string, broker: BrokerAddress): Error {
  const text = reason === null ? 'it was never opened' : briefly(reason)
  return errors.CONNECTION_CLOSED({ cluster, broker: brokerName(broker), reason: text }, { cause: reason })
}

/** What happened, without the introduction that the error around it gives anyway. */
function briefly(reason: Error): string {
  const isClosed = reason instanceof TwinlogError && reason.code === 'CONNECTION_CLOSED'
  const text = isClosed ? String(reason.parameters['reason']) : reason.message
  return text.replace(/\.$/, '')
}

function isSslError(error: Error): boolean {
  return 'code' in error && String(error.code).startsWith('ERR_SSL_')
}
