import type { Clock } from '../base/clock.ts'
import { formatNotDoneYet, formatNotice } from '../config/notice.ts'
import type { Plan } from '../mirror/flow-plan-resolution.ts'
import { BoundedLog } from '../observe/bounded-log.ts'
import { createJsonLog } from '../observe/json-log.ts'
import type { LogSink } from '../observe/log-sink.ts'
import { createTextLog } from '../observe/text-log.ts'
import { Screen } from './screen.ts'
import type { OutputStream } from './screen.ts'

/** Where a mirror writes to. */
export interface MirrorOutput {
  readonly log: LogSink
  /** Only on a terminal. */
  readonly screen: Screen | null
}

export interface OutputSurroundings {
  readonly stdout: OutputStream & { readonly isTTY?: boolean; readonly writableLength?: number }
  readonly clock: Clock
}

/** @param format   undefined: text on a terminal, JSON otherwise */
export function createMirrorOutput(
  format: 'text' | 'json' | undefined,
  surroundings: OutputSurroundings,
): MirrorOutput {
  const { log, screen } = createUnboundedOutput(format, surroundings)
  return { log: new BoundedLog(log, () => surroundings.stdout.writableLength ?? 0), screen }
}

function createUnboundedOutput(
  asked: 'text' | 'json' | undefined,
  { stdout, clock }: OutputSurroundings,
): MirrorOutput {
  const isTerminal = stdout.isTTY === true
  const format = asked ?? (isTerminal ? 'text' : 'json')
  if (format === 'json') return { log: createJsonLog({ write: (line) => void stdout.write(line) }), screen: null }
  const screen = new Screen(stdout)
  const now = () => clock.now()
  const log = createTextLog({ writeLine: (line) => screen.writeLine(line), now, hasColours: isTerminal })
  return { log, screen: isTerminal ? screen : null }
}

/** What the configuration comes to, as the first lines of the log. */
export function sayNotices({ flows, heartbeatFlows, notices }: Plan, log: LogSink, version: string): void {
  const names = flows.map(({ name }) => name)
  const onlyHeartbeats = heartbeatFlows.map(({ name }) => name)
  log.write({
    level: 'info',
    event: 'Started',
    text: `twinlog ${version}: ${[...names, ...onlyHeartbeats.map((name) => `${name} (heartbeats)`)].join(', ')}`,
    fields: { version, flows: names, heartbeatFlows: onlyHeartbeats },
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
