import type { BatchMemory } from './batch-memory.ts'

/**
 * A copy of the rest of a partition's answer, which takes longer to be taken in than the arena that it came in should be held. It begins with one
 * holder, which takes it in; the others are the batches that were made from it and wait to be sent.
 */
export class CopiedAnswer implements BatchMemory {
  readonly bytes: Buffer
  readonly #onFreed: () => void
  #holders = 1

  constructor(bytes: Buffer, onFreed: () => void) {
    this.bytes = bytes
    this.#onFreed = onFreed
  }

  hold(): void {
    this.#holders++
  }

  drop(): void {
    this.#holders--
    if (this.#holders === 0) this.#onFreed()
  }
}
