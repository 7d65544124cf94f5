import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { propertiesText } from '../../dev/kafka/broker-properties.ts'
import { watchdog } from '../../dev/kafka/watchdog.ts'
import type { PartitionVerdict, ReportedDifference } from '../../src/verify/verdict.ts'
import { mirrorProperties } from './mirror.ts'
import type { MirrorOptions } from './mirror.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const LIMIT_MS = 60_000
const POLL_MS = 50

/** What `twinlog verify --json` said, and how it ended. */
export interface Verification {
  readonly exitCode: number | null
  readonly differences: readonly ReportedDifference[]
  readonly verdicts: readonly PartitionVerdict[]
  /** Everything that it wrote. */
  readonly output: string
}

/** Runs `twinlog verify --json` on the file that `startMirror` would write, until it ends by itself. */
export async function runVerify(options: MirrorOptions, ...args: readonly string[]): Promise<Verification> {
  await using process = await startVerify(options, ...args)
  // Awaited here, or it would be killed at once.
  return await process.end()
}

/** Starts `twinlog verify --json`; for one that follows. */
export function startVerify(options: MirrorOptions, ...args: readonly string[]): Promise<RunningVerification> {
  return startCommand('verify', options, args)
}

/** What `twinlog check --json` said, and how it ended. */
export interface CheckOutcome {
  readonly exitCode: number | null
  readonly lines: readonly Readonly<Record<string, unknown>>[]
  readonly output: string
}

/** Runs `twinlog check --json` on the file that `startMirror` would write. */
export async function runCheck(options: MirrorOptions, ...args: readonly string[]): Promise<CheckOutcome> {
  await using process = await startCommand('check', options, args)
  const { exitCode, output } = await process.end()
  return { exitCode, output, lines: process.lines }
}

/** Runs `twinlog plan --json` on the file that `startMirror` would write. */
export async function runPlan(options: MirrorOptions, ...args: readonly string[]): Promise<CheckOutcome> {
  await using process = await startCommand('plan', options, args)
  const { exitCode, output } = await process.end()
  return { exitCode, output, lines: process.lines }
}

async function startCommand(
  command: 'verify' | 'check' | 'plan',
  options: MirrorOptions,
  args: readonly string[],
): Promise<RunningVerification> {
  mkdirSync(watchdog().folder, { recursive: true })
  const folder = mkdtempSync(join(watchdog().folder, `${command}-`))
  const file = join(folder, 'mm2.properties')
  await writeFile(file, propertiesText(mirrorProperties(options)))
  const child = spawn(process.execPath, [main, command, file, '--json', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  await once(child, 'spawn')
  return new RunningVerification(child)
}

/** `twinlog verify --json`, running; killed when it is disposed of, or when this process is gone. */
export class RunningVerification implements AsyncDisposable {
  readonly lines: Readonly<Record<string, unknown>>[] = []
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #output = ''

  constructor(child: ChildProcess) {
    const { stdout, stderr, pid } = child
    assert.ok(stdout !== null && stderr !== null && pid !== undefined)
    watchdog().guard(pid)
    this.#child = child
    createInterface({ input: stdout }).on('line', (line) => {
      this.#output += `${line}\n`
      this.lines.push(JSON.parse(line) as Record<string, unknown>)
    })
    stderr.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
    this.#ended = once(child, 'close').then(() => watchdog().release(pid))
  }

  /** The first line that fits, also one of the past. */
  async waitForLine(
    fits: (line: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<Readonly<Record<string, unknown>>> {
    const deadlineMs = performance.now() + LIMIT_MS
    for (;;) {
      const found = this.lines.find(fits)
      if (found !== undefined) return found
      assert.ok(
        performance.now() < deadlineMs && this.#child.exitCode === null,
        `waited in vain:\n${this.#output.slice(-4_000)}`,
      )
      await sleep(POLL_MS)
    }
  }

  /** Asks it to stop. */
  stop(): void {
    this.#child.kill('SIGTERM')
  }

  /** Waits for its end. */
  async end(): Promise<Verification> {
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), LIMIT_MS)
    await this.#ended
    clearTimeout(limit)
    const of = (event: string): unknown[] => this.lines.filter((line) => line['event'] === event)
    return {
      exitCode: this.#child.exitCode,
      differences: of('difference') as ReportedDifference[],
      verdicts: of('partition') as PartitionVerdict[],
      output: this.#output,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL')
    await this.#ended
  }
}
