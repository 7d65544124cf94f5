import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { EventFields } from '../observe/event.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

const LOOK_MS = 1_000
/** How many partitions are asked about at once. */
const ASKED_MAX = 100
/** A transaction that still hangs is told of again after so many times the first wait. */
const REPEATED_AFTER = 10

/** A producer of the source that has a transaction under way. */
export interface OpenTransaction {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly startOffset: number
  /** ms since the epoch; when the producer last wrote to the partition. */
  readonly lastTimestamp: bigint
}

export interface HangingTransactionsDependencies {
  readonly clock: Clock
  /** After how long it is told. */
  readonly hangingMs: number
  partitions(): Iterable<MirroredPartition>
  /** Open transactions of source partitions, by partition; one that cannot be asked about is left out. */
  openTransactions(
    partitions: readonly MirroredPartition[],
  ): Promise<ReadonlyMap<MirroredPartition, readonly OpenTransaction[]>>
  /** Null where our user may not see it. */
  transactionalIdOf(producerId: bigint): Promise<string | null>
  say(name: EventName, fields: EventFields): void
}

/**
 * Finds transactions of the source that nobody ends: the last stable offset of a partition stands still below the high watermark, and a copy that reads
 * committed records waits there. Told once with the producer, and in the status as long as it lasts.
 */
export class HangingTransactions {
  readonly #deps: HangingTransactionsDependencies
  readonly #since = new Map<
    MirroredPartition,
    { readonly offset: number; readonly sinceMs: number; tellAtMs: number }
  >()
  #isAsking = false

  constructor(dependencies: HangingTransactionsDependencies) {
    this.#deps = dependencies
  }

  /** Looks about once a second until the signal. */
  async run({ signal }: { signal: AbortSignal }): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(LOOK_MS, { signal })
      await this.look()
    }
  }

  /** Looks at all partitions; to be called about once a second. Never rejects but for a defect. */
  async look(): Promise<void> {
    const due = this.#findDue()
    if (due.length === 0 || this.#isAsking) return
    this.#isAsking = true
    try {
      await this.#tell(due.slice(0, ASKED_MAX))
    } catch (error) {
      // The source does not say: it is asked again at the next look.
      if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
    } finally {
      this.#isAsking = false
    }
  }

  #findDue(): MirroredPartition[] {
    const { clock, hangingMs, partitions } = this.#deps
    const nowMs = clock.monotonic()
    const due: MirroredPartition[] = []
    for (const partition of partitions()) {
      const { lastStableOffset: offset, highWatermark } = partition
      const known = this.#since.get(partition)
      if (offset < 0 || offset >= highWatermark) {
        if (known !== undefined) this.#forget(partition)
      } else if (known?.offset !== offset) {
        this.#forget(partition)
        this.#since.set(partition, { offset, sinceMs: nowMs, tellAtMs: nowMs + hangingMs })
      } else if (nowMs >= known.tellAtMs) due.push(partition)
    }
    return due
  }

  #forget(partition: MirroredPartition): void {
    this.#since.delete(partition)
    partition.heldUpBy = null
  }

  async #tell(partitions: readonly MirroredPartition[]): Promise<void> {
    const { clock, hangingMs, say } = this.#deps
    const found = await this.#deps.openTransactions(partitions)
    for (const partition of partitions) {
      const known = this.#since.get(partition)
      const oldest = (found.get(partition) ?? []).toSorted((one, other) => one.startOffset - other.startOffset)[0]
      if (known === undefined || oldest === undefined || known.offset !== partition.lastStableOffset) continue
      const transactionalId = (await this.#deps.transactionalIdOf(oldest.producerId)) ?? 'not visible to us'
      const { sourceTopic: topic, partition: index } = partition
      const { producerId, producerEpoch, startOffset } = oldest
      const seconds = Math.round((clock.monotonic() - known.sinceMs) / 1000)
      const lastWrittenAt = dateOf(oldest.lastTimestamp)
      const producer = { producerId, producerEpoch, startOffset, transactionalId, lastWrittenAt }
      say('SourceTransactionHanging', { topic, partition: index, seconds, ...producer })
      known.tellAtMs = clock.monotonic() + REPEATED_AFTER * hangingMs
      partition.heldUpBy = `a transaction of producer ${producerId} (epoch ${producerEpoch}, transactional id ${transactionalId}) that is open since offset ${startOffset}`
    }
  }
}

function dateOf(timestamp: bigint): string {
  const date = new Date(Number(timestamp))
  return timestamp < 0n || Number.isNaN(date.getTime()) ? 'at an unknown time' : date.toISOString()
}
