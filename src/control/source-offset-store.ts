import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { SourceOffset, SourceOffsetOwner } from '../mirror/source-offset-record.ts'
import {
  encodeSourceOffsetKey,
  encodeSourceOffsetValue,
  partitionForKey,
  readSourceOffset,
} from '../mirror/source-offset-record.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { FencingProducer } from '../kafka/fencing-producer.ts'
import type { PositionsSettings } from '../mirror/flow-plan.ts'
import { openInternalTopic } from './internal-topic.ts'
import type { InternalRecord, ReadInternalRecord, RecordLog } from './record-log.ts'

export interface SourceOffsetOptions extends Pick<
  PositionsSettings,
  'offsetsTopic' | 'partitionsCount' | 'replicationFactor' | 'topicConfigs'
> {
  readonly owner: SourceOffsetOwner
}

interface StoredOffset {
  /** Null: forgotten by a tombstone. */
  readonly lastCopiedOffset: number | null
  readonly isCanonical: boolean
  readonly timestamp: number
}

/** A record of the offsets topic that makes no sense; Kafka Connect would pass over it too. */
export interface UnreadableSourceOffset {
  readonly partition: number
  readonly offset: number
  readonly reason: string
}

/**
 * The positions of one flow where Kafka Connect keeps them, so that twinlog and MirrorMaker 2 can take over from each other.
 * What is stored is the offset of the last copied record; copying goes on at the next one.
 * Source: KafkaOffsetBackingStore, MirrorSourceTask.initializeConsumer.
 */
export class SourceOffsetStore {
  readonly #log: RecordLog
  readonly #owner: SourceOffsetOwner
  readonly #offsets = new Map<string, StoredOffset>()
  readonly #unreadable: UnreadableSourceOffset[] = []

  private constructor(log: RecordLog, owner: SourceOffsetOwner) {
    this.#log = log
    this.#owner = owner
  }

  /**
   * Opens the offsets topic on the target, creating it (compacted) where it is missing, and reads it whole.
   * @throws INTERNAL_TOPIC_NOT_COMPACTED, INTERNAL_TOPIC_MISSING, KAFKA_* and connection errors
   */
  static async open(
    target: ClusterClient,
    options: SourceOffsetOptions,
    { signal, producer = null }: { signal: AbortSignal; producer?: FencingProducer | null },
  ): Promise<SourceOffsetStore> {
    const { offsetsTopic: topic, partitionsCount, replicationFactor, topicConfigs: configs } = options
    const log = await openInternalTopic(
      target,
      { topic, partitionsCount, replicationFactor, configs },
      { signal, producer },
    )
    return SourceOffsetStore.load(log, options.owner, { signal })
  }

  /** Reads the whole topic. Memory: one number for each partition that has a position. */
  static async load(
    log: RecordLog,
    owner: SourceOffsetOwner,
    { signal }: { signal: AbortSignal },
  ): Promise<SourceOffsetStore> {
    const store = new SourceOffsetStore(log, owner)
    await log.read((record) => store.#take(record), { signal })
    return store
  }

  /** Records that were passed over because they could not be read. */
  get unreadable(): readonly UnreadableSourceOffset[] {
    return this.#unreadable
  }

  /** @returns the offset of the last copied record, as stored; null when none is */
  find(topic: string, partition: number): number | null {
    return this.#offsets.get(topicPartitionKey(topic, partition))?.lastCopiedOffset ?? null
  }

  /** @returns where copying goes on: the offset after the last copied one; null when none is stored */
  nextOffset(topic: string, partition: number): number | null {
    const lastCopiedOffset = this.find(topic, partition)
    return lastCopiedOffset === null ? null : lastCopiedOffset + 1
  }

  /**
   * @param entries one for each partition at most
   * @throws SOURCE_OFFSETS_WRITE_FAILED when they are not known to be durable, or the signal's reason
   */
  async write(entries: readonly SourceOffset[], { signal }: { signal: AbortSignal }): Promise<void> {
    if (entries.length === 0) return
    try {
      await this.#log.append(this.recordsOf(entries), { signal })
    } catch (cause) {
      signal.throwIfAborted()
      if (cause instanceof TwinlogError && cause.action === 'fence') throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      const { topic: offsetsTopic, cluster } = this.#log
      throw errors.SOURCE_OFFSETS_WRITE_FAILED({ count: entries.length, offsetsTopic, cluster, reason }, { cause })
    }
    for (const { topic, partition, lastCopiedOffset } of entries) {
      this.#offsets.set(topicPartitionKey(topic, partition), {
        lastCopiedOffset,
        isCanonical: true,
        timestamp: Infinity,
      })
    }
  }

  /** The records by which positions are stored, for who writes them himself (in a transaction). */
  recordsOf(entries: readonly SourceOffset[]): (InternalRecord & { readonly key: Buffer })[] {
    return entries.map((entry) => {
      const key = encodeSourceOffsetKey(this.#owner, entry)
      const partition = partitionForKey(key, this.#log.partitionCount)
      return { partition, key, value: encodeSourceOffsetValue(entry.lastCopiedOffset) }
    })
  }

  #take(record: ReadInternalRecord): void {
    const reading = readSourceOffset(this.#owner, record.key, record.value)
    if (reading.kind === 'foreign') return
    if (reading.kind === 'unreadable') {
      this.#unreadable.push({ partition: record.partition, offset: record.offset, reason: reading.reason })
      return
    }
    const key = topicPartitionKey(reading.topic, reading.partition)
    const { lastCopiedOffset, isCanonical } = reading
    const found = { lastCopiedOffset, isCanonical, timestamp: record.timestamp }
    const known = this.#offsets.get(key)
    if (known === undefined || isNewer(found, known)) this.#offsets.set(key, found)
  }
}

/**
 * The bytes that Java looks up win over others of the same meaning, written by hand or by another tool. Records of one key come in
 * their order; records of different keys may lie in different partitions, where only the time can tell.
 */
function isNewer(found: StoredOffset, known: StoredOffset): boolean {
  if (found.isCanonical !== known.isCanonical) return found.isCanonical
  return found.isCanonical || found.timestamp >= known.timestamp
}
