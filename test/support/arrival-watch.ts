import { setTimeout as sleep } from 'node:timers/promises'
import type { AdminTarget } from '../../dev/kafka/admin.ts'
import { javaHelper } from '../../dev/kafka/java-helper.ts'
import { longestStandstillMs } from './standstill.ts'
import type { Append } from './standstill.ts'

interface Arrival extends Append {
  readonly topic: string
  readonly partition: number
}

const KEPT_ARRIVALS = 200_000
const POLL_MS = 20
const SEEN_MS = 30_000

/**
 * Follows topics with a Java consumer of its own and remembers when the broker appended what: how long a fault was felt. The topics have
 * `message.timestamp.type=LogAppendTime`, because the consumer itself may stand still when a broker goes, of whatever partition.
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

  /** The first append after a moment, in ms since the epoch; undefined when none is seen in time. */
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
   * The longest time that one of these partitions stood still between two moments although there was something to copy, in ms.
   * @param source   watches the same partitions there
   */
  async longestStandstill(
    partitions: readonly number[],
    between: { readonly fromMs: number; readonly untilMs: number },
    source: ArrivalWatch,
  ): Promise<number> {
    const lengths: number[] = []
    for (const partition of partitions) {
      // A watch tells late of what it saw late.
      await Promise.all([this, source].map((watch) => watch.firstAfter(between.untilMs, SEEN_MS, [partition])))
      lengths.push(longestStandstillMs(source.#of(partition), this.#of(partition), between))
    }
    return Math.max(0, ...lengths)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#done.catch(() => undefined)
  }

  #of(partition: number): Arrival[] {
    return this.#arrivals.filter((arrival) => arrival.partition === partition)
  }

  async #follow({ adminProperties }: AdminTarget, topics: readonly string[]): Promise<void> {
    const helper = await javaHelper()
    const onItem = (item: unknown): void => {
      this.#arrivals.push(item as Arrival)
      if (this.#arrivals.length > KEPT_ARRIVALS) this.#arrivals.splice(0, KEPT_ARRIVALS / 2)
    }
    await helper.request('watch', { client: adminProperties, topics }, { onItem, signal: this.#stop.signal })
  }
}
