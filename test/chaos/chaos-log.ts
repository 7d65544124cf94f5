import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TraceWindowName } from '../../src/base/trace-window.ts'

/** What a fault cost. Times in ms; absent: not measured. */
export interface FaultRecord {
  readonly fault: string
  /** ISO 8601. */
  readonly at: string
  /** From a broker's return (or the end of what was done), or the first record written after it, until every partition had new records on the target. */
  readonly copyingAgainMs?: number
  /** The longest standstill of a partition that the fault did not concern. */
  readonly unaffectedStandstillMs?: number
  /** The longest standstill of a partition that it did. */
  readonly affectedStandstillMs?: number
  /** From the start of the process until the first new record on the target. */
  readonly restartToRecordMs?: number
}

export interface WindowTally {
  passed: number
  stopped: number
}

/** Says what is done when, so that a failure can be read and repeated, and keeps what faults cost. */
export class ChaosLog {
  readonly seed: number
  readonly records: FaultRecord[] = []
  readonly windows = new Map<TraceWindowName, WindowTally>()
  readonly #name: string
  readonly #beganMs = performance.now()

  constructor(name: string, seed: number) {
    this.#name = name
    this.seed = seed
    this.say(`seed ${seed}; the same again with TWINLOG_CHAOS_SEED=${seed}`)
  }

  say(text: string): void {
    const seconds = ((performance.now() - this.#beganMs) / 1000).toFixed(1).padStart(6)
    process.stdout.write(`[${new Date().toISOString().slice(11, 23)} ${this.#name} ${seconds}] ${text}\n`)
  }

  record(record: FaultRecord): void {
    this.records.push(record)
    const { fault, at: _, ...costs } = record
    const shown = Object.entries(costs).map(([name, ms]) => `${name} ${Math.round(Number(ms))}`)
    this.say(`  ${fault}: ${shown.join(', ')}`)
  }

  /** Adds what one process has counted. */
  tally(counts: Partial<Record<TraceWindowName, number>>, stoppedIn: TraceWindowName | null): void {
    for (const [window, count] of Object.entries(counts) as [TraceWindowName, number][]) {
      this.#tallyOf(window).passed += count
    }
    if (stoppedIn !== null) this.#tallyOf(stoppedIn).stopped++
  }

  /** Prints the summary, and writes it into the folder that TWINLOG_CHAOS_RESULTS names. */
  close(): void {
    for (const [window, { passed, stopped }] of this.windows) {
      this.say(`window ${window}: passed ${passed} times, stopped inside ${stopped} times`)
    }
    for (const name of COSTS) {
      const all = this.records.map((record) => record[name]).filter((ms) => ms !== undefined)
      if (all.length > 0) this.say(`${name}: ${summary(all)}`)
    }
    const folder = process.env.TWINLOG_CHAOS_RESULTS
    if (folder === undefined) return
    mkdirSync(folder, { recursive: true })
    const { seed, records } = this
    const content = { name: this.#name, seed, records, windows: Object.fromEntries(this.windows) }
    writeFileSync(join(folder, `chaos-${this.#name}.json`), `${JSON.stringify(content, null, 1)}\n`)
  }

  #tallyOf(window: TraceWindowName): WindowTally {
    const tally = this.windows.get(window) ?? { passed: 0, stopped: 0 }
    this.windows.set(window, tally)
    return tally
  }
}

const COSTS = ['copyingAgainMs', 'affectedStandstillMs', 'unaffectedStandstillMs', 'restartToRecordMs'] as const

function summary(all: readonly number[]): string {
  const sorted = [...all].sort((a, b) => a - b)
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
  return `${all.length} times, median ${at(0.5)} ms, 90 % ${at(0.9)} ms, most ${at(1)} ms`
}
