import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { readLastKeys, readSequences } from '../../dev/kafka/sequences.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { ArrivalWatch } from '../support/arrival-watch.ts'
import { assertLogsValid, assertSameRecords, reconcile } from '../support/judge.ts'
import type { JudgeOptions } from '../support/judge.ts'
import { startMirror } from '../support/mirror.ts'
import type { LoggedEvent } from '../support/logged-event.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import type { WindowStop } from '../support/window-stop.ts'
import { EXACTLY_ONCE } from './built-windows.ts'
import type { ChaosClusters, Side } from './chaos-clusters.ts'
import { ChaosLoad } from './chaos-load.ts'
import type { EndMark } from './chaos-load.ts'
import type { ChaosLog } from './chaos-log.ts'

/** What would break the promise, or would be data that is not copied: none of it may happen where a fault takes nothing from the clusters. */
const FORBIDDEN: readonly string[] = [
  'DuplicatesPossible',
  'TargetRecordsLost',
  'GapFound',
  'ForeignWriteFound',
  'FlowEnded',
  'PartitionStopped',
  'NotJson',
]

const COPYING_AGAIN_MS = 120_000
const DRAIN_MS = 120_000
const POLL_MS = 200

export interface ScenarioOptions {
  readonly properties?: MirrorOptions['properties']
  /** Default read_uncommitted at the target. */
  readonly judge?: JudgeOptions
  /** The source of `plain` loses, on purpose, the beginning of what was copied. */
  readonly isShortened?: boolean
}

/** One flow under load, with its twinlog, which faults kill and start again, and its judge. */
export class ChaosWorld implements AsyncDisposable {
  readonly random: SeededRandom
  readonly log: ChaosLog
  readonly load: ChaosLoad
  readonly alias: string
  readonly #clusters: ChaosClusters
  readonly #options: ScenarioOptions
  readonly #said: LoggedEvent[] = []
  #mirror: Mirror | undefined
  #watch: ArrivalWatch | undefined
  #sourceWatch: ArrivalWatch | undefined

  private constructor(
    clusters: ChaosClusters,
    alias: string,
    load: ChaosLoad,
    options: ScenarioOptions,
    { random, log }: { random: SeededRandom; log: ChaosLog },
  ) {
    this.#clusters = clusters
    this.#options = options
    this.alias = alias
    this.load = load
    this.random = random
    this.log = log
  }

  /** Makes topics, starts writing and twinlog, and returns when records flow. @param alias   of the source; nobody else may use it on these clusters */
  static async begin(
    clusters: ChaosClusters,
    alias: string,
    options: ScenarioOptions,
    surroundings: { random: SeededRandom; log: ChaosLog },
  ): Promise<ChaosWorld> {
    const load = await ChaosLoad.create(clusters, alias)
    const world = new ChaosWorld(clusters, alias, load, options, surroundings)
    load.begin()
    const mirror = await world.start()
    for (const topic of load.all) await mirror.waitUntilGrown(topic, 1)
    world.#watch = await ArrivalWatch.start(clusters.target, [world.remote(load.topics.plain)])
    world.#sourceWatch = await ArrivalWatch.start(clusters.source, [load.topics.plain])
    return world
  }

  get isExactlyOnce(): boolean {
    return this.#options.properties?.[EXACTLY_ONCE] === 'enabled'
  }

  get mirror(): Mirror {
    assert.ok(this.#mirror !== undefined, 'twinlog was not started')
    return this.#mirror
  }

  get watch(): ArrivalWatch {
    assert.ok(this.#watch !== undefined, 'the scenario has not begun')
    return this.#watch
  }

  cluster(side: Side): KafkaCluster {
    return this.#clusters[side]
  }

  remote(topic: string): string {
    return `${this.alias}.${topic}`
  }

  /** A topic of the load as it is called on a side. */
  topicAt(side: Side, topic: string): string {
    return side === 'source' ? topic : this.remote(topic)
  }

  /** Starts twinlog, with a stop inside a window if wanted. */
  async start(stop?: WindowStop): Promise<Mirror> {
    assert.ok(this.#mirror === undefined || this.#mirror.hasEnded, 'one twinlog at a time')
    const { source, target } = this.#clusters
    // Answers that never come are given up soon, so that a scenario is short.
    const settings = {
      'us.producer.request.timeout.ms': '5000',
      [`${this.alias}.consumer.request.timeout.ms`]: '5000',
      // As in MirrorMaker 2 the default copies aborted records, too.
      [`${this.alias}.consumer.isolation.level`]: 'read_committed',
    }
    this.#mirror = await startMirror({
      source,
      target,
      alias: this.alias,
      topics: `${this.alias}\\..*`,
      properties: { ...settings, ...this.#options.properties },
      windows: stop === undefined ? {} : { stop },
    })
    return this.#mirror
  }

  /** Kill -9, if it has not ended already. What it said and counted is kept. */
  async kill(): Promise<void> {
    const { mirror } = this
    if (!mirror.hasEnded) await mirror.kill()
    this.bury()
  }

  /** Keeps what an ended process said and counted. */
  bury(): void {
    const { mirror } = this
    assert.ok(mirror.hasEnded)
    const { counts, stoppedIn } = mirror.windows
    this.log.tally(counts, stoppedIn)
    this.#said.push(...mirror.events.filter(({ event }) => FORBIDDEN.includes(event)))
  }

  /**
   * Waits until every written partition of `plain` has new records on the target.
   * @returns how long the slowest of them took, in ms, from when there was something to copy
   */
  async waitUntilCopying(sinceMs: number = Date.now()): Promise<number> {
    const took: number[] = []
    for (const partition of this.load.plainPartitions) {
      const atMs = await this.watch.firstAfter(sinceMs, COPYING_AGAIN_MS, [partition])
      assert.ok(atMs !== undefined, `partition ${partition} does not go on:\n${this.mirror.describe()}`)
      const writtenMs = (await this.#sourceWatch?.firstAfter(sinceMs, COPYING_AGAIN_MS, [partition])) ?? sinceMs
      took.push(Math.max(0, atMs - writtenMs))
    }
    return Math.max(...took)
  }

  /** The longest time that the copy of one of these partitions of `plain` stood still, although there was something to copy, in ms. */
  async standstillMs(
    partitions: readonly number[],
    between: { readonly fromMs: number; readonly untilMs: number },
  ): Promise<number> {
    assert.ok(this.#sourceWatch !== undefined, 'the scenario has not begun')
    return this.watch.longestStandstill(partitions, between, this.#sourceWatch)
  }

  /** Ends the load, waits until everything is copied, and compares. Fails on anything lost, doubled, out of order, or said that must not be. */
  async judge(): Promise<void> {
    const mark = await this.load.end()
    const counts: string[] = []
    for (const topic of this.load.all) {
      await this.#waitForMark(topic, mark)
      counts.push(`${topic} ${await this.#compare(topic)}`)
    }
    const said = [...this.#said, ...this.mirror.events.filter(({ event }) => FORBIDDEN.includes(event))]
    assert.deepEqual(
      said.map(({ event, msg }) => `${event}: ${msg}`),
      [],
    )
    this.log.say(`judged equal: ${counts.join(', ')} records`)
  }

  /** Judges, and lets Kafka's own log reader look at what stands on the target's disks; then twinlog stops in order. */
  async finish(): Promise<void> {
    await this.judge()
    await assertLogsValid(this.#clusters.target, this.remote(this.load.topics.plain))
    await this.mirror.stop()
    this.bury()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mirror?.[Symbol.asyncDispose]()
    await this.#watch?.[Symbol.asyncDispose]()
    await this.#sourceWatch?.[Symbol.asyncDispose]()
    await this.load[Symbol.asyncDispose]()
  }

  async #waitForMark(topic: string, { key: wanted, partitionsCounts }: EndMark): Promise<void> {
    const client = this.#clusters.target.adminProperties
    const deadlineMs = performance.now() + DRAIN_MS
    for (;;) {
      const keys = Object.entries(
        await readLastKeys({ client, topic: this.remote(topic), isolation: 'read_uncommitted' }),
      )
      const missing = keys.filter(([, key]) => key !== wanted)
      if (missing.length === 0 && keys.length === partitionsCounts[topic]) return
      assert.ok(
        performance.now() < deadlineMs,
        `${topic} is not copied to ${wanted}: ${JSON.stringify(missing)}\n${this.mirror.describe()}`,
      )
      await sleep(POLL_MS)
    }
  }

  async #compare(topic: string): Promise<number> {
    const { source, target } = this.#clusters
    const isPlain = topic === this.load.topics.plain
    // Of `plain` brokers note when they appended a record.
    const options = { ...this.#options.judge, hasTimestamps: !isPlain }
    const sides = [source, target, topic, this.remote(topic), options] as const
    if (this.#options.isShortened === true && isPlain) return compareShortened(...sides)
    try {
      return await assertSameRecords(...sides)
    } catch (error) {
      // How it differs is told better by counts.
      const found = JSON.stringify(await reconcile(...sides))
      throw new Error(`${topic}: ${found}\n${this.mirror.describe()}`, { cause: error })
    }
  }
}

/** The copy holds all numbers once and in order, and all that the source still has. */
async function compareShortened(...sides: Parameters<typeof reconcile>): Promise<number> {
  const [, target, , remote] = sides
  const { missing, duplicated, reordered, target: count } = await reconcile(...sides)
  assert.deepEqual({ missing, duplicated, reordered }, { missing: 0, duplicated: 0, reordered: 0 })
  const found = await readSequences({ client: target.adminProperties, topic: remote, isolation: 'read_uncommitted' })
  for (const [partition, { ranges }] of Object.entries(found))
    assert.equal(ranges.length, 1, `${remote} partition ${partition}: ${JSON.stringify(ranges)}`)
  return count
}
