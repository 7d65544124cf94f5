import type { BatchCursor, CursorRange } from './batch-cursor.ts'
import { RecordWalk } from './record-walk.ts'

/**
 * One side's place in its records: a batch that nobody has looked into, or a record. What can be compared as whole batches is never decoded.
 * The order of calls: `load`, then either `passBatch` or (`hasRecord`, `passRecord`)*, and again.
 */
export class SideCursor implements AsyncDisposable {
  readonly walk = new RecordWalk()
  readonly batches: BatchCursor
  readonly #range: CursorRange
  /** The current batch is being walked over, and the walk is at a record that was not passed. */
  hasRecord = false
  #isWalking = false

  constructor(batches: BatchCursor, range: CursorRange) {
    this.batches = batches
    this.#range = range
  }

  /** A batch is there, no record of it was passed, and all of them are wanted. */
  get isAtWholeBatch(): boolean {
    return this.batches.hasBatch && !this.#isWalking && this.batches.isWhole
  }

  /** Offset of the next record, or of the batch that nobody has looked into: what comes next is at or after it. */
  get offset(): number {
    return this.hasRecord ? this.walk.offset : this.batches.header.baseOffset
  }

  /**
   * Makes sure that there is a batch with records that were not passed; compressed ones stay as they are.
   * @returns false at the end of the range
   */
  async load(): Promise<boolean> {
    for (;;) {
      if (this.hasRecord) return true
      if (!(await this.batches.load())) return false
      if (!this.#isWalking && this.batches.isWhole) return true
      if (this.findRecord()) return true
    }
  }

  /** Leaves the batch at whose beginning the cursor is. */
  passBatch(): void {
    this.#isWalking = false
    this.hasRecord = false
    this.batches.advance()
  }

  /** Looks into the current batch. @returns false, with the batch left, when no wanted record is left in it */
  findRecord(): boolean {
    if (this.hasRecord) return true
    if (!this.batches.hasBatch) return false
    if (!this.#isWalking) {
      this.walk.begin(this.batches.bytes, this.batches.at, this.batches.header)
      this.#isWalking = true
    }
    const { from, to } = this.#range
    while (this.walk.next()) {
      if (this.walk.offset >= from && this.walk.offset < to) {
        this.hasRecord = true
        return true
      }
    }
    this.passBatch()
    return false
  }

  /** Goes behind the current record. */
  passRecord(): void {
    this.hasRecord = false
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.batches[Symbol.asyncDispose]()
  }
}
