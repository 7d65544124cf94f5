import type { Frame } from '../kafka/frame-arena.ts'

/**
 * Holds one fetched frame for as long as any of its batches still has to be handed to a target's socket. A batch does not need its
 * bytes after that: whatever fails later is read again from the source (docs/architecture.md, "The sequence is the position").
 */
export class FrameLease {
  readonly frame: Frame
  readonly #onFreed: () => void
  #holders = 1

  constructor(frame: Frame, onFreed: () => void) {
    this.frame = frame
    this.#onFreed = onFreed
  }

  /** One more batch of this frame waits to be sent. */
  hold(): void {
    this.#holders++
  }

  /** One holder is done with it; the last one gives the frame back. */
  drop(): void {
    this.#holders--
    if (this.#holders > 0) return
    this.frame.release()
    this.#onFreed()
  }
}
