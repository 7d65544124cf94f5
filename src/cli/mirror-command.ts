import type { Clock } from '../base/clock.ts'
import { formatNotDoneYet, formatNotice } from '../config/notice.ts'
import { FlowRunner } from '../control/flow-runner.ts'
import { summarizeFlow } from '../control/flow-summary.ts'
import type { FlowSummary } from '../control/flow-summary.ts'
import { initialFlowState } from '../control/flow-state.ts'
import { LocalProcess } from '../control/local-process.ts'
import { RemoteTopicOwners } from '../control/remote-topic-owners.ts'
import { Supervisor } from '../control/supervisor.ts'
import { readProperties, resolvePlan } from '../mirror/flow-plan-resolution.ts'
import type { Plan } from '../mirror/flow-plan-resolution.ts'
import { EventCounters } from '../observe/counters.ts'
import { BoundedLog } from '../observe/bounded-log.ts'
import { createJsonLog } from '../observe/json-log.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { EventFields, Observer } from '../observe/event.ts'
import type { LogSink } from '../observe/log-sink.ts'
import { Logger } from '../observe/logger.ts'
import { observers } from '../observe/observers.ts'
import { RepeatFolder } from '../observe/repeat-folder.ts'
import { createTextLog } from '../observe/text-log.ts'
import type { MirrorArguments } from './arguments.ts'
import { exitCodeOf, exitCodes } from './exit-code.ts'
import type { ExitCode } from './exit-code.ts'
import { Screen } from './screen.ts'
import type { OutputStream } from './screen.ts'
import { StatusReporter } from './status-reporter.ts'

/** What main.ts hands in from the process. */
export interface CommandSurroundings {
  readonly stdout: OutputStream & { readonly isTTY?: boolean; readonly writableLength?: number }
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: () => number
  readonly version: string
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal
}

const terminalStatusIntervalMs = 1_000
const sweepIntervalMs = 5_000

/**
 * Runs all flows of a file until the signal, or until they have caught up if that was asked for.
 * @throws the configuration errors of reading and resolving the file
 */
export async function runMirror(args: MirrorArguments, surroundings: CommandSurroundings): Promise<ExitCode> {
  const { clock, signal, environment } = surroundings
  const plan = resolvePlan(readProperties(args.file), { clusters: args.clusters, environment })
  const output = createOutput(args, surroundings)
  sayNotices(plan, output.log, surroundings.version)
  const folder = new RepeatFolder(output.log, { monotonic: () => clock.monotonic() })
  const caughtUp = new CatchUpCount(plan.flows.length)
  const observe = observers(new Logger(folder, args.logLevel), new EventCounters(), caughtUp)
  const finished = new AbortController()
  const stop = AbortSignal.any([signal, caughtUp.signal])
  const owners = new RemoteTopicOwners()
  const process = new LocalProcess({ version: surroundings.version, nowMs: clock.now() })
  const runners = plan.flows.map((flow) => {
    const onCaughtUp = args.isUntilCaughtUp
      ? (stoppedCount: number) => caughtUp.note(flow.name, stoppedCount)
      : undefined
    return new FlowRunner(flow, { clock, random: surroundings.random, observe, owners, process, onCaughtUp })
  })
  const supervisor = new Supervisor(runners, { clock, random: surroundings.random, observe })
  const flows = () => runners.map((runner) => summaryOf(runner, supervisor))
  const background = Promise.all([
    runStatus(args, surroundings, output, flows, finished.signal),
    sweepRepeats(folder, clock, finished.signal),
  ])
  await supervisor.run({ signal: stop })
  finished.abort()
  await background
  folder.flush()
  const code = exitCodeOf(supervisor.states().values())
  return code === exitCodes.ok && caughtUp.stoppedCount > 0 ? exitCodes.failed : code
}

interface Output {
  readonly log: LogSink
  /** Only on a terminal. */
  readonly screen: Screen | null
}

function createOutput(args: MirrorArguments, surroundings: CommandSurroundings): Output {
  const { log, screen } = createUnboundedOutput(args, surroundings)
  return { log: new BoundedLog(log, () => surroundings.stdout.writableLength ?? 0), screen }
}

function createUnboundedOutput(args: MirrorArguments, { stdout, clock }: CommandSurroundings): Output {
  const isTerminal = stdout.isTTY === true
  const format = args.logFormat ?? (isTerminal ? 'text' : 'json')
  if (format === 'json') return { log: createJsonLog({ write: (line) => void stdout.write(line) }), screen: null }
  const screen = new Screen(stdout)
  const now = () => clock.now()
  const log = createTextLog({ writeLine: (line) => screen.writeLine(line), now, hasColours: isTerminal })
  return { log, screen: isTerminal ? screen : null }
}

function sayNotices({ flows, notices }: Plan, log: LogSink, version: string): void {
  const names = flows.map(({ name }) => name)
  log.write({
    level: 'info',
    event: 'Started',
    text: `twinlog ${version}: ${names.join(', ')}`,
    fields: { version, flows: names },
  })
  for (const notice of notices) {
    if (notice.kind === 'not-done-yet') continue
    const level = notice.level === 'warning' ? 'warn' : 'info'
    log.write({ level, event: 'ConfigurationNoted', text: formatNotice(notice), fields: { ...notice } })
  }
  const notDoneYet = notices.filter(({ kind }) => kind === 'not-done-yet').map(({ key, line }) => ({ key, line }))
  const table = formatNotDoneYet(notices)
  if (table.length > 0)
    log.write({ level: 'info', event: 'NotDoneYet', text: table.join('\n'), fields: { settings: notDoneYet } })
}

function summaryOf(runner: FlowRunner, supervisor: Supervisor): FlowSummary {
  const state = supervisor.states().get(runner.name) ?? initialFlowState
  return summarizeFlow(runner.name, state, runner.status(), { owner: runner.owner(), gapsTotal: runner.gapsTotal })
}

async function runStatus(
  args: MirrorArguments,
  { clock }: CommandSurroundings,
  { log, screen }: Output,
  flows: () => readonly FlowSummary[],
  signal: AbortSignal,
): Promise<void> {
  const { statusIntervalSeconds } = args
  if (screen === null && statusIntervalSeconds === undefined) return
  const intervalMs = statusIntervalSeconds === undefined ? terminalStatusIntervalMs : statusIntervalSeconds * 1000
  const reporter = new StatusReporter({ clock, flows, output: screen ?? log, intervalMs })
  await reporter.run({ signal })
  reporter.show()
  if (screen !== null) screen.keepStatus()
}

/** Tells the counts of folded repeats in time, also when nothing else happens. */
async function sweepRepeats(folder: RepeatFolder, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(sweepIntervalMs, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
    folder.sweep()
  }
}

/** Counts the flows that have copied what was there at the start; its signal says that all have. */
class CatchUpCount implements Observer<EventName> {
  readonly #waiting: number
  readonly #done = new Map<string, number>()
  readonly #controller = new AbortController()

  constructor(flowsCount: number) {
    this.#waiting = flowsCount
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Partitions that had stopped when their flow had caught up. */
  get stoppedCount(): number {
    return [...this.#done.values()].reduce((sum, count) => sum + count, 0)
  }

  /** A flow that has ended is not waited for. */
  event(name: EventName, fields: EventFields): void {
    if (name === 'FlowEnded') this.note(String(fields.flow), 0)
  }

  note(flow: string, stoppedCount: number): void {
    this.#done.set(flow, stoppedCount)
    if (this.#done.size === this.#waiting) this.#controller.abort()
  }
}
