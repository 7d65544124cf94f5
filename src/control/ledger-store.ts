import { assert } from '../base/assert.ts'
import { createBackoff } from '../base/backoff.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import type { Gap } from '../mirror/gap.ts'
import type { LedgerEntry, LedgerIdentity, LedgerWrite, LedgerWriter } from '../mirror/ledger-entry.ts'
import type { LedgerAppend, LedgerChange } from '../mirror/ledger-partition.ts'
import { LedgerPartition } from '../mirror/ledger-partition.ts'
import type { LedgerScope } from '../mirror/ledger-record.ts'
import { decodeLedgerGap, decodeLedgerKey, encodeLedgerGap, encodeLedgerKey } from '../mirror/ledger-record.ts'
import type { OffsetMap } from '../mirror/offset-map.ts'
import type { AskedOffset } from '../mirror/offset-translation.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { FencingProducer } from '../kafka/fencing-producer.ts'
import { openInternalTopic } from './internal-topic.ts'
import type { ReadInternalRecord, RecordLog } from './record-log.ts'
import { segmentsLimit } from './segments-limit.ts'

/** How long a write waits for brokers that restart or elect a leader before it is said to have failed. */
const RETRY_TIMEOUT_MS = 60_000

export interface LedgerOptions {
  /** `mm2-ledger.<source>.internal` */
  readonly ledgerTopic: string
  /** offset.storage.replication.factor; -1: the broker's default. */
  readonly replicationFactor: number
  /** Kafka's id of the source cluster as it is now; null where the broker does not say. */
  readonly sourceClusterId: string | null
  /** Hash of what decides how records are rewritten: written down with every entry. */
  readonly planHash: bigint
}

/** First offsets of a source partition's log and of its copy's. */
export interface LogStarts extends TopicPartition {
  readonly sourceLogStart: number
  readonly targetLogStart: number
}

interface QueuedWrite {
  readonly writes: readonly LedgerWrite[]
  readonly signal: AbortSignal
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * The ledger of one flow: a compacted topic with one partition on the target (design.md section 5, docs/ledger.md).
 *
 * Invariants (docs/invariants.md):
 * 4. One append at a time; what is asked for meanwhile goes out together with the next, in the order in which it was asked for.
 * 5. The state here changes only when the records are durable. After a failed append the same writes may be tried again, or others: every
 *    head says the whole truth, so what a failed append left behind is overwritten.
 */
export class LedgerStore implements LedgerWriter {
  readonly #log: RecordLog
  readonly #scope: LedgerScope
  readonly #clock: Clock
  readonly #partitions = new Map<string, LedgerPartition>()
  readonly #gaps = new Map<string, Gap>()
  readonly #problems: TwinlogError[] = []
  #queue: QueuedWrite[] = []
  /** Resolves when all that was begun is over. */
  #tail: Promise<void> = Promise.resolve()

  private constructor(log: RecordLog, scope: LedgerScope, clock: Clock) {
    this.#log = log
    this.#scope = scope
    this.#clock = clock
  }

  /**
   * Opens the ledger on the target, creating its topic (compacted, one partition) where it is missing, and reads it whole.
   * @throws INTERNAL_TOPIC_NOT_COMPACTED, INTERNAL_TOPIC_MISSING, KAFKA_* and connection errors
   */
  static async open(
    target: ClusterClient,
    options: LedgerOptions,
    { signal, producer = null }: { signal: AbortSignal; producer?: FencingProducer | null },
  ): Promise<LedgerStore> {
    const { ledgerTopic: topic, replicationFactor, sourceClusterId, planHash } = options
    // One partition: an append is one batch, and records stay in the order of the calls.
    const log = await openInternalTopic(target, { topic, partitionsCount: 1, replicationFactor }, { signal, producer })
    const targetClusterId = target.metadata?.clusterId ?? null
    return LedgerStore.load(log, { sourceClusterId, targetClusterId, planHash }, { signal })
  }

  /**
   * Reads the whole topic. Memory: the records that compaction would keep, packed as they lie there.
   * @param scope the two clusters as they are now: entries written for others are not found
   */
  static async load(
    log: RecordLog,
    scope: LedgerScope,
    { signal, clock = systemClock }: { signal: AbortSignal; clock?: Clock },
  ): Promise<LedgerStore> {
    const store = new LedgerStore(log, scope, clock)
    await log.read((record) => store.#take(record), { signal })
    return store
  }

  /** Records that could not be read and belong to no partition that is known. The others are said by `find`. */
  get problems(): readonly TwinlogError[] {
    return this.#problems
  }

  /**
   * @returns what is written down of a source partition; null when nothing is, or only for other clusters
   * @throws LEDGER_RECORD_CORRUPT, LEDGER_RECORD_TOO_NEW, LEDGER_SEGMENT_MISSING: this partition must not be copied
   *         before a human has decided; others are not concerned
   */
  find(topic: string, partition: number, extent: 'all' | 'newest' = 'all'): LedgerEntry | null {
    return this.#partitions.get(topicPartitionKey(topic, partition))?.readEntry(this.#scope, extent) ?? null
  }

  /** As LedgerPartition.readAround, of a source partition. */
  findAround(topic: string, partition: number, at: AskedOffset): OffsetMap | null {
    return this.#partitions.get(topicPartitionKey(topic, partition))?.readAround(this.#scope, at) ?? null
  }

  /** Every partition that the ledger knows, with its identity; those that cannot be read are left out. */
  *known(): Generator<TopicPartition & { readonly identity: LedgerIdentity }> {
    for (const state of this.#partitions.values()) {
      const identity = identityOf(state)
      if (identity !== null) yield { ...state.partition, identity }
    }
  }

  /**
   * @throws LEDGER_WRITE_FAILED, LEDGER_WRITE_REFUSED when it is not known to be durable: nothing that depends on it may be sent. The signal's
   *         reason when that is aborted before the answer came.
   */
  write(writes: readonly LedgerWrite[], { signal }: { signal: AbortSignal }): Promise<void> {
    if (writes.length === 0) return Promise.resolve()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#queue.push({ writes, signal, resolve, reject })
    void this.#inTurn(() => this.#writeQueued())
    return promise
  }

  /** Writes a gap down. @throws LEDGER_WRITE_FAILED, or the signal's reason */
  async writeGap(gap: Gap, { signal }: { signal: AbortSignal }): Promise<void> {
    const { topic, partition, fromOffset, toOffset } = gap
    const key = encodeLedgerKey({ kind: 'gap', topic, partition, fromOffset, toOffset })
    await this.#inTurn(() => this.#append([[{ key, value: encodeLedgerGap(gap) }]], 1, signal))
    this.#gaps.set(key.toString(), gap)
  }

  /** All gaps that were written down, oldest first. */
  gaps(): readonly Gap[] {
    return [...this.#gaps.values()].sort((one, other) => one.atMs - other.atMs)
  }

  /** Forgets partitions, with tombstones: their source topic is gone. Gaps stay. @throws LEDGER_WRITE_FAILED, or the signal's reason */
  async forget(partitions: readonly TopicPartition[], { signal }: { signal: AbortSignal }): Promise<void> {
    await this.#inTurn(async () => {
      const keys = partitions.map(({ topic, partition }) => topicPartitionKey(topic, partition))
      const states = keys.map((key) => this.#partitions.get(key)).filter((state) => state !== undefined)
      await this.#append(
        states.map((state) => state.planForget().records),
        states.length,
        signal,
      )
      for (const key of keys) this.#partitions.delete(key)
    })
  }

  /** Partitions that have older runs, which may be forgotten some day. */
  *withHistory(): Generator<TopicPartition & { readonly segmentsCount: number }> {
    for (const state of this.#partitions.values()) {
      const segmentsCount = state.segmentsSize.count
      if (segmentsCount > 0) yield { ...state.partition, segmentsCount }
    }
  }

  /**
   * Forgets the runs of which nothing can be asked for any more, and the oldest of the rest if all take more than `maxBytes` of memory; the newest of a
   * partition always stay.
   * @returns segments that were forgotten, and how many of them because of the limit
   * @throws LEDGER_WRITE_FAILED, or the signal's reason: then nothing is forgotten, and it can be tried again
   */
  async trim(
    starts: readonly LogStarts[],
    { signal, maxBytes }: { signal: AbortSignal; maxBytes: number },
  ): Promise<{ readonly trimmedCount: number; readonly droppedCount: number }> {
    let trimmedCount = 0
    let droppedCount = 0
    await this.#inTurn(async () => {
      trimmedCount = await this.#applyAll(
        starts.map(({ topic, partition, sourceLogStart, targetLogStart }) => {
          const state = this.#partitions.get(topicPartitionKey(topic, partition))
          return { state, change: state?.planTrim(sourceLogStart, targetLogStart) ?? null }
        }),
        signal,
      )
    })
    await this.#inTurn(async () => {
      const segmentsMax = segmentsLimit(
        [...this.#partitions.values()].map(({ segmentsSize }) => segmentsSize),
        maxBytes,
      )
      if (segmentsMax === null) return
      const states = [...this.#partitions.values()]
      droppedCount = await this.#applyAll(
        states.map((state) => ({ state, change: state.planLimit(segmentsMax) })),
        signal,
      )
    })
    return { trimmedCount, droppedCount }
  }

  /** @returns how many segments went */
  async #applyAll(
    planned: readonly { readonly state: LedgerPartition | undefined; readonly change: LedgerChange | null }[],
    signal: AbortSignal,
  ): Promise<number> {
    const changes = planned.filter(({ change }) => change !== null)
    if (changes.length === 0) return 0
    await this.#append(
      changes.map(({ change }) => change?.records ?? []),
      changes.length,
      signal,
    )
    let count = 0
    for (const { state, change } of changes) {
      if (state === undefined || change === null) continue
      state.apply(change)
      count += change.removedSegments.length
    }
    return count
  }

  #take({ offset, key, value }: ReadInternalRecord): void {
    const ledgerTopic = this.#log.topic
    try {
      const decodedKey = decodeLedgerKey({ ledgerTopic, offset, key })
      if (decodedKey.kind === 'gap') {
        const text = String(key)
        if (value === null) this.#gaps.delete(text)
        else this.#gaps.set(text, decodeLedgerGap({ ledgerTopic, offset, key, value }, decodedKey))
        return
      }
      // Copied, because the value is a slice of a fetched answer that would stay in memory as a whole.
      const stored = value === null ? null : { offset, value: Buffer.from(value) }
      const { topic, partition } = decodedKey
      const state = this.#stateOf({ topic, partition })
      if (decodedKey.kind === 'head') state.setHead(stored)
      else state.setSegment(decodedKey.segment, stored)
      if (state.isEmpty) this.#partitions.delete(topicPartitionKey(topic, partition))
    } catch (error) {
      if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
      this.#problems.push(error)
    }
  }

  #stateOf(partition: TopicPartition): LedgerPartition {
    const key = topicPartitionKey(partition.topic, partition.partition)
    const known = this.#partitions.get(key)
    if (known !== undefined) return known
    const state = new LedgerPartition(partition, this.#log.topic)
    this.#partitions.set(key, state)
    return state
  }

  /** Runs one task after the other, in the order of the calls. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(task)
    // The next task waits for this one and does not care how it ended: whoever asked for it is told.
    this.#tail = done.catch(() => undefined)
    return done
  }

  /** Never rejects: every write that it takes is told for itself. */
  async #writeQueued(): Promise<void> {
    const group = this.#nextGroup()
    if (group.length === 0) return
    try {
      await this.#writeGroup(group)
      for (const { resolve } of group) resolve()
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }

  /** Neighbours that share a signal go out together: one that is aborted must not take the others with it. */
  #nextGroup(): QueuedWrite[] {
    const signal = this.#queue[0]?.signal
    const end = this.#queue.findIndex((queued) => queued.signal !== signal)
    const group = end < 0 ? this.#queue : this.#queue.slice(0, end)
    this.#queue = end < 0 ? [] : this.#queue.slice(end)
    return group
  }

  async #writeGroup(group: readonly QueuedWrite[]): Promise<void> {
    const signal = group[0]?.signal
    assert(signal !== undefined, 'a group of ledger writes is never empty')
    signal.throwIfAborted()
    const changes: { state: LedgerPartition; change: LedgerChange }[] = []
    for (const write of mergeWrites(group.flatMap(({ writes }) => writes))) {
      const known = this.#partitions.get(topicPartitionKey(write.topic, write.partition))
      const state = known ?? new LedgerPartition({ topic: write.topic, partition: write.partition }, this.#log.topic)
      changes.push({ state, change: state.plan(write, this.#scope) })
    }
    await this.#append(
      changes.map(({ change }) => change.records),
      changes.length,
      signal,
    )
    for (const { state, change } of changes) {
      state.apply(change)
      this.#partitions.set(topicPartitionKey(state.partition.topic, state.partition.partition), state)
    }
  }

  /** Appends the records of so many partitions. */
  async #append(groups: readonly (readonly LedgerAppend[])[], count: number, signal: AbortSignal): Promise<void> {
    const records = groups.flatMap((group) => group.map(({ key, value }) => ({ partition: 0, key, value })))
    try {
      await this.#appendPatiently(records, signal)
    } catch (cause) {
      signal.throwIfAborted()
      if (cause instanceof TwinlogError && cause.action === 'fence') throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      const parameters = { count, ledgerTopic: this.#log.topic, cluster: this.#log.cluster, reason }
      // What waiting cannot mend (no permission, a topic that is gone) stays a reason to stop.
      const isFinal = cause instanceof TwinlogError && cause.action === 'stop'
      throw isFinal
        ? errors.LEDGER_WRITE_REFUSED(parameters, { cause })
        : errors.LEDGER_WRITE_FAILED(parameters, { cause })
    }
  }

  /**
   * Waits out what passes by itself, because a failed write ends the lane with all its partitions. Appending the same records again is
   * harmless: each says the whole truth of its key.
   */
  async #appendPatiently(records: Parameters<RecordLog['append']>[0], signal: AbortSignal): Promise<void> {
    const backoff = createBackoff(100, 1_000)
    const deadlineMs = this.#clock.monotonic() + RETRY_TIMEOUT_MS
    for (;;) {
      try {
        return await this.#log.append(records, { signal })
      } catch (error) {
        signal.throwIfAborted()
        if (!isPassing(error) || this.#clock.monotonic() >= deadlineMs) throw error
        await this.#clock.sleep(backoff.next(), { signal })
      }
    }
  }
}

/** What passes by itself: a broker restarts, a leader moves. */
function isPassing(error: unknown): boolean {
  return error instanceof TwinlogError && (error.action === 'retry' || error.action === 'refresh-metadata')
}

/** One write for each partition: later runs follow earlier ones, and a new identity forgets what came before it. */
function mergeWrites(writes: readonly LedgerWrite[]): LedgerWrite[] {
  const merged = new Map<string, LedgerWrite>()
  for (const write of writes) {
    const key = topicPartitionKey(write.topic, write.partition)
    const before = merged.get(key)
    merged.set(
      key,
      before === undefined || write.replaces
        ? write
        : { ...write, replaces: before.replaces, runs: [...before.runs, ...write.runs] },
    )
  }
  return [...merged.values()]
}

function identityOf(state: LedgerPartition): LedgerIdentity | null {
  try {
    return state.readHead()?.identity ?? null
  } catch {
    // Whoever wants to copy this partition is told by `find`.
    return null
  }
}
