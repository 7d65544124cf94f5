import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { systemClock } from '../base/clock.ts'
import { assert } from '../base/assert.ts'
import { errors } from '../base/errors.ts'
import { initProducerId } from './admin.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { FencingProducer } from './fencing-producer.ts'
import { classify, kafkaError, kafkaErrorName } from './kafka-error.ts'
import { appendToStore } from './store-append.ts'
import { batchesByPartition } from './store-batch.ts'
import type { RecordToWrite, SequencedBatch } from './store-batch.ts'
import type { ProducerIdentity } from './transactions.ts'

const sequenceLimit = 2 ** 31
const attemptsMax = 20
/** Brokers look for forgotten producers as often (producer.id.expiration.check.interval.ms). */
const IDLE_MS = 600_000

/** After these the leader no longer goes by our sequences: another identity starts over. */
const identityLost: ReadonlySet<number> = new Set([
  45, // OUT_OF_ORDER_SEQUENCE_NUMBER
  47, // INVALID_PRODUCER_EPOCH
  49, // INVALID_PRODUCER_ID_MAPPING
  59, // UNKNOWN_PRODUCER_ID
])
const invalidProducerEpoch = 47

/**
 * Writes small amounts into one topic, idempotently and with acks=all: for internal topics, not for the data path.
 * Calls wait for each other, so that one partition has one batch under way, and its order is the order of calls.
 * With another identity (see identityLost) a record may be written twice: compacted topics do not mind.
 *
 * With a `producer` it writes under a transactional id, and ends for good when another process has taken that over: it takes no new identity then, which
 * would defeat the fence.
 */
export class TopicWriter {
  readonly #cluster: ClusterClient
  readonly #topic: string
  readonly #clock: Clock
  readonly #producer: FencingProducer | null
  #identity: ProducerIdentity | null = null
  /** The last one that was used up; a raised epoch of the same id begins anew. */
  #spent: ProducerIdentity | null = null
  #usedAtMs = 0
  readonly #sequences = new Map<number, number>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    cluster: ClusterClient,
    topic: string,
    {
      clock = systemClock,
      producer = null,
    }: { readonly clock?: Clock; readonly producer?: FencingProducer | null } = {},
  ) {
    this.#producer = producer
    this.#cluster = cluster
    this.#topic = topic
    this.#clock = clock
  }

  /**
   * Resolves when all records are on all in-sync replicas.
   * @throws STORE_FENCED, PRODUCER_REPLACED: another process writes here now; KAFKA_*, connection errors, after several attempts; some of the records may
   *         then be written
   */
  write(records: readonly RecordToWrite[], { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const done = this.#last.then(() => this.#writeAll(records, signal))
    this.#last = done.catch(() => {
      // Whether the leader took the last sequences is not known: later records start over with another identity.
      this.#giveUpIdentity()
    })
    return done
  }

  async #writeAll(records: readonly RecordToWrite[], signal: AbortSignal): Promise<void> {
    const queues = batchesByPartition(records)
    // One batch a partition at a time, all partitions together: as a rule that is one round.
    for (let round = 0; ; round++) {
      const batches = [...queues].flatMap(([partition, queue]) => {
        const batch = queue[round]
        return batch === undefined ? [] : [{ partition, records: batch }]
      })
      if (batches.length === 0) return
      await this.#writeRound(batches, signal)
    }
  }

  async #writeRound(batches: readonly { partition: number; records: readonly RecordToWrite[] }[], signal: AbortSignal) {
    const { retryBackoffMs, retryBackoffMaxMs } = this.#cluster.settings
    const backoff = createBackoff(retryBackoffMs, Math.max(retryBackoffMs, retryBackoffMaxMs))
    const timestamp = BigInt(this.#clock.now())
    const isKnown = batches.every(({ partition }) => this.#leader(partition) >= 0)
    if (!isKnown) await this.#cluster.refreshMetadata({ signal, topics: [this.#topic] })
    let open = await this.#sequence(batches, timestamp, signal)
    while (open.length > 0) {
      const failures = await this.#send(open, signal)
      const last = failures[0]
      if (last === undefined) return
      if (backoff.attempts >= attemptsMax) throw last.error
      const isLost = failures.some(({ identityIsLost }) => identityIsLost)
      if (isLost) this.#giveUpIdentity()
      await this.#clock.sleep(backoff.next(), { signal })
      await this.#cluster.refreshMetadata({ signal, topics: [this.#topic] })
      open = isLost
        ? await this.#sequence(
            failures.map(({ batch }) => batch),
            timestamp,
            signal,
          )
        : failures.map(({ batch }) => batch)
    }
  }

  /** Fixes the sequences of batches; from here on they are sent until they are written. */
  async #sequence(
    batches: readonly { partition: number; records: readonly RecordToWrite[] }[],
    timestamp: bigint,
    signal: AbortSignal,
  ): Promise<readonly SequencedBatch[]> {
    // A broker forgets an idle producer in time, and with it that another one has the id: so we ask whether it is still ours.
    if (this.#producer !== null && this.#clock.monotonic() - this.#usedAtMs > IDLE_MS) this.#giveUpIdentity()
    if (this.#identity === null) {
      this.#identity = await this.#newIdentity(signal)
      this.#sequences.clear()
    }
    this.#usedAtMs = this.#clock.monotonic()
    return batches.map(({ partition, records }) => {
      const sequence = this.#sequences.get(partition) ?? 0
      this.#sequences.set(partition, (sequence + records.length) % sequenceLimit)
      return { partition, records, timestamp, sequence }
    })
  }

  #giveUpIdentity(): void {
    this.#spent = this.#identity ?? this.#spent
    this.#identity = null
  }

  async #newIdentity(signal: AbortSignal): Promise<ProducerIdentity> {
    const taken = (await this.#producer?.take({ signal })) ?? null
    if (this.#producer === null || taken === null) return initProducerId(this.#cluster, { signal })
    const isSpent = this.#spent !== null && this.#spent.producerEpoch >= taken.producerEpoch
    return isSpent ? ((await this.#producer.renew({ signal })) ?? taken) : taken
  }

  /** @returns the batches that are not written yet, each with its reason; throws what another attempt would not mend */
  async #send(batches: readonly SequencedBatch[], signal: AbortSignal) {
    const groups = Map.groupBy(batches, ({ partition }) => this.#leader(partition))
    const failures = await Promise.all([...groups].map(([nodeId, group]) => this.#sendGroup(nodeId, group, signal)))
    return failures.flat()
  }

  async #sendGroup(nodeId: number, batches: readonly SequencedBatch[], signal: AbortSignal) {
    const failAll = (error: unknown) => batches.map((batch) => ({ batch, error, identityIsLost: false }))
    const context = { cluster: this.#cluster.alias, broker: String(nodeId), api: `Produce to ${this.#topic}` }
    if (nodeId < 0) return failAll(kafkaError(5, context))
    try {
      return await this.#produce(nodeId, batches, signal)
    } catch (error) {
      signal.throwIfAborted()
      const { action } = classify(error)
      if (action !== 'retry' && action !== 'refresh-metadata') throw error
      return failAll(error)
    }
  }

  async #produce(nodeId: number, batches: readonly SequencedBatch[], signal: AbortSignal) {
    assert(this.#identity !== null, 'a batch has a sequence only with a producer id')
    const topic = this.#topic
    const identity = this.#identity
    const failed = await appendToStore(this.#cluster, { topic, nodeId, identity }, batches, { signal })
    return failed.map(({ batch, errorCode, error }) => {
      if (errorCode === invalidProducerEpoch && this.#producer !== null && this.#producer.refusal === null) {
        const { alias } = this.#cluster
        throw errors.STORE_FENCED({ cluster: alias, topic, error: kafkaErrorName(errorCode) }, { cause: error })
      }
      const identityIsLost = identityLost.has(errorCode)
      if (!identityIsLost && error.action !== 'retry' && error.action !== 'refresh-metadata') throw error
      return { batch, error, identityIsLost }
    })
  }

  #leader(partition: number): number {
    return this.#cluster.metadata?.topics.get(this.#topic)?.partitions[partition]?.leader ?? -1
  }
}
