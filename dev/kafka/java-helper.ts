import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { mustRun } from './command.ts'
import { fileLock } from './file-lock.ts'
import { installKafka } from './install.ts'
import type { KafkaInstallation } from './install.ts'
import { loggingOptions } from './java-process.ts'
import { kitErrors } from './kit-errors.ts'
import { watchdog } from './watchdog.ts'

export interface HelperRequestOptions {
  /** Gets each item that comes before the result. */
  readonly onItem?: (item: unknown) => void
  /** Asks the command to end early; it then answers with what it has. */
  readonly signal?: AbortSignal
}

interface Waiting {
  readonly command: string
  readonly onItem: (item: unknown) => void
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

interface HelperAnswer {
  readonly id: number
  readonly item?: unknown
  readonly result?: unknown
  readonly error?: string
}

const sources = join(dirname(fileURLToPath(import.meta.url)), 'java')
const LOCK_TIMEOUT_MS = 120_000

let shared: Promise<JavaHelper> | undefined

/**
 * The Java helper of this process (dev/kafka/java/KitServer.java): Kafka's own clients, of the default version, in one
 * JVM that starts at the first call and ends with this process. They talk to every broker version of the kit.
 * @throws TOOL_MISSING, INSTALL_FAILED, COMMAND_FAILED when it does not compile
 */
export function javaHelper(): Promise<JavaHelper> {
  shared ??= start()
  return shared
}

/** Sends commands to the helper's JVM; several may run at once. */
export class JavaHelper {
  readonly #child: ChildProcess
  readonly #stdin: Writable
  readonly #stdout: Readable
  readonly #waiting = new Map<number, Waiting>()
  #complaints = ''
  #counter = 0

  constructor(child: ChildProcess, stdin: Writable, stdout: Readable, stderr: Readable) {
    this.#child = child
    this.#stdin = stdin
    this.#stdout = stdout
    createInterface({ input: stdout }).on('line', (line) => this.#onLine(line))
    stderr.on('data', (chunk: Buffer) => this.#complain(chunk.toString('utf8')))
    // The exit tells more than a broken pipe does.
    stdin.on('error', () => undefined)
    child.on('exit', (exitCode) => this.#failAll(`its JVM ended with exit code ${exitCode}`))
    setReferenced([child, stdin, stdout, stderr], false)
  }

  /**
   * Runs one command.
   * @throws HELPER_FAILED with what Java said
   */
  async request(
    command: string,
    body: Readonly<Record<string, unknown>>,
    { onItem = () => undefined, signal }: HelperRequestOptions = {},
  ): Promise<unknown> {
    const id = (this.#counter += 1)
    const cancel = (): void => this.#send({ id: 0, command: 'cancel', target: id })
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(id, { command, onItem, resolve, reject })
        setReferenced([this.#stdout], true)
        this.#send({ id, command, ...body })
        if (signal?.aborted === true) cancel()
      })
    } finally {
      signal?.removeEventListener('abort', cancel)
      this.#waiting.delete(id)
      if (this.#waiting.size === 0) setReferenced([this.#stdout], false)
    }
  }

  #send(message: Readonly<Record<string, unknown>>): void {
    if (this.#child.exitCode !== null) this.#failAll(`its JVM ended with exit code ${this.#child.exitCode}`)
    else this.#stdin.write(`${JSON.stringify(message)}\n`)
  }

  #onLine(line: string): void {
    // What is not JSON is Java talking to people; it goes where complaints go.
    if (!line.startsWith('{')) return this.#complain(`${line}\n`)
    const answer = JSON.parse(line) as HelperAnswer
    const waiting = this.#waiting.get(answer.id)
    if (waiting === undefined) return
    if (answer.item !== undefined) waiting.onItem(answer.item)
    else if (answer.error === undefined) waiting.resolve(answer.result)
    else waiting.reject(kitErrors.HELPER_FAILED({ command: waiting.command, reason: answer.error }))
  }

  /** Only the end is ever told; a JVM that complains all the time must not fill our memory. */
  #complain(text: string): void {
    this.#complaints = (this.#complaints + text).slice(-2_000)
  }

  #failAll(reason: string): void {
    const said = this.#complaints
    for (const { command, reject } of this.#waiting.values()) {
      reject(kitErrors.HELPER_FAILED({ command, reason: `${reason}\n${said}` }))
    }
  }
}

async function start(): Promise<JavaHelper> {
  const installation = await installKafka()
  const classes = await compile(installation)
  const child = spawn(
    'java',
    [
      ...['-Xmx768m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...loggingOptions('ERROR')],
      ...['-cp', `${installation.classPath}:${classes}`, 'KitServer'],
    ],
    { detached: true, stdio: ['pipe', 'pipe', 'pipe'] },
  )
  if (child.pid !== undefined) watchdog().guard(child.pid)
  return new JavaHelper(child, child.stdin, child.stdout, child.stderr)
}

/** Compiles once for each state of the sources. */
async function compile(installation: KafkaInstallation): Promise<string> {
  const files = (await readdir(sources)).filter((name) => name.endsWith('.java')).sort()
  const paths = files.map((name) => join(sources, name))
  const hash = createHash('sha256')
  for (const path of paths) hash.update(await readFile(path))
  const classes = join(installation.cacheFolder, `helper-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(classes)) return classes
  await using _lock = await fileLock(`${classes}.lock`, { timeoutMs: LOCK_TIMEOUT_MS })
  if (existsSync(classes)) return classes
  const partial = `${classes}.partial`
  await rm(partial, { recursive: true, force: true })
  await mustRun('javac', ['-nowarn', '-Xlint:none', '-cp', installation.classPath, '-d', partial, ...paths])
  await rename(partial, classes)
  return classes
}

/** An idle helper must not keep this process alive; one that works for us must. */
function setReferenced(handles: readonly object[], isReferenced: boolean): void {
  const method = isReferenced ? 'ref' : 'unref'
  for (const handle of handles) {
    const change: unknown = Reflect.get(handle, method)
    if (typeof change === 'function') Reflect.apply(change, handle, [])
  }
}
