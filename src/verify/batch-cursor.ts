import { errors } from '../base/errors.ts'
import { crc32cOf } from '../wire/crc32c.ts'
import { verifyOldChecksum } from '../wire/legacy-cursor.ts'
import { BatchHeader, CHECKSUMMED_AT, readBatchHeader } from '../wire/record-batch.ts'
import type { FetchedRecords, RecordSupply } from './record-supply.ts'

export interface CursorRange {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  /** Verify each batch's CRC-32C. */
  readonly isChecked: boolean
}

/**
 * Walks over the batches of one side that hold records of a range: markers, aborted, emptied batches and those before the range are passed over.
 * The current batch's bytes stay until `load` is called when there is none.
 */
export class BatchCursor implements AsyncDisposable {
  /** Of the current batch; meaningful while `hasBatch`. */
  readonly header = new BatchHeader()
  hasBatch = false
  /** All records of the current batch are in the range. */
  isWhole = false
  /** Index of the current batch in `bytes`. */
  at = 0
  /** Bytes of all batches passed so far. */
  passedBytes = 0
  readonly #supply: RecordSupply
  readonly #range: CursorRange
  #fetched: FetchedRecords | null = null
  #next = 0
  #isAtEnd = false

  constructor(supply: RecordSupply, range: CursorRange) {
    this.#supply = supply
    this.#range = range
  }

  get bytes(): Buffer {
    return this.#fetched?.bytes ?? Buffer.alloc(0)
  }

  /** Leaves the current batch and goes to the next one of the same answer; `hasBatch` tells whether there is one. */
  advance(): void {
    this.hasBatch = false
    const fetched = this.#fetched
    if (fetched === null) return
    const { bytes, recordsEnd, aborted } = fetched
    const { header } = this
    while (!this.#isAtEnd && this.#next < recordsEnd) {
      const at = this.#next
      if (readBatchHeader(bytes, at, recordsEnd, header) === 'truncated') break
      this.#next = at + header.size
      this.passedBytes += header.size
      const isAborted = aborted?.isAborted(header) === true
      // An old compressed batch tells the offset of its last record, so its first ones may still be wanted.
      if (header.baseOffset >= this.#range.to && header.magic === 2) this.#isAtEnd = true
      else if (this.#isWanted(isAborted)) {
        if (this.#range.isChecked) this.#check(bytes, at)
        this.at = at
        this.isWhole = header.magic === 2 && header.baseOffset >= this.#range.from && header.lastOffset < this.#range.to
        this.hasBatch = true
        return
      }
    }
    fetched.release()
    this.#fetched = null
  }

  /** Makes sure that there is a current batch. @returns false at the end of the range */
  async load(): Promise<boolean> {
    while (!this.hasBatch) {
      if (this.#isAtEnd) return false
      if (this.#fetched === null) {
        this.#fetched = await this.#supply.next()
        if (this.#fetched === null) {
          this.#isAtEnd = true
          return false
        }
        this.#next = this.#fetched.recordsStart
      }
      this.advance()
    }
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hasBatch = false
    this.#fetched?.release()
    this.#fetched = null
    await this.#supply[Symbol.asyncDispose]()
  }

  #isWanted(isAborted: boolean): boolean {
    const { header } = this
    return header.lastOffset >= this.#range.from && !header.isControl && !isAborted && header.recordCount !== 0
  }

  #check(bytes: Buffer, at: number): void {
    const { magic, size, crc, baseOffset: offset } = this.header
    if (magic < 2) return verifyOldChecksum(bytes, at, size)
    const computed = crc32cOf(bytes, at + CHECKSUMMED_AT, at + size)
    if (computed !== crc) throw errors.BATCH_CHECKSUM({ offset, size, stored: crc, computed })
  }
}
