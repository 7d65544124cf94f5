import { errors } from '../base/errors.ts'
import { enterWindow } from '../base/trace-window.ts'
import type { RefusedPartition, TransactionalProducer } from '../kafka/transactions.ts'
import { classify } from '../kafka/kafka-error.ts'
import type { LaneTransactionsDependencies } from './lane-transactions-dependencies.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { transitionTransaction } from './transaction-cycle.ts'
import type { TransactionCycleEvent, TransactionCycleState } from './transaction-cycle.ts'
import { TransactionLength } from './transaction-length.ts'
import { TransactionOutcomes, isNothingOpen, mayPass } from './transaction-outcomes.ts'
import { TransactionPositions } from './transaction-positions.ts'

/**
 * Writes what a lane copies, and the positions, in transactions of one transactional id, one after the other (transaction-cycle.ts). A partition
 * may write while `mayWrite` of its membership says so; everything else about it is as without transactions.
 * A failure of one partition costs all that wrote in the same transaction a step back. So one whose writing failed is tried again in a transaction
 * without the others, after a pause that grows.
 */
export class LaneTransactions {
  readonly totals = { committedTotal: 0, abortedTotal: 0 }
  readonly #deps: LaneTransactionsDependencies
  readonly #outcomes: TransactionOutcomes
  readonly #length: TransactionLength
  #producer: TransactionalProducer
  #state: TransactionCycleState = 'idle'
  /** Partitions of the open transaction. */
  readonly #members = new Set<MirroredPartition>()
  /** Partitions with something queued that are not members. */
  readonly #wanting = new Set<MirroredPartition>()
  readonly #positions = new TransactionPositions((partition) => this.#members.has(partition))
  #isTrial = false
  #isAdding = false
  #isWritingPositions = false
  #isStopping = false
  #arePositionsDue = false
  #isScheduled = false
  #inFlightCount = 0
  #flushedAtMs = 0
  #endTookMs = 0
  #endedAtMs: number
  #idle = Promise.withResolvers<void>()

  constructor(dependencies: LaneTransactionsDependencies) {
    this.#deps = dependencies
    this.#outcomes = new TransactionOutcomes(dependencies)
    this.#length = new TransactionLength({ ...dependencies, onDue: () => this.#look() })
    this.#producer = dependencies.producer
    this.#endedAtMs = dependencies.clock.monotonic()
  }

  /** Under whom batches are written now. */
  get producer(): TransactionalProducer {
    return this.#producer
  }

  /** The partition has something queued. */
  want(partition: MirroredPartition): void {
    if (partition.membership?.mayWrite !== false || this.#wanting.has(partition)) return
    this.#wanting.add(partition)
    this.#schedule()
  }

  /** The position of the partition is, or will be, another one than the stored one. */
  moved(partition: MirroredPartition): void {
    this.#positions.moved(partition)
  }

  /** A batch of the partition was handed to a connection. */
  sent({ membership }: MirroredPartition, sizeBytes: number): void {
    this.#inFlightCount++
    this.#length.wrote(sizeBytes)
    if (membership !== null && this.#isTrial) membership.mayWrite = false
  }

  /** A batch in flight was answered, well or badly, or is lost; the partition has been told. */
  landed(): void {
    this.#inFlightCount--
    this.#look()
  }

  /** Something that the partition wrote may be missing, or be there without being known. */
  failed(partition: MirroredPartition): void {
    const { membership } = partition
    if (membership === null) return
    membership.isOnTrial = true
    const hasWritten = this.#members.has(partition) && membership.startOffset !== null
    this.#leave(partition)
    if (hasWritten) this.#apply('failed')
  }

  /** The partition writes no more for now; what it wrote is acknowledged, and the rest known not to be there. */
  rest(partition: MirroredPartition): void {
    const { membership } = partition
    if (membership === null) return
    if (this.#state === 'flushing' && this.#positions.isAhead(partition)) {
      this.failed(partition)
      return
    }
    membership.isOnTrial = true
    membership.mayWrite = false
    this.#wanting.delete(partition)
    this.#look()
  }

  /** The partition is no longer copied: what it wrote in the open transaction must not be committed without its position. */
  forget(partition: MirroredPartition): void {
    const hasWritten = this.#members.has(partition) && partition.isUncommitted
    this.#positions.forget(partition)
    this.#deps.runs.forget(partition)
    this.#leave(partition)
    if (hasWritten) this.#apply('failed')
  }

  /** Whether what the partition wrote is part of a transaction that may still be committed. */
  isMember(partition: MirroredPartition): boolean {
    return this.#members.has(partition)
  }

  /** Stores the positions of partitions that write nothing now. Resolves when they are committed. */
  store(partitions: readonly MirroredPartition[]): Promise<void> {
    const stored = this.#positions.awaitStored(partitions)
    this.#arePositionsDue = true
    this.#schedule()
    return stored
  }

  /** To be called some times a second. */
  tick(): void {
    const { clock, idlePositionsMs } = this.#deps
    if (clock.monotonic() - this.#endedAtMs > idlePositionsMs) this.#arePositionsDue = this.#positions.hasChanged
    this.#schedule()
    this.#look()
  }

  /** Ends the open transaction, with all positions, and begins no other. Resolves when the outcome is known, the lane gave up, or time is over. */
  async finish(timeoutMs: number): Promise<void> {
    this.#isStopping = true
    this.#arePositionsDue = this.#positions.hasChanged
    this.#schedule()
    this.#look()
    const late = new AbortController()
    const isLate = this.#deps.clock.sleep(timeoutMs, { signal: late.signal }).catch(() => {})
    await Promise.race([this.#idle.promise, isLate])
    late.abort()
    await this.#deps.runs.finish()
  }

  // --- beginning ------------------------------------------------------------------------------------------------------------

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    // All that one fetched answer brings joins in one call.
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#advance()
    })
  }

  #advance(): void {
    if (this.#state === 'idle') {
      for (const partition of this.#wanting) if (!isReady(partition)) this.#wanting.delete(partition)
      if (this.#arePositionsDue || (!this.#isStopping && this.#wanting.size > 0)) this.#apply('begun')
      else if (this.#isStopping) this.#idle.resolve()
    } else if (this.#state === 'open' && !this.#isAdding && !this.#isTrial) {
      void this.#addWanting()
    }
  }

  #begin(): void {
    this.#length.begin()
    this.#isTrial = [...this.#wanting].some(isOnTrial)
    if (this.#isStopping || this.#arePositionsDue) this.#look()
    else void this.#addWanting()
  }

  async #addWanting(): Promise<void> {
    const { ports, signal, pump } = this.#deps
    const joining: MirroredPartition[] = []
    for (const partition of this.#wanting) {
      if (!isReady(partition)) this.#wanting.delete(partition)
      else if (isOnTrial(partition) === this.#isTrial) joining.push(partition)
    }
    if (joining.length === 0) {
      this.#look()
      return
    }
    this.#isAdding = true
    const askedAtMs = this.#deps.clock.monotonic()
    const refused = await this.#attempt(() => ports.add(this.#producer, joining, { signal }))
    this.#isAdding = false
    if (refused !== null && this.#state === 'open') {
      if (this.#members.size === 0) this.#length.noteEnd(this.#endTookMs + this.#deps.clock.monotonic() - askedAtMs)
      if (refused.length === 0) this.#join(joining)
      else this.#exclude(joining, refused)
      pump(joining.filter(({ membership }) => membership?.mayWrite === true))
      this.#advance()
    }
    this.#look()
  }

  #join(joining: readonly MirroredPartition[]): void {
    for (const partition of joining) {
      this.#wanting.delete(partition)
      if (!isReady(partition)) continue
      this.#members.add(partition)
      partition.ackedDownstream = -1
      partition.membership?.join(this.#producer)
    }
  }

  #exclude(joining: readonly MirroredPartition[], refused: readonly RefusedPartition[]): void {
    for (const { topic, partition: index, error } of refused) {
      const partition = joining.find((one) => one.targetTopic === topic && one.partition === index)
      if (partition === undefined) {
        // The offsets topic: without it nothing can be committed.
        this.#deps.giveUp(error)
        return
      }
      if (classify(error).action === 'stop') this.#deps.refuse(partition, error)
      else this.#deps.fail(partition, error.message)
      this.#wanting.delete(partition)
    }
  }

  // --- ending -------------------------------------------------------------------------------------------------------------

  /** Looks whether what the present state waits for has come. */
  #look(): void {
    if (this.#state === 'open' && this.#isDue()) this.#apply('due')
    else if (this.#state === 'flushing' && this.#isQuiet()) this.#apply('flushed')
    else if (this.#state === 'failing' && this.#isQuiet()) this.#apply('landed')
  }

  #isQuiet(): boolean {
    return this.#inFlightCount === 0 && !this.#isAdding && !this.#isWritingPositions
  }

  #isDue(): boolean {
    if (this.#isAdding) return false
    const isTrialWaiting = !this.#isTrial && [...this.#wanting].some(isOnTrial)
    if (this.#isStopping || this.#arePositionsDue || isTrialWaiting) return true
    const isIdle = this.#inFlightCount === 0
    return this.#length.isOver(isIdle && (this.#isTrial || (this.#deps.isEndedEarly && !this.#hasMore())))
  }

  #hasMore(): boolean {
    if (this.#wanting.size > 0) return true
    for (const { queue, isBehind } of this.#members) if (queue.length > 0 || isBehind) return true
    return false
  }

  async #flush(): Promise<void> {
    const { ports, signal, clock } = this.#deps
    this.#flushedAtMs = clock.monotonic()
    for (const partition of this.#members) {
      if (partition.membership !== null) partition.membership.mayWrite = false
      if (partition.queue.length > 0) this.#wanting.add(partition)
    }
    this.#arePositionsDue = false
    const positions = this.#positions.take(this.#members)
    this.#isWritingPositions = true
    await this.#attempt(async () => {
      await ports.writePositions(this.#producer, positions, { signal })
      return []
    })
    this.#isWritingPositions = false
    this.#look()
  }

  async #commit(): Promise<void> {
    if (!(await this.#end('commit'))) return
    this.totals.committedTotal++
    for (const { membership } of this.#members) membership?.committed()
    this.#deps.runs.committed(this.#members)
    this.#positions.committed()
    this.#arePositionsDue = this.#positions.isAwaited
    this.#apply('ended')
  }

  async #abort(): Promise<void> {
    this.totals.abortedTotal++
    if (await this.#end('abort')) this.#apply('ended')
  }

  async #renew(): Promise<void> {
    enterWindow('epoch-changing')
    const renewed = await this.#outcomes.renew(this.#producer)
    if (renewed instanceof Error) this.#stop(renewed)
    if (renewed === null || renewed instanceof Error) return
    this.#producer = renewed
    this.#apply('renewed')
  }

  /** @returns whether the coordinator did it */
  async #end(outcome: 'commit' | 'abort'): Promise<boolean> {
    const ended = await this.#outcomes.end(this.#producer, outcome)
    if (ended instanceof Error) this.#stop(ended)
    return ended === true
  }

  // --- states -------------------------------------------------------------------------------------------------------------

  #apply(event: TransactionCycleEvent): void {
    const { state, effect } = transitionTransaction(this.#state, event)
    this.#state = state
    switch (effect) {
      case 'add partitions':
        this.#begin()
        break
      case 'flush':
        this.#run(this.#flush())
        break
      case 'commit':
        this.#run(this.#commit())
        break
      case 'rewind':
        this.#rewind()
        break
      case 'abort':
        this.#run(this.#abort())
        break
      case 'renew':
        this.#run(this.#renew())
        break
      case 'resume':
        this.#resume()
        break
      case 'give up':
        for (const { membership } of this.#members) if (membership !== null) membership.mayWrite = false
        this.#idle.resolve()
        break
      case 'none':
        break
    }
  }

  #run(work: Promise<void>): void {
    work.catch((error: unknown) => this.#deps.giveUp(error))
  }

  #rewind(): void {
    const members = [...this.#members]
    this.#deps.say('TransactionAborted', { partitionsCount: members.length })
    this.#members.clear()
    for (const partition of members) {
      partition.membership?.aborted()
      if (partition.isUncommitted) this.#deps.rewind(partition)
      else if (partition.queue.length > 0) this.#wanting.add(partition)
    }
    this.#look()
  }

  #resume(): void {
    this.#endedAtMs = this.#deps.clock.monotonic()
    this.#endTookMs = this.#endedAtMs - this.#flushedAtMs
    this.#members.clear()
    this.#advance()
  }

  #leave(partition: MirroredPartition): void {
    this.#wanting.delete(partition)
    this.#members.delete(partition)
    partition.membership?.aborted()
  }

  /** A call of the open transaction. @returns null when it failed; then the transaction is aborted, or the lane ends */
  async #attempt(call: () => Promise<readonly RefusedPartition[]>): Promise<readonly RefusedPartition[] | null> {
    const { signal, say } = this.#deps
    try {
      return await call()
    } catch (error) {
      if (signal.aborted) return null
      if (!mayPass(error)) {
        this.#stop(error)
        return null
      }
      say('TransactionCallFailed', { error })
      this.#apply('failed')
      return null
    }
  }

  /** Another has the transactional id now, or what we ask for is not allowed. */
  #stop(error: unknown): void {
    const isFence = classify(error).action === 'fence' || isNothingOpen(error)
    this.#apply('fenced')
    const { transactionalId } = this.#producer
    const reason = error instanceof Error ? error.message : String(error)
    this.#deps.giveUp(isFence ? errors.TRANSACTION_FENCED({ transactionalId, reason }, { cause: error }) : error)
  }
}

function isReady(partition: MirroredPartition): boolean {
  return partition.isReadable && partition.queue.length > 0 && partition.inFlight.length === 0
}

function isOnTrial({ membership }: MirroredPartition): boolean {
  return membership !== null && membership.isOnTrial
}
