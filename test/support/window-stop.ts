import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TraceWindowName } from '../../src/base/trace-window.ts'

/** Where a process is to stop by itself: at the nth time that it is inside a window. */
export interface WindowStop {
  readonly window: TraceWindowName
  /** Counted from 1. */
  readonly nth: number
  /** SIGKILL ends it; SIGSTOP lets it stand still, connections open, until SIGCONT. */
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

export interface WindowProbeOptions {
  /** Where the probe writes a `WindowFile`: it has to survive the process. */
  readonly file: string
  readonly stop?: WindowStop
}

export interface WindowFile {
  readonly counts: Readonly<Partial<Record<TraceWindowName, number>>>
  /** Null: it did not stop. */
  readonly stoppedIn: TraceWindowName | null
}

/** What is handed to the probe: WindowProbeOptions as JSON. */
export const WINDOW_PROBE_VARIABLE = 'TWINLOG_TEST_WINDOWS'

const probe = fileURLToPath(new URL('window-probe.ts', import.meta.url))

/** Arguments and environment of a Node process that loads the probe. */
export function probed(options: WindowProbeOptions): { readonly args: string[]; readonly env: Record<string, string> } {
  return { args: ['--import', probe], env: { [WINDOW_PROBE_VARIABLE]: JSON.stringify(options) } }
}

/** What a probe has written; nothing yet counts as nothing hit. */
export function readWindows(file: string): WindowFile {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as WindowFile
  } catch {
    return { counts: {}, stoppedIn: null }
  }
}
