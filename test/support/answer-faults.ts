import type { RequestHeader } from './kafka-frames.ts'
import type { TcpProxy } from './tcp-proxy.ts'

export const PRODUCE = 0
export const FETCH = 1

/** Length field, correlation id, and the one byte of no tagged fields in the headers of flexible versions. */
const HEADER_BYTES = 9
const FIRST_FLEXIBLE_PRODUCE = 9
const FIRST_FETCH_WITH_TOPIC_IDS = 13
const TOPIC_ID_BYTES = 16
const RECORD_HEADER_BYTES = 61
/** A Produce request ends with no tagged fields of the partition, the topic and the request. */
const TRAILING_TAGS_BYTES = 3
const CORRUPT_MESSAGE = 2

/** What an injected error stands in for; `seen` settles when it was sent. */
export interface InjectedFault extends Disposable {
  readonly seen: Promise<void>
}

/**
 * Puts an error code in the place of that of the first partition in the next Produce answer about a topic. The broker has appended the batch: to the client
 * it is as if it had not. For errors after which a client cannot know.
 */
export function injectProduceError(proxy: TcpProxy, topic: string, code: number): InjectedFault {
  return injectOnce(proxy, (header, answer, request) => {
    const isWanted = header.apiKey === PRODUCE && header.apiVersion >= FIRST_FLEXIBLE_PRODUCE && request.includes(topic)
    if (!isWanted) return undefined
    return withCode(answer, produceErrorAt(answer), code)
  })
}

/**
 * Makes the broker refuse the next Produce request that is about one partition alone, truly, and puts another error code in the place of its own: a byte of the batch is
 * changed on the way there. Whatever was sent behind it without waiting then meets the broker's own check of sequences.
 * @param topic   a part of the topic's name
 */
export function refuseProduce(proxy: TcpProxy, topic: string, code: number): InjectedFault {
  let refused: Buffer | undefined
  const requests = proxy.onRequest((header, request) => {
    const isWanted = header.apiKey === PRODUCE && header.apiVersion >= FIRST_FLEXIBLE_PRODUCE && request.includes(topic)
    if (isWanted && refused === undefined && isOfOnePartition(request)) {
      refused = request
      const at = request.length - TRAILING_TAGS_BYTES - 1
      request[at] = (request[at] ?? 0) ^ 0x01
    }
    return 'forward'
  })
  const { promise: seen, resolve } = Promise.withResolvers<void>()
  const answers = proxy.onAnswer((_header, request, answer) => {
    if (request !== refused || answer.readInt16BE(produceErrorAt(answer)) !== CORRUPT_MESSAGE) return 'forward'
    resolve()
    return withCode(answer, produceErrorAt(answer), code)
  })
  const stop = (): void => [requests, answers].forEach((hook) => hook[Symbol.dispose]())
  return { seen, [Symbol.dispose]: stop }
}

/**
 * Length, API key, version, correlation id, client id, tags; transactional id, acks, time-out, number of topics, name of the first, number of its partitions. All counts
 * and lengths are below 127 here, so that each takes a byte, and holds one more than it counts.
 */
function isOfOnePartition(request: Buffer): boolean {
  const bodyAt = 4 + 2 + 2 + 4 + 2 + Math.max(0, request.readInt16BE(12)) + 1
  const topicsAt = bodyAt + Math.max(1, request[bodyAt] ?? 0) + 2 + 4
  const partitionsAt = topicsAt + 1 + (request[topicsAt + 1] ?? 0)
  return request[topicsAt] === 2 && request[partitionsAt] === 2
}

/** Puts an error code into the next Fetch answer that has records: of the whole answer, or of its first partition. */
export function injectFetchError(proxy: TcpProxy, code: number, where: 'answer' | 'partition'): InjectedFault {
  return injectOnce(proxy, (header, answer) => {
    if (header.apiKey !== FETCH || header.apiVersion < FIRST_FETCH_WITH_TOPIC_IDS || !hasRecords(answer))
      return undefined
    const errorAt = HEADER_BYTES + 4
    // Throttle time, error code, session id, number of topics, topic id, number of partitions, partition index.
    return withCode(answer, where === 'answer' ? errorAt : errorAt + 2 + 4 + 1 + TOPIC_ID_BYTES + 1 + 4, code)
  })
}

/** Changes a byte of every Fetch answer that holds this text, as a broken disk or network card would, until it is disposed of. */
export function corruptFetched(proxy: TcpProxy, text: string): Disposable & { readonly count: number } {
  let count = 0
  const hook = proxy.onAnswer((header, _request, answer) => {
    const at = header.apiKey === FETCH ? answer.indexOf(text) : -1
    if (at < 0) return 'forward'
    count += 1
    const copy = Buffer.from(answer)
    copy[at] = (copy[at] ?? 0) ^ 0x01
    return copy
  })
  return {
    get count() {
      return count
    },
    [Symbol.dispose]: () => hook[Symbol.dispose](),
  }
}

/** Sends these bytes in place of the next answer of a kind. */
export function replaceAnswer(proxy: TcpProxy, apiKey: number, bytes: Uint8Array): InjectedFault {
  return injectOnce(proxy, (header) => (header.apiKey === apiKey ? Buffer.from(bytes) : undefined))
}

function injectOnce(
  proxy: TcpProxy,
  change: (header: RequestHeader, answer: Buffer, request: Buffer) => Buffer | undefined,
): InjectedFault {
  const { promise: seen, resolve } = Promise.withResolvers<void>()
  const hook = proxy.onAnswer((header, request, answer) => {
    const changed = change(header, answer, request)
    if (changed === undefined) return 'forward'
    hook[Symbol.dispose]()
    resolve()
    return changed
  })
  return { seen, [Symbol.dispose]: () => hook[Symbol.dispose]() }
}

function withCode(answer: Buffer, at: number, code: number): Buffer {
  const copy = Buffer.from(answer)
  copy.writeInt16BE(code, at)
  return copy
}

/** Number of topics, name of the first, number of its partitions, index of the first, error code: each count is below 127 here. */
function produceErrorAt(answer: Buffer): number {
  const nameAt = HEADER_BYTES + 1
  const nameBytes = (answer[nameAt] ?? 0) - 1
  return nameAt + 1 + nameBytes + 1 + 4
}

function hasRecords(answer: Buffer): boolean {
  return answer.length > HEADER_BYTES + RECORD_HEADER_BYTES + 60
}
