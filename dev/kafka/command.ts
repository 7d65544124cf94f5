import { spawn } from 'node:child_process'
import { watchdog } from './watchdog.ts'
import { kitErrors } from './kit-errors.ts'

export interface CommandResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

export interface CommandOptions {
  readonly stdin?: string | Uint8Array
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Kills the command; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** What to say when a command is not on the PATH. Package names are Debian's. */
const REMEDIES: Readonly<Record<string, string>> = {
  java: 'Install a Java runtime, version 17 or newer (Debian, Ubuntu: apt-get install openjdk-17-jdk-headless).',
  javac:
    'Install a Java development kit, version 17 or newer (Debian, Ubuntu: apt-get install openjdk-17-jdk-headless).',
  mvn: 'Install Apache Maven (Debian, Ubuntu: apt-get install maven), or set KAFKA_HOME to an installed Kafka.',
  openssl: 'Install OpenSSL (Debian, Ubuntu: apt-get install openssl).',
}

/**
 * Runs a command to its end and collects what it writes.
 * @returns its output and exit code, also when that is not 0; a command ended by a signal has exit code -1
 * @throws TOOL_MISSING when there is no such command
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted()
    const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env } })
    const { pid } = child
    if (pid !== undefined) watchdog().guard(pid)
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const abort = (): void => void child.kill('SIGKILL')
    options.signal?.addEventListener('abort', abort, { once: true })
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    // A command that ends without reading its input is no error of ours: its exit code tells.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.stdin ?? '')
    child.on('error', (cause) => reject(isMissing(cause) ? missing(command, cause) : cause))
    child.on('close', (exitCode) => {
      if (pid !== undefined) watchdog().release(pid)
      options.signal?.removeEventListener('abort', abort)
      if (options.signal?.aborted === true) reject(options.signal.reason)
      else resolve({ stdout: text(stdout), stderr: text(stderr), exitCode: exitCode ?? -1 })
    })
  })
}

/**
 * Runs a command that has to succeed.
 * @throws TOOL_MISSING, or COMMAND_FAILED when the exit code is not 0
 */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await runCommand(command, args, options)
  if (result.exitCode === 0) return result
  const { exitCode, stdout, stderr } = result
  throw kitErrors.COMMAND_FAILED({ command: [command, ...args].join(' '), exitCode, output: stdout + stderr })
}

export function missing(command: string, cause?: unknown): Error {
  return kitErrors.TOOL_MISSING({ command, remedy: REMEDIES[command] ?? 'Install it.' }, { cause })
}

function isMissing(error: Error): boolean {
  return 'code' in error && error.code === 'ENOENT'
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8')
}
