import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import { abortable } from '../kafka/abortable.ts'
import type { BrokerConnection } from '../kafka/broker-connection.ts'
import { classify, kafkaError } from '../kafka/kafka-error.ts'
import { fetchPartition } from '../pipeline/partition-fetch.ts'
import type { PartitionReply } from '../pipeline/partition-fetch.ts'
import { AbortedTransactions } from '../wire/aborted-transactions.ts'
import { BatchHeader, readBatchHeader } from '../wire/record-batch.ts'
import type { FetchedRecords, RecordSupply } from './record-supply.ts'
import type { SideConnections } from './side-connections.ts'

/** One answer; with the arena that is being filled for the next one, two a side and worker. */
const ANSWER_BYTES = 3.5 * 1024 * 1024
const MAX_WAIT_MS = 500
const ATTEMPTS_MAX = 8
const LEADER_NOT_AVAILABLE = 5
/** At the end of a compacted log there may be no batch any more before the end that was asked for. */
const EMPTY_ANSWERS_MAX = 2

export interface ReadRange {
  readonly topic: string
  readonly partition: number
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly isCommittedOnly: boolean
  /** Most bytes of an answer; absent: what is good for reading a lot. */
  readonly answerBytes?: number
}

/**
 * Reads the batches of one partition from one offset to another. The next answer is asked for as soon as the headers of the last one were walked,
 * so that it comes while that one is compared. Passing troubles are waited out.
 */
export class PartitionReader implements RecordSupply {
  readonly #connections: SideConnections
  readonly #range: ReadRange
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #header = new BatchHeader()
  #connection: { readonly nodeId: number; readonly connection: BrokerConnection } | null = null
  #position: number
  #pending: Promise<PartitionReply | null> | null = null
  #emptyAnswers = 0

  constructor(
    connections: SideConnections,
    range: ReadRange,
    { clock, signal }: { clock: Clock; signal: AbortSignal },
  ) {
    this.#connections = connections
    this.#range = range
    this.#clock = clock
    this.#signal = signal
    this.#position = range.from
  }

  /** @throws RANGE_REMOVED when the log's start has moved beyond the position; KAFKA_* and connection errors that do not pass */
  async next(): Promise<FetchedRecords | null> {
    for (;;) {
      if (this.#position >= this.#range.to || this.#emptyAnswers >= EMPTY_ANSWERS_MAX) return null
      const { frame, fetched } = await this.#reply()
      const { recordsStart, recordsEnd, abortedTransactions } = fetched
      const before = this.#position
      try {
        this.#position = this.#positionAfter(frame.bytes, recordsStart, recordsEnd)
      } catch (error) {
        frame.release()
        throw error
      }
      this.#emptyAnswers = this.#position === before ? this.#emptyAnswers + 1 : 0
      if (this.#position < this.#range.to && this.#emptyAnswers < EMPTY_ANSWERS_MAX) this.#ask()
      if (this.#position > before) {
        const aborted = this.#range.isCommittedOnly ? new AbortedTransactions(abortedTransactions) : null
        return { bytes: frame.bytes, recordsStart, recordsEnd, aborted, release: () => frame.release() }
      }
      frame.release()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [held, pending] = [this.#connection, this.#pending]
    this.#connection = null
    this.#pending = null
    // Not waited for: the answer may take as long as the broker lets us wait.
    const isGivenBack = (pending ?? Promise.resolve(null)).then((reply) => {
      reply?.frame.release()
      if (held !== null) this.#connections.giveBack(held.nodeId, held.connection)
    })
    isGivenBack.catch(() => undefined)
    if (pending === null) await isGivenBack
  }

  async #reply(): Promise<PartitionReply> {
    const { topic, partition } = this.#range
    const { cluster } = this.#connections
    const backoff = createBackoff(cluster.settings.retryBackoffMs, cluster.settings.retryBackoffMaxMs)
    for (;;) {
      try {
        await this.#connect()
        this.#ask()
        const reply = await abortable(this.#pending ?? Promise.resolve(null), this.#signal)
        this.#pending = null
        if (reply !== null) return reply
        throw errors.RANGE_REMOVED({ cluster: cluster.alias, topic, partition, offset: this.#position })
      } catch (error) {
        this.#signal.throwIfAborted()
        this.#pending = null
        const { action } = classify(error)
        if ((action !== 'retry' && action !== 'refresh-metadata') || backoff.attempts >= ATTEMPTS_MAX) throw error
        if (this.#connection !== null) this.#connections.giveBack(this.#connection.nodeId, this.#connection.connection)
        this.#connection = null
        await this.#clock.sleep(backoff.next(), { signal: this.#signal })
        await cluster.refreshMetadata({ signal: this.#signal, topics: [topic] })
      }
    }
  }

  async #connect(): Promise<void> {
    if (this.#connection !== null) return
    const { topic, partition } = this.#range
    const { cluster } = this.#connections
    const nodeId = cluster.metadata?.topics.get(topic)?.partitions[partition]?.leader ?? -1
    const api = `Fetch of ${topic}-${partition}`
    if (nodeId < 0) throw kafkaError(LEADER_NOT_AVAILABLE, { cluster: cluster.alias, broker: 'any', api })
    this.#connection = { nodeId, connection: await this.#connections.take(nodeId, { signal: this.#signal }) }
  }

  /** Asks for the next answer unless that was done before. */
  #ask(): void {
    if (this.#connection === null || this.#pending !== null) return
    const { topic, partition, isCommittedOnly } = this.#range
    const pending = fetchPartition(this.#connections.cluster, this.#connection.connection, {
      topic,
      partition,
      offset: this.#position,
      isolationLevel: isCommittedOnly ? 1 : 0,
      maxBytes: this.#range.answerBytes ?? ANSWER_BYTES,
      minBytes: 1,
      maxWaitMs: MAX_WAIT_MS,
    })
    // Whoever waits for it is told.
    pending.catch(() => undefined)
    this.#pending = pending
  }

  #positionAfter(bytes: Buffer, start: number, end: number): number {
    let position = this.#position
    for (let at = start; at < end; at += this.#header.size) {
      if (readBatchHeader(bytes, at, end, this.#header) === 'truncated') break
      position = Math.max(position, this.#header.lastOffset + 1)
    }
    return position
  }
}
