import type { Clock } from '../base/clock.ts'
import { initialFlowState } from '../control/flow-state.ts'
import type { FlowState } from '../control/flow-state.ts'
import type { FlowReading } from '../control/flow-reading.ts'
import type { LocalProcess } from '../control/local-process.ts'
import { summarizeFlow } from '../control/flow-summary.ts'
import type { FlowSummary } from '../control/flow-summary.ts'
import { metricReaders } from '../control/metric-readers.ts'
import { answerOffsetQuery } from '../control/offset-query.ts'
import type { OffsetQuery, OffsetSource } from '../control/offset-query.ts'
import type { TranslatedOffset } from '../control/translated-offset.ts'
import { reportFlow } from '../control/status-report.ts'
import type { StatusReport } from '../control/status-report.ts'
import type { SupervisedFlow, Supervisor } from '../control/supervisor.ts'
import type { ProcessPlan } from '../mirror/process-plan.ts'
import type { EventCounters } from '../observe/counters.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { LogLevel } from '../observe/log-level.ts'
import { ProcessFigures } from '../observe/process-figures.ts'

/** A flow that tells of itself. */
export interface ObservedFlow extends Pick<SupervisedFlow, 'name'> {
  reading(state: FlowState): FlowReading
  /** Null while this process does not own the flow; absent: it has no offsets to tell of. */
  offsetSource?(): OffsetSource | null
}

export interface ObservationDependencies {
  readonly plan: ProcessPlan
  readonly runners: readonly ObservedFlow[]
  readonly supervisor: Supervisor
  readonly process: LocalProcess
  readonly counters: EventCounters
  readonly logLevel: LogLevel
  readonly observe: Observer<EventName>
  readonly clock: Clock
}

/** The server is loaded when the flows have begun: copying does not wait for it. */
const headStartMs = 2_000
const lookMs = 50
const begun: ReadonlySet<string> = new Set(['copying', 'standby', 'retrying', 'ended', 'stopped'])

/** What this process tells of itself, to people and programs. */
export class Observation {
  readonly #deps: ObservationDependencies

  constructor(dependencies: ObservationDependencies) {
    this.#deps = dependencies
  }

  #readings(): FlowReading[] {
    const { runners, supervisor } = this.#deps
    const states = supervisor.states()
    return runners.map((runner) => runner.reading(states.get(runner.name) ?? initialFlowState))
  }

  /** Without topics: a log line has an end. */
  summaries(): FlowSummary[] {
    const nowMs = this.#deps.clock.now()
    return this.#readings().map((reading) => summarizeFlow(reading, nowMs))
  }

  /** What the flows of this process know of offsets. */
  offsets(query: OffsetQuery): TranslatedOffset[] {
    const sources = this.#deps.runners.map((runner) => runner.offsetSource?.() ?? null)
    return answerOffsetQuery(
      sources.filter((source) => source !== null),
      query,
    )
  }

  /** @param hasGroupPartitions   whether each partition of each group is told of */
  report(hasGroupPartitions = false): StatusReport {
    const { process, clock, logLevel } = this.#deps
    const nowMs = clock.now()
    return {
      version: process.version,
      host: process.identity.host,
      pid: process.identity.pid,
      startedAt: new Date(process.startedAtMs).toISOString(),
      time: new Date(nowMs).toISOString(),
      logLevel: logLevel.current,
      flows: this.#readings().map((reading) => reportFlow(reading, nowMs, hasGroupPartitions)),
    }
  }

  /** Serves at all addresses until the signal. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { plan, process, counters, clock, observe, logLevel } = this.#deps
    if (plan.listeners.length === 0) return
    await this.#letFlowsBegin(signal)
    if (signal.aborted) return
    const [{ createObservationServer }, { runListener }] = await Promise.all([
      import('../rest/observation-server.ts'),
      import('../rest/listener.ts'),
    ])
    using figures = new ProcessFigures({
      version: process.version,
      startedAtMs: process.startedAtMs,
      monotonic: () => clock.monotonic(),
    })
    const events = counters.readers()
    const metrics = () =>
      metricReaders({
        flows: this.#readings(),
        events,
        process: (level) => figures.readers(level),
        partitionsMax: plan.metricsPartitionsMax,
        nowMs: clock.now(),
      })
    const createServer = () =>
      createObservationServer({
        status: (hasGroups) => this.report(hasGroups),
        offsets: (query) => this.offsets(query),
        metrics,
        logLevel,
      })
    await Promise.all(
      plan.listeners.map((address) => runListener(address, { clock, observe, createServer }, { signal })),
    )
  }

  async #letFlowsBegin(signal: AbortSignal): Promise<void> {
    const { clock, supervisor } = this.#deps
    const deadlineMs = clock.monotonic() + headStartMs
    const haveBegun = (): boolean => [...supervisor.states().values()].every(({ name }) => begun.has(name))
    while (!signal.aborted && !haveBegun() && clock.monotonic() < deadlineMs)
      await clock.sleep(lookMs, { signal }).catch((reason: unknown) => {
        if (!signal.aborted) throw reason
      })
  }
}
