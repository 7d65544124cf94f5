import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { watchdog } from '../kafka/watchdog.ts'

/** A line of twinlog's JSON log. */
export interface MirrorEvent {
  readonly event: string
  readonly level: string
  /** ISO 8601. */
  readonly time: string
  /** What a person would read. */
  readonly msg: string
  /** With NotDoneYet: settings that are not followed. */
  readonly settings?: readonly { readonly key: string }[]
  /** With StatusReported: totals of each flow since its start. */
  readonly flows?: readonly { readonly recordsTotal: number; readonly bytesTotal: number }[]
}

export interface MirrorOptions {
  readonly file: string
  readonly statusIntervalSeconds: number
  readonly isUntilCaughtUp: boolean
  readonly onEvent: (event: MirrorEvent) => void
}

const program = fileURLToPath(new URL('../../bin/twinlog', import.meta.url))

/** twinlog itself, as a process of its own; ended when it is disposed of, or when this process is gone. */
export class MirrorProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #ended: Promise<number>

  constructor(child: ChildProcess, stdout: Readable, onEvent: MirrorOptions['onEvent']) {
    const { pid } = child
    if (pid !== undefined) watchdog().guard(pid)
    createInterface({ input: stdout }).on('line', (line) => onEvent(parseLine(line)))
    this.#child = child
    this.#ended = once(child, 'close').then(() => {
      if (pid !== undefined) watchdog().release(pid)
      return child.exitCode ?? -1
    })
  }

  /** @returns its exit code */
  waitForEnd(): Promise<number> {
    return this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGTERM')
    await this.#ended
  }
}

/** Runs `bin/twinlog FILE`. It gets a session of its own, so that Ctrl-C in a terminal leaves its end to us. */
export async function startMirror({
  file,
  statusIntervalSeconds,
  isUntilCaughtUp,
  onEvent,
}: MirrorOptions): Promise<MirrorProcess> {
  const args = [file, '--log-format', 'json', '--status-interval', String(statusIntervalSeconds)]
  if (isUntilCaughtUp) args.push('--until-caught-up')
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child, 'spawn')
  return new MirrorProcess(child, child.stdout, onEvent)
}

/** Records and bytes copied so far, of all flows together; undefined when the event does not tell. */
export function totalsOf({ flows }: MirrorEvent): { records: number; bytes: number } | undefined {
  if (flows === undefined) return undefined
  return {
    records: flows.reduce((sum, { recordsTotal }) => sum + recordsTotal, 0),
    bytes: flows.reduce((sum, { bytesTotal }) => sum + bytesTotal, 0),
  }
}

function parseLine(line: string): MirrorEvent {
  try {
    return JSON.parse(line) as MirrorEvent
  } catch {
    return { event: 'NotJson', level: 'error', time: '', msg: line }
  }
}
