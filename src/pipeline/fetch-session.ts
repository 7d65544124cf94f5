import type { FetchPartition, FetchRequest, FetchTopic, ForgottenTopic } from '../wire/fetch-request.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

/** What a fetch session does not decide itself. */
export interface FetchLimits {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly isolationLevel: 0 | 1
  readonly rackId: string
}

/** What has to be known of a partition to ask for it. */
interface SessionEntry {
  readonly partition: MirroredPartition
  readonly topicId: Buffer
  currentLeaderEpoch: number
  /** The partition's generation when it was last asked for: an answer to an older one is not taken in. */
  generation: number
  isInSession: boolean
}

const INITIAL_EPOCH = 0
const EPOCH_MODULUS = 2 ** 31

/**
 * An incremental fetch session with one broker (KIP-227, Kafka's FetchSessionHandler): after the first answer a request names only what changed.
 * A broker may refuse a session (session id 0): then every request is a full one, which is normal.
 */
export class FetchSession {
  readonly #limits: FetchLimits
  readonly #entries = new Map<MirroredPartition, SessionEntry>()
  /** Entries whose part of the request changed since it was last sent; in the order in which they are asked for. */
  readonly #changed = new Set<SessionEntry>()
  readonly #forgotten = new Set<SessionEntry>()
  #sessionId = 0
  #epoch = INITIAL_EPOCH

  constructor(limits: FetchLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  /** Asks for the partition from now on. */
  add(partition: MirroredPartition, topicId: Buffer, currentLeaderEpoch: number): void {
    const entry = { partition, topicId, currentLeaderEpoch, generation: -1, isInSession: false }
    this.remove(partition)
    this.#entries.set(partition, entry)
    this.#changed.add(entry)
  }

  /** No longer asks for it. An answer under way is not taken in. */
  remove(partition: MirroredPartition): void {
    const entry = this.#entries.get(partition)
    if (entry === undefined) return
    this.#entries.delete(partition)
    this.#changed.delete(entry)
    if (entry.isInSession) this.#forgotten.add(entry)
  }

  /** The partition's reading position moved. */
  touch(partition: MirroredPartition): void {
    const entry = this.#entries.get(partition)
    if (entry === undefined) return
    this.#changed.add(entry)
    if (this.#sessionId !== 0) return
    // Without a session nobody but we turn the order, and only the first partition with data gets a batch larger than it asked for.
    this.#entries.delete(partition)
    this.#entries.set(partition, entry)
  }

  /** Whether an answer about the partition belongs to what was last asked. */
  isCurrent(partition: MirroredPartition): boolean {
    return this.#entries.get(partition)?.generation === partition.generation
  }

  /** After a lost connection or a session error: the next request is a full one, for a new session. */
  reset(): void {
    this.#sessionId = 0
    this.#epoch = INITIAL_EPOCH
    this.#forgotten.clear()
    this.#changed.clear()
    for (const entry of this.#entries.values()) {
      entry.isInSession = false
      this.#changed.add(entry)
    }
  }

  /**
   * @param maxBytes            of the whole answer; its first batch comes whole, however large
   * @param partitionMaxBytes   of one partition
   * @param maxWaitMs           less than usual, where the next request should not wait for long
   */
  nextRequest(maxBytes: number, partitionMaxBytes: number, maxWaitMs = this.#limits.maxWaitMs): FetchRequest {
    const isFull = this.#sessionId === 0
    const topics = new Map<string, { topic: string; topicId: Buffer; partitions: FetchPartition[] }>()
    for (const entry of isFull ? this.#entries.values() : this.#changed) {
      const { partition } = entry
      entry.generation = partition.generation
      entry.isInSession = true
      // By id, because a topic of the same name may be another one; the old one is then forgotten in the same request.
      const key = `${partition.sourceTopic}/${entry.topicId.toString('latin1')}`
      let topic = topics.get(key)
      if (topic === undefined) {
        topic = { topic: partition.sourceTopic, topicId: entry.topicId, partitions: [] }
        topics.set(key, topic)
      }
      topic.partitions.push({
        partition: partition.partition,
        currentLeaderEpoch: entry.currentLeaderEpoch,
        fetchOffset: partition.fetchOffset,
        lastFetchedEpoch: partition.lastFetchedEpoch,
        partitionMaxBytes,
      })
    }
    const request: FetchRequest = {
      ...this.#limits,
      maxWaitMs,
      maxBytes,
      sessionId: this.#sessionId,
      sessionEpoch: this.#epoch,
      topics: [...topics.values()] satisfies FetchTopic[],
      forgottenTopics: isFull ? [] : this.#forgottenTopics(),
    }
    this.#changed.clear()
    this.#forgotten.clear()
    return request
  }

  /** Takes in the session id of a good answer. */
  accept(sessionId: number): void {
    if (sessionId === 0) {
      this.reset()
      return
    }
    this.#sessionId = sessionId
    this.#epoch = this.#epoch === EPOCH_MODULUS - 1 ? 1 : this.#epoch + 1
  }

  #forgottenTopics(): ForgottenTopic[] {
    const topics = new Map<string, { topic: string; topicId: Buffer; partitions: number[] }>()
    for (const entry of this.#forgotten) {
      // Asked for again meanwhile, as the same topic: then naming it anew is enough.
      const again = this.#entries.get(entry.partition)
      if (again !== undefined && again.topicId.equals(entry.topicId)) continue
      const key = `${entry.partition.sourceTopic}/${entry.topicId.toString('latin1')}`
      const topic = topics.get(key)
      if (topic === undefined) {
        const { sourceTopic, partition } = entry.partition
        topics.set(key, { topic: sourceTopic, topicId: entry.topicId, partitions: [partition] })
      } else {
        topic.partitions.push(entry.partition.partition)
      }
    }
    return [...topics.values()]
  }
}
