import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { FrameSplitter, readCorrelationId, readRequestHeader } from './kafka-frames.ts'
import type { RequestHeader } from './kafka-frames.ts'
import { ShapedLink } from './shaped-link.ts'
import type { Address, AnswerAction, AnswerHook, RequestHook } from './tcp-proxy.ts'
import type { TrafficShape } from './traffic-shape.ts'

export interface ProxiedConnectionOptions {
  readonly target: Address
  readonly toBroker: TrafficShape
  readonly toClient: TrafficShape
  readonly isFramed: boolean
  readonly judgeRequest: RequestHook
  readonly judgeAnswer: AnswerHook
  readonly onClosed: () => void
}

interface PendingRequest {
  readonly header: RequestHeader
  readonly request: Buffer
}

/** One client's connection and the one to the broker that belongs to it. */
export class ProxiedConnection {
  readonly #client: Socket
  readonly #broker: Socket
  readonly #options: ProxiedConnectionOptions
  readonly #upLink: ShapedLink
  readonly #downLink: ShapedLink
  readonly #requests = new FrameSplitter()
  readonly #answers = new FrameSplitter()
  /** By correlation id, in the order sent, which is the order of Kafka's answers. */
  readonly #pending = new Map<number, PendingRequest>()
  #isCut = false

  constructor(client: Socket, options: ProxiedConnectionOptions) {
    this.#client = client
    this.#options = options
    this.#broker = connect({ ...options.target, noDelay: true, allowHalfOpen: true })
    const cut = (): void => this.cut()
    this.#upLink = new ShapedLink(client, this.#broker, options.toBroker, cut)
    this.#downLink = new ShapedLink(this.#broker, client, options.toClient, cut)
    this.#listen(
      client,
      (chunk) => this.#fromClient(chunk),
      () => this.#finish(this.#requests, this.#upLink),
    )
    this.#listen(
      this.#broker,
      (chunk) => this.#fromBroker(chunk),
      () => this.#finish(this.#answers, this.#downLink),
    )
  }

  /** Resets both sides. */
  cut(): void {
    if (this.#isCut) return
    this.#isCut = true
    // What was admitted before the cut is to arrive: a reset could overtake it, so the client's side is ended, not reset.
    if (this.#client.writableLength > 0) this.#client.destroySoon()
    else this.#client.destroy()
    if (this.#broker.writableLength > 0) this.#broker.destroySoon()
    else this.#broker.destroy()
    this.#upLink.close()
    this.#downLink.close()
    this.#options.onClosed()
  }

  #listen(socket: Socket, onChunk: (chunk: Buffer) => void, onEnd: () => void): void {
    socket.on('data', onChunk)
    socket.on('end', onEnd)
    // A reset of one side is passed on as a cut of both.
    socket.on('error', () => this.cut())
    socket.on('close', () => this.#onSocketClosed())
  }

  #onSocketClosed(): void {
    if (this.#client.destroyed && this.#broker.destroyed) this.cut()
    else if (this.#client.destroyed && !this.#broker.writableEnded) this.cut()
    else if (this.#broker.destroyed && !this.#client.writableEnded && this.#broker.errored !== null) this.cut()
  }

  #finish(splitter: FrameSplitter, link: ShapedLink): void {
    link.send(splitter.rest())
    link.finish()
  }

  #fromClient(chunk: Buffer): void {
    if (!this.#options.isFramed) return this.#upLink.send(chunk)
    for (const frame of this.#requests.push(chunk)) if (!this.#isCut) this.#onRequest(frame)
  }

  #onRequest(frame: Buffer): void {
    const header = readRequestHeader(frame)
    const action = header === undefined ? 'forward' : this.#options.judgeRequest(header, frame)
    if (action === 'cut') return this.cut()
    if (action === 'drop') return
    if (action !== 'forward') return this.#downLink.send(Buffer.from(action))
    if (header !== undefined) this.#pending.set(header.correlationId, { header, request: frame })
    this.#upLink.send(frame)
  }

  #fromBroker(chunk: Buffer): void {
    if (!this.#options.isFramed) return this.#downLink.send(chunk)
    for (const frame of this.#answers.push(chunk)) if (!this.#isCut) this.#onAnswer(frame)
  }

  #onAnswer(frame: Buffer): void {
    const pending = this.#takePending(readCorrelationId(frame))
    const action = pending === undefined ? 'forward' : this.#options.judgeAnswer(pending.header, pending.request, frame)
    this.#carryOut(action, frame)
  }

  #carryOut(action: AnswerAction, frame: Buffer): void {
    if (action === 'forward') this.#downLink.send(frame)
    else if (action === 'cut') this.cut()
    else if (action instanceof Uint8Array) this.#downLink.send(Buffer.from(action))
    else if (action !== 'drop') {
      this.#downLink.send(Buffer.from(action.lastBytes))
      this.cut()
    }
  }

  /** Requests before this one got no answer and never will (a Produce with acks=0): they are forgotten. */
  #takePending(correlationId: number | undefined): PendingRequest | undefined {
    if (correlationId === undefined || !this.#pending.has(correlationId)) return undefined
    for (const [id, pending] of this.#pending) {
      this.#pending.delete(id)
      if (id === correlationId) return pending
    }
    return undefined
  }
}
