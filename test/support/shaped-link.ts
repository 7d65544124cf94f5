import type { Socket } from 'node:net'
import type { TrafficShape } from './traffic-shape.ts'

interface Parcel {
  readonly bytes: Buffer
  /** Earliest moment of its departure, on the clock of performance.now(). */
  readonly dueMs: number
  readonly isLast: boolean
}

/** What a link holds when its rate is limited, beyond what is on its way because of the delay. */
const RATE_BUFFER_BYTES = 256 * 1024
/** A link of limited rate sends in pieces of this many ms worth of bytes. */
const RATE_SLICE_MS = 5

/** Carries bytes from one socket to another in order, obeying a shape. */
export class ShapedLink {
  readonly #source: Socket
  readonly #sink: Socket
  readonly #shape: TrafficShape
  readonly #onCut: () => void
  readonly #queue: Parcel[] = []
  readonly #resumed: Disposable
  #queuedBytes = 0
  #timer: NodeJS.Timeout | undefined
  /** When the link has sent what it sent so far, at its rate. */
  #freeAtMs = 0
  #isWaitingForDrain = false

  constructor(source: Socket, sink: Socket, shape: TrafficShape, onCut: () => void) {
    this.#source = source
    this.#sink = sink
    this.#shape = shape
    this.#onCut = onCut
    this.#resumed = shape.onResume(() => this.#pump())
    sink.on('drain', () => {
      this.#isWaitingForDrain = false
      this.#pump()
    })
  }

  send(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#enqueue(bytes, false)
  }

  /** Ends the sink after everything sent before. */
  finish(): void {
    this.#enqueue(Buffer.alloc(0), true)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#resumed[Symbol.dispose]()
    this.#queue.length = 0
  }

  #enqueue(bytes: Buffer, isLast: boolean): void {
    this.#queue.push({ bytes, dueMs: performance.now() + this.#shape.delayMs, isLast })
    this.#queuedBytes += bytes.length
    this.#pump()
  }

  #pump(): void {
    clearTimeout(this.#timer)
    while (!this.#shape.isStalled && !this.#isWaitingForDrain) {
      const [parcel] = this.#queue
      if (parcel === undefined) break
      const waitMs = Math.max(parcel.dueMs, this.#freeAtMs) - performance.now()
      // Timers are a millisecond coarse: what is due within half of one goes now.
      if (waitMs > 0.5) {
        this.#timer = setTimeout(() => this.#pump(), waitMs)
        break
      }
      if (!this.#depart(parcel)) return
    }
    this.#applyBackPressure()
  }

  /** @returns false when the connection is over */
  #depart(parcel: Parcel): boolean {
    this.#queue.shift()
    if (parcel.isLast) {
      this.#sink.end()
      return true
    }
    const piece = this.#slice(parcel)
    this.#queuedBytes -= piece.length
    const { allowed, isCut } = this.#shape.admit(piece.length)
    if (allowed > 0) this.#isWaitingForDrain = !this.#sink.write(piece.subarray(0, allowed))
    if (isCut) this.#onCut()
    return !isCut
  }

  /** With a limited rate, a large parcel leaves in pieces; the rest goes back to the head of the queue. */
  #slice(parcel: Parcel): Buffer {
    const { bytesPerSecond } = this.#shape
    if (bytesPerSecond === Infinity) return parcel.bytes
    const size = Math.min(parcel.bytes.length, Math.max(1, Math.floor((bytesPerSecond * RATE_SLICE_MS) / 1000)))
    if (size < parcel.bytes.length) this.#queue.unshift({ ...parcel, bytes: parcel.bytes.subarray(size) })
    this.#freeAtMs = Math.max(this.#freeAtMs, performance.now()) + (size * 1000) / bytesPerSecond
    return parcel.bytes.subarray(0, size)
  }

  #applyBackPressure(): void {
    if (this.#shape.isStalled || this.#queuedBytes > this.#limitBytes()) this.#source.pause()
    else this.#source.resume()
  }

  #limitBytes(): number {
    const { delayMs, bytesPerSecond } = this.#shape
    if (bytesPerSecond === Infinity) return delayMs > 0 ? Infinity : RATE_BUFFER_BYTES
    return RATE_BUFFER_BYTES + (bytesPerSecond * delayMs) / 1000
  }
}
