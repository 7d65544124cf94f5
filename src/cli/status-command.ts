import type { Clock } from '../base/clock.ts'
import { healthOf } from '../control/health.ts'
import type { GroupReport } from '../control/group-report.ts'
import type { StatusReport } from '../control/status-report.ts'
import type { ExitCode } from './exit-code.ts'
import { exitCodes } from './exit-code.ts'
import { groupLines } from './groups-text.ts'
import { FullScreen } from './full-screen.ts'
import { LiveView } from './live-view.ts'
import { RateBook } from './rate-book.ts'
import { fetchStatus } from './remote-status.ts'
import type { OutputStream } from './screen.ts'
import type { StatusArguments } from './status-arguments.ts'
import { paint } from './styled-line.ts'
import { TerminalKeys } from './terminal-keys.ts'
import type { InputStream } from './terminal-keys.ts'
import { initialViewState } from './view-state.ts'
import { viewLines } from './view-text.ts'

export interface StatusSurroundings {
  readonly stdin: InputStream
  readonly stdout: OutputStream & { readonly isTTY?: boolean; on(event: 'resize', listener: () => void): unknown }
  readonly clock: Clock
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal
  onExit(listener: () => void): void
  /** As if SIGINT had come. */
  interrupt(): void
}

/** Between the two looks that rates need. */
const rateMs = 1_000
/** Wide enough for every column, where nobody's terminal is the limit. */
const pipeColumns = 200

/**
 * `twinlog status` and `twinlog top`: shows what another process does, once or live.
 * @throws STATUS_UNREACHABLE
 */
export async function runStatusCommand(args: StatusArguments, surroundings: StatusSurroundings): Promise<ExitCode> {
  const isLive = args.kind === 'top' && !args.isJson && surroundings.stdout.isTTY === true
  if (isLive) return runTop(args, surroundings)
  const { clock, signal, stdout } = surroundings
  if (args.kind === 'groups') return showGroups(args, surroundings)
  for (;;) {
    const report = args.isJson ? await showJson(args, surroundings) : await showOnce(args, surroundings)
    const code = healthOf(report.flows).isReady ? exitCodes.ok : exitCodes.failed
    if (args.kind === 'status') return code
    stdout.write('\n')
    try {
      await clock.sleep(args.intervalSeconds * 1000, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
      return code
    }
  }
}

async function showJson({ address, kind }: StatusArguments, surroundings: StatusSurroundings): Promise<StatusReport> {
  const report = await fetchStatus(address, { signal: surroundings.signal, hasGroupPartitions: kind === 'status' })
  surroundings.stdout.write(kind === 'top' ? JSON.stringify(report) : `${JSON.stringify(report, null, 2)}\n`)
  return report
}

async function showGroups(
  { address, isJson }: StatusArguments,
  { signal, stdout }: StatusSurroundings,
): Promise<ExitCode> {
  const { flows } = await fetchStatus(address, { signal, hasGroupPartitions: true })
  const reports = flows.flatMap(({ flow, groups }) => (groups === null ? [] : [{ flow, groups }]))
  if (isJson) stdout.write(`${JSON.stringify({ flows: reports }, null, 2)}\n`)
  else for (const line of groupLines(reports)) stdout.write(`${line}\n`)
  const isTroubled = ({ state, counts }: GroupReport): boolean =>
    state === 'unreadable' || (counts.unmapped ?? 0) > 0 || (counts.failed ?? 0) > 0
  return reports.some(({ groups }) => groups.some(isTroubled)) ? exitCodes.incomplete : exitCodes.ok
}

async function showOnce({ address }: StatusArguments, surroundings: StatusSurroundings): Promise<StatusReport> {
  const { clock, signal, stdout } = surroundings
  const rates = new RateBook()
  rates.add(clock.monotonic(), await fetchStatus(address, { signal }))
  await clock.sleep(rateMs, { signal })
  const report = await fetchStatus(address, { signal })
  rates.add(clock.monotonic(), report)
  const content = {
    report,
    ratesOfFlow: (flow: string) => rates.ofFlow(flow),
    ratesOfTopic: (flow: string, topic: string) => rates.ofTopic(flow, topic),
    progressOf: () => null,
    trouble: null,
  }
  const isTerminal = stdout.isTTY === true
  const columns = isTerminal ? stdout.columns || 80 : pipeColumns
  const lines = viewLines(content, initialViewState, { columns, rows: Infinity }, '')
  // Without the line of keys and the one above it.
  for (const line of lines.slice(0, -2)) stdout.write(`${paint(line, columns, isTerminal)}\n`)
  return report
}

async function runTop(
  { address, intervalSeconds }: StatusArguments,
  surroundings: StatusSurroundings,
): Promise<ExitCode> {
  const { clock, stdin, stdout, onExit, interrupt } = surroundings
  // Whoever is not there at the start is told at once, and not on another screen.
  await fetchStatus(address, surroundings)
  const leave = new AbortController()
  const signal = AbortSignal.any([surroundings.signal, leave.signal])
  using screen = new FullScreen(stdout)
  onExit(() => screen[Symbol.dispose]())
  const view = new LiveView({
    clock,
    display: screen,
    status: (options) => fetchStatus(address, options),
    intervalMs: intervalSeconds * 1000,
    hasColours: true,
    leaving: 'q leave',
    onInterrupt: interrupt,
    onLeave: () => leave.abort(),
  })
  stdout.on('resize', () => view.resize())
  using _keys = new TerminalKeys(stdin, stdout, { onExit, onKey: (key) => view.press(key) })
  await view.run({ signal })
  return exitCodes.ok
}
