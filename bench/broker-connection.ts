import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

const CLIENT_ID = Buffer.from('bench')
/** size, API key, API version, correlation id, length of the client id, client id. */
const REQUEST_HEADER_BYTES = 4 + 2 + 2 + 4 + 2 + CLIENT_ID.length
const SIZE_BYTES = 4

/** One answer, in the arena it was read into. */
export interface Answer {
  /** Correlation id and body. */
  readonly bytes: Buffer
  /** Gives the arena back; the bytes are invalid afterwards. */
  release(): void
}

export interface ConnectionOptions {
  readonly host: string
  readonly port: number
  /** An answer must fit: larger ones end the connection. */
  readonly arenaBytes: number
  /** Requests of at most this many bytes are copied into one buffer; larger ones are handed over piece by piece (writev). */
  readonly gatherBytes: number
}

interface Arena {
  readonly bytes: Buffer
  fillBytes: number
}

/**
 * The least of a Kafka connection: requests out, answers in order, each answer read by `onread` into an arena of its own.
 * One arena is being filled while others hold answers in use; released arenas are used again, so a steady stream allocates none.
 * Any trouble ends the process: the bench has no use for a half-broken connection.
 */
export class BrokerConnection {
  readonly #options: ConnectionOptions
  readonly #socket: Socket
  readonly #waiting: ((answer: Answer) => void)[] = []
  readonly #idleArenas: Arena[] = []
  #filling: Arena
  #correlationId = 0
  arenasCount = 0

  private constructor(options: ConnectionOptions) {
    this.#options = options
    this.#filling = this.#takeArena()
    this.#socket = connect({
      host: options.host,
      port: options.port,
      noDelay: true,
      onread: {
        buffer: () => this.#filling.bytes.subarray(this.#filling.fillBytes),
        callback: (readBytes) => {
          this.#filling.fillBytes += readBytes
          this.#deliver()
          return true
        },
      },
    })
  }

  static async open(options: ConnectionOptions): Promise<BrokerConnection> {
    const connection = new BrokerConnection(options)
    await once(connection.#socket, 'connect')
    connection.#socket.on('close', () => {
      if (connection.#waiting.length > 0) throw new Error(`${options.host}:${options.port} closed the connection`)
    })
    return connection
  }

  /** Writes several requests with one system call where they fit one. */
  corked(write: () => void): void {
    this.#socket.cork()
    write()
    this.#socket.uncork()
  }

  /** Sends a request with header version 1; the pieces must stay unchanged until the answer is there. */
  request(apiKey: number, apiVersion: number, pieces: readonly Buffer[]): Promise<Answer> {
    const bodyBytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const header = this.#header(apiKey, apiVersion, bodyBytes)
    if (REQUEST_HEADER_BYTES + bodyBytes <= this.#options.gatherBytes)
      this.#socket.write(Buffer.concat([header, ...pieces]))
    else this.corked(() => [header, ...pieces].forEach((piece) => this.#socket.write(piece)))
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  [Symbol.dispose](): void {
    this.#waiting.length = 0
    this.#socket.destroy()
  }

  #header(apiKey: number, apiVersion: number, bodyBytes: number): Buffer {
    const header = Buffer.allocUnsafe(REQUEST_HEADER_BYTES)
    header.writeInt32BE(REQUEST_HEADER_BYTES - SIZE_BYTES + bodyBytes, 0)
    header.writeInt16BE(apiKey, 4)
    header.writeInt16BE(apiVersion, 6)
    header.writeInt32BE(this.#correlationId++, 8)
    header.writeInt16BE(CLIENT_ID.length, 12)
    CLIENT_ID.copy(header, 14)
    return header
  }

  #deliver(): void {
    while (this.#filling.fillBytes >= SIZE_BYTES) {
      const arena = this.#filling
      const frameBytes = arena.bytes.readInt32BE(0) + SIZE_BYTES
      if (frameBytes > arena.bytes.length) throw new Error(`an answer of ${frameBytes} bytes does not fit the arena`)
      if (arena.fillBytes < frameBytes) return
      this.#moveRest(arena, frameBytes)
      const resolve = this.#waiting.shift()
      if (resolve === undefined) throw new Error('an answer that nobody asked for')
      resolve({ bytes: arena.bytes.subarray(SIZE_BYTES, frameBytes), release: () => this.#giveBack(arena) })
    }
  }

  /** What was read beyond this answer begins the next one: it moves to a fresh arena. */
  #moveRest(arena: Arena, frameBytes: number): void {
    const next = this.#takeArena()
    next.fillBytes = arena.bytes.copy(next.bytes, 0, frameBytes, arena.fillBytes)
    this.#filling = next
  }

  #takeArena(): Arena {
    const idle = this.#idleArenas.pop()
    if (idle !== undefined) return idle
    this.arenasCount++
    return { bytes: Buffer.allocUnsafeSlow(this.#options.arenaBytes), fillBytes: 0 }
  }

  #giveBack(arena: Arena): void {
    arena.fillBytes = 0
    this.#idleArenas.push(arena)
  }
}
