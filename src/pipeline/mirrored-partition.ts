import type { TwinlogError } from '../base/catalogue.ts'
import { Fifo } from '../base/fifo.ts'
import type { ProducerIdentity } from '../kafka/transactions.ts'
import type { LedgerEntry, LedgerIdentity, LedgerWrite } from '../mirror/ledger-entry.ts'
import type { OffsetMap } from '../mirror/offset-map.ts'
import type { OffsetTrail } from '../mirror/offset-trail.ts'
import { sequenceAfter, sequenceDistance } from '../mirror/run.ts'
import type { Run } from '../mirror/run.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import { maxTimestampMsAt } from '../wire/record-batch.ts'
import { endOf, noteCopied, piecesOf } from './batch-records.ts'
import type { BatchRecords } from './batch-records.ts'
import { CoalescingGain } from './coalescing-gain.ts'
import { CopyCursor } from './copy-cursor.ts'
import type { PartitionAssignment, TargetTopicSettings } from './partition-assignment.ts'
import { PartitionFigures } from './partition-figures.ts'
import type { LedgerTicket, PendingBatch } from './pending-batch.ts'
import { StrayBatches } from './stray-batches.ts'
import { TargetRefusals } from './target-refusals.ts'
import { RUNS_KEPT } from './runs-kept.ts'
import type { TransactionMembership } from './transaction-membership.ts'
import type { WriteWindow } from './write-window.ts'
import type { WriterState } from './writer-state.ts'

/** Batches that a broker can tell from repeated ones (ProducerStateEntry.NUM_BATCHES_TO_RETAIN). */
const REMEMBERED_BATCHES = 5

/**
 * One partition on its way from source to target: where reading goes on, what waits, what is in flight, what is acknowledged.
 *
 * Invariants (docs/invariants.md):
 * 1. fetchOffset >= positionAfter of the last queued batch >= ... >= ackedOffset: nothing is skipped between reading and acknowledging.
 * 2. Queue and flight hold consecutive sequences of one identity; a sequence, once given to a batch in flight, is never given to another.
 * 3. `generation` changes whenever the reading position is set anew, so that an answer asked for before that is not taken in.
 */
export class MirroredPartition {
  readonly key: string
  readonly sourceTopic: string
  readonly targetTopic: string
  readonly partition: number
  readonly assignment: Omit<PartitionAssignment, 'ledger' | 'target'>
  /** The ledger's entry until it is taken over into `map`. */
  ledger: LedgerEntry | null
  /** Counts the partitions of a lane: spreads them evenly over connections. */
  readonly serial: number
  /** Its batches are written in transactions (lane-transactions.ts); null: they are not. */
  readonly membership: TransactionMembership | null

  // Reading.
  fetchOffset = -1
  /** The last answer is still being taken in: no other is asked for. */
  isPaused = false
  lastFetchedEpoch = -1
  generation = 0
  /** Broker to read from instead of the leader (KIP-392); -1: the leader. */
  readReplica = -1
  highWatermark = -1
  lastStableOffset = -1
  /**
   * What the end that is known (`highWatermark`, `lastStableOffset`) is worth. `unknown`: nothing was read since the partition was put to a reader.
   * `open`: it is as new as the reader's last answer. Then the topic is gone: `final` if that was just after the source had told of the end, so that nothing
   * came after it; else `lost`.
   */
  end: 'unknown' | 'open' | 'final' | 'lost' = 'unknown'
  /** A transaction of the source that nobody ends, for people; null: none is known. */
  heldUpBy: string | null = null
  /** Topic id at the source when the partition was located; null where the broker has none. */
  sourceTopicId: string | null = null

  // Writing.
  /** Of the remote topic, as it was when the partition was assigned, or looked at again because a batch did not fit. */
  target: TargetTopicSettings
  /** A batch did not fit: before the partition goes on, the remote topic's configuration is read again. */
  isTargetDoubted = false
  readonly refusals = new TargetRefusals()
  readonly coalescing = new CoalescingGain()
  state: WriterState = { name: 'locating' }
  identity: LedgerIdentity | null = null
  map: OffsetMap | null = null
  /** All runs in the ledger, older ones than those of `map` too; null: there are no others. */
  allRuns: (() => readonly Run[]) | null = null
  /** The ledger holds an entry under this identity. */
  isRegistered = false
  /** Whether any batch was sent under this identity, in this life or one before. */
  hasWritten = false
  ackedOffset = -1
  /** The acknowledged position that was last handed out to be stored. */
  takenOffset: number
  ackedSequence = -1
  /** Downstream offset after the last acknowledged record; -1: not known yet. */
  ackedDownstream = -1
  readonly queue = new Fifo<PendingBatch>()
  queuedBytes = 0
  readonly inFlight = new Fifo<PendingBatch>()
  inFlightBytes = 0
  /** The target does not tell us how far the copy came (no READ permission, old broker): fewer batches in flight. */
  isTargetBlind = false
  /** What an earlier life of this target partition was written under, and that must not be used again from sequence 0 on. */
  spentIdentity: ProducerIdentity | null = null
  /** What a batch may say that was sent and never answered, here or by a process that died; null: none can be on its way. */
  strays: StrayBatches | null = null
  /** Before it goes on, such batches have to be refused by a marker: the broker's check of sequences alone could take one. */
  mustFence = false
  /** The marker that was put into the target partition, of the epoch that the copy will go on with; null: none yet. */
  fence: ProducerIdentity | null = null
  /** The target takes this producer id no longer: the next time it is located it gets another. */
  isIdentitySpent = false
  /** First upstream offset of a batch that the target refused while it took one behind it, as a broker does that has forgotten the producer id: the copy goes back there. */
  hole: number | null = null
  /** Upstream offset of the first batch of the flight that was surely not appended; null: none. */
  refusedOffset: number | null = null
  /** Why it is not known yet where the partition goes on; null: it is, or nothing is in the way. */
  delayReason: string | null = null
  /** It ends here as soon as what was read before is acknowledged. */
  pendingRefusal: TwinlogError | null = null
  /**
   * Next upstream offset by the stored positions, where that is above the place where the copy goes on: a batch that is found below it was acknowledged
   * once, and the target has lost it. (Positions also move past what is dropped, so that alone says nothing.)
   */
  claimedOffset: number | null = null
  /** Its batches go over a connection of their own: it was slow to be acknowledged. */
  isIsolated = false
  /** Monotonic ms up to which it stays there; later as soon as nothing is in flight. */
  isolatedUntilMs = 0
  /** Monotonic ms before which a recovering or stopped partition is left alone. */
  retryAtMs = 0
  failuresCount = 0
  /** Refusals since something was last acknowledged. */
  refusalsCount = 0
  /** Monotonic ms of the first failure since something was last acknowledged; null: none. */
  failingSinceMs: number | null = null

  /** What offset syncs are made from; null: none are written. */
  trail: OffsetTrail | null = null

  // Figures.
  readonly figures = new PartitionFigures()
  recordsTotal = 0
  bytesTotal = 0

  readonly #cursor = new CopyCursor()
  /** As it was written to the ledger with the last run; null: nothing was, or what was said of downstream offsets is not so any more. */
  #writtenIdentity: LedgerIdentity | null = null
  /** What the last batches of a new run waited for, or wait for. */
  #lastTicket: LedgerTicket | null = null
  /** Sequence after the last one that was handed to a connection; -1: none was. */
  #sentEnd = -1

  constructor(assignment: PartitionAssignment, serial = 0, membership: TransactionMembership | null = null) {
    this.serial = serial
    this.membership = membership
    this.ledger = assignment.ledger
    this.takenOffset = assignment.storedPosition ?? 0
    const { ledger: _, target, ...rest } = assignment
    this.assignment = rest
    this.target = target
    this.sourceTopic = assignment.sourceTopic
    this.targetTopic = assignment.targetTopic
    this.partition = assignment.partition
    this.key = topicPartitionKey(assignment.sourceTopic, assignment.partition)
  }

  /** Next upstream offset that is copied for good: acknowledged and, where there are transactions, committed. */
  get copiedOffset(): number {
    return this.membership?.startOffset ?? this.ackedOffset
  }

  /** The source was seen to have more that may be read. */
  get isBehind(): boolean {
    return this.lastStableOffset > this.fetchOffset && this.isReadable
  }

  /** It wrote something in a transaction that is not committed. */
  get isUncommitted(): boolean {
    return this.membership !== null && this.membership.startOffset !== null
  }

  /** Of the next record that is read. */
  get nextSequence(): number {
    return this.#cursor.sequence
  }

  /** Where copying goes on if all that was sent so far arrives. */
  get sentOffset(): number {
    return this.inFlight.last()?.positionAfter ?? this.ackedOffset
  }

  /** Whether more of it may be read: it is known where the target's copy ends. */
  get isReadable(): boolean {
    return this.state.name === 'probing' || this.state.name === 'flowing'
  }

  /** Whether the head of the queue may go out now. */
  canSend(window: WriteWindow): boolean {
    const head = this.queue.first()
    if (head === undefined || (head.ticket !== null && !head.ticket.isDurable)) return false
    if (this.membership !== null && !this.membership.mayWrite) return false
    if (this.state.name === 'probing') return this.inFlight.length === 0
    const batchesMax = this.isTargetBlind ? Math.min(window.batchesMax, REMEMBERED_BATCHES) : window.batchesMax
    return (
      this.state.name === 'flowing' &&
      this.inFlight.length < batchesMax &&
      (this.inFlight.length === 0 || this.inFlightBytes + head.size <= window.bytesMax)
    )
  }

  /**
   * Sets reading and writing to go on at an upstream offset with a sequence. Nothing may be queued or in flight.
   * @param downstream   offset that the target will give to the next record, as far as is known; -1: not known
   */
  continueAt(position: { upstream: number; sequence: number; downstream: number; leaderEpoch: number }): void {
    this.generation++
    this.trail?.goBackTo(position.upstream)
    this.fetchOffset = position.upstream
    this.lastFetchedEpoch = position.leaderEpoch
    this.#cursor.moveTo(position.upstream, position.sequence, position.downstream)
    const run = this.#writtenIdentity === null || this.identity !== this.#writtenIdentity ? null : this.map?.last
    if (run) this.#cursor.resume(run, position.upstream)
  }

  /** Reads on from an offset of the source that does not follow from what was read before: after a gap, or a truncation there. */
  readFrom(upstream: number, leaderEpoch: number): void {
    const isBack = upstream < this.fetchOffset
    // What is queued may be what the source has taken back: all of it is read again.
    if (isBack) this.discardQueue()
    const next = isBack ? Math.min(upstream, this.fetchOffset) : upstream
    this.#cursor.jump()
    this.generation++
    this.fetchOffset = next
    this.lastFetchedEpoch = next === upstream ? leaderEpoch : -1
    const last = this.queue.last() ?? this.inFlight.last()
    if (last === undefined) this.ackedOffset = next
    else last.positionAfter = next
  }

  /**
   * What is between `fetchOffset` and `nextOffset` is not copied; the position moves past it.
   * @param clearedFrom   from here on it is what nobody copies, whoever reads it and when (markers, aborted records); Infinity: it may have held records
   */
  skipTo(nextOffset: number, leaderEpoch: number, clearedFrom = Infinity): void {
    this.#cursor.clear(clearedFrom, nextOffset)
    this.fetchOffset = nextOffset
    this.lastFetchedEpoch = leaderEpoch
    const last = this.queue.last() ?? this.inFlight.last()
    if (last === undefined) this.ackedOffset = nextOffset
    else last.positionAfter = nextOffset
  }

  /** Adds to `runs` those that the next batch begins. */
  beginRuns(batch: BatchRecords, leaderEpoch: number, runs: Run[]): void {
    const cursor = this.#cursor
    if (cursor.downstream < 0 && this.ackedDownstream >= 0)
      cursor.downstream = this.ackedDownstream + sequenceDistance(this.ackedSequence, cursor.sequence) - 1
    let aheadCount = 0
    for (const piece of piecesOf(batch)) {
      const run = cursor.nextRun(piece, leaderEpoch, aheadCount)
      if (run !== null) runs.push(run)
      aheadCount += piece.count
    }
  }

  /** A request of ours was lost: what it held may still be appended. */
  noteLost(): void {
    const leaderEpoch = this.identity?.sourceLeaderEpoch ?? -1
    if (this.map === null || this.identity === null || this.#sentEnd < 0) return
    // Of what another process sent nobody knows the end: that says more.
    if (this.strays !== null && (this.strays.end === null || this.strays.end === this.#sentEnd)) return
    this.strays = new StrayBatches(this.map.runs(), { leaderEpoch, isOtherPlan: false, end: this.#sentEnd })
  }

  /** Whether what is queued was copied once before, by the positions; tells it once. */
  findsLostAgain(): boolean {
    const head = this.queue.first()
    if (this.claimedOffset === null || head === undefined) return false
    const isLost = head.upstream < this.claimedOffset
    this.claimedOffset = null
    return isLost
  }

  /** Whether the next batch would give sequences another meaning than they have in one that may still be on its way. */
  isAtOddsWithStrays(
    batch: BatchRecords,
    circumstances: { leaderEpoch: number; maxTimestampMs: number; nowMs: number },
  ): boolean {
    const { strays } = this
    if (strays === null) return false
    let { sequence } = this.#cursor
    for (const piece of piecesOf(batch)) {
      // Behind a hole inside the batch records were there once.
      const isAdjacent = piece.upstreamOffset === batch.upstream && this.#cursor.isAdjacent(batch.upstream)
      if (strays.isAtOdds(sequence, piece, { ...circumstances, isAdjacent })) return true
      sequence = sequenceAfter(sequence, piece.count)
    }
    return false
  }

  /** Puts a batch in the queue, with the next sequence; reading goes on after it. */
  enqueue(
    batch: Omit<PendingBatch, 'sequence' | 'downstreamExpected' | 'timestampMs' | 'sentAtMs'>,
    leaderEpoch: number,
  ): void {
    batch.memory.hold()
    if (batch.ticket !== null) this.#lastTicket = batch.ticket
    // The run may have been begun by a batch that was given back since, and may not be durable yet.
    const ticket = this.#lastTicket?.isDurable === false ? this.#lastTicket : null
    const { sequence, downstream } = this.#cursor
    const timestampMs = maxTimestampMsAt(batch.memory.bytes, batch.at)
    this.queue.push({ ...batch, ticket, sequence, downstreamExpected: downstream, timestampMs, sentAtMs: 0 })
    this.queuedBytes += batch.size
    this.#cursor.advance(batch.count, endOf(batch))
    this.fetchOffset = batch.positionAfter
    this.lastFetchedEpoch = leaderEpoch
  }

  /** The head of the queue is handed to a connection. */
  moveToFlight(nowMs: number): PendingBatch | undefined {
    const batch = this.queue.shift()
    if (batch === undefined) return undefined
    batch.sentAtMs = nowMs
    if (this.membership !== null) batch.sequence = this.membership.nextSequence(batch.count, this.ackedOffset)
    this.inFlight.push(batch)
    this.queuedBytes -= batch.size
    this.inFlightBytes += batch.size
    this.hasWritten = true
    this.#sentEnd = sequenceAfter(batch.sequence, batch.count)
    return batch
  }

  /** The oldest batch in flight is answered, well or badly. */
  landed(): PendingBatch | undefined {
    const batch = this.inFlight.shift()
    if (batch !== undefined) this.inFlightBytes -= batch.size
    return batch
  }

  /**
   * The target has the oldest batch in flight.
   * @param baseOffset   what the target gave to its first record; -1 when it did not say (a duplicate older than its memory)
   * @returns whether the offset was the expected one
   */
  acknowledge(batch: PendingBatch, baseOffset: number): boolean {
    this.ackedOffset = batch.positionAfter
    this.ackedSequence = sequenceAfter(batch.sequence, batch.count - 1)
    this.recordsTotal += batch.count
    this.bytesTotal += batch.size
    this.failuresCount = 0
    this.refusalsCount = 0
    this.failingSinceMs = null
    if (this.strays?.isPassed(batch.size) === true) this.strays = null
    this.refusals.took(batch.positionAfter)
    // Recovery looks back over what is in flight and, where a target lost records, a little more; the ledger topic has all runs.
    this.map?.keepNewest(RUNS_KEPT, this.ackedOffset)
    const expected = this.ackedDownstream >= 0 ? this.ackedDownstream : batch.downstreamExpected
    // Of a duplicate it is not known where it lies, and so not where the next one will.
    this.ackedDownstream = baseOffset < 0 ? -1 : baseOffset + batch.count
    if (baseOffset < 0) return true
    if (this.trail !== null) noteCopied(this.trail, batch, baseOffset)
    if (baseOffset === expected) return true
    this.#shiftDownstream(batch, baseOffset)
    return expected < 0
  }

  /** Forgets what is queued; reading will go on at the queue's head. Sequences of what was not sent are free again. */
  discardQueue(): void {
    const head = this.queue.first()
    if (head === undefined) return
    const { upstream, sequence, downstreamExpected: downstream } = head
    this.continueAt({ upstream, sequence, downstream, leaderEpoch: -1 })
    for (let batch = this.queue.shift(); batch !== undefined; batch = this.queue.shift()) batch.memory.drop()
    this.queuedBytes = 0
  }

  /** What has to be durable before the batches of these runs are sent. */
  ledgerWrite(runs: readonly Run[]): LedgerWrite | null {
    if (this.identity === null || runs.length === 0) return null
    this.identity = { ...this.identity, sourceLeaderEpoch: this.#cursor.leaderEpoch }
    this.#writtenIdentity = this.identity
    const replaces = !this.isRegistered
    this.isRegistered = true
    return { topic: this.sourceTopic, partition: this.partition, identity: this.identity, replaces, runs }
  }

  /** Others wrote to the remote topic: from here on downstream offsets are those that the target gave. */
  #shiftDownstream(batch: PendingBatch, baseOffset: number): void {
    this.map?.shiftDownstream(batch.sequence, baseOffset)
    this.#writtenIdentity = null
    this.#cursor.forgetDownstream()
  }
}
