import { assert } from '../base/assert.ts'
import { errors } from '../base/errors.ts'
import type { Arena, ArenaPool, MutableFrame } from './frame-arena.ts'

export interface FrameReaderOptions {
  readonly arenas: ArenaPool
  /** Gets each whole frame, in order, with one reference that it has to release. */
  readonly onFrame: (frame: MutableFrame) => void
  /** Who sends, for error messages: cluster and broker. */
  readonly peer: string
  /** Largest frame accepted, in bytes; absent: the limit of the arena pool. */
  readonly maxFrameBytes?: number
}

const lengthBytes = 4
/** Correlation id: no answer is shorter. */
const smallestFrameBytes = 4

/**
 * Cuts what comes from a socket into frames (INT32 length, then that many bytes), in the memory where it landed.
 *
 * Invariants (docs/invariants.md):
 * 18. bytes [#start, #end) of the current arena are received and not yet handed on; they begin with a frame's length field.
 * 19. memory below #start belongs to frames handed on, memory from #end on is free.
 * 20. `buffer()` never has length zero: Node destroys a socket that gets one (ENOBUFS).
 * 21. only the head of a frame that does not fit the rest of its arena is copied: at most what one read brought,
 *    as a frame is moved as soon as its length is known.
 */
export class FrameReader {
  readonly #arenas: ArenaPool
  readonly #onFrame: (frame: MutableFrame) => void
  readonly #peer: string
  readonly #limitBytes: number
  /** Between frames, a rest of an arena smaller than this is not worth a read of its own. */
  readonly #smallestReadBytes: number
  #arena: Arena
  #start = 0
  #end = 0
  /** Whole size of the frame at #start with its length field; 0 until known. */
  #frameBytes = 0
  /** True once a first whole frame came: from then on bytes that look like HTTP or TLS are just lengths. */
  #isKafka = false
  #isClosed = false

  constructor(options: FrameReaderOptions) {
    this.#arenas = options.arenas
    this.#onFrame = options.onFrame
    this.#peer = options.peer
    this.#limitBytes = options.maxFrameBytes ?? options.arenas.frameLimitBytes
    this.#smallestReadBytes = Math.min(16_384, this.#arenas.arenaBytes >> 2)
    this.#arena = this.#arenas.take()
  }

  /** The beginning of a frame is here and its end is not. */
  get isMidFrame(): boolean {
    return this.#frameBytes > 0
  }

  /** @returns where the next read has to land; never empty */
  buffer(): Buffer {
    assert(!this.#isClosed, 'a closed frame reader offers no buffer')
    const isEmpty = this.#start === this.#end
    if (isEmpty && this.#arena.refs === 1) this.#start = this.#end = 0
    const room = this.#arena.bytes.length - this.#end
    if (isEmpty && room < this.#smallestReadBytes) this.#replace(this.#arenas.take())
    else if (room === 0) this.#makeRoom()
    return this.#arena.bytes.subarray(this.#end)
  }

  /**
   * Takes note of `count` bytes read into `buffer()`, and hands on the frames that they completed.
   * @throws PEER_SPEAKS_HTTP, PEER_SPEAKS_TLS, FRAME_LENGTH_INVALID, FRAME_TOO_LARGE
   */
  accept(count: number): void {
    assert(!this.#isClosed, 'a closed frame reader accepts nothing')
    assert(count <= this.#arena.bytes.length - this.#end, 'no more was read than the buffer holds')
    this.#end += count
    while (!this.#isClosed) {
      if (this.#frameBytes === 0 && !this.#readLength()) return
      if (this.#end - this.#start < this.#frameBytes) return
      this.#handOn()
    }
  }

  /** Gives the reader's memory back; frames handed on stay valid. To be called once no read can land any more. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#arena.release()
  }

  #readLength(): boolean {
    const available = this.#end - this.#start
    if (available < lengthBytes) return false
    const length = this.#arena.bytes.readInt32BE(this.#start)
    if (!this.#isKafka) this.#recognise()
    if (length < smallestFrameBytes || length > this.#limitBytes) this.#refuse(length)
    this.#frameBytes = lengthBytes + length
    if (this.#start + this.#frameBytes > this.#arena.bytes.length) this.#move()
    return true
  }

  #handOn(): void {
    const from = this.#start + lengthBytes
    const to = this.#start + this.#frameBytes
    const frame = this.#arena.frame(from, to)
    this.#isKafka = true
    this.#start = to
    this.#frameBytes = 0
    if (this.#arena.isOversized) this.#replace(this.#arenas.take())
    this.#onFrame(frame)
  }

  /** The frame at #start does not fit the rest of its arena: into a fresh one, if that can hold it at all. */
  #move(): void {
    // At the arena's very start nothing is won by moving: an oversized frame then grows from where it is.
    if (this.#start === 0) return
    this.#replace(this.#arenas.take())
  }

  /** The current arena is full. */
  #makeRoom(): void {
    const received = this.#end - this.#start
    if (this.#frameBytes <= this.#arenas.arenaBytes) {
      this.#replace(this.#arenas.take())
      return
    }
    // Twice what has come, at most: a lying length costs its sender as many bytes as it costs us.
    this.#replace(this.#arenas.takeOversized(Math.min(this.#frameBytes, received * 2), this.#frameBytes))
  }

  #replace(arena: Arena): void {
    this.#arena.bytes.copy(arena.bytes, 0, this.#start, this.#end)
    this.#end -= this.#start
    this.#start = 0
    this.#arena.release()
    this.#arena = arena
  }

  #recognise(): void {
    const head = this.#arena.bytes.subarray(this.#start, this.#start + lengthBytes)
    const peer = this.#peer
    if (head.toString('latin1') === 'HTTP') throw errors.PEER_SPEAKS_HTTP({ peer })
    // TLS record: type 0x15 (alert) or 0x16 (handshake), then version 3.x.
    if ((head[0] === 0x15 || head[0] === 0x16) && head[1] === 0x03) throw errors.PEER_SPEAKS_TLS({ peer })
  }

  #refuse(length: number): never {
    const peer = this.#peer
    if (length < smallestFrameBytes) throw errors.FRAME_LENGTH_INVALID({ peer, lengthBytes: length })
    throw errors.FRAME_TOO_LARGE({ peer, lengthBytes: length, limitBytes: this.#limitBytes })
  }
}
