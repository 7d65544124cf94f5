import { assert } from '../base/assert.ts'

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

/**
 * Memory for incoming frames, in arenas of one size that are allocated once and reused.
 *
 * A: an arena is in the free list exactly when no frame and no reader refers to it.
 * B: an arena is never handed back to the allocator; memory of an oversized frame is, at its last release.
 */
export class ArenaPool {
  readonly arenaBytes: number
  readonly frameLimitBytes: number
  readonly #free: Arena[] = []
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

  /** @returns memory of its own for a frame larger than an arena, with one reference */
  takeOversized(sizeBytes: number): Arena {
    this.#count(sizeBytes)
    const arena = new Arena(this, Buffer.allocUnsafeSlow(sizeBytes), true)
    arena.refs = 1
    return arena
  }

  /** To be called by an arena without references only. */
  giveBack(arena: Arena): void {
    this.#count(-arena.bytes.length)
    if (arena.isOversized) arena.detach()
    else this.#free.push(arena)
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
    ;(this.bytes.buffer as ArrayBuffer).transfer(0)
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
