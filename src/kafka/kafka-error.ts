import { protocolErrors, protocolErrorsCodesById } from '@platformatic/kafka'
import { TwinlogError } from '../base/catalogue.ts'
import type { ErrorAction, ErrorKind } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'

/** Codes of Kafka 4.3 that @platformatic/kafka 2.12.1 does not know (org.apache.kafka.common.protocol.Errors). */
const newerErrors: Readonly<Record<number, string>> = {
  128: 'INVALID_REGULAR_EXPRESSION',
  129: 'REBOOTSTRAP_REQUIRED',
  130: 'STREAMS_INVALID_TOPOLOGY',
  131: 'STREAMS_INVALID_TOPOLOGY_EPOCH',
  132: 'STREAMS_TOPOLOGY_FENCED',
  133: 'SHARE_SESSION_LIMIT_REACHED',
}

// The library's parsers build an error object for each code in an answer, and end in a TypeError at a code that they do not know.
for (const [code, id] of Object.entries(newerErrors)) {
  protocolErrorsCodesById[Number(code)] ??= id
  protocolErrors[id] ??= { id, code: Number(code), canRetry: false, message: id }
}

/** What an error code of an answer means. `action` is `none` for the code 0 alone. */
export interface KafkaErrorClass {
  /** Kafka's name, for example NOT_LEADER_OR_FOLLOWER. */
  readonly name: string
  readonly action: ErrorAction | 'none'
}

/** What is known of any error: who has to act, and how. */
export interface ErrorClass {
  readonly kind: ErrorKind
  readonly action: ErrorAction
}

/** By Kafka's name; what is not listed here stops. From the retriable and refresh exceptions of Kafka's clients, and KIP-360. */
const actions: Readonly<Record<string, ErrorAction>> = {
  // Passes by itself.
  CORRUPT_MESSAGE: 'retry',
  REQUEST_TIMED_OUT: 'retry',
  COORDINATOR_LOAD_IN_PROGRESS: 'retry',
  NOT_ENOUGH_REPLICAS: 'retry',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'retry',
  CONCURRENT_TRANSACTIONS: 'retry',
  FETCH_SESSION_ID_NOT_FOUND: 'retry',
  INVALID_FETCH_SESSION_EPOCH: 'retry',
  FETCH_SESSION_TOPIC_ID_ERROR: 'retry',
  OFFSET_NOT_AVAILABLE: 'retry',
  UNSTABLE_OFFSET_COMMIT: 'retry',
  THROTTLING_QUOTA_EXCEEDED: 'retry',
  SHARE_SESSION_NOT_FOUND: 'retry',
  INVALID_SHARE_SESSION_EPOCH: 'retry',
  SHARE_SESSION_LIMIT_REACHED: 'retry',
  // Kafka's clients give up at this one; but brokers answer so to passing trouble as well, and a mirror has time.
  UNKNOWN_SERVER_ERROR: 'retry',
  // Another broker has it now, or soon will.
  UNKNOWN_TOPIC_OR_PARTITION: 'refresh-metadata',
  LEADER_NOT_AVAILABLE: 'refresh-metadata',
  NOT_LEADER_OR_FOLLOWER: 'refresh-metadata',
  BROKER_NOT_AVAILABLE: 'refresh-metadata',
  REPLICA_NOT_AVAILABLE: 'refresh-metadata',
  STALE_CONTROLLER_EPOCH: 'refresh-metadata',
  NETWORK_EXCEPTION: 'refresh-metadata',
  COORDINATOR_NOT_AVAILABLE: 'refresh-metadata',
  NOT_COORDINATOR: 'refresh-metadata',
  NOT_CONTROLLER: 'refresh-metadata',
  KAFKA_STORAGE_ERROR: 'refresh-metadata',
  LISTENER_NOT_FOUND: 'refresh-metadata',
  FENCED_LEADER_EPOCH: 'refresh-metadata',
  UNKNOWN_LEADER_EPOCH: 'refresh-metadata',
  PREFERRED_LEADER_NOT_AVAILABLE: 'refresh-metadata',
  ELIGIBLE_LEADERS_NOT_AVAILABLE: 'refresh-metadata',
  UNKNOWN_TOPIC_ID: 'refresh-metadata',
  INCONSISTENT_TOPIC_ID: 'refresh-metadata',
  INELIGIBLE_REPLICA: 'refresh-metadata',
  NEW_LEADER_ELECTED: 'refresh-metadata',
  REBOOTSTRAP_REQUIRED: 'refresh-metadata',
  // Group membership is out of date.
  ILLEGAL_GENERATION: 'rejoin',
  UNKNOWN_MEMBER_ID: 'rejoin',
  REBALANCE_IN_PROGRESS: 'rejoin',
  MEMBER_ID_REQUIRED: 'rejoin',
  FENCED_MEMBER_EPOCH: 'rejoin',
  STALE_MEMBER_EPOCH: 'rejoin',
  // Somebody else has taken over our id.
  INVALID_PRODUCER_EPOCH: 'fence',
  PRODUCER_FENCED: 'fence',
  TRANSACTION_COORDINATOR_FENCED: 'fence',
  FENCED_INSTANCE_ID: 'fence',
}

const unauthorized = /_AUTHORIZATION_FAILED$/

/** @returns Kafka's name and what to do about it; total: a code that nobody knows stops */
export function classifyKafkaError(code: number): KafkaErrorClass {
  const name = kafkaErrorName(code)
  if (code === 0) return { name, action: 'none' }
  return { name, action: actions[name] ?? 'stop' }
}

/** @returns Kafka's name of an error code, `NONE` for 0 */
export function kafkaErrorName(code: number): string {
  return protocolErrorsCodesById[code] ?? `ERROR_${code}`
}

/** Where an error code came from. */
export interface KafkaErrorContext {
  readonly cluster: string
  /** Its name; `any` where it does not matter which one answered. */
  readonly broker: string
  /** The API, with topic and partition where they are known. */
  readonly api: string
  /** The broker's own words, if it sent some. */
  readonly detail?: string | null
}

/**
 * Makes an error of the catalogue from an error code of an answer. Its parameters hold `error` (Kafka's name) and `errorCode`.
 * @param code  not 0
 */
export function kafkaError(
  code: number,
  { cluster, broker, api, detail }: KafkaErrorContext,
  cause?: unknown,
): TwinlogError {
  const { name: error, action } = classifyKafkaError(code)
  const words = detail === undefined || detail === null || detail === '' ? undefined : detail
  const text = words ?? protocolErrors[error]?.message ?? `code ${code}`
  const parameters = {
    cluster,
    broker: broker === 'any' ? 'a broker' : `broker ${broker}`,
    api,
    error,
    errorCode: code,
    detail: text.replace(/\.$/, ''),
  }
  const options = cause === undefined ? undefined : { cause }
  if (unauthorized.test(error)) return errors.KAFKA_UNAUTHORIZED(parameters, options)
  switch (action) {
    case 'retry':
      return errors.KAFKA_RETRIABLE(parameters, options)
    case 'refresh-metadata':
      return errors.KAFKA_METADATA_STALE(parameters, options)
    case 'rejoin':
      return errors.KAFKA_REJOIN_NEEDED(parameters, options)
    case 'fence':
      return errors.KAFKA_FENCED(parameters, options)
    case 'stop':
    case 'none':
      return errors.KAFKA_REFUSED(parameters, options)
  }
}

/** Node's codes for a network that failed: worth another try, perhaps at another broker. */
export const socketCodes = [
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENOBUFS',
  'ENOTCONN',
  'ENOTFOUND',
  'EPIPE',
  'EPROTO',
  'ETIMEDOUT',
  'ERR_SOCKET_CLOSED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
] as const

const isSocketCode: ReadonlySet<string> = new Set(socketCodes)

/**
 * Says of anything that was thrown who has to act and how. Total: what nobody knows is a defect, and defects are not retried.
 */
export function classify(error: unknown): ErrorClass {
  if (!(error instanceof Error)) return { kind: 'defect', action: 'stop' }
  if (error instanceof TwinlogError) return { kind: error.kind, action: error.action }
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return { kind: 'operational', action: 'stop' }
  // @platformatic/kafka's ResponseError holds one error for each code in the answer.
  const problem: unknown = error instanceof AggregateError ? error.errors[0] : error
  if (problem instanceof Error && 'apiCode' in problem && typeof problem.apiCode === 'number') {
    const { action } = classifyKafkaError(problem.apiCode)
    return { kind: 'operational', action: action === 'none' ? 'stop' : action }
  }
  if ('code' in error && isSocketCode.has(String(error.code)))
    return { kind: 'operational', action: 'refresh-metadata' }
  return { kind: 'defect', action: 'stop' }
}
