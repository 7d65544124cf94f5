import type { Clock } from '../base/clock.ts'
import type { FlowSummary } from '../control/flow-summary.ts'
import type { LogSink } from '../observe/log-sink.ts'
import { RateMeter } from './rate-meter.ts'
import { fitTo, statusText } from './status-text.ts'
import type { Screen } from './screen.ts'

export interface StatusReporterDependencies {
  readonly clock: Clock
  readonly flows: () => readonly FlowSummary[]
  /** Where the status goes: a line in place for people, or a log line. */
  readonly output: Screen | LogSink
  readonly intervalMs: number
}

/** Shows the state of all flows every so often, until the signal. */
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
    const { clock, flows, output } = this.#deps
    const summaries = flows()
    const records = total(summaries, 'recordsTotal')
    const bytes = total(summaries, 'bytesTotal')
    const rates = this.#meter.add(clock.monotonic(), records, bytes)
    const text = statusText(summaries, rates)
    if ('showStatus' in output) {
      output.showStatus(fitTo(output.columns, text))
    } else {
      const { recordsPerSecond, bytesPerSecond } = rates
      const fields = {
        flows: summaries,
        recordsPerSecond: Math.round(recordsPerSecond),
        bytesPerSecond: Math.round(bytesPerSecond),
      }
      output.write({ level: 'info', event: 'StatusReported', text, fields })
    }
  }
}

function total(flows: readonly FlowSummary[], name: 'recordsTotal' | 'bytesTotal'): number {
  return flows.reduce((sum, flow) => sum + flow[name], 0)
}
