import type { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'
import type { EventFields } from '../observe/event.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { LedgerTicket } from './pending-batch.ts'
import { transition } from './writer-state.ts'
import type { WriterEvent } from './writer-state.ts'

const FAILED_RETRY_LEAST_MS = 20
const FAILED_RETRY_LONGEST_MS = 2_000
/** A refusal may pass (a permission given, a broken replica replaced, a limit raised): it is tried again, but not in a hurry. */
const REFUSED_RETRY_MS = 30_000
/** Each refusal in a row doubles the pause, up to eight minutes. */
const REFUSED_DOUBLINGS_MAX = 4

export interface PartitionKeeperDependencies {
  readonly clock: Clock
  readonly random: () => number
  /** How long a partition is tried again without success before it stops (delivery.timeout.ms). */
  readonly deliveryTimeoutMs: number
  say(name: EventName, fields: EventFields): void
  locate(partition: MirroredPartition): void
  suspendReading(partition: MirroredPartition): void
  resumeReading(partition: MirroredPartition): void
  withdrawWriting(partition: MirroredPartition): void
  /** Offers what is queued to a channel again. */
  offerWriting(partition: MirroredPartition): void
  /** For how long nothing of the partition can be sent, in ms; Infinity when it is not known who leads it. */
  blockedForMs(partition: MirroredPartition): number
  /** Whether what waits of the partition waits for longer than others are to wait with it. */
  isHeldUp(partition: MirroredPartition): boolean
  /** Its channel has no connection: one is to be opened although nothing is queued. */
  wantConnection(partition: MirroredPartition): void
  onRecovery(partition: MirroredPartition): void
  /** Something that the partition wrote may be missing. */
  onFailed(partition: MirroredPartition): void
  /** The partition stops; all that it wrote is acknowledged, and the rest known not to be there. */
  onRested(partition: MirroredPartition): void
}

/**
 * Carries each partition through its states (writer-state.ts): what happens to it is told here, and the effects go out from here. It looks after
 * those that need attention only, so that thousands of idle partitions cost nothing.
 */
export class PartitionKeeper {
  readonly #deps: PartitionKeeperDependencies
  /** Partitions that wait for a retry, or have something queued. */
  readonly #attention = new Set<MirroredPartition>()
  /** Not read for now because their queues were stuck; with what they waited for if that was the ledger. */
  readonly #parked = new Map<MirroredPartition, LedgerTicket | null>()

  constructor(dependencies: PartitionKeeperDependencies) {
    this.#deps = dependencies
  }

  /** Something is queued. */
  attend(partition: MirroredPartition): void {
    this.#attention.add(partition)
  }

  forget(partition: MirroredPartition): void {
    this.#attention.delete(partition)
    this.#parked.delete(partition)
  }

  /** It is known where the partition goes on. */
  located(partition: MirroredPartition): void {
    this.#apply(partition, { name: 'located' })
    partition.pendingRefusal = null
    this.#attention.delete(partition)
    this.#say('PartitionLocated', partition, {})
    this.#deps.resumeReading(partition)
  }

  /** Nobody knows whether what is in flight arrived: the target will be asked. */
  fail(partition: MirroredPartition, reason: string): void {
    if (partition.state.name !== 'flowing' && partition.state.name !== 'probing') return
    this.#deps.onFailed(partition)
    const nowMs = this.#deps.clock.monotonic()
    partition.failuresCount++
    partition.failingSinceMs ??= nowMs
    if (nowMs - partition.failingSinceMs > this.#deps.deliveryTimeoutMs) {
      const { sourceTopic: topic, partition: index } = partition
      const { deliveryTimeoutMs: timeoutMs } = this.#deps
      partition.failingSinceMs = null
      this.refuse(partition, errors.DELIVERY_TIMED_OUT({ topic, partition: index, timeoutMs, reason }))
      return
    }
    this.#say('PartitionRecovering', partition, { reason })
    const delayMs = Math.min(FAILED_RETRY_LONGEST_MS, FAILED_RETRY_LEAST_MS * 2 ** (partition.failuresCount - 1))
    partition.retryAtMs = nowMs + delayMs * (0.8 + 0.4 * this.#deps.random())
    this.#deps.onRecovery(partition)
    this.#apply(partition, { name: 'failed', reason })
  }

  /** What it wrote in a transaction counts no more, through no fault of its own: it goes back. */
  rewind(partition: MirroredPartition): void {
    if (partition.state.name === 'stopped') {
      // It stopped behind records that have to be written again.
      partition.retryAtMs = 0
      this.#attention.add(partition)
      return
    }
    this.#apply(partition, { name: 'failed', reason: 'the transaction was aborted' })
  }

  /** The partition cannot go on; all others do. */
  refuse(partition: MirroredPartition, error: TwinlogError): void {
    if (partition.inFlight.length > 0) this.#deps.onFailed(partition)
    else this.#deps.onRested(partition)
    const pauseMs = REFUSED_RETRY_MS * 2 ** Math.min(partition.refusalsCount++, REFUSED_DOUBLINGS_MAX)
    partition.retryAtMs = this.#deps.clock.monotonic() + pauseMs
    if (error.code === 'RECORD_TOO_LARGE') {
      partition.isTargetDoubted = true
      partition.refusals.forgetRecords()
    }
    partition.pendingRefusal = null
    this.#apply(partition, { name: 'refused', reason: error.message })
    this.#say('PartitionStopped', partition, { reason: error.message })
  }

  /** Nothing more is read of it; it stops when what was read before is acknowledged. */
  refuseAfterQueue(partition: MirroredPartition, error: TwinlogError): void {
    partition.pendingRefusal = error
    this.#deps.suspendReading(partition)
    this.landed(partition)
  }

  acknowledged(partition: MirroredPartition): void {
    this.#apply(partition, { name: 'acknowledged' })
  }

  /** Something that was in flight is answered, well or badly. */
  landed(partition: MirroredPartition): void {
    if (partition.inFlight.length > 0 || partition.state.name === 'stopped') return
    if (partition.isIsolated && this.#deps.clock.monotonic() >= partition.isolatedUntilMs) partition.isIsolated = false
    if (partition.state.name === 'recovering') this.#apply(partition, { name: 'drained' })
    else if (partition.queue.length > 0) return
    else if (partition.pendingRefusal !== null) this.refuse(partition, partition.pendingRefusal)
    else if (this.#parked.has(partition)) this.#resumeParked(partition)
    else this.#attention.delete(partition)
  }

  /** Looks after the partitions that need it; to be called some times a second. */
  tick(): void {
    const nowMs = this.#deps.clock.monotonic()
    for (const partition of this.#attention) {
      if (partition.state.name === 'stopped') this.#retryStopped(partition, nowMs)
      else if (partition.queue.length > 0) this.#unstick(partition, nowMs)
      else if (this.#parked.has(partition)) this.#resumeParked(partition)
    }
  }

  #retryStopped(partition: MirroredPartition, nowMs: number): void {
    if (nowMs < partition.retryAtMs || partition.inFlight.length > 0) return
    this.#say('PartitionRetried', partition, {})
    this.#apply(partition, { name: 'retried' })
    this.#apply(partition, { name: 'drained' })
  }

  #resumeParked(partition: MirroredPartition): void {
    if (partition.inFlight.length > 0 || this.#parked.get(partition)?.isDurable === false) return
    if (this.#deps.blockedForMs(partition) > 0) {
      this.#deps.wantConnection(partition)
      return
    }
    this.#parked.delete(partition)
    this.#attention.delete(partition)
    this.#deps.resumeReading(partition)
  }

  /** A queue that its own partition, or its run in the ledger, holds up gives its bytes back: whoever reads needs the memory for others, and it is read again later. */
  #unstick(partition: MirroredPartition, nowMs: number): void {
    const ticket = partition.queue.first()?.ticket ?? null
    const isLedgerLate = ticket !== null && !ticket.isDurable && nowMs > ticket.lateAtMs
    if (!isLedgerLate && !this.#deps.isHeldUp(partition)) {
      this.#deps.offerWriting(partition)
      return
    }
    this.#deps.suspendReading(partition)
    partition.discardQueue()
    // What it would have stopped at is met again when it is read again.
    partition.pendingRefusal = null
    this.#parked.set(partition, ticket)
  }

  #apply(partition: MirroredPartition, event: WriterEvent): void {
    const { state, effect } = transition(partition.state, event)
    partition.state = state
    if (effect === 'discard queue') {
      this.#parked.delete(partition)
      this.#deps.suspendReading(partition)
      partition.discardQueue()
      this.#attention.add(partition)
      if (partition.inFlight.length > 0) return
      this.#deps.withdrawWriting(partition)
      if (state.name === 'recovering') this.#apply(partition, { name: 'drained' })
    } else if (effect === 'locate') {
      this.#deps.withdrawWriting(partition)
      this.#deps.locate(partition)
    }
  }

  #say(name: EventName, partition: MirroredPartition, fields: EventFields): void {
    const { sourceTopic, targetTopic, ackedOffset } = partition
    this.#deps.say(name, {
      topic: sourceTopic,
      targetTopic,
      partition: partition.partition,
      upstreamOffset: ackedOffset,
      ...fields,
    })
  }
}
