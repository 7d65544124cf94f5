import { setTimeout as sleep } from 'node:timers/promises'
import { TwinlogError } from '../../src/base/catalogue.ts'
import type { TcpProxy } from '../../test/support/tcp-proxy.ts'
import { logTail, startJava } from './java-process.ts'
import type { JavaProcess } from './java-process.ts'
import { kitErrors } from './kit-errors.ts'
import { waitForView } from './readiness.ts'
import type { ClusterView, ProbeTarget } from './readiness.ts'

const POLL_MS = 50
/** A broker that is asked to stop moves its leaders away first; after this it is killed. */
const STOP_TIMEOUT_MS = 30_000

export interface KafkaBrokerOptions {
  readonly id: number
  readonly version: string
  readonly classPath: string
  readonly jvmOptions: readonly string[]
  readonly logLevel: string
  readonly folder: string
  readonly host: string
  readonly port: number
  readonly internal: ProbeTarget
  readonly proxy: TcpProxy | undefined
  readonly readyTimeoutMs: number
  /** With ZooKeeper a killed broker is refused, and ends, until its old session has run out: then it is started again. */
  readonly mayNeedSeveralStarts: boolean
}

/** One broker: a JVM on a port and a folder of its own, which it keeps over restarts. */
export class KafkaBroker {
  readonly id: number
  /** Where the client listener is, or the proxy before it. */
  readonly host: string
  readonly port: number
  /** log.dirs: topic-partition folders with segment files. */
  readonly logDir: string
  /** What the broker writes to standard output and error. */
  readonly logFile: string
  readonly internal: ProbeTarget
  readonly proxy: TcpProxy | undefined
  readonly #options: KafkaBrokerOptions
  #process: JavaProcess | undefined

  constructor(options: KafkaBrokerOptions) {
    this.id = options.id
    this.host = options.host
    this.port = options.proxy?.port ?? options.port
    this.logDir = `${options.folder}/logs`
    this.logFile = `${options.folder}/broker.log`
    this.internal = options.internal
    this.proxy = options.proxy
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#process !== undefined && !this.#process.hasEnded
  }

  /** @throws BROKER_STATE when it does not run */
  get pid(): number {
    return this.#running('name the pid of').pid
  }

  /**
   * Starts the broker again, on the same port and folder, and waits until it serves.
   * @throws BROKER_STATE when it runs; BROKER_NOT_READY, BROKER_EXITED with the end of its log
   */
  async start(): Promise<void> {
    await this.launch()
    await this.waitUntilReady((view) => view.brokerIds.includes(this.id) && view.controllerId >= 0)
  }

  /** Starts the process and waits for nothing. */
  async launch(): Promise<void> {
    if (this.isRunning) throw kitErrors.BROKER_STATE({ verb: 'start', id: this.id, state: 'running' })
    const { classPath, jvmOptions, folder, logLevel } = this.#options
    const args = [`${folder}/server.properties`]
    const { logFile } = this
    this.#process = await startJava({
      classPath,
      mainClass: 'kafka.Kafka',
      args,
      jvmOptions,
      folder,
      logFile,
      logLevel,
    })
  }

  /** Waits until the broker's own view of the cluster satisfies. */
  async waitUntilReady(isReady: (view: ClusterView) => boolean): Promise<void> {
    const abort = new AbortController()
    const { readyTimeoutMs: timeoutMs } = this.#options
    const view = waitForView(this.internal, isReady, AbortSignal.any([abort.signal, AbortSignal.timeout(timeoutMs)]))
    try {
      await Promise.race([view, this.#failWhenEnded(abort.signal)])
    } catch (cause) {
      if (cause instanceof TwinlogError) throw cause
      const { id, logFile } = this
      const reason = String(cause)
      throw kitErrors.BROKER_NOT_READY(
        { id, version: this.#options.version, timeoutMs, reason, log: logTail(logFile) },
        { cause },
      )
    } finally {
      abort.abort()
    }
  }

  /** kill -9, and wait until the process is gone. */
  async kill(): Promise<void> {
    const running = this.#running('kill')
    running.send('SIGKILL')
    await running.waitForEnd()
  }

  /** SIGSTOP: the process stands still, its connections stay open and unanswered. */
  pause(): void {
    this.#running('pause').send('SIGSTOP')
  }

  resume(): void {
    this.#running('resume').send('SIGCONT')
  }

  /** SIGTERM: a controlled shutdown. A broker that cannot finish it within 30 s is killed. */
  async stop(): Promise<void> {
    const running = this.#running('stop')
    running.send('SIGTERM')
    running.send('SIGCONT')
    const timer = setTimeout(() => running.send('SIGKILL'), STOP_TIMEOUT_MS)
    await running.waitForEnd()
    clearTimeout(timer)
  }

  #running(verb: string): JavaProcess {
    if (this.#process !== undefined && !this.#process.hasEnded) return this.#process
    throw kitErrors.BROKER_STATE({ verb, id: this.id, state: 'not running' })
  }

  async #failWhenEnded(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.isRunning) await this.#startAgainOrFail()
      await sleep(POLL_MS)
    }
  }

  async #startAgainOrFail(): Promise<void> {
    if (this.#options.mayNeedSeveralStarts && logTail(this.logFile).includes('NodeExists')) return this.launch()
    const end = await this.#process?.waitForEnd()
    throw kitErrors.BROKER_EXITED({
      what: `Broker ${this.id} of Kafka ${this.#options.version}`,
      exitCode: end?.exitCode,
      signal: end?.signal,
      log: logTail(this.logFile),
    })
  }
}
