import type { Frame } from '../kafka/frame-arena.ts'
import type { BatchMemory } from './batch-memory.ts'

/**
 * Holds one fetched frame for as long as any of its batches still has to be handed to a target's socket. A batch does not need its
 * bytes after that: whatever fails later is read again from the source (docs/architecture.md, "The sequence is the position").
 */
export class FrameLease implements BatchMemory {
  readonly bytes: Buffer
  readonly #frame: Frame
  readonly #onFreed: () => void
  #holders = 1

  constructor(frame: Frame, onFreed: () => void) {
    this.bytes = frame.bytes
    this.#frame = frame
    this.#onFreed = onFreed
  }

  hold(): void {
    this.#holders++
  }

  drop(): void {
    this.#holders--
    if (this.#holders > 0) return
    this.#frame.release()
    this.#onFreed()
  }
}
