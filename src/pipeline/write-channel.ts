import type { BrokerConnection } from '../kafka/broker-connection.ts'
import type { ArenaPool, Frame } from '../kafka/frame-arena.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { Notifier } from '../base/notifier.ts'
import { enterWindow } from '../base/trace-window.ts'
import { classify } from '../kafka/kafka-error.ts'
import type { TransactionalProducer } from '../kafka/transactions.ts'
import { sequenceDistance } from '../mirror/run.ts'
import { PRODUCE_VERSIONS, encodeProduceRequest } from '../wire/produce-request.ts'
import type { ProduceTopic, ProduceVersion } from '../wire/produce-request.ts'
import { decodeProduceResponse } from '../wire/produce-response.ts'
import type { ProduceResponse, ProducedPartition } from '../wire/produce-response.ts'
import { forwardBatch, resealBatch } from '../wire/reseal.ts'
import { AckTimeout } from './ack-timeout.ts'
import { pickVersion } from './api-version.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { WriteWindow } from './write-window.ts'
import { Patience } from './patience.ts'
import type { PendingBatch } from './pending-batch.ts'

const PRODUCE_KEY = 0
const REQUEST_TIMED_OUT = 7
const FIRST_FLEXIBLE_VERSION = 9

/** What may wait in our own memory for the kernel to take it, in bytes; more stays in the queues and holds the readers up. */
const UNFLUSHED_BYTES_MAX = 4 * 1024 * 1024
/** Requests that wait for their answers: bounds the bookkeeping, far above what any way needs. */
const REQUESTS_IN_FLIGHT_MAX = 2048

/** What a partition has read is given back, to be read again, when nothing of it can be sent for so long: others wait for the memory. In ms. */
const HELD_UP = { connecting: 300, throttled: 1_000, isolated: 100 }
const PATIENCE = { leastMs: 300, longestMs: 1_000 }

/** A batch in a request, and whose it is. */
export interface SentBatch {
  readonly partition: MirroredPartition
  readonly batch: PendingBatch
}

/** What a channel needs to write in transactions. */
export interface ChannelTransactions {
  readonly producer: TransactionalProducer
  /** A batch of the partition is handed to the connection. */
  sent(partition: MirroredPartition, sizeBytes: number): void
}

export interface WriteChannelDependencies {
  readonly cluster: ClusterClient
  readonly arenas: ArenaPool
  readonly clock: Clock
  readonly random: () => number
  /** What a partition may have in flight. */
  readonly windows: { readonly usual: WriteWindow; readonly longWay: WriteWindow }
  readonly isIdempotent: boolean
  /** Writes in transactions; null: it does not. */
  readonly transactions: ChannelTransactions | null
  readonly maxRequestBytes: number
  readonly requestTimeoutMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  /** False: it is not known whether all this is still ours to write. */
  mayWrite(): boolean
  /** The target answered for a batch; called in the order in which a partition's batches were sent. */
  onAnswered(sent: SentBatch, produced: ProducedPartition): void
  /** Nobody knows whether these batches arrived. */
  onLost(sent: readonly SentBatch[], error: unknown): void
  /** Something of ours threw while an answer was taken in. */
  onDefect(error: unknown): void
  /** The broker asks us to wait, because of a quota. */
  onThrottled(ms: number): void
  onConnectionFailed(nodeId: number, error: unknown): void
  onConnectionOpened(nodeId: number): void
}

/**
 * One connection to one target broker, and the partitions that are written over it: a partition's batches all go over one channel, in order.
 * A request holds at most one batch of each partition (the broker takes no more) and goes out as soon as there is one; requests are pipelined.
 */
export class WriteChannel {
  readonly nodeId: number
  readonly isShared: boolean
  readonly #deps: WriteChannelDependencies
  readonly #ackTimeout: AckTimeout
  readonly #patience = new Patience(PATIENCE)
  /** Partitions whose head of queue may be sendable, in turn. */
  readonly #ready = new Set<MirroredPartition>()
  readonly #changed = new Notifier()
  readonly #requests = new Set<readonly SentBatch[]>()
  #connection: BrokerConnection | null = null
  #version: ProduceVersion = PRODUCE_VERSIONS[0]
  #throttledUntilMs = 0
  #isWanted = false
  /** Monotonic ms since when something waits for a connection; null: nothing does, or there is one. */
  #waitingSinceMs: number | null = null
  /** Monotonic ms of the last answer, or of the first request after all were answered. */
  #answeredAtMs = 0
  /** Monotonic ms at which the kernel last took something, or something was first handed to it. */
  #flushedAtMs = 0

  constructor(nodeId: number, isShared: boolean, dependencies: WriteChannelDependencies) {
    this.nodeId = nodeId
    this.isShared = isShared
    this.#deps = dependencies
    this.#ackTimeout = new AckTimeout(dependencies.requestTimeoutMs, isShared)
  }

  /** For how long nothing can be sent, in ms: something waits for a connection, or the broker asked us to wait. */
  blockedForMs(): number {
    const nowMs = this.#deps.clock.monotonic()
    if (this.#waitingSinceMs !== null) return nowMs - this.#waitingSinceMs
    return Math.max(0, this.#throttledUntilMs - nowMs)
  }

  /** Whether what waits of the partition waits for longer than others are to wait with it. */
  isHeldUp({ inFlight, isIsolated }: MirroredPartition): boolean {
    const nowMs = this.#deps.clock.monotonic()
    if (this.#waitingSinceMs !== null && nowMs - this.#waitingSinceMs > HELD_UP.connecting) return true
    if (this.#throttledUntilMs - nowMs > HELD_UP.throttled) return true
    const oldest = inFlight.first()
    const patienceMs = isIsolated ? HELD_UP.isolated : this.#patience.currentMs
    return oldest !== undefined && nowMs - oldest.sentAtMs > patienceMs
  }

  /** For how long the kernel has taken nothing of what it was handed, in ms: the broker does not read. */
  stuckForMs(): number {
    const isFull = this.#connection !== null && this.#connection.unflushedBytes > 0
    return isFull ? this.#deps.clock.monotonic() - this.#flushedAtMs : 0
  }

  /** How long the broker has let the oldest request wait, in ms. */
  unansweredForMs(): number {
    return this.#requests.size === 0 ? 0 : this.#deps.clock.monotonic() - this.#answeredAtMs
  }

  /** The partition may have something to send; `pump` sends it. */
  offer(partition: MirroredPartition): void {
    this.#ready.add(partition)
    this.#awaitConnection()
  }

  withdraw(partition: MirroredPartition): void {
    this.#ready.delete(partition)
  }

  /** A connection is wanted although nothing is queued: partitions wait for the broker to come back. */
  want(): void {
    this.#isWanted = true
    this.#awaitConnection()
  }

  #awaitConnection(): void {
    if (this.#connection !== null) return
    this.#waitingSinceMs ??= this.#deps.clock.monotonic()
    this.#changed.notify()
  }

  /** Gives the connection up: what is in flight is lost, and a new one is opened when there is something to send. @param reason   for people */
  async abandon(reason: string): Promise<void> {
    await this.#connection?.end(reason)
  }

  /** Keeps a connection open, as long as there is something to send, until the signal. */
  async run({ signal }: { signal: AbortSignal }): Promise<void> {
    const { clock, reconnectBackoffMs, reconnectBackoffMaxMs, random } = this.#deps
    const backoff = createBackoff(reconnectBackoffMs, reconnectBackoffMaxMs, random)
    while (!signal.aborted) {
      try {
        while (this.#ready.size === 0 && !this.#isWanted) await this.#changed.wait({ signal })
        await this.#holdConnection(signal)
        backoff.reset()
      } catch (error) {
        if (signal.aborted) return
        if (classify(error).kind === 'defect') throw error
        this.#deps.onConnectionFailed(this.nodeId, error)
        await clock.sleep(backoff.next(), { signal }).catch(() => {})
      }
    }
  }

  async #holdConnection(signal: AbortSignal): Promise<void> {
    const { cluster, arenas } = this.#deps
    this.#isWanted = false
    await using connection = await cluster.openDataConnection(this.nodeId, 'write', { signal, arenas })
    this.#version = pickVersion(connection, PRODUCE_KEY, 'Produce', PRODUCE_VERSIONS)
    const stop = (): void => void connection[Symbol.asyncDispose]()
    signal.addEventListener('abort', stop, { once: true })
    try {
      this.#connection = connection
      this.#waitingSinceMs = null
      this.#deps.onConnectionOpened(this.nodeId)
      this.pump()
      await connection.closed
    } finally {
      this.#connection = null
      signal.removeEventListener('abort', stop)
    }
  }

  /** Sends what can be sent now. */
  pump(): void {
    const connection = this.#connection
    if (connection === null || !connection.isOpen) return
    while (this.#ready.size > 0 && this.#mayAsk(connection)) {
      const sent = this.#takeBatches()
      if (sent.length === 0) return
      this.#send(connection, sent)
    }
  }

  #mayAsk(connection: BrokerConnection): boolean {
    return (
      connection.unflushedBytes < UNFLUSHED_BYTES_MAX &&
      this.#requests.size < REQUESTS_IN_FLIGHT_MAX &&
      this.#deps.mayWrite() &&
      this.#deps.clock.monotonic() >= this.#throttledUntilMs
    )
  }

  /** One batch of each ready partition, as far as they fit a request; who was served goes to the end of the row. */
  #takeBatches(): SentBatch[] {
    const { windows, maxRequestBytes, clock } = this.#deps
    const window = this.#ackTimeout.isLongWay ? windows.longWay : windows.usual
    const sent: SentBatch[] = []
    const nowMs = clock.monotonic()
    let sizeBytes = 0
    for (const partition of this.#ready) {
      if (!partition.canSend(window)) {
        this.#ready.delete(partition)
        continue
      }
      const size = partition.queue.first()?.size ?? 0
      if (sent.length > 0 && sizeBytes + size > maxRequestBytes) break
      const batch = partition.moveToFlight(nowMs)
      if (batch === undefined) continue
      this.#seal(partition, batch)
      sizeBytes += size
      sent.push({ partition, batch })
    }
    for (const { partition } of sent) {
      this.#ready.delete(partition)
      this.#ready.add(partition)
    }
    return sent
  }

  #seal(partition: MirroredPartition, batch: PendingBatch): void {
    const { bytes } = batch.memory
    if (batch.handling === 'forwarded') {
      forwardBatch(bytes, batch.at)
      return
    }
    const { transactions, isIdempotent } = this.#deps
    const identity = transactions?.producer ?? partition.identity
    const firstSequence = transactions === null ? (partition.identity?.firstSequence ?? 0) : 0
    const isOurs = isIdempotent && identity !== null
    resealBatch(bytes, batch.at, batch.size, {
      producerId: isOurs ? identity.producerId : -1n,
      producerEpoch: isOurs ? identity.producerEpoch : -1,
      baseSequence: isOurs ? sequenceDistance(firstSequence, batch.sequence) : -1,
      isTransactional: transactions !== null,
      verify: false,
    })
    transactions?.sent(partition, batch.size)
  }

  #send(connection: BrokerConnection, sent: readonly SentBatch[]): void {
    const isFlexible = this.#version >= FIRST_FLEXIBLE_VERSION
    const timeoutMs = this.#ackTimeout.currentMs
    const { chunks } = encodeProduceRequest(this.#version, {
      transactionalId: this.#deps.transactions?.producer.transactionalId ?? null,
      acks: -1,
      timeoutMs,
      topics: topicsOf(sent),
    })
    const sentAtMs = this.#deps.clock.monotonic()
    if (this.#requests.size === 0) this.#answeredAtMs = sentAtMs
    if (connection.unflushedBytes === 0) this.#flushedAtMs = sentAtMs
    this.#requests.add(sent)
    let isFlushed = false
    const onFlushed = (): void => {
      if (isFlushed) return
      isFlushed = true
      this.#flushedAtMs = this.#deps.clock.monotonic()
      for (const { batch } of sent) batch.memory.drop()
      this.pump()
    }
    const flexible = { request: isFlexible, response: isFlexible }
    const options = { timeoutMs: timeoutMs + this.#deps.requestTimeoutMs, onFlushed }
    connection
      .request(PRODUCE_KEY, this.#version, flexible, chunks, options)
      .then((frame) => this.#answered(sent, frame, sentAtMs))
      .catch((error: unknown) => this.#lost(sent, error))
      .finally(onFlushed)
  }

  #answered(sent: readonly SentBatch[], frame: Frame, sentAtMs: number): void {
    enterWindow('appended-unacknowledged')
    const { throttleTimeMs, partitions } = this.#decode(frame)
    const nowMs = this.#deps.clock.monotonic()
    this.#requests.delete(sent)
    // The broker took this request up when it had answered the one before; what it gave up waiting for says nothing about what is usual.
    const isTimedOut = partitions.some(({ errorCode }) => errorCode === REQUEST_TIMED_OUT)
    if (!isTimedOut) {
      this.#ackTimeout.acknowledged(nowMs - Math.max(sentAtMs, this.#answeredAtMs), nowMs - sentAtMs)
      this.#patience.took(sentAtMs, nowMs)
    }
    this.#answeredAtMs = nowMs
    if (throttleTimeMs > 0) this.#throttle(throttleTimeMs)
    const lost: SentBatch[] = []
    sent.forEach((one, index) => {
      const produced = answerFor(one, partitions, index)
      if (produced === undefined) lost.push(one)
      else this.#deps.onAnswered(one, produced)
    })
    if (lost.length > 0) this.#deps.onLost(lost, new Error('the answer does not name the partition'))
    if (isTimedOut && this.isShared && this.#hasInFlight(sent, partitions))
      void this.abandon('the broker waits for a slow partition, the others go on over a new connection')
    else this.pump()
  }

  /**
   * Whether a partition that was not acknowledged in time has more on its way over this connection. The broker takes one request at a time, so it would let all
   * partitions wait as long again for each of them: they are better off on a new connection, although each has to look first how far it came.
   */
  #hasInFlight(sent: readonly SentBatch[], partitions: readonly ProducedPartition[]): boolean {
    const slow = sent.filter((one, index) => answerFor(one, partitions, index)?.errorCode === REQUEST_TIMED_OUT)
    return slow.some(({ partition }) => partition.inFlight.length > 0)
  }

  #decode(frame: Frame): ProduceResponse {
    try {
      return decodeProduceResponse(this.#version, frame.bytes, frame.bodyStart)
    } finally {
      frame.release()
    }
  }

  #lost(sent: readonly SentBatch[], error: unknown): void {
    if (!this.#requests.delete(sent)) {
      this.#deps.onDefect(error)
      return
    }
    void this.abandon('what was sent over it is lost')
    this.#deps.onLost(sent, error)
  }

  #throttle(throttleMs: number): void {
    this.#deps.onThrottled(throttleMs)
    this.#throttledUntilMs = this.#deps.clock.monotonic() + throttleMs
    setTimeout(() => this.pump(), throttleMs + 1).unref()
  }
}

function topicsOf(sent: readonly SentBatch[]): ProduceTopic[] {
  const topics = new Map<string, { topic: string; partitions: ProduceTopic['partitions'][number][] }>()
  for (const { partition, batch } of sent) {
    let topic = topics.get(partition.targetTopic)
    if (topic === undefined) {
      topic = { topic: partition.targetTopic, partitions: [] }
      topics.set(partition.targetTopic, topic)
    }
    const { bytes } = batch.memory
    topic.partitions.push({ partition: partition.partition, bytes, start: batch.at, end: batch.at + batch.size })
  }
  return [...topics.values()]
}

/** Brokers answer in the order of the request nearly always; the index is only a guess. */
function answerFor(
  sent: SentBatch,
  partitions: readonly ProducedPartition[],
  index: number,
): ProducedPartition | undefined {
  const matches = (produced: ProducedPartition): boolean =>
    produced.partition === sent.partition.partition && produced.topic === sent.partition.targetTopic
  const guess = partitions[index]
  return guess !== undefined && matches(guess) ? guess : partitions.find(matches)
}
