import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { startMirror } from '../../test/support/mirror.ts'
import type { LoggedEvent } from '../../test/support/logged-event.ts'
import type { Mirror } from '../../test/support/mirror.ts'
import { cpuSeconds, sum } from '../process-usage.ts'
import { MEMORY_FILE_VARIABLE, readProcess } from './sample.ts'
import type { Sample } from './sample.ts'
import { TOPICS } from './load.ts'

export const ALIAS = 'soak'
const STATUS_SECONDS = 5
const probe = fileURLToPath(new URL('../memory-probe.ts', import.meta.url))

/** Events that must not happen in a soak: each of them is data lost, doubled, or not copied. */
const BAD_EVENTS = [
  'GapFound',
  'DuplicatesPossible',
  'TargetRecordsLost',
  'ForeignWriteFound',
  'FlowEnded',
  'PartitionStopped',
] as const

/** One twinlog process after the other over the same flow. */
export class MirrorLives implements AsyncDisposable {
  readonly #source: KafkaCluster
  readonly #target: KafkaCluster
  readonly #beganMs: number
  readonly #bad: string[] = []
  #life = 0
  #lifeBeganMs = 0
  #mirror: Mirror | undefined

  constructor(source: KafkaCluster, target: KafkaCluster, beganMs: number) {
    this.#source = source
    this.#target = target
    this.#beganMs = beganMs
  }

  /** What must not happen and did, of all lives. */
  get badEvents(): readonly string[] {
    return [...this.#bad, ...badOf(this.#mirror?.events ?? [])]
  }

  async start(): Promise<void> {
    this.#life++
    this.#lifeBeganMs = performance.now()
    this.#mirror = await startMirror({
      source: this.#source,
      target: this.#target,
      alias: ALIAS,
      topics: Object.keys(TOPICS).join(','),
      properties: {
        'us.offset.flush.interval.ms': '10000',
        // As in MirrorMaker 2 the default copies aborted records, too.
        [`${ALIAS}.consumer.isolation.level`]: 'read_committed',
      },
      logLevel: 'info',
      statusSeconds: STATUS_SECONDS,
      preload: { modules: [probe], env: { [MEMORY_FILE_VARIABLE]: this.#memoryFile } },
    })
  }

  /** Ends this life and begins the next. */
  async restart(isKilled: boolean): Promise<void> {
    await this.end(isKilled)
    await this.start()
  }

  async end(isKilled: boolean): Promise<void> {
    await (isKilled ? this.#mirror?.kill() : this.#mirror?.stop())
    this.#bad.push(...badOf(this.#mirror?.events ?? []))
    this.#mirror = undefined
  }

  /** Undefined while there is none, or too young a process. @throws when it ended by itself */
  sample(): Sample | undefined {
    const mirror = this.#mirror
    if (mirror === undefined) return undefined
    if (mirror.hasEnded) throw new Error(`twinlog ended by itself:\n${mirror.describe()}`)
    const facts = readProcess(mirror.pid, this.#memoryFile)
    const flow = (mirror.status?.flows as { lagRecords: number; recordsTotal: number }[] | undefined)?.[0]
    if (facts === undefined || flow === undefined) return undefined
    const nowMs = performance.now()
    return {
      atSeconds: Math.round((nowMs - this.#beganMs) / 1000),
      life: this.#life,
      lifeSeconds: Math.round((nowMs - this.#lifeBeganMs) / 1000),
      ...facts,
      lagRecords: flow.lagRecords,
      recordsTotal: flow.recordsTotal,
      cpuSeconds: sum(cpuSeconds(mirror.pid, { isAlone: true })),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mirror?.[Symbol.asyncDispose]()
  }

  get #memoryFile(): string {
    return join(this.#source.folder, `memory-${this.#life}.json`)
  }
}

function badOf(events: readonly LoggedEvent[]): string[] {
  return events.filter(({ event }) => (BAD_EVENTS as readonly string[]).includes(event)).map(({ msg }) => msg)
}
