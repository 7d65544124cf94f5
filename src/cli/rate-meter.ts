/** Amounts a second, smoothed so that a reader can follow them. */
export interface Rates {
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
}

interface Sample {
  readonly atMs: number
  readonly records: number
  readonly bytes: number
}

const windowMs = 5_000

/** Rates over the last few seconds from totals that only grow; a total that shrinks (a flow was restarted) begins anew. */
export class RateMeter {
  #samples: readonly Sample[] = []

  /** @param atMs   monotonic clock */
  add(atMs: number, records: number, bytes: number): Rates {
    const last = this.#samples.at(-1)
    const isReset = last !== undefined && (records < last.records || bytes < last.bytes)
    const recent = isReset ? [] : this.#samples.filter((sample) => atMs - sample.atMs <= windowMs)
    this.#samples = [...recent, { atMs, records, bytes }]
    const first = this.#samples[0]
    const seconds = first === undefined ? 0 : (atMs - first.atMs) / 1000
    if (first === undefined || seconds <= 0) return { recordsPerSecond: 0, bytesPerSecond: 0 }
    return { recordsPerSecond: (records - first.records) / seconds, bytesPerSecond: (bytes - first.bytes) / seconds }
  }
}
