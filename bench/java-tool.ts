import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Interface } from 'node:readline'
import type { KafkaInstallation } from '../dev/kafka/install.ts'
import { loggingOptions } from '../dev/kafka/java-process.ts'
import { watchdog } from '../dev/kafka/watchdog.ts'

export interface Digest {
  readonly records: number
  /** Of each partition: number of records, colon, checksum of their contents in order. */
  readonly partitions: readonly string[]
}

/** Milliseconds from the producer's send on the source to the consumer's poll on the target. */
export interface LatencyFigures {
  readonly sent: number
  readonly arrived: number
  readonly measured: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

export interface Conversions {
  readonly produce: number
  readonly fetch: number
}

type Arguments = Readonly<Record<string, string | number>>

/** bench/java/BenchTool.java: Kafka's own clients, in one JVM for the whole run; commands are answered in order. */
export class JavaTool implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: Interface
  readonly #waiting: ((line: string) => void)[] = []

  constructor({ classPath }: KafkaInstallation) {
    const source = join(import.meta.dirname, 'java', 'BenchTool.java')
    this.#child = spawn('java', ['-Xmx1g', ...loggingOptions('OFF'), '-cp', classPath, source], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    watchdog().guard(this.#child.pid ?? 0)
    if (this.#child.stdout === null) throw new Error('no standard output')
    this.#lines = createInterface(this.#child.stdout)
    this.#lines.on('line', (line) => this.#waiting.shift()?.(line))
    this.#lines.on('close', () => this.#waiting.splice(0).forEach((resolve) => resolve('{"error":"BenchTool ended"}')))
  }

  async createTopic(bootstrap: string, topic: string, options: Arguments): Promise<void> {
    await this.#command('create', { bootstrap, topic, ...options })
  }

  /** Id of the active controller. */
  async controllerId(bootstrap: string): Promise<number> {
    return ((await this.#command('controller', { bootstrap })) as { id: number }).id
  }

  /** @param matching a Java regular expression for whole names */
  async deleteTopics(bootstrap: string, matching: string): Promise<void> {
    await this.#command('delete', { bootstrap, matching })
  }

  /** @param config   as `key:value;key:value` */
  async alterTopic(bootstrap: string, topic: string, config: string): Promise<void> {
    await this.#command('alter', { bootstrap, topic, config })
  }

  async load(bootstrap: string, topic: string, options: Arguments): Promise<void> {
    await this.#command('load', { bootstrap, topic, ...options })
  }

  /** A constant stream of records; ends when all are sent. */
  async steady(bootstrap: string, topic: string, options: Arguments): Promise<void> {
    await this.#command('steady', { bootstrap, topic, ...options })
  }

  async digest(bootstrap: string, topic: string, partitions: number): Promise<Digest> {
    return (await this.#command('digest', { bootstrap, topic, partitions })) as Digest
  }

  async latency(options: Arguments): Promise<LatencyFigures> {
    return (await this.#command('latency', options)) as LatencyFigures
  }

  /** Records that a broker had to convert since it began. */
  async conversions(brokerPid: number): Promise<Conversions> {
    return (await this.#command('conversions', { pid: brokerPid })) as Conversions
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.stdin?.end()
    await ended
    watchdog().release(this.#child.pid ?? 0)
  }

  async #command(name: string, options: Arguments): Promise<unknown> {
    const words = Object.entries(options).map(([key, value]) => `${key}=${value}`)
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve))
    this.#child.stdin?.write(`${[name, ...words].join(' ')}\n`)
    const result = JSON.parse(await answer) as { error?: string }
    if (result.error !== undefined) throw new Error(`${name} ${words.join(' ')}: ${result.error}`)
    return result
  }
}
