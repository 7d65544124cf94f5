import type { Clock } from '../base/clock.ts'

/** When something was last written down for good, and for how long a write has been under way. */
export class DurableWrites {
  readonly #clock: Pick<Clock, 'monotonic'>
  #doneAtMs: number
  #begunAtMs = -1
  #underWayCount = 0

  /** What was there at the start is taken for written down. */
  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
    this.#doneAtMs = clock.monotonic()
  }

  /** Seconds since all was last written down. */
  get ageSeconds(): number {
    return (this.#clock.monotonic() - this.#doneAtMs) / 1000
  }

  /** For how long writes have been under way without one that ended well; 0: none is. */
  get pendingSeconds(): number {
    return this.#underWayCount === 0 ? 0 : (this.#clock.monotonic() - this.#begunAtMs) / 1000
  }

  /** Nothing is missing just now. */
  note(): void {
    this.#doneAtMs = this.#clock.monotonic()
    this.#begunAtMs = this.#doneAtMs
  }

  /** Watches a write. @returns what it gives, or throws what it throws */
  async watch<Given>(write: Promise<Given>): Promise<Given> {
    if (this.#underWayCount++ === 0) this.#begunAtMs = this.#clock.monotonic()
    try {
      const given = await write
      this.note()
      return given
    } finally {
      this.#underWayCount--
    }
  }
}
