import { setTimeout as sleep } from 'node:timers/promises'
import type { AdminTarget } from '../../dev/kafka/admin.ts'
import { javaHelper } from '../../dev/kafka/java-helper.ts'

interface Arrival {
  readonly topic: string
  readonly partition: number
  /** ms since the epoch. */
  readonly atMs: number
}

/** A stretch in which nothing arrived in a partition, although something waited. */
export interface Standstill {
  readonly partition: number
  readonly ms: number
}

/** Smaller standstills than this cannot be told. */
const BUCKET_MS = 50
const KEPT_ARRIVALS = 100_000
const POLL_MS = 20
const SEEN_MS = 30_000

/**
 * Follows topics with a Java consumer of its own and remembers when records arrived in each partition: how long a fault was felt. With
 * `message.timestamp.type=LogAppendTime` that is when the broker appended them: the consumer itself may stand still when a broker goes, of whatever partition.
 */
export class ArrivalWatch implements AsyncDisposable {
  readonly #arrivals: Arrival[] = []
  readonly #stop = new AbortController()
  readonly #done: Promise<void>

  private constructor(target: AdminTarget, topics: readonly string[]) {
    this.#done = this.#follow(target, topics)
    this.#done.catch(() => undefined)
  }

  /** The topics have to be there; partitions added later are not followed. Returns when the first records were seen. */
  static async start(target: AdminTarget, topics: readonly string[]): Promise<ArrivalWatch> {
    const watch = new ArrivalWatch(target, topics)
    const beganMs = Date.now()
    await Promise.race([watch.firstAfter(beganMs, 60_000), watch.#done])
    return watch
  }

  /** The first arrival after a moment, in ms since the epoch; undefined when none comes in time. */
  async firstAfter(fromMs: number, timeoutMs: number, partitions?: readonly number[]): Promise<number | undefined> {
    const deadlineMs = performance.now() + timeoutMs
    for (;;) {
      const found = this.#arrivals.find(
        ({ atMs, partition }) => atMs > fromMs && (partitions === undefined || partitions.includes(partition)),
      )
      if (found !== undefined) return found.atMs
      if (performance.now() > deadlineMs) return undefined
      await sleep(POLL_MS)
    }
  }

  /**
   * The longest time that one of these partitions stood still between two moments although there was something to copy.
   * @param source   watches the same partitions there
   */
  async longestStandstill(
    partitions: readonly number[],
    { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
    source: ArrivalWatch,
  ): Promise<Standstill> {
    let longest: Standstill = { partition: -1, ms: 0 }
    for (const partition of partitions) {
      // A watch tells late of what it saw late.
      await Promise.all([this, source].map((watch) => watch.firstAfter(untilMs, SEEN_MS, [partition])))
      const inside = this.#of(partition).filter((atMs) => atMs >= fromMs && atMs <= untilMs)
      const written = source.#of(partition)
      for (const [index, endMs] of [...inside, untilMs].entries()) {
        const lastMs = index === 0 ? fromMs : (inside[index - 1] ?? fromMs)
        const sinceMs = written.find((atMs) => atMs > lastMs) ?? endMs
        if (endMs - sinceMs > longest.ms) longest = { partition, ms: endMs - sinceMs }
      }
    }
    return longest
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#done.catch(() => undefined)
  }

  #of(partition: number): number[] {
    return this.#arrivals.filter((arrival) => arrival.partition === partition).map(({ atMs }) => atMs)
  }

  async #follow({ adminProperties }: AdminTarget, topics: readonly string[]): Promise<void> {
    const helper = await javaHelper()
    const onItem = (item: unknown): void => {
      this.#arrivals.push(item as Arrival)
      if (this.#arrivals.length > KEPT_ARRIVALS) this.#arrivals.splice(0, KEPT_ARRIVALS / 2)
    }
    const request = { client: adminProperties, topics, bucketMs: BUCKET_MS }
    await helper.request('watch', request, { onItem, signal: this.#stop.signal })
  }
}
