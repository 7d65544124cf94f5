import { freeNow } from '../base/free-now.ts'
import type { BatchMemory } from './batch-memory.ts'

/** Memory that a target batch has for itself. As long as it waits to be sent, what it was made from is held too: that bounds how much waits. */
export class OwnMemory implements BatchMemory {
  readonly bytes: Buffer
  readonly #madeFrom: BatchMemory
  #holders = 0

  constructor(bytes: Buffer, madeFrom: BatchMemory) {
    this.bytes = bytes
    this.#madeFrom = madeFrom
  }

  hold(): void {
    this.#holders++
    this.#madeFrom.hold()
  }

  drop(): void {
    this.#madeFrom.drop()
    this.#holders--
    if (this.#holders === 0) freeNow(this.bytes)
  }
}
