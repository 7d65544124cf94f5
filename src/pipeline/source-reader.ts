import { createBackoff } from '../base/backoff.ts'
import type { ByteBudget } from '../base/byte-budget.ts'
import { Notifier } from '../base/notifier.ts'
import { classify, classifyKafkaError } from '../kafka/kafka-error.ts'
import type { ArenaPool, Frame } from '../kafka/frame-arena.ts'
import type { BrokerConnection } from '../kafka/broker-connection.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { FETCH_VERSIONS, encodeFetchRequest } from '../wire/fetch-request.ts'
import { decodeFetchResponse } from '../wire/fetch-response.ts'
import type { FetchVersion } from '../wire/fetch-request.ts'
import type { FetchResponse, FetchedPartition } from '../wire/fetch-response.ts'
import type { FetchSizer } from './fetch-sizer.ts'
import { FETCH_KEY, FETCH_VERSIONS_BY_NAME, FIRST_FETCH_WITH_TOPIC_IDS, FIRST_FLEXIBLE_FETCH } from './fetch-api.ts'
import { FetchSession } from './fetch-session.ts'
import type { FetchLimits } from './fetch-session.ts'
import { FrameLease } from './frame-lease.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { pickVersion } from './api-version.ts'
import { errors } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'

/** Answers whose batches are not all handed to a target yet, a connection: one being sent, one behind it. */
const ANSWERS_HELD_MAX = 2

/** UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, INCONSISTENT_TOPIC_ID */
const TOPIC_GONE_ERRORS: ReadonlySet<number> = new Set([3, 100, 103])
/** An answer was asked for at most so long ago, beyond what the broker may wait: nearly all that is written is known of. */
const FRESH_MS = 3_000

/** Kafka error codes that end a fetch session: the next request opens a new one. */
const SESSION_ERRORS: ReadonlySet<number> = new Set([70, 71, 106])

/** How long a broker may wait for data while partitions are paused. */
const PAUSED_WAIT_MS = 5

/** By what an answer names a partition, and how it is asked for. */
interface AnswerKeys {
  readonly byId: string
  readonly byName: string
  readonly topicId: Buffer
  readonly currentLeaderEpoch: number
}

export interface SourceReaderDependencies {
  readonly cluster: ClusterClient
  readonly arenas: ArenaPool
  readonly limits: FetchLimits
  readonly sizer: FetchSizer
  /** Shared by the readers of a lane: how much of what was read may wait to be sent on. */
  readonly budget: ByteBudget
  readonly requestTimeoutMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  readonly clock: Clock
  readonly random: () => number
  /** Takes in what was read; the reader asks for more as soon as this returns, so it only queues. */
  onAnswer(partitions: readonly AnsweredPartition[], lease: FrameLease): void
  /** The broker is a long way off. */
  onLongWay(nodeId: number): void
  /** The broker asks us to wait, because of a quota. */
  onThrottled(ms: number): void
  onConnectionFailed(nodeId: number, error: unknown): void
  onConnectionOpened(nodeId: number): void
}

export interface AnsweredPartition {
  readonly partition: MirroredPartition
  readonly fetched: FetchedPartition
}

/**
 * Reads the partitions that one broker serves, over one connection with one fetch session. The next request goes out before the batches of the
 * answer before it are sent on, so that the broker works while we do; no more than ANSWERS_HELD_MAX answers are held at a time, and no second
 * one without room in the lane's budget:
 * whoever does not take batches from the queue holds this reader up, and nothing else.
 */
export class SourceReader {
  readonly nodeId: number
  readonly #deps: SourceReaderDependencies
  readonly #session: FetchSession
  readonly #changed = new Notifier()
  /** By what an answer names a partition with: topic id or topic, and index. */
  readonly #byAnswerKey = new Map<string, MirroredPartition>()
  readonly #answerKeys = new Map<MirroredPartition, AnswerKeys>()
  /** Partitions whose last answer is still being taken in. */
  #pausedCount = 0
  #answersHeld = 0
  /** Monotonic ms at which the request under way was sent. */
  #askedAtMs: number | null = null
  /** Monotonic ms at which the last good answer was asked for. */
  #freshAtMs = -Infinity
  #hasTopicWithoutId = false

  constructor(nodeId: number, dependencies: SourceReaderDependencies) {
    this.nodeId = nodeId
    this.#deps = dependencies
    this.#session = new FetchSession(dependencies.limits)
  }

  /** Several readers share the way to the broker. */
  shareWayWith(readersCount: number): void {
    this.#deps.sizer.shareWith(readersCount)
  }

  get partitionsCount(): number {
    return this.#answerKeys.size
  }

  /** @param topicId 16 bytes; all zero where the source has no topic ids */
  add(partition: MirroredPartition, topicId: Buffer, currentLeaderEpoch: number): void {
    const keys: AnswerKeys = {
      byId: `${topicId.toString('latin1')}/${partition.partition}`,
      byName: `${partition.sourceTopic}/${partition.partition}`,
      topicId,
      currentLeaderEpoch,
    }
    this.remove(partition)
    if (partition.end === 'open') partition.end = 'unknown'
    this.#answerKeys.set(partition, keys)
    this.#byAnswerKey.set(keys.byId, partition)
    this.#byAnswerKey.set(keys.byName, partition)
    if (topicId.every((byte) => byte === 0)) this.#hasTopicWithoutId = true
    if (partition.isPaused) this.#pausedCount++
    else this.#session.add(partition, topicId, currentLeaderEpoch)
    this.#changed.notify()
  }

  /** The partition is not asked for until it is resumed. To be called when `isPaused` of it has become true. */
  pause(partition: MirroredPartition): void {
    this.#session.remove(partition)
    this.#pausedCount++
  }

  /** To be called when `isPaused` of the partition has become false. */
  resume(partition: MirroredPartition): void {
    const keys = this.#answerKeys.get(partition)
    if (keys === undefined) return
    this.#pausedCount--
    this.#session.add(partition, keys.topicId, keys.currentLeaderEpoch)
    this.#changed.notify()
  }

  remove(partition: MirroredPartition): void {
    const keys = this.#answerKeys.get(partition)
    if (keys === undefined) return
    this.#answerKeys.delete(partition)
    this.#byAnswerKey.delete(keys.byId)
    this.#byAnswerKey.delete(keys.byName)
    if (partition.isPaused) this.#pausedCount--
    this.#session.remove(partition)
    this.#changed.notify()
  }

  /** The partition's reading position was set anew. */
  touch(partition: MirroredPartition): void {
    this.#session.touch(partition)
    this.#changed.notify()
  }

  /** Whether the ends of its partitions are what they were a moment ago. */
  get isFresh(): boolean {
    return this.#deps.clock.monotonic() - this.#freshAtMs <= this.#deps.limits.maxWaitMs + FRESH_MS
  }

  /** How long the broker has let a request wait beyond the time that it was asked to wait at most, in ms. */
  silentForMs(): number {
    if (this.#askedAtMs === null) return 0
    return Math.max(0, this.#deps.clock.monotonic() - this.#askedAtMs - this.#deps.limits.maxWaitMs)
  }

  /** Reads until the signal; a lost connection is opened again, with back-off. */
  async run({ signal }: { signal: AbortSignal }): Promise<void> {
    const { clock, reconnectBackoffMs, reconnectBackoffMaxMs, random } = this.#deps
    const backoff = createBackoff(reconnectBackoffMs, reconnectBackoffMaxMs, random)
    while (!signal.aborted) {
      try {
        await this.#untilReadable(signal)
        await this.#readConnection(signal, () => backoff.reset())
      } catch (error) {
        if (signal.aborted) return
        if (classify(error).kind === 'defect') throw error
        this.#deps.onConnectionFailed(this.nodeId, error)
        await clock.sleep(backoff.next(), { signal }).catch(() => {})
      }
    }
  }

  async #readConnection(signal: AbortSignal, onGoodAnswer: () => void): Promise<void> {
    const { cluster, arenas } = this.#deps
    await using connection = await cluster.openDataConnection(this.nodeId, 'read', { signal, arenas })
    const stop = (): void => void connection[Symbol.asyncDispose]()
    signal.addEventListener('abort', stop, { once: true })
    let pending: Promise<Frame> | null = null
    try {
      this.#deps.onConnectionOpened(this.nodeId)
      this.#session.reset()
      const version = this.#versionOf(connection)
      while (!signal.aborted) {
        if (pending === null) {
          await this.#untilReadable(signal)
          pending = this.#ask(connection, version)
        }
        const frame: Frame = await pending
        pending = null
        const askedAtMs = this.#askedAtMs ?? -Infinity
        this.#askedAtMs = null
        const throttleMs = this.#takeIn(version, frame, askedAtMs)
        if (this.#deps.sizer.isLongWay) this.#deps.onLongWay(this.nodeId)
        onGoodAnswer()
        // Asked for before the batches are sent on, so that the broker works while we do.
        if (throttleMs > 0) await this.#deps.clock.sleep(throttleMs, { signal })
        else if (this.#isReadable()) pending = this.#ask(connection, version)
        pending?.catch(() => {})
      }
    } finally {
      this.#askedAtMs = null
      signal.removeEventListener('abort', stop)
      pending?.then(
        (frame) => frame.release(),
        () => {},
      )
    }
  }

  /** @returns how long the broker asks us to wait before the next request, in ms */
  #takeIn(version: FetchVersion, frame: Frame, askedAtMs: number): number {
    const response = this.#decode(version, frame)
    const lease = this.#leaseOf(frame)
    try {
      const answered = this.#accept(version, response)
      this.#deps.onAnswer(answered, lease)
      for (const { partition, fetched } of answered) {
        if (fetched.recordsEnd > fetched.recordsStart) this.#session.touch(partition)
      }
      if (response.errorCode === 0) this.#freshAtMs = askedAtMs
    } finally {
      lease.drop()
    }
    if (response.throttleTimeMs > 0) this.#deps.onThrottled(response.throttleTimeMs)
    return response.throttleTimeMs
  }

  #versionOf(connection: BrokerConnection): FetchVersion {
    const known = this.#hasTopicWithoutId ? FETCH_VERSIONS_BY_NAME : FETCH_VERSIONS
    return pickVersion(connection, FETCH_KEY, 'Fetch', known)
  }

  #ask(connection: BrokerConnection, version: FetchVersion): Promise<Frame> {
    const { sizer, limits, requestTimeoutMs } = this.#deps
    // Who is paused has to wait for the answer to what is asked for without it.
    const maxWaitMs = this.#pausedCount > 0 ? Math.min(PAUSED_WAIT_MS, limits.maxWaitMs) : limits.maxWaitMs
    const request = this.#session.nextRequest(sizer.answerBytes, sizer.partitionBytes, maxWaitMs)
    const isFlexible = version >= FIRST_FLEXIBLE_FETCH
    const flexible = { request: isFlexible, response: isFlexible }
    const body = encodeFetchRequest(version, request)
    sizer.asked()
    this.#askedAtMs = this.#deps.clock.monotonic()
    return connection.request(FETCH_KEY, version, flexible, [body], { timeoutMs: requestTimeoutMs + limits.maxWaitMs })
  }

  #decode(version: FetchVersion, frame: Frame): FetchResponse {
    try {
      const response = decodeFetchResponse(version, frame.bytes, frame.bodyStart)
      const hasData = response.partitions.some(({ recordsStart, recordsEnd }) => recordsEnd > recordsStart)
      this.#deps.sizer.answered(frame.bytes.length, hasData)
      return response
    } catch (error) {
      frame.release()
      throw error
    }
  }

  #leaseOf(frame: Frame): FrameLease {
    const { budget } = this.#deps
    const sizeBytes = frame.bytes.length
    this.#answersHeld++
    budget.take(sizeBytes)
    return new FrameLease(frame, () => {
      this.#answersHeld--
      budget.giveBack(sizeBytes)
      this.#changed.notify()
    })
  }

  #accept(version: FetchVersion, response: FetchResponse): AnsweredPartition[] {
    if (response.errorCode !== 0) {
      if (!SESSION_ERRORS.has(response.errorCode)) {
        throw errors.FETCH_REFUSED({ broker: this.nodeId, error: classifyKafkaError(response.errorCode).name })
      }
      this.#session.reset()
      return []
    }
    this.#session.accept(response.sessionId)
    const answered: AnsweredPartition[] = []
    for (const fetched of response.partitions) {
      const key = version >= FIRST_FETCH_WITH_TOPIC_IDS ? fetched.topicId?.toString('latin1') : fetched.topic
      const partition = this.#byAnswerKey.get(`${key}/${fetched.partition}`)
      if (partition === undefined || !this.#session.isCurrent(partition)) continue
      if (fetched.errorCode === 0) partition.end = 'open'
      else if (TOPIC_GONE_ERRORS.has(fetched.errorCode))
        partition.end = partition.end === 'final' || (partition.end === 'open' && this.isFresh) ? 'final' : 'lost'
      answered.push({ partition, fetched })
    }
    return answered
  }

  #isReadable(): boolean {
    const { budget, sizer } = this.#deps
    if (this.#session.size === 0 || this.#answersHeld >= ANSWERS_HELD_MAX) return false
    return this.#answersHeld === 0 || budget.hasRoomFor(sizer.answerBytes)
  }

  async #untilReadable(signal: AbortSignal): Promise<void> {
    while (!this.#isReadable()) await this.#changed.wait({ signal })
  }
}
