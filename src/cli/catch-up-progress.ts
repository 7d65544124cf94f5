import type { FlowReport } from '../control/status-report.ts'

/** How far a flow that is far behind has come. */
export interface Progress {
  /** Of what there was to be copied since it began to catch up, 0 to 1. */
  readonly share: number
  /** Until nothing is behind, at the pace of the last half minute; null: it does not come nearer. */
  readonly secondsLeft: number | null
}

const beginSeconds = 10
const endSeconds = 2
const windowMs = 30_000

/** Notices when a flow catches up, and estimates how long it will take. */
export class CatchUpProgress {
  /** Copied records when it began; null: it is not catching up. */
  #base: number | null = null
  #samples: readonly { readonly atMs: number; readonly lag: number }[] = []

  /** @param atMs   monotonic clock. @returns null while the flow is not far behind */
  add(
    atMs: number,
    {
      state,
      lagRecords,
      lagSeconds,
      recordsTotal,
    }: Pick<FlowReport, 'state' | 'lagRecords' | 'lagSeconds' | 'recordsTotal'>,
  ): Progress | null {
    const isFar =
      this.#base === null ? (lagSeconds ?? Infinity) >= beginSeconds : (lagSeconds ?? Infinity) >= endSeconds
    if (state !== 'copying' || lagRecords === 0 || !isFar) {
      this.#base = null
      this.#samples = []
      return null
    }
    if (this.#base === null || recordsTotal < this.#base) this.#base = recordsTotal
    this.#samples = [...this.#samples.filter((sample) => atMs - sample.atMs <= windowMs), { atMs, lag: lagRecords }]
    const copied = recordsTotal - this.#base
    return { share: copied / (copied + lagRecords), secondsLeft: this.#secondsLeft(atMs, lagRecords) }
  }

  #secondsLeft(atMs: number, lag: number): number | null {
    const [first] = this.#samples
    if (first === undefined || atMs - first.atMs < 1_000) return null
    const recordsPerSecond = ((first.lag - lag) * 1000) / (atMs - first.atMs)
    return recordsPerSecond <= 0 ? null : lag / recordsPerSecond
  }
}
