import { RecordDigest } from './record-digest.ts'
import type { RecordWalk } from './record-walk.ts'

const INITIAL_CAPACITY = 64

/**
 * Digests and offsets of records that follow each other on one side, without the records: 24 bytes each. A digest is 64 bits, in two halves of
 * different polynomials (record-digest.ts).
 */
export class RecordWindow {
  #high = new Uint32Array(INITIAL_CAPACITY)
  #low = new Uint32Array(INITIAL_CAPACITY)
  #keys = new Uint32Array(INITIAL_CAPACITY)
  #offsets = new Float64Array(INITIAL_CAPACITY)
  readonly #digest = new RecordDigest()
  #length = 0
  /** True when the side has no record behind the last one here. */
  isAtEnd = false

  get length(): number {
    return this.#length
  }

  /** Adds the walk's current record. */
  push(walk: RecordWalk, hasTimestamps: boolean): void {
    if (this.#length === this.#offsets.length) this.#grow()
    this.#digest.take(walk, hasTimestamps)
    this.#high[this.#length] = this.#digest.high
    this.#low[this.#length] = this.#digest.low
    this.#keys[this.#length] = this.#digest.keyLow
    this.#offsets[this.#length] = walk.offset
    this.#length++
  }

  offset(index: number): number {
    return this.#offsets[index] ?? Number.NaN
  }

  /** CRC-32C of a record's key: tells which records are likely to stand for each other. */
  key(index: number): number {
    return this.#keys[index] ?? 0
  }

  /** The digest as one number: its 53 lowest bits. For tables; equality is judged by `isSame`. */
  digest(index: number): number {
    return ((this.#high[index] ?? 0) & 0x1f_ffff) * 2 ** 32 + (this.#low[index] ?? 0)
  }

  /** Whether a record here and one there have the same digest. */
  isSame(index: number, other: RecordWindow, otherIndex: number): boolean {
    return this.#low[index] === other.#low[otherIndex] && this.#high[index] === other.#high[otherIndex]
  }

  #grow(): void {
    this.#high = grown(this.#high, new Uint32Array(this.#length * 2))
    this.#low = grown(this.#low, new Uint32Array(this.#length * 2))
    this.#keys = grown(this.#keys, new Uint32Array(this.#length * 2))
    this.#offsets = grown(this.#offsets, new Float64Array(this.#length * 2))
  }
}

function grown<Items extends Uint32Array | Float64Array>(from: Items, to: Items): Items {
  to.set(from)
  return to
}
