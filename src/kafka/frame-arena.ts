import { assert } from '../base/assert.ts'
import { freeNow } from '../base/free-now.ts'

/**
 * One answer of a broker: its bytes lie in an arena that goes back to its pool when the last frame in it was released.
 * A frame starts with one reference, which belongs to whoever received it.
 */
export interface Frame {
  /** The frame without its length field: correlation id first. Not to be touched after the last release. */
  readonly bytes: Buffer
  /** Where the body begins: after the response header (correlation id, and tagged fields where it is flexible). */
  readonly bodyStart: number
  /** Takes `count` more references (1 if absent). */
  retain(count?: number): void
  /** Gives one reference back. A release too many is a defect. */
  release(): void
}

/** What a FrameReader sets in a frame before it hands it on. */
export interface MutableFrame extends Frame {
  bodyStart: number
}

export interface ArenaPoolOptions {
  /** Size of an arena in bytes. */
  readonly arenaBytes?: number
  /** Largest frame that is accepted, in bytes, whatever the arenas hold. */
  readonly frameLimitBytes?: number
}

const defaultArenaBytes = 4 * 1024 * 1024
const defaultFrameLimitBytes = 256 * 1024 * 1024
/** On a long way large frames follow each other: so much memory of theirs is kept for the next ones. */
const sparesMax = 2
const spareArenasMax = 9

/**
 * Memory for incoming frames, in arenas of one size that are allocated once and reused.
 *
 * Invariants (docs/invariants.md):
 * 16. an arena is in the free list exactly when no frame and no reader refers to it.
 * 17. an arena is never handed back to the allocator; memory of an oversized frame is, at its last release, but for the largest two up to nine
 *    arenas each: the first touch of fresh memory costs more than reading into it.
 */
export class ArenaPool {
  readonly arenaBytes: number
  readonly frameLimitBytes: number
  readonly #free: Arena[] = []
  /** Memory of oversized frames that nobody refers to, smallest first. */
  readonly #spares: Arena[] = []
  #arenaCount = 0
  #bytesInUse = 0
  #peakBytes = 0

  constructor(options: ArenaPoolOptions = {}) {
    this.arenaBytes = options.arenaBytes ?? defaultArenaBytes
    this.frameLimitBytes = options.frameLimitBytes ?? defaultFrameLimitBytes
    assert(this.arenaBytes >= 64, 'an arena holds at least 64 bytes')
  }

  /** Bytes of arenas and oversized frames that somebody refers to. */
  get bytesInUse(): number {
    return this.#bytesInUse
  }

  /** The largest value that `bytesInUse` ever had. */
  get peakBytes(): number {
    return this.#peakBytes
  }

  /** Bytes of all arenas made so far, in use or free. */
  get bytesAllocated(): number {
    return this.#arenaCount * this.arenaBytes
  }

  /** @returns an arena with one reference, which belongs to the caller */
  take(): Arena {
    this.#count(this.arenaBytes)
    const arena = this.#free.pop() ?? this.#create()
    arena.refs = 1
    return arena
  }

  /**
   * @param sizeBytes    what has to fit now
   * @param wholeBytes   what the frame claims to need in the end: memory that is there already may hold all of it
   * @returns memory of its own for a frame larger than an arena, with one reference
   */
  takeOversized(sizeBytes: number, wholeBytes = sizeBytes): Arena {
    const index = this.#spares.findIndex(({ bytes }) => bytes.length >= wholeBytes)
    const [spare] = index < 0 ? [] : this.#spares.splice(index, 1)
    const arena = spare ?? new Arena(this, Buffer.allocUnsafeSlow(sizeBytes), true)
    this.#count(arena.bytes.length)
    arena.refs = 1
    return arena
  }

  /** To be called by an arena without references only. */
  giveBack(arena: Arena): void {
    this.#count(-arena.bytes.length)
    if (arena.isOversized) this.#spare(arena)
    else this.#free.push(arena)
  }

  #spare(arena: Arena): void {
    if (arena.bytes.length > spareArenasMax * this.arenaBytes) {
      arena.detach()
      return
    }
    this.#spares.push(arena)
    this.#spares.sort((a, b) => a.bytes.length - b.bytes.length)
    if (this.#spares.length > sparesMax) this.#spares.shift()?.detach()
  }

  #count(bytes: number): void {
    this.#bytesInUse += bytes
    if (this.#bytesInUse > this.#peakBytes) this.#peakBytes = this.#bytesInUse
  }

  #create(): Arena {
    this.#arenaCount++
    const bytes = Buffer.allocUnsafeSlow(this.arenaBytes)
    // Touched once, here, so that no page fault happens later in the middle of a read.
    bytes.fill(0)
    return new Arena(this, bytes, false)
  }
}

/** A piece of memory with a count of those who refer to it: its frames, and the reader that fills it. */
export class Arena {
  bytes: Buffer
  readonly isOversized: boolean
  refs = 0
  readonly #pool: ArenaPool

  constructor(pool: ArenaPool, bytes: Buffer, isOversized: boolean) {
    this.#pool = pool
    this.bytes = bytes
    this.isOversized = isOversized
  }

  retain(): void {
    assert(this.refs > 0, 'an arena in the free list is not retained')
    this.refs++
  }

  release(): void {
    assert(this.refs > 0, 'an arena is released once per reference')
    this.refs--
    if (this.refs === 0) this.#pool.giveBack(this)
  }

  /** Frees the memory at once instead of when the collector gets to it: oversized frames may follow each other quickly. */
  detach(): void {
    freeNow(this.bytes)
  }

  /** @returns a frame over bytes `from` (inclusive) to `to` (exclusive), with one reference of its own on the arena */
  frame(from: number, to: number): MutableFrame {
    this.retain()
    return new ArenaFrame(this, this.bytes.subarray(from, to))
  }
}

class ArenaFrame implements MutableFrame {
  readonly bytes: Buffer
  bodyStart = 4
  readonly #arena: Arena
  #refs = 1

  constructor(arena: Arena, bytes: Buffer) {
    this.#arena = arena
    this.bytes = bytes
  }

  retain(count = 1): void {
    assert(this.#refs > 0, 'a released frame is not retained')
    this.#refs += count
  }

  release(): void {
    assert(this.#refs > 0, 'a frame is released once per reference')
    this.#refs--
    if (this.#refs === 0) this.#arena.release()
  }
}
