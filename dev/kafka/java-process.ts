import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { missing } from './command.ts'
import { watchdog } from './watchdog.ts'

const here = dirname(fileURLToPath(import.meta.url))
const LOG_TAIL_BYTES = 4_000

export interface JavaProcessOptions {
  readonly classPath: string
  readonly mainClass: string
  readonly args: readonly string[]
  readonly jvmOptions: readonly string[]
  readonly folder: string
  /** Takes standard output and error. */
  readonly logFile: string
  readonly logLevel: string
}

export interface ProcessEnd {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

/** A JVM in the background, which the watchdog ends with us. */
export interface JavaProcess {
  readonly pid: number
  readonly hasEnded: boolean
  /** Waits until the process is gone; keeps our own process alive meanwhile, which the JVM alone does not. */
  waitForEnd(): Promise<ProcessEnd>
  /** Sends a signal; nothing happens when the process is gone. */
  send(signal: NodeJS.Signals): void
}

/** JVM options that make Kafka's loggers, old and new, write to stderr. */
export function loggingOptions(logLevel: string): string[] {
  return [
    `-Dkit.log.level=${logLevel}`,
    `-Dlog4j2.configurationFile=${join(here, 'log4j2.xml')}`,
    `-Dlog4j.configuration=file:${join(here, 'log4j.properties')}`,
  ]
}

/**
 * Starts a main class. It runs in a session of its own, so that Ctrl-C in a terminal leaves its end to us.
 * @throws TOOL_MISSING when there is no java
 */
export async function startJava(options: JavaProcessOptions): Promise<JavaProcess> {
  const { classPath, mainClass, args, jvmOptions, folder, logFile, logLevel } = options
  const log = openSync(logFile, 'a')
  const child = spawn('java', [...jvmOptions, ...loggingOptions(logLevel), '-cp', classPath, mainClass, ...args], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  await spawned(child)
  return guarded(child)
}

/** The last lines of a log, for an error message. */
export function logTail(logFile: string): string {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0
  return size === 0 ? '(empty)' : readFileSync(logFile).subarray(-LOG_TAIL_BYTES).toString('utf8')
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve())
    child.once('error', (cause) => reject(missing('java', cause)))
  })
}

function guarded(child: ChildProcess): JavaProcess {
  const pid = child.pid ?? 0
  watchdog().guard(pid)
  child.unref()
  const state = { hasEnded: false }
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      state.hasEnded = true
      watchdog().release(pid)
      resolve({ exitCode, signal })
    })
  })
  return {
    pid,
    waitForEnd: () => {
      if (!state.hasEnded) child.ref()
      return ended
    },
    get hasEnded() {
      return state.hasEnded
    },
    send: (signal) => void child.kill(signal),
  }
}
