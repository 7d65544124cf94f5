import type { Clock } from '../base/clock.ts'
import type { FlowSummary } from '../control/flow-summary.ts'
import type { LogSink } from '../observe/log-sink.ts'
import { RateMeter } from './rate-meter.ts'
import { statusText } from './status-text.ts'

export interface StatusReporterDependencies {
  readonly clock: Clock
  readonly flows: () => readonly FlowSummary[]
  readonly log: LogSink
  readonly intervalMs: number
}

/** Logs the state of all flows every so often, until the signal. */
export class StatusReporter {
  readonly #deps: StatusReporterDependencies
  readonly #meter = new RateMeter()

  constructor(deps: StatusReporterDependencies) {
    this.#deps = deps
  }

  async run({ signal }: { signal: AbortSignal }): Promise<void> {
    const { clock, intervalMs } = this.#deps
    while (!signal.aborted) {
      this.show()
      try {
        await clock.sleep(intervalMs, { signal })
      } catch (error) {
        if (!signal.aborted) throw error
      }
    }
  }

  /** Shows it once, now. */
  show(): void {
    const { clock, flows, log } = this.#deps
    const summaries = flows()
    const records = total(summaries, 'recordsTotal')
    const bytes = total(summaries, 'bytesTotal')
    const rates = this.#meter.add(clock.monotonic(), records, bytes)
    const { recordsPerSecond, bytesPerSecond } = rates
    const fields = {
      flows: summaries,
      recordsPerSecond: Math.round(recordsPerSecond),
      bytesPerSecond: Math.round(bytesPerSecond),
    }
    log.write({ level: 'info', event: 'StatusReported', text: statusText(summaries, rates), fields })
  }
}

function total(flows: readonly FlowSummary[], name: 'recordsTotal' | 'bytesTotal'): number {
  return flows.reduce((sum, flow) => sum + flow[name], 0)
}
