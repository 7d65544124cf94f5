import { Reader } from '@platformatic/kafka'
import type { Callback, Connection, ResponseParser, Writer } from '@platformatic/kafka'
import { assert } from '../base/assert.ts'
import { errors } from '../base/errors.ts'
import { apiName } from './api-name.ts'
import type { Frame } from './frame-arena.ts'
import type { FlexibleHeaders } from './request-header.ts'

/** What is needed of a connection to run API functions of @platformatic/kafka over it. */
export interface RequestChannel {
  readonly cluster: string
  /** The broker, for messages. */
  readonly name: string
  request(
    apiKey: number,
    apiVersion: number,
    headers: FlexibleHeaders,
    chunks: readonly Buffer[],
    options: { readonly timeoutMs: number },
  ): Promise<Frame>
}

/**
 * What an API function of @platformatic/kafka takes for its connection. Of that, it uses nothing but `send` (createAPI in its
 * apis/definitions.js). Answers are copied out of their arena, since what is parsed may refer to them for ever.
 * @param timeoutMs  time allowed for each request
 */
export function libraryConnection(channel: RequestChannel, timeoutMs: number): Connection {
  const send: Connection['send'] = (
    apiKey,
    apiVersion,
    createPayload,
    responseParser,
    hasRequestHeaderTaggedFields,
    hasResponseHeaderTaggedFields,
    callback,
  ) => {
    const headers = { request: hasRequestHeaderTaggedFields, response: hasResponseHeaderTaggedFields }
    const exchange = { apiKey, apiVersion, createPayload, responseParser, headers, timeoutMs }
    answer(channel, exchange, callback)
  }
  const facade: Pick<Connection, 'send'> = { send }
  return facade as Connection
}

interface Exchange<Response> {
  readonly apiKey: number
  readonly apiVersion: number
  readonly createPayload: () => Writer | Promise<Writer>
  readonly responseParser: ResponseParser<Response>
  readonly headers: FlexibleHeaders
  readonly timeoutMs: number
}

function answer<Response>(channel: RequestChannel, exchange: Exchange<Response>, callback: Callback<Response>): void {
  run(channel, exchange).then(
    (response) => callback(null, response),
    (error: unknown) =>
      callback(error instanceof Error ? error : errors.DEFECT({ what: String(error) }, { cause: error })),
  )
}

async function run<Response>(channel: RequestChannel, exchange: Exchange<Response>): Promise<Response> {
  const { apiKey, apiVersion, createPayload, responseParser, headers, timeoutMs } = exchange
  const payload = await createPayload()
  assert(payload.context['noResponse'] !== true, 'requests without an answer are not sent over this connection')
  const frame = await channel.request(apiKey, apiVersion, headers, payload.buffers, { timeoutMs })
  const body = Buffer.from(frame.bytes.subarray(frame.bodyStart))
  frame.release()
  try {
    return await responseParser(0, apiKey, apiVersion, Reader.from(body))
  } catch (error) {
    if (!isParseError(error)) throw error
    const parameters = { cluster: channel.cluster, broker: channel.name, api: apiName(apiKey) }
    throw errors.ANSWER_INVALID({ ...parameters, reason: 'it is cut or malformed' }, { cause: error })
  }
}

/** A parser that runs off the end throws one of these: the answer's fault, not the caller's. */
function isParseError(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return true
  return error instanceof Error && 'code' in error && error.code === 'PLT_KFK_OUT_OF_BOUNDS'
}
