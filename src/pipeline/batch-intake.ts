import { assert } from '../base/assert.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { Run } from '../mirror/run.ts'
import { chooseRewrite, chooseWhole } from '../wire/choose-rewrite.ts'
import type { DropReason, Rewrite, RewritePlan } from '../wire/choose-rewrite.ts'
import { verifyOldChecksum } from '../wire/legacy-cursor.ts'
import { BATCH_HEADER_SIZE, BatchHeader, maxTimestampAt, readBatchHeader } from '../wire/record-batch.ts'
import { verifyChecksum } from '../wire/reseal.ts'
import type { TargetBatch, UpstreamPiece } from '../wire/transcoded.ts'
import type { AnswerWalk } from './answer-walk.ts'
import type { BatchGroup } from './batch-group.ts'
import type { TranscodedGroup } from './group-transcoder.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { OwnMemory } from './own-memory.ts'
import type { BatchHandling, LedgerTicket, PendingBatch } from './pending-batch.ts'

export interface IntakeSettings {
  readonly checkCrcs: boolean
  readonly isIdempotent: boolean
  /** Codec that the target's batches are to have; -1: the one that they have at the source. */
  readonly codec: number
  /** Batches are put together up to this size in bytes; 0: they are not. */
  readonly coalescedBytesMax: number
  /** ms since the epoch. */
  nowMs(): number
  /** Runs are written down before their batches are sent: not where positions are exact by themselves (transactions). */
  readonly keepsRuns: boolean
}

/** What the batches that are queued now wait for. */
export interface IntakeRound {
  readonly ticket: LedgerTicket
  /** Runs that the batches of the partition begin, to be written to the ledger before they are sent. */
  readonly runs: Run[]
  /** The walk ends: the partition has to be fenced before the next batch gets a sequence. */
  isAtOdds: boolean
}

type Place = Omit<PendingBatch, 'timestampMs' | 'sequence' | 'downstreamExpected' | 'sentAtMs' | 'ticket'>

/**
 * Takes the batches of a fetched answer into their partitions' queues: walks the headers, verifies each checksum, decides what is to be done
 * (chooseRewrite), gives sequences, and notes where runs begin. Records are not looked at: batches whose records have to be are handed out in groups,
 * and what was made of them comes back to `place`.
 */
export class BatchIntake {
  readonly #settings: IntakeSettings
  readonly #header = new BatchHeader()
  readonly #plan: RewritePlan
  /** Batches that were not copied, by why. */
  readonly dropped: Record<DropReason, number> = { 'before position': 0, control: 0, aborted: 0, empty: 0 }

  constructor(settings: IntakeSettings) {
    this.#settings = settings
    this.#plan = {
      position: 0,
      isAborted: false,
      idempotent: settings.isIdempotent,
      targetTimestampType: 'CreateTime',
      targetMaxMessageBytes: 0,
      codec: settings.codec,
      doubtedTo: 0,
      coalesceBelowBytes: 0,
    }
  }

  /**
   * Goes on with a walk.
   * @returns batches that have to be decoded; null: it came to its end, or is at odds
   * @throws BATCH_CORRUPT, BATCH_CHECKSUM: this partition cannot go on; what came before the batch is in the queue
   */
  advance(walk: AnswerWalk, round: IntakeRound): BatchGroup | null {
    const { partition } = walk
    if (walk.group !== null) return walk.group
    const header = this.#header
    this.#prepare(partition)
    while (!walk.isDone) {
      const rewrite = this.#read(walk, walk.at, partition.fetchOffset)
      if (rewrite === 'truncated') {
        if (walk.at > walk.start) return null
        // Brokers send the first batch whole, or nothing: asking again would bring the same piece for ever.
        throw errors.BATCH_CORRUPT({ offset: partition.fetchOffset, what: 'the broker sent only a part of it' })
      }
      switch (rewrite.kind) {
        case 'drop':
          this.#drop(partition, rewrite.reason)
          walk.at += header.size
          break
        case 'rebuild':
        case 'coalesce': {
          const group = this.#gather(walk, rewrite.kind === 'rebuild')
          if (group.isNeeded || partition.coalescing.pays(group.places.length)) {
            walk.group = group
            return group
          }
          if (!this.#takeWhole(walk, group, round)) return null
          break
        }
        case 'reseal':
        case 'forward':
          if (!this.#enqueueWhole(walk, rewrite, header.lastOffset + 1, round)) return null
          walk.at += header.size
      }
    }
    return null
  }

  /**
   * Queues what was made of a group; the walk goes on behind it.
   * @returns false: the walk is at odds
   * @throws what makes the partition stop behind these batches
   */
  place(walk: AnswerWalk, group: BatchGroup, made: TranscodedGroup, round: IntakeRound): boolean {
    const { partition } = walk
    const { batches, refusal } = made
    const handling = group.isNeeded ? 'rebuilt' : 'coalesced'
    const positionAfter = refusal === null ? group.positionAfter : endOfLast(batches)
    for (const [index, { bytes, recordCount: count, pieces }] of batches.entries()) {
      const upstream = firstOffsetOf(pieces)
      const following = batches[index + 1]
      const place: Place = {
        upstream,
        count,
        pieces: pieces.length === 1 ? null : pieces,
        memory: new OwnMemory(bytes, walk.memory),
        at: 0,
        size: bytes.length,
        handling,
        positionAfter: following === undefined ? positionAfter : firstOffsetOf(following.pieces),
      }
      if (!this.#enqueue(partition, place, group.leaderEpoch, round)) return false
    }
    walk.group = null
    if (refusal !== null) throw refusal
    if (batches.length === 0) partition.skipTo(group.positionAfter, group.leaderEpoch)
    walk.at = group.endAt
    return true
  }

  #prepare({ target, refusals }: MirroredPartition): void {
    const plan = this.#plan
    plan.targetTimestampType = target.timestampType
    plan.targetMaxMessageBytes = Math.min(target.maxMessageBytes, refusals.batchBytesMax)
    plan.doubtedTo = refusals.doubtedTo(this.#settings.nowMs())
    plan.coalesceBelowBytes = Math.min(this.#settings.coalescedBytesMax, plan.targetMaxMessageBytes) / 2
  }

  /** Reads the header at a place into `#header`. @throws when it is damaged */
  #read(walk: AnswerWalk, at: number, position: number): Rewrite | 'truncated' {
    const { bytes } = walk.memory
    const header = this.#header
    if (readBatchHeader(bytes, at, walk.end, header) === 'truncated') return 'truncated'
    if (this.#settings.checkCrcs) verify(bytes, at, header)
    this.#plan.position = position
    this.#plan.isAborted = walk.aborted !== null && walk.aborted.isAborted(header)
    const rewrite = chooseRewrite(header, this.#plan)
    // What is written anew gets a checksum of its own, which would make damage look right.
    const isDecoded = rewrite.kind === 'rebuild' || rewrite.kind === 'coalesce'
    if (isDecoded && !this.#settings.checkCrcs) verify(bytes, at, header)
    return rewrite
  }

  #drop(partition: MirroredPartition, reason: DropReason): void {
    this.dropped[reason]++
    const { baseOffset, lastOffset, leaderEpoch } = this.#header
    if (lastOffset < partition.fetchOffset) return
    // An emptied batch held records once, and who read it then has copied them.
    partition.skipTo(lastOffset + 1, leaderEpoch, reason === 'empty' ? Infinity : baseOffset)
  }

  /** The batch whose header was read last, and those behind it that can be decoded together with it. */
  #gather(walk: AnswerWalk, isNeeded: boolean): BatchGroup {
    const first = keyOf(this.#header, this.#plan)
    const sizeMax = this.#plan.coalesceBelowBytes * 2
    const places = [walk.at]
    let sizeBytes = this.#header.size
    let endAt = walk.at + this.#header.size
    let positionAfter = this.#header.lastOffset + 1
    const { leaderEpoch } = this.#header
    let isAnyNeeded = isNeeded
    while (endAt < walk.end && sizeBytes < sizeMax) {
      const rewrite = this.#tryRead(walk, endAt, positionAfter)
      const { size, lastOffset } = this.#header
      if (rewrite.kind === 'drop') {
        // What lies between records counts where strays may be on their way.
        if (walk.partition.strays !== null) break
        this.dropped[rewrite.reason]++
      } else {
        const fits = sizeBytes + size - BATCH_HEADER_SIZE <= sizeMax && keyOf(this.#header, this.#plan) === first
        if (!fits || (rewrite.kind !== 'rebuild' && rewrite.kind !== 'coalesce')) break
        if (rewrite.kind === 'rebuild') isAnyNeeded = true
        places.push(endAt)
        sizeBytes += size - BATCH_HEADER_SIZE
      }
      positionAfter = Math.max(positionAfter, lastOffset + 1)
      endAt += size
    }
    return { places, sizeBytes, endAt, positionAfter, leaderEpoch, isNeeded: isAnyNeeded }
  }

  /** What is damaged or cut is met again when what is before it is taken in. */
  #tryRead(walk: AnswerWalk, at: number, position: number): Rewrite {
    try {
      const rewrite = this.#read(walk, at, position)
      return rewrite === 'truncated' ? ENDS_GROUP : rewrite
    } catch (error) {
      if (!(error instanceof TwinlogError)) throw error
      return ENDS_GROUP
    }
  }

  /** Queues the batches of a group one by one. */
  #takeWhole(walk: AnswerWalk, group: BatchGroup, round: IntakeRound): boolean {
    const header = this.#header
    for (const [index, at] of group.places.entries()) {
      walk.at = at
      readBatchHeader(walk.memory.bytes, at, walk.end, header)
      const isLast = index === group.places.length - 1
      const positionAfter = isLast ? group.positionAfter : header.lastOffset + 1
      if (!this.#enqueueWhole(walk, chooseWhole(header, this.#plan), positionAfter, round)) return false
    }
    walk.at = group.endAt
    return true
  }

  /** Queues the batch whose header was read last as it is. */
  #enqueueWhole(walk: AnswerWalk, { kind }: Rewrite, positionAfter: number, round: IntakeRound): boolean {
    const { baseOffset: upstream, recordCount: count, size, leaderEpoch } = this.#header
    const { memory, at } = walk
    const handling: BatchHandling = kind === 'forward' ? 'forwarded' : 'resealed'
    const place = { upstream, count, pieces: null, memory, at, size, handling, positionAfter }
    return this.#enqueue(walk.partition, place, leaderEpoch, round)
  }

  #enqueue(partition: MirroredPartition, place: Place, leaderEpoch: number, round: IntakeRound): boolean {
    const { isIdempotent, keepsRuns, nowMs } = this.#settings
    if (partition.strays !== null) {
      const maxTimestampMs = Number(maxTimestampAt(place.memory.bytes, place.at))
      round.isAtOdds = partition.isAtOddsWithStrays(place, { leaderEpoch, maxTimestampMs, nowMs: nowMs() })
      if (round.isAtOdds) return false
    }
    if (keepsRuns) partition.beginRuns(place, leaderEpoch, round.runs)
    const mustWait = isIdempotent && round.runs.length > 0
    partition.enqueue({ ...place, ticket: mustWait ? round.ticket : null }, leaderEpoch)
    return true
  }
}

const ENDS_GROUP: Rewrite = { kind: 'reseal', reason: 'usual' }

function verify(bytes: Buffer, at: number, { magic, size }: BatchHeader): void {
  if (magic === 2) verifyChecksum(bytes, at, size)
  else verifyOldChecksum(bytes, at, size)
}

function firstOffsetOf([first]: readonly UpstreamPiece[]): number {
  assert(first !== undefined, 'a batch has records')
  return first.upstreamOffset
}

/** The upstream offset after the last record of some batches. */
function endOfLast(batches: readonly TargetBatch[]): number {
  const last = batches.at(-1)?.pieces.at(-1)
  return last === undefined ? -1 : last.upstreamOffset + last.count
}

/** What batches must have in common to be written as one. */
function keyOf({ codec, isAppendTime, leaderEpoch, magic }: BatchHeader, plan: RewritePlan): number {
  const written = plan.codec < 0 ? codec : plan.codec
  return (leaderEpoch + 1) * 32 + written * 4 + (isAppendTime ? 2 : 0) + (magic < 2 ? 1 : 0)
}
