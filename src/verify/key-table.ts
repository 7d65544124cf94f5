const INITIAL_SLOTS = 1 << 14
const LOAD_MAX = 0.72
const FIELDS = 6
const [KEY_HIGH, KEY_LOW, SOURCE, TARGET] = [0, 1, 2, 4]
/** Offset of a side that has no record of the key. */
const NONE = -1

/** Which side a record is of. */
export type TableSide = 'source' | 'target'

/** The last record of a key on both sides; an object that is used again for each key. */
export interface KeyEntry {
  /** -1: the side has no record of the key. */
  sourceOffset: number
  targetOffset: number
  /** The last record is a tombstone, or there is none. */
  isSourceGone: boolean
  isTargetGone: boolean
  isSame: boolean
}

/**
 * The last record of each key on both sides, as digests: 40 bytes a slot, nothing for the collector. Keys are told apart by 64 bits of digest.
 * A tombstone has the digest 0.
 */
export class KeyTable {
  readonly #keysMax: number
  #words = new Uint32Array(INITIAL_SLOTS * FIELDS)
  #offsets = new Float64Array(INITIAL_SLOTS * 2).fill(NONE)
  #slots = INITIAL_SLOTS
  #size = 0

  constructor(keysMax: number) {
    this.#keysMax = keysMax
  }

  get size(): number {
    return this.#size
  }

  /**
   * Takes the newest record of a key.
   * @param high   digest of the record; both halves 0 for a tombstone
   * @returns false when the table is full: nothing was taken
   */
  set(
    side: TableSide,
    key: { readonly keyHigh: number; readonly keyLow: number },
    high: number,
    low: number,
    offset: number,
  ): boolean {
    let slot = this.#find(key.keyHigh, key.keyLow)
    if (this.#isFree(slot)) {
      if (this.#size >= this.#keysMax) return false
      if (this.#size + 1 > this.#slots * LOAD_MAX) {
        this.#grow()
        slot = this.#find(key.keyHigh, key.keyLow)
      }
      this.#size++
      this.#words[slot * FIELDS + KEY_HIGH] = key.keyHigh
      this.#words[slot * FIELDS + KEY_LOW] = key.keyLow
    }
    const field = slot * FIELDS + (side === 'source' ? SOURCE : TARGET)
    this.#words[field] = high
    this.#words[field + 1] = low
    this.#offsets[slot * 2 + (side === 'source' ? 0 : 1)] = offset
    return true
  }

  /** All keys; the entry is filled anew for each. */
  *entries(): Generator<KeyEntry> {
    const entry: KeyEntry = {
      sourceOffset: 0,
      targetOffset: 0,
      isSourceGone: false,
      isTargetGone: false,
      isSame: false,
    }
    for (let slot = 0; slot < this.#slots; slot++) {
      if (this.#isFree(slot)) continue
      const at = slot * FIELDS
      const [sourceHigh = 0, sourceLow = 0] = [this.#words[at + SOURCE], this.#words[at + SOURCE + 1]]
      const [targetHigh = 0, targetLow = 0] = [this.#words[at + TARGET], this.#words[at + TARGET + 1]]
      entry.sourceOffset = this.#offsets[slot * 2] ?? NONE
      entry.targetOffset = this.#offsets[slot * 2 + 1] ?? NONE
      entry.isSourceGone = sourceHigh === 0 && sourceLow === 0
      entry.isTargetGone = targetHigh === 0 && targetLow === 0
      entry.isSame = sourceHigh === targetHigh && sourceLow === targetLow
      yield entry
    }
  }

  #isFree(slot: number): boolean {
    return this.#offsets[slot * 2] === NONE && this.#offsets[slot * 2 + 1] === NONE
  }

  /** @returns the slot of a key, or the free one where it belongs */
  #find(high: number, low: number): number {
    const mask = this.#slots - 1
    let slot = (low ^ Math.imul(high, 0x9e3779b1)) & mask
    while (!this.#isFree(slot)) {
      if (this.#words[slot * FIELDS + KEY_LOW] === low && this.#words[slot * FIELDS + KEY_HIGH] === high) break
      slot = (slot + 1) & mask
    }
    return slot
  }

  #grow(): void {
    const [words, offsets, slots] = [this.#words, this.#offsets, this.#slots]
    this.#slots = slots * 2
    this.#words = new Uint32Array(this.#slots * FIELDS)
    this.#offsets = new Float64Array(this.#slots * 2).fill(NONE)
    for (let old = 0; old < slots; old++) {
      if (offsets[old * 2] === NONE && offsets[old * 2 + 1] === NONE) continue
      const slot = this.#find(words[old * FIELDS + KEY_HIGH] ?? 0, words[old * FIELDS + KEY_LOW] ?? 0)
      this.#words.set(words.subarray(old * FIELDS, (old + 1) * FIELDS), slot * FIELDS)
      this.#offsets.set(offsets.subarray(old * 2, old * 2 + 2), slot * 2)
    }
  }
}
