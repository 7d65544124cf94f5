import { spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Ends what this process started, however this process ends: by returning, by an exception, by a signal, by kill -9.
 * It is a shell that reads from a pipe which only we hold open. When the pipe closes, nobody is left to clean up but
 * the shell: it kills the processes it was told of and removes our temporary folder. It sits in a session of its own, so
 * Ctrl-C in a terminal reaches us and not it.
 */
export interface Watchdog {
  /** Everything in here is removed when this process is gone. */
  readonly folder: string
  guard(pid: number): void
  release(pid: number): void
}

const SCRIPT = `
trap '' HUP INT TERM
pids=
while read -r verb pid; do
  case $verb in
    guard) pids="$pids $pid" ;;
    release) kept=; for each in $pids; do [ "$each" = "$pid" ] || kept="$kept $each"; done; pids=$kept ;;
  esac
done
for each in $pids; do kill -9 "$each" 2>/dev/null; done
rm -rf "$1" 2>/dev/null || { sleep 1; rm -rf "$1"; }
`

let shared: Watchdog | undefined

/** The watchdog of this process; the first call starts it. */
export function watchdog(): Watchdog {
  shared ??= start()
  return shared
}

function start(): Watchdog {
  const folder = mkdtempSync(join(tmpdir(), `twinlog-kafka-${process.pid}-`))
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'twinlog-watchdog', folder], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  unref(shell.stdin)
  return {
    folder,
    guard: (pid) => void shell.stdin.write(`guard ${pid}\n`),
    release: (pid) => void shell.stdin.write(`release ${pid}\n`),
  }
}

/** The pipe to the shell must not keep this process alive. Its type does not say that it is a socket, which it is. */
function unref(pipe: Writable): void {
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
}
