import type { Socket } from 'node:net'
import type { Connection } from '@platformatic/kafka'
import type { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import { enterWindow } from '../base/trace-window.ts'
import type { ClientSettings } from '../config/client-settings.ts'
import { apiName } from './api-name.ts'
import type { ApiRange } from './api-range.ts'
import { askApiVersions } from './api-versions.ts'
import { brokerName } from './broker-address.ts'
import type { BrokerAddress } from './broker-address.ts'
import { closedConnectionError, endReason, lostRequestError } from './connection-end.ts'
import type { EndedConnection } from './connection-end.ts'
import type { ArenaPool, Frame, MutableFrame } from './frame-arena.ts'
import { writeCorked } from './corked-write.ts'
import { FrameReader } from './frame-reader.ts'
import { libraryConnection } from './library-transport.ts'
import { encodeRequestHeader, responseBodyStart } from './request-header.ts'
import type { FlexibleHeaders } from './request-header.ts'
import { logIn } from './sasl-login.ts'
import { openSocket } from './socket-connector.ts'
import type { Lookup } from './socket-connector.ts'

const [PRODUCE_KEY, FETCH_KEY, END_TXN_KEY] = [0, 1, 26]

export interface ConnectionOptions {
  readonly signal: AbortSignal
  readonly arenas: ArenaPool
  /** What the connection is for: 'read', 'write', 'control'. Part of its client.id. */
  readonly role: string
  /** Alias of the cluster, for messages. */
  readonly cluster?: string
  readonly maxFrameBytes?: number
  /** Per address, ms; absent: socket.connection.setup.timeout.ms. */
  readonly setupTimeoutMs?: number
  readonly lookup?: Lookup
  readonly random?: () => number
}

export interface RequestOptions {
  readonly timeoutMs: number
  /** Called once the chunks have left for the kernel (or TLS): they may be changed from then on. Not called if they never leave. */
  readonly onFlushed?: () => void
}

interface PendingRequest {
  readonly apiKey: number
  readonly correlationId: number
  readonly isFlexibleAnswer: boolean
  readonly sentAtMs: number
  readonly timer: NodeJS.Timeout
  readonly resolve: (frame: Frame) => void
  readonly reject: (error: unknown) => void
  isFlushed: boolean
}

/**
 * One connection to one broker: requests out, answers back in the same order. Made by `connect`, after TLS, ApiVersions and SASL. It does not reconnect.
 *
 * Invariants (docs/invariants.md):
 * 13. answers belong to #pending in order; another correlation id closes the connection.
 * 14. once closed, nothing is pending, and every later request is rejected.
 * 15. while a log-in is going on, only its own requests are written; others wait in #held (KIP-368).
 */
export class BrokerConnection implements AsyncDisposable {
  readonly broker: BrokerAddress
  readonly #settings: ClientSettings
  readonly #options: ConnectionOptions
  readonly #clientId: Buffer
  readonly #reader: FrameReader
  readonly #pending: PendingRequest[] = []
  readonly #held: (() => void)[] = []
  readonly #closed = Promise.withResolvers<void>()
  #socket: Socket | null = null
  #apis: ReadonlyMap<number, ApiRange> = new Map()
  #nextCorrelationId = 0
  #unflushedBytes = 0
  #answers = 0
  #isLoggingIn = false
  #closedReason: Error | null = null
  #reloginTimer: NodeJS.Timeout | undefined

  private constructor(broker: BrokerAddress, settings: ClientSettings, options: ConnectionOptions) {
    this.broker = broker
    this.#settings = settings
    this.#options = options
    this.#clientId = Buffer.from(settings.clientId) // As it is, on every connection: quotas go by it.
    this.#reader = new FrameReader({
      arenas: options.arenas,
      onFrame: (frame) => this.#onFrame(frame),
      peer: `Cluster ${this.cluster}: broker ${this.name}`,
      ...(options.maxFrameBytes === undefined ? {} : { maxFrameBytes: options.maxFrameBytes }),
    })
  }

  /**
   * Connects, asks for the API versions and logs in.
   * @throws HOST_UNRESOLVED, CONNECTION_REFUSED, CONNECTION_TIMED_OUT, CONNECTION_FAILED, CONNECTION_LOST, TLS_*, SASL_*,
   *         PEER_SPEAKS_HTTP, PEER_SPEAKS_TLS, FRAME_*; the signal's reason when aborted
   */
  static async connect(
    address: BrokerAddress,
    settings: ClientSettings,
    options: ConnectionOptions,
  ): Promise<BrokerConnection> {
    options.signal.throwIfAborted()
    const connection = new BrokerConnection(address, settings, options)
    const onAbort = () => connection.#close(options.signal.reason)
    options.signal.addEventListener('abort', onAbort, { once: true })
    try {
      await connection.#open()
      return connection
    } catch (error) {
      connection.#close(error)
      options.signal.throwIfAborted()
      throw error
    } finally {
      options.signal.removeEventListener('abort', onAbort)
    }
  }

  /** Alias of the cluster. */
  get cluster(): string {
    return this.#options.cluster ?? this.#settings.bootstrapServers.join(',')
  }

  /** Node id, host and port, for messages. */
  get name(): string {
    return brokerName(this.broker)
  }

  get isOpen(): boolean {
    return this.#closedReason === null
  }

  /** Resolves when the connection is closed, whoever closed it. Never rejects. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /** Why the connection closed; null while it is open. */
  get closedReason(): Error | null {
    return this.#closedReason
  }

  /** Requests that wait for an answer, those held back by a log-in included. */
  get pendingCount(): number {
    return this.#pending.length + this.#held.length
  }

  /** Bytes handed to `request` that the kernel has not taken yet. */
  get unflushedBytes(): number {
    return this.#unflushedBytes
  }

  /** @returns the versions of an API that the broker has; null if none */
  apiRange(apiKey: number): ApiRange | null {
    return this.#apis.get(apiKey) ?? null
  }

  /**
   * Sends one request. `chunks` are its body, written without copying: they stay unchanged until `onFlushed`.
   * @returns the answer's frame with one reference, which the caller releases; `bodyStart` is where its body begins
   * @throws CONNECTION_CLOSED (nothing was sent), CONNECTION_LOST, REQUEST_TIMED_OUT (both with parameter `flushed`); a timeout closes
   *         the connection, as the answer could still come
   */
  request(
    apiKey: number,
    apiVersion: number,
    flexibleHeaders: FlexibleHeaders,
    chunks: readonly Buffer[],
    options: RequestOptions,
  ): Promise<Frame> {
    const write = (): Promise<Frame> => this.#write(apiKey, apiVersion, flexibleHeaders, chunks, options)
    return this.#isLoggingIn ? new Promise((resolve) => this.#held.push(() => resolve(write()))) : write()
  }

  /** As @platformatic/kafka's Connection.send, with request.timeout.ms: its API functions run over this connection. */
  readonly send: Connection['send'] = (...sendArguments) => {
    this.withTimeout(this.#settings.requestTimeoutMs).send(...sendArguments)
  }

  /** @returns what an API function of @platformatic/kafka takes for its connection, with a time of its own for each request */
  withTimeout(timeoutMs: number): Connection {
    return libraryConnection(this, timeoutMs)
  }

  /** Closes the connection. @param reason   what those are told who still wait for an answer */
  async end(reason: string): Promise<void> {
    this.#close(errors.STOPPING({ what: `The connection to broker ${this.name}`, reason }))
    await this.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('it is not needed any more')
  }

  async #open(): Promise<void> {
    const { cluster, signal, setupTimeoutMs, lookup } = this.#options
    this.#socket = await openSocket(this.broker, this.#settings, {
      cluster: cluster ?? this.cluster,
      signal,
      reader: { buffer: () => this.#reader.buffer(), accept: (count) => this.#accept(count) },
      ...(setupTimeoutMs === undefined ? {} : { setupTimeoutMs }),
      ...(lookup === undefined ? {} : { lookup }),
    })
    this.#listen(this.#socket)
    if (this.#closedReason !== null) {
      this.#socket.destroy()
      throw this.#closedReason
    }
    // From here on others can hold back until the log-in is done; there are none yet.
    this.#isLoggingIn = true
    this.#apis = await askApiVersions(this.#loginConnection())
    await this.#logIn()
  }

  #listen(socket: Socket): void {
    socket.on('error', (error) => this.#close(error))
    socket.on('end', () => this.#close(null))
    socket.on('close', () => {
      this.#close(null)
      this.#reader.close()
      this.#closed.resolve()
    })
    const idleMs = this.#settings.connectionsMaxIdleMs
    if (idleMs <= 0) return
    socket.setTimeout(idleMs, () => {
      if (this.pendingCount > 0) return
      const reason = `it was idle for ${idleMs} ms`
      this.#close(errors.CONNECTION_CLOSED({ cluster: this.cluster, broker: this.name, reason }))
    })
  }

  // --- log-in ---------------------------------------------------------------------------------------------------------

  /** A view of this connection that writes even while a log-in is going on. */
  #loginConnection() {
    return {
      cluster: this.cluster,
      name: this.name,
      settings: this.#settings,
      apiRange: (apiKey: number) => this.apiRange(apiKey),
      request: (apiKey: number, apiVersion: number, headers: FlexibleHeaders, body: Buffer) =>
        this.#write(apiKey, apiVersion, headers, [body], { timeoutMs: this.#settings.requestTimeoutMs }),
    }
  }

  async #logIn(): Promise<void> {
    if (this.#settings.sasl !== undefined) {
      const sessionLifetimeMs = await logIn(this.#loginConnection(), this.#settings.sasl)
      this.#scheduleLogIn(sessionLifetimeMs)
    }
    this.#isLoggingIn = false
    for (const write of this.#held.splice(0)) write()
  }

  /** KIP-368: the broker closes a connection whose session ended; as Kafka's client, we log in again at 85 to 95 % of its life. */
  #scheduleLogIn(sessionLifetimeMs: number): void {
    if (sessionLifetimeMs <= 0 || !this.isOpen) return
    const random = this.#options.random ?? Math.random
    const delayMs = Math.min(sessionLifetimeMs * (0.85 + 0.1 * random()), 2 ** 31 - 1)
    this.#reloginTimer = setTimeout(() => {
      this.#isLoggingIn = true
      this.#logIn().catch((error: unknown) => this.#close(error))
    }, delayMs)
  }

  // --- requests and answers -------------------------------------------------------------------------------------------

  #write(
    apiKey: number,
    apiVersion: number,
    flexibleHeaders: FlexibleHeaders,
    chunks: readonly Buffer[],
    { timeoutMs, onFlushed }: RequestOptions,
  ): Promise<Frame> {
    const socket = this.#socket
    if (this.#closedReason !== null || socket === null) {
      return Promise.reject(closedConnectionError(this.#closedReason, this.cluster, this.broker))
    }
    const { promise, resolve, reject } = Promise.withResolvers<Frame>()
    const correlationId = this.#nextCorrelationId
    this.#nextCorrelationId = (correlationId + 1) & 0x7fffffff
    const pending: PendingRequest = {
      apiKey,
      correlationId,
      isFlexibleAnswer: flexibleHeaders.response,
      sentAtMs: performance.now(),
      timer: setTimeout(() => this.#onTimeout(pending, timeoutMs), timeoutMs),
      resolve,
      reject,
      isFlushed: false,
    }
    this.#pending.push(pending)
    const bodyBytes = chunks.reduce((sum, { length }) => sum + length, 0)
    const header = encodeRequestHeader(
      apiKey,
      apiVersion,
      correlationId,
      this.#clientId,
      flexibleHeaders.request,
      bodyBytes,
    )
    const sizeBytes = header.length + bodyBytes
    this.#unflushedBytes += sizeBytes
    const onWritten = (error?: Error | null) => {
      this.#unflushedBytes -= sizeBytes
      if (error) return
      pending.isFlushed = true
      onFlushed?.()
    }
    const onHalf = () => apiKey === PRODUCE_KEY && enterWindow('produce-half-sent', socket)
    writeCorked(socket, [header, ...chunks], { onHalf, onWritten })
    if (apiKey === END_TXN_KEY) enterWindow('transaction-prepared')
    return promise
  }

  #accept(count: number): void {
    if (this.#closedReason !== null) return
    try {
      this.#reader.accept(count)
      if (this.#reader.isMidFrame && this.#pending[0]?.apiKey === FETCH_KEY) enterWindow('fetch-half-read')
    } catch (error) {
      this.#close(error)
    }
  }

  #onFrame(frame: MutableFrame): void {
    const correlationId = frame.bytes.readInt32BE(0)
    const pending = this.#pending[0]
    if (this.#closedReason !== null || pending?.correlationId !== correlationId) {
      frame.release()
      const reason = `correlation id ${correlationId} instead of ${pending?.correlationId ?? 'none'}`
      this.#close(this.#invalid(pending?.apiKey, reason))
      return
    }
    this.#pending.shift()
    clearTimeout(pending.timer)
    this.#answers++
    frame.bodyStart = responseBodyStart(frame.bytes, pending.isFlexibleAnswer)
    if (frame.bodyStart >= 0) {
      pending.resolve(frame)
      return
    }
    frame.release()
    const error = this.#invalid(pending.apiKey, 'its header is malformed')
    pending.reject(error)
    this.#close(error)
  }

  #onTimeout(pending: PendingRequest, timeoutMs: number): void {
    const { cluster, name: broker } = this
    const api = apiName(pending.apiKey)
    if (this.#answers === 0) this.#close(errors.BROKER_SILENT({ cluster, broker, timeoutMs }))
    else this.#close(errors.REQUEST_TIMED_OUT({ cluster, broker, api, timeoutMs, flushed: pending.isFlushed }))
  }

  // --- closing --------------------------------------------------------------------------------------------------------

  /** @param reason  what went wrong; null when the broker closed the connection */
  #close(reason: unknown): void {
    if (this.#closedReason !== null) return
    const ended = this.#ended()
    const closedReason = endReason(reason, ended)
    this.#closedReason = closedReason
    clearTimeout(this.#reloginTimer)
    for (const write of this.#held.splice(0)) write()
    for (const pending of this.#pending.splice(0)) {
      clearTimeout(pending.timer)
      const { apiKey, isFlushed } = pending
      const elapsedMs = Math.round(performance.now() - pending.sentAtMs)
      pending.reject(lostRequestError({ apiKey, elapsedMs, isFlushed }, closedReason, ended))
    }
    if (this.#socket !== null) {
      this.#socket.destroy()
      return
    }
    // Never connected: no 'close' event will come.
    this.#reader.close()
    this.#closed.resolve()
  }

  #ended(): EndedConnection {
    const { cluster, broker } = this
    return {
      cluster,
      broker,
      settings: this.#settings,
      answersCount: this.#answers,
      pendingCount: this.#pending.length,
    }
  }

  #invalid(apiKey: number | undefined, reason: string): TwinlogError {
    const api = apiKey === undefined ? 'no request at all' : apiName(apiKey)
    return errors.ANSWER_INVALID({ cluster: this.cluster, broker: this.name, api, reason })
  }
}
