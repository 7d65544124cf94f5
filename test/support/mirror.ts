import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { listOffsets } from '../../dev/kafka/admin.ts'
import type { AdminTarget } from '../../dev/kafka/admin.ts'
import { propertiesText } from '../../dev/kafka/broker-properties.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords } from '../../dev/kafka/records.ts'
import { watchdog } from '../../dev/kafka/watchdog.ts'
import { TwinlogError } from '../../src/base/catalogue.ts'
import { sumOverFlows } from './logged-event.ts'
import type { LoggedEvent } from './logged-event.ts'
import { SecretWatch } from './secret-watch.ts'
import { probed, readWindows } from './window-stop.ts'
import type { WindowFile, WindowStop } from './window-stop.ts'

export interface MirrorOptions {
  readonly source: KafkaCluster
  readonly target: KafkaCluster
  /** Alias of the source. A name of its own keeps a test's remote topics, positions and ledger apart from those of other tests. */
  readonly alias: string
  /** As in the file: names or regular expressions, separated by commas. */
  readonly topics: string
  /** Laid over the usual file. Keys of the flow begin with `<alias>->us.`. */
  readonly properties?: Readonly<Record<string, string>>
  /** Counts how often the process is inside each of its windows (docs/tracing.md); with `stop` it kills or stops itself inside one. */
  readonly windows?: { readonly stop?: WindowStop }
  /** Default debug. */
  readonly logLevel?: 'debug' | 'info'
  /** Default 0.5. */
  readonly statusSeconds?: number
  /** Further modules for its Node to load before it, and what they read from the environment. */
  readonly preload?: { readonly modules: readonly string[]; readonly env: Readonly<Record<string, string>> }
}

export interface WaitOptions {
  /** Default 60,000. */
  readonly timeoutMs?: number
}

export interface CopyExpectation extends WaitOptions {
  /** Records that the target has to hold, by partition. Default: as many offsets as the source has now. */
  readonly counts?: Readonly<Record<string, number>>
  /** Only these. Default all that are expected. */
  readonly partitions?: readonly number[]
}

const TARGET_ALIAS = 'us'
/** Each look is an admin client of Java, made anew. */
const POLL_MS = 250
const WAIT_MS = 60_000
/** What the program promises. */
const STOP_MS = 10_000
const KEPT_LINES = 40
const KEPT_STDERR = 4_000
/** Far above what any test makes it say. */
const KEPT_EVENTS = 200_000
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The usual file for two clusters: everything that can be quick is quick, and one replica where there is one broker. */
export function mirrorProperties({ source, target, alias, topics, properties }: MirrorOptions): Record<string, string> {
  const replicas = String(target.brokers.length)
  return {
    clusters: `${alias}, ${TARGET_ALIAS}`,
    [`${alias}.bootstrap.servers`]: source.bootstrap,
    [`${TARGET_ALIAS}.bootstrap.servers`]: target.bootstrap,
    [`${alias}->${TARGET_ALIAS}.enabled`]: 'true',
    [`${alias}->${TARGET_ALIAS}.topics`]: topics,
    'replication.factor': replicas,
    'offset.storage.replication.factor': replicas,
    'heartbeats.topic.replication.factor': replicas,
    'offset-syncs.topic.replication.factor': String(source.brokers.length),
    'checkpoints.topic.replication.factor': replicas,
    // What is written for others again and again is of interest to few tests.
    'emit.heartbeats.enabled': 'false',
    'emit.offset-syncs.enabled': 'false',
    'emit.checkpoints.enabled': 'false',
    'refresh.topics.interval.seconds': '1',
    [`${TARGET_ALIAS}.offset.flush.interval.ms`]: '500',
    // Many mirrors run side by side, and nobody asks these.
    'twinlog.listeners': '',
    ...properties,
  }
}

/** Writes a file and runs the real program on it, as a process of its own. Nothing is waited for. */
export async function startMirror(options: MirrorOptions): Promise<Mirror> {
  mkdirSync(watchdog().folder, { recursive: true })
  const folder = mkdtempSync(join(watchdog().folder, 'mirror-'))
  const file = join(folder, 'mm2.properties')
  await writeFile(file, propertiesText(mirrorProperties(options)))
  const { windows, preload, logLevel = 'debug', statusSeconds = 0.5 } = options
  const windowFile = join(folder, 'windows.json')
  const probe = windows === undefined ? undefined : probed({ file: windowFile, ...windows })
  const imports = (preload?.modules ?? []).flatMap((module) => ['--import', module])
  const level = ['--log-level', logLevel, '--status-interval', String(statusSeconds)]
  const args = [...(probe?.args ?? []), ...imports, main, file, '--log-format', 'json', ...level]
  const env = { ...process.env, ...preload?.env, ...probe?.env }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  await once(child, 'spawn')
  return new Mirror(child, child.stdout, child.stderr, { ...options, windowFile })
}

/** twinlog, running; killed when it is disposed of, or when this process is gone. */
export class Mirror implements AsyncDisposable {
  readonly pid: number
  /** What it logged so far, in order; of StatusReported only the last (`status`), and of a flood only the beginning and the last. */
  readonly events: LoggedEvent[] = []
  /** The last StatusReported. */
  status: LoggedEvent | undefined
  readonly #child: ChildProcess
  readonly #options: MirrorOptions & { readonly windowFile: string }
  readonly #ended: Promise<void>
  #stderr = ''
  readonly #secrets: SecretWatch
  #hasEnded = false

  constructor(
    child: ChildProcess,
    stdout: Readable,
    stderr: Readable,
    options: MirrorOptions & { readonly windowFile: string },
  ) {
    assert.ok(child.pid !== undefined)
    this.pid = child.pid
    this.#child = child
    this.#options = options
    watchdog().guard(this.pid)
    this.#secrets = SecretWatch.of(mirrorProperties(options))
    stderr.on('data', (chunk: Buffer) => {
      this.#secrets.look(chunk.toString('utf8'))
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-KEPT_STDERR)
    })
    createInterface({ input: stdout }).on('line', (line) => {
      this.#secrets.look(line)
      this.#keep(parseLine(line))
    })
    this.#ended = once(child, 'close').then(() => {
      this.#hasEnded = true
      watchdog().release(this.pid)
    })
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** How it ended: null while it runs, and where it ended by itself. */
  get signal(): NodeJS.Signals | null {
    return this.#child.signalCode
  }

  /** How often it was inside each window, and in which it stopped; with the option `windows` only. */
  get windows(): WindowFile {
    return readWindows(this.#options.windowFile)
  }

  /** Waits until it is gone, for whatever reason. */
  async waitForEnd({ timeoutMs = WAIT_MS }: WaitOptions = {}): Promise<void> {
    const late = AbortSignal.timeout(timeoutMs)
    const isLate = new Promise<'late'>((resolve) => late.addEventListener('abort', () => resolve('late')))
    assert.notEqual(await Promise.race([this.#ended, isLate]), 'late', `twinlog does not end:\n${this.describe()}`)
  }

  /** Waits until it stands still, by a SIGSTOP of whomever. */
  async waitForStandstill({ timeoutMs = WAIT_MS }: WaitOptions = {}): Promise<void> {
    await this.#waitFor('its standstill', timeoutMs, () => {
      const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      return stat[stat.lastIndexOf(')') + 2] === 'T' ? true : undefined
    })
  }

  /** Name of a topic's copy. */
  remote(topic: string): string {
    return `${this.#options.alias}.${topic}`
  }

  /** Events of a name, those that were folded into one line counted once. */
  eventsOf(name: string): LoggedEvent[] {
    return this.events.filter(({ event }) => event === name)
  }

  /** The first event that fits, also one of the past. Fails with the last lines of the log when none comes. */
  async waitForEvent(
    name: string,
    fits: (event: LoggedEvent) => boolean = () => true,
    { timeoutMs = WAIT_MS }: WaitOptions = {},
  ): Promise<LoggedEvent> {
    let seen = 0
    return this.#waitFor(`event ${name}`, timeoutMs, () => {
      const found = this.events.slice(seen).find((event) => event.event === name && fits(event))
      seen = this.events.length
      return found
    })
  }

  /**
   * Waits until its status, after a moment, tells of more copied records than the status before.
   * @param sinceMs   wall clock, as of Date.now()
   * @returns when it said so, which is at most the interval of the status (half a second) after it was so
   */
  async waitUntilCopying(sinceMs: number, { timeoutMs = WAIT_MS }: WaitOptions = {}): Promise<number> {
    let before = Infinity
    return this.#waitFor('its status to say that it copies', timeoutMs, () => {
      const { status } = this
      const total = status === undefined ? Infinity : sumOverFlows(status, 'recordsTotal')
      const atMs = Date.parse(String(status?.['time']))
      if (atMs >= sinceMs && total > before) return atMs
      before = total
      return undefined
    })
  }

  /** The first status that fits, from the last one on. */
  async waitForStatus(
    fits: (status: LoggedEvent) => boolean,
    { timeoutMs = WAIT_MS }: WaitOptions = {},
  ): Promise<LoggedEvent> {
    return this.#waitFor('a status that fits', timeoutMs, () =>
      this.status !== undefined && fits(this.status) ? this.status : undefined,
    )
  }

  /** Waits until the remote topic holds as many records as it should, by Kafka's own admin client. */
  async waitUntilCopied(
    topic: string,
    { counts, partitions, timeoutMs = WAIT_MS }: CopyExpectation = {},
  ): Promise<void> {
    const { source, target } = this.#options
    const remote = this.remote(topic)
    const expected = Object.entries(counts ?? (await countOffsets(source, topic))).filter(
      ([partition]) => partitions === undefined || partitions.includes(Number(partition)),
    )
    let found: Record<string, number> = {}
    const what = (): string =>
      `${remote} to hold ${JSON.stringify(Object.fromEntries(expected))}, it holds ${JSON.stringify(found)}`
    await this.#waitFor(what, timeoutMs, async () => {
      found = (await countIfKnown(target, remote)) ?? {}
      return expected.every(([partition, count]) => (found[partition] ?? -1) >= count) ? true : undefined
    })
  }

  /** As waitUntilCopied, of a copy made in transactions: their markers take offsets, so that its end does not say how much is in it. */
  async waitUntilCommitted(topic: string, count: number, { timeoutMs = WAIT_MS }: WaitOptions = {}): Promise<void> {
    const { target } = this.#options
    const remote = this.remote(topic)
    const asked = { client: target.adminProperties, topic: remote, isolation: 'read_committed' } as const
    let found = 0
    const what = (): string => `${remote} to hold ${count} committed records, it holds ${found}`
    await this.#waitFor(what, timeoutMs, async () => {
      if ((await countIfKnown(target, remote)) === undefined) return undefined
      found = (await dumpRecords(asked)).length
      return found >= count ? true : undefined
    })
  }

  /** Waits until the remote topic, or these partitions of it, hold so many records more than now: the copy goes on. */
  async waitUntilGrown(
    topic: string,
    count = 300,
    { partitions, timeoutMs = WAIT_MS }: Omit<CopyExpectation, 'counts'> = {},
  ): Promise<void> {
    const remote = this.remote(topic)
    const held = async (): Promise<number | undefined> => {
      const counts = Object.entries((await countIfKnown(this.#options.target, remote)) ?? {})
      const chosen = counts.filter(([partition]) => partitions === undefined || partitions.includes(Number(partition)))
      return chosen.length === 0 ? undefined : chosen.reduce((sum, [, each]) => sum + each, 0)
    }
    const from = await this.#waitFor(`${remote} to exist`, timeoutMs, held)
    let found = from
    await this.#waitFor(
      () => `${remote} ${String(partitions ?? '')} to grow from ${from} by ${count}, it has ${found}`,
      timeoutMs,
      async () => {
        found = (await held()) ?? found
        return found >= from + count ? true : undefined
      },
    )
  }

  /** Kill -9, and wait until it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** SIGSTOP: it stands still, its connections stay open. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  /** SIGTERM; it has to end by itself, in time and well. */
  async stop(): Promise<void> {
    // Before its first line it may not listen to signals yet.
    await this.#waitFor('its first line', WAIT_MS, () => this.events[0])
    const startMs = performance.now()
    this.#child.kill('SIGTERM')
    await this.#ended
    const elapsedMs = performance.now() - startMs
    assert.equal(
      this.#child.exitCode,
      0,
      `twinlog left with ${this.#child.exitCode ?? this.#child.signalCode}:\n${this.describe()}`,
    )
    this.#secrets.assertNone()
    assert.ok(elapsedMs < STOP_MS, `twinlog took ${elapsedMs} ms to stop:\n${this.describe()}`)
  }

  /** The last lines that it wrote, for people. */
  describe(): string {
    const telling = [...this.events.slice(-KEPT_LINES), ...(this.status === undefined ? [] : [this.status])]
    const lines = telling.map(({ level, event, msg }) => `${level} ${event}: ${msg}`)
    return [...lines, this.#stderr].join('\n')
  }

  /** Bounded: a process that says the same thing thousands of times a second must not fill the memory of its test. */
  #keep(line: LoggedEvent): void {
    if (line.event === 'StatusReported') this.status = line
    else if (this.events.length < KEPT_EVENTS) this.events.push(line)
    else this.events[KEPT_EVENTS - 1] = line
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.kill()
    this.#secrets.assertNone()
  }

  async #waitFor<Found>(
    what: string | (() => string),
    timeoutMs: number,
    look: () => Found | undefined | Promise<Found | undefined>,
  ): Promise<Found> {
    const deadlineMs = performance.now() + timeoutMs
    for (;;) {
      const hadEnded = this.#hasEnded
      const found = await look()
      if (found !== undefined) return found
      const name = typeof what === 'string' ? what : what()
      assert.ok(
        !hadEnded,
        `twinlog ended (${this.#child.exitCode ?? this.#child.signalCode}), waited for ${name}:\n${this.describe()}`,
      )
      assert.ok(performance.now() < deadlineMs, `waited ${timeoutMs} ms for ${name}:\n${this.describe()}`)
      await sleep(POLL_MS)
    }
  }
}

/** How many offsets each partition has, from its log start to its end. */
export async function countOffsets(cluster: AdminTarget, topic: string): Promise<Record<string, number>> {
  const ranges = await listOffsets(cluster, topic)
  return Object.fromEntries(
    Object.entries(ranges).map(([partition, { earliest, latest }]) => [partition, latest - earliest]),
  )
}

/** Undefined while the topic is not there, or its leaders are not. */
async function countIfKnown(cluster: KafkaCluster, topic: string): Promise<Record<string, number> | undefined> {
  // Kafka's admin client holds on to a leader that has gone for as long as it may.
  const adminProperties = { ...cluster.adminProperties, 'default.api.timeout.ms': '4000', 'request.timeout.ms': '2000' }
  try {
    return await countOffsets({ adminProperties }, topic)
  } catch (error) {
    if (
      error instanceof TwinlogError &&
      error.code === 'HELPER_FAILED' &&
      /UnknownTopic|Timeout|LeaderNotAvailable/.test(error.message)
    )
      return undefined
    throw error
  }
}

function parseLine(line: string): LoggedEvent {
  try {
    return JSON.parse(line) as LoggedEvent
  } catch {
    return { event: 'NotJson', level: 'error', msg: line }
  }
}
