import type { Clock } from '../base/clock.ts'
import { FlowRunner } from '../control/flow-runner.ts'
import { initialFlowState } from '../control/flow-state.ts'
import { HeartbeatFlowRunner } from '../control/heartbeat-flow-runner.ts'
import { HeartbeatTopics } from '../control/heartbeat-topics.ts'
import { LocalProcess } from '../control/local-process.ts'
import { RemoteTopicOwners } from '../control/remote-topic-owners.ts'
import { Supervisor } from '../control/supervisor.ts'
import { readProperties, resolvePlan } from '../mirror/flow-plan-resolution.ts'
import { EventCounters } from '../observe/counters.ts'
import { LogLevel } from '../observe/log-level.ts'
import { Logger } from '../observe/logger.ts'
import { observers } from '../observe/observers.ts'
import { RepeatFolder } from '../observe/repeat-folder.ts'
import type { MirrorArguments } from './arguments.ts'
import { CatchUpCount } from './catch-up-count.ts'
import { exitCodeOf, exitCodes } from './exit-code.ts'
import type { ExitCode } from './exit-code.ts'
import { LiveView } from './live-view.ts'
import { createMirrorOutput, sayNotices } from './mirror-output.ts'
import type { MirrorOutput } from './mirror-output.ts'
import { Observation } from './observation.ts'
import type { Screen } from './screen.ts'
import type { StatusSurroundings } from './status-command.ts'
import { StatusReporter } from './status-reporter.ts'
import { TerminalKeys } from './terminal-keys.ts'

/** What main.ts hands in from the process. */
export interface CommandSurroundings extends StatusSurroundings {
  readonly stdout: StatusSurroundings['stdout'] & { readonly writableLength?: number }
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly random: () => number
  readonly version: string
  /** Asks for a call whenever debug is to be switched on or off (SIGUSR2). */
  onDebugToggle(toggle: () => void): void
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
  const output = createMirrorOutput(args.logFormat ?? plan.process.logFormat, surroundings)
  sayNotices(plan, output.log, surroundings.version)
  const folder = new RepeatFolder(output.log, { monotonic: () => clock.monotonic() })
  const caughtUp = new CatchUpCount(plan.flows.map(({ name }) => name))
  const logLevel = new LogLevel(args.logLevel ?? plan.process.logLevel)
  const counters = new EventCounters([...plan.flows, ...plan.heartbeatFlows].map(({ name }) => name))
  const observe = observers(new Logger(folder, logLevel), counters, caughtUp)
  logLevel.reportTo(observe)
  surroundings.onDebugToggle(() => logLevel.toggle('SIGUSR2'))
  const finished = new AbortController()
  const stop = AbortSignal.any([signal, caughtUp.signal])
  const owners = new RemoteTopicOwners()
  const process = new LocalProcess({ version: surroundings.version, nowMs: clock.now() })
  const common = { clock, random: surroundings.random, observe, owners, process, heartbeats: new HeartbeatTopics() }
  const copying = plan.flows.map((flow) => {
    const onCaughtUp = args.isUntilCaughtUp
      ? (stoppedCount: number) => caughtUp.note(flow.name, stoppedCount)
      : undefined
    return new FlowRunner(flow, { ...common, onCaughtUp })
  })
  const runners = [...copying, ...plan.heartbeatFlows.map((flow) => new HeartbeatFlowRunner(flow, common))]
  const supervisor = new Supervisor(runners, { clock, random: surroundings.random, observe })
  const seen = { plan: plan.process, runners, supervisor, process, counters, logLevel, observe, clock }
  const observation = new Observation(seen)
  const background = Promise.all([
    runStatus(args, surroundings, output, observation, finished.signal),
    sweepRepeats(folder, clock, finished.signal),
    observation.run({ signal: finished.signal }),
  ])
  await supervisor.run({ signal: stop })
  finished.abort()
  await background
  folder.flush()
  const states = supervisor.states()
  // Flows that only write heartbeats are not what anybody waits for.
  const judged = plan.flows.length === 0 ? runners : copying
  const code = exitCodeOf(judged.map(({ name }) => states.get(name) ?? initialFlowState))
  return code === exitCodes.ok && caughtUp.stoppedCount > 0 ? exitCodes.failed : code
}

async function runStatus(
  args: MirrorArguments,
  surroundings: CommandSurroundings,
  { log, screen }: MirrorOutput,
  observation: Observation,
  signal: AbortSignal,
): Promise<void> {
  const { clock, environment } = surroundings
  const { statusIntervalSeconds } = args
  const isViewed = screen !== null && environment['TERM'] !== 'dumb'
  const intervalMs = statusIntervalSeconds === undefined ? terminalStatusIntervalMs : statusIntervalSeconds * 1000
  if (isViewed) return runLiveView(screen, intervalMs, surroundings, observation, signal)
  if (statusIntervalSeconds === undefined) return
  const reporter = new StatusReporter({ clock, flows: () => observation.summaries(), log, intervalMs })
  await reporter.run({ signal })
  reporter.show()
}

async function runLiveView(
  screen: Screen,
  intervalMs: number,
  surroundings: CommandSurroundings,
  observation: Observation,
  signal: AbortSignal,
): Promise<void> {
  const { clock, stdin, stdout, onExit, interrupt } = surroundings
  const view = new LiveView({
    clock,
    display: screen,
    status: () => observation.report(),
    intervalMs,
    hasColours: true,
    leaving: 'Ctrl-C stop',
    onInterrupt: interrupt,
  })
  stdout.on('resize', () => view.resize())
  using _keys = new TerminalKeys(stdin, stdout, { onExit, onKey: (key) => view.press(key) })
  await view.run({ signal })
  await view.finish(signal)
  screen.keep()
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
