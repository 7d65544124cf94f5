import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { once } from 'node:events'
import type { RequestHeader } from './kafka-frames.ts'
import { ProxiedConnection } from './proxied-connection.ts'
import { TrafficShape } from './traffic-shape.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface TcpProxyOptions {
  /** Where to listen; default 127.0.0.1. */
  readonly host?: string
  /**
   * 'frames' follows Kafka's requests and answers, so that hooks see them; it holds each frame until it is complete.
   * 'bytes' only forwards: for TLS, and for speed. Default 'frames'.
   */
  readonly mode?: 'frames' | 'bytes'
  readonly target?: Address
}

/**
 * What to do with an answer: forward it, swallow it and leave the connection open, swallow it and cut the connection,
 * send other bytes in its place (with the length field), or send bytes (a part of it, say) and cut.
 */
export type AnswerAction = 'forward' | 'drop' | 'cut' | Uint8Array | { readonly lastBytes: Uint8Array }

/** Sees each answer with its request; both are whole frames with their length fields. */
export type AnswerHook = (header: RequestHeader, request: Buffer, answer: Buffer) => AnswerAction

/** Sees each request before the broker does. 'drop' keeps it from the broker; bytes are sent to the client as the answer. */
export type RequestHook = (header: RequestHeader, request: Buffer) => 'forward' | 'drop' | 'cut' | Uint8Array

export interface AnswerFault {
  readonly apiKey: number
  /** Which answer to this kind of request, counted from 1 from now on. Default 1. */
  readonly nth?: number
  /** What happens after the answer is swallowed. */
  readonly afterwards: 'cut' | 'leave-open'
  /** Further condition on the request; what does not meet it is not counted. */
  readonly where?: (header: RequestHeader, request: Buffer) => boolean
}

/**
 * A proxy on loopback between a Kafka client and one broker that delays, slows, stalls, cuts and loses. Faults are set
 * while it runs.
 */
export class TcpProxy implements AsyncDisposable {
  readonly host: string
  readonly port: number
  /** From the client to the broker. */
  readonly toBroker = new TrafficShape()
  /** From the broker to the client. */
  readonly toClient = new TrafficShape()
  /** What a new connection meets: the broker, a reset at once, or silence. */
  newConnections: 'accept' | 'reset' | 'ignore' = 'accept'
  readonly #server: Server
  readonly #isFramed: boolean
  readonly #connections = new Set<ProxiedConnection>()
  readonly #ignored = new Set<Socket>()
  readonly #answerHooks = new Set<AnswerHook>()
  readonly #requestHooks = new Set<RequestHook>()
  #target: Address | undefined

  constructor(server: Server, { mode = 'frames', target }: TcpProxyOptions) {
    const { address, port } = server.address() as AddressInfo
    this.host = address
    this.port = port
    this.#server = server
    this.#isFramed = mode === 'frames'
    this.#target = target
    server.on('connection', (client) => this.#accept(client))
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Names the broker behind the proxy; holds for connections made from now on. */
  forwardTo(target: Address): void {
    this.#target = target
  }

  /** Cuts all connections now, with a reset. New ones are accepted. */
  cutAll(): void {
    for (const connection of this.#connections) connection.cut()
    for (const socket of this.#ignored) socket.resetAndDestroy()
  }

  /** Adds a judge of answers; the first that does not forward decides. Dispose of it to take it away. */
  onAnswer(hook: AnswerHook): Disposable {
    return register(this.#answerHooks, hook)
  }

  /** Adds a judge of requests; the first that does not forward decides. */
  onRequest(hook: RequestHook): Disposable {
    return register(this.#requestHooks, hook)
  }

  /** Swallows one answer: the broker has done the work, the client never hears of it. */
  loseAnswer({ apiKey, nth = 1, afterwards, where = () => true }: AnswerFault): Promise<RequestHeader> {
    return new Promise((resolve) => {
      let seenCount = 0
      const hook = this.onAnswer((header, request) => {
        if (header.apiKey !== apiKey || !where(header, request)) return 'forward'
        seenCount += 1
        if (seenCount < nth) return 'forward'
        hook[Symbol.dispose]()
        resolve(header)
        return afterwards === 'cut' ? 'cut' : 'drop'
      })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined
    this.#server.close()
    this.cutAll()
    await closed
  }

  #accept(client: Socket): void {
    if (this.newConnections === 'accept' && this.#target !== undefined) this.#connect(client, this.#target)
    else if (this.newConnections === 'ignore') this.#ignore(client)
    else client.resetAndDestroy()
  }

  #connect(client: Socket, target: Address): void {
    const connection = new ProxiedConnection(client, {
      target,
      toBroker: this.toBroker,
      toClient: this.toClient,
      isFramed: this.#isFramed,
      judgeRequest: (header, request) => firstOf(this.#requestHooks, (hook) => hook(header, request)),
      judgeAnswer: (header, request, answer) => firstOf(this.#answerHooks, (hook) => hook(header, request, answer)),
      onClosed: () => void this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }

  #ignore(client: Socket): void {
    this.#ignored.add(client)
    // A client that gives up resets; there is nobody to tell.
    client.on('error', () => client.destroy())
    client.on('close', () => void this.#ignored.delete(client))
    client.resume()
  }
}

/** Starts a proxy on a free port. */
export async function startTcpProxy(options: TcpProxyOptions = {}): Promise<TcpProxy> {
  const server = createServer({ noDelay: true, allowHalfOpen: true })
  server.listen({ host: options.host ?? '127.0.0.1', port: 0 })
  await once(server, 'listening')
  return new TcpProxy(server, options)
}

function register<Hook>(hooks: Set<Hook>, hook: Hook): Disposable {
  hooks.add(hook)
  return { [Symbol.dispose]: () => void hooks.delete(hook) }
}

function firstOf<Hook, Action>(hooks: ReadonlySet<Hook>, judge: (hook: Hook) => Action): Action | 'forward' {
  for (const hook of hooks) {
    const action = judge(hook)
    if (action !== 'forward') return action
  }
  return 'forward'
}
