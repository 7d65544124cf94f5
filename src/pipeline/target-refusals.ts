/** For how long a compacted topic that refused a record without a key is not given another: every batch is decoded meanwhile. */
const KEYS_DOUBTED_MS = 60_000
/** After so many batches that the target took, larger ones are tried again: what made it refuse one may have been its records. */
const TAKEN_BATCHES = 256
/** No batch is larger. */
const LARGEST_BATCH_BYTES = 2 ** 31

/** What a target refused of one partition, and how the copy goes on nevertheless: in smaller batches, without records that have no key, without one record. */
export class TargetRefusals {
  readonly #records = new Set<number>()
  #lastRecord = -1
  #batchBytesMax = Infinity
  #keysDoubtedUntilMs = -Infinity
  #takenBatches = 0

  /** Largest batch of several records that is tried, in bytes, header included. */
  get batchBytesMax(): number {
    return this.#batchBytesMax
  }

  /** Upstream offsets of records that it did not take although each was alone. */
  get records(): ReadonlySet<number> {
    return this.#records
  }

  /** Upstream offset up to which records are looked at one by one, exclusively. @param nowMs since the epoch */
  doubtedTo(nowMs: number): number {
    return this.areKeysDoubted(nowMs) ? Infinity : this.#lastRecord + 1
  }

  /** Records without a key are not written now. @param nowMs since the epoch */
  areKeysDoubted(nowMs: number): boolean {
    return nowMs < this.#keysDoubtedUntilMs
  }

  /** The topic is compacted, and had a record without a key in a batch. */
  refuseNullKey(nowMs: number): void {
    this.#keysDoubtedUntilMs = nowMs + KEYS_DOUBTED_MS
  }

  /** A batch of this size was too large, as it was or as the target wrote it anew. */
  refuseSize(sizeBytes: number): void {
    this.#batchBytesMax = Math.floor(Math.min(this.#batchBytesMax, sizeBytes) / 2)
    this.#takenBatches = 0
  }

  /** A record alone was too large. */
  refuseRecord(upstreamOffset: number): void {
    this.#records.add(upstreamOffset)
    this.#lastRecord = Math.max(this.#lastRecord, upstreamOffset)
  }

  /** The target took a batch, and has all up to this upstream offset. */
  took(positionAfter: number): void {
    if (this.#lastRecord >= 0 && this.#lastRecord < positionAfter) this.forgetRecords()
    if (this.#batchBytesMax === Infinity || ++this.#takenBatches < TAKEN_BATCHES) return
    this.#takenBatches = 0
    this.#batchBytesMax *= 2
    if (this.#batchBytesMax > LARGEST_BATCH_BYTES) this.#batchBytesMax = Infinity
  }

  /** Each record is tried again. */
  forgetRecords(): void {
    this.#records.clear()
    this.#lastRecord = -1
  }
}
