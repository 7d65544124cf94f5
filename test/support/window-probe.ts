/*
 * Loaded into twinlog by a test (node --import): counts how often it goes through each of its windows (docs/tracing.md), and stops it inside one. The product
 * knows nothing of it.
 */
import { subscribe } from 'node:diagnostics_channel'
import { renameSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { TRACE_CHANNEL } from '../../src/base/trace-window.ts'
import type { TraceWindow, TraceWindowName } from '../../src/base/trace-window.ts'
import { WINDOW_PROBE_VARIABLE } from './window-stop.ts'
import type { WindowFile, WindowProbeOptions } from './window-stop.ts'

/** Counts are written at most this often, so that a busy window does not slow the copy down; before a stop they always are. */
const WRITE_INTERVAL_MS = 50
/** By then a SIGSTOP that was sent has stopped the process. */
const STOP_MS = 1_000

const text = process.env[WINDOW_PROBE_VARIABLE]
if (text !== undefined) listen(JSON.parse(text) as WindowProbeOptions)

function listen({ file, stop }: WindowProbeOptions): void {
  const counts: Partial<Record<TraceWindowName, number>> = {}
  let writtenAtMs = -Infinity
  let stoppedIn: TraceWindowName | null = null
  const write = (): void => {
    writtenAtMs = performance.now()
    // In one step: whoever reads it must not see half a file.
    writeFileSync(`${file}.new`, JSON.stringify({ counts, stoppedIn } satisfies WindowFile))
    renameSync(`${file}.new`, file)
  }
  subscribe(TRACE_CHANNEL, (message) => {
    const { window, detail } = message as TraceWindow
    const count = (counts[window] ?? 0) + 1
    counts[window] = count
    if (stoppedIn === null && stop?.window === window && count >= stop.nth) {
      stoppedIn = window
      // What is corked has not left yet: half a request is to be on its way.
      if (window === 'produce-half-sent') flush(detail as Socket)
      write()
      standStill(stop.signal)
    } else if (performance.now() - writtenAtMs > WRITE_INTERVAL_MS) write()
  })
}

function flush(socket: Socket): void {
  socket.uncork()
  socket.cork()
}

/** Not one more instruction of the product runs before the signal has its effect. */
function standStill(signal: 'SIGKILL' | 'SIGSTOP'): void {
  process.kill(process.pid, signal)
  if (signal === 'SIGKILL') for (;;);
  // Stopped in here; after SIGCONT the rest of the wait is over at once or soon.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STOP_MS)
}
