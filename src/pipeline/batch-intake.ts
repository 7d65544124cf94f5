import type { Run } from '../mirror/run.ts'
import { AbortedTransactions } from '../wire/aborted-transactions.ts'
import { chooseRewrite } from '../wire/choose-rewrite.ts'
import type { DropReason, RewritePlan } from '../wire/choose-rewrite.ts'
import type { FetchedPartition } from '../wire/fetch-response.ts'
import { BatchHeader, maxTimestampAt, readBatchHeader } from '../wire/record-batch.ts'
import { verifyChecksum } from '../wire/reseal.ts'
import type { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { FrameLease } from './frame-lease.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { LedgerTicket } from './pending-batch.ts'

export interface IntakeSettings {
  readonly checkCrcs: boolean
  readonly isIdempotent: boolean
  readonly isReadCommitted: boolean
  /** ms since the epoch. */
  nowMs(): number
  /** Runs are written down before their batches are sent: not where positions are exact by themselves (transactions). */
  readonly keepsRuns: boolean
}

/**
 * Takes the batches of a fetched answer into their partitions' queues: walks the headers, verifies each checksum, decides what is to be done
 * (chooseRewrite), gives sequences, and notes where runs begin. The records are not looked at.
 */
export class BatchIntake {
  readonly #settings: IntakeSettings
  readonly #header = new BatchHeader()
  readonly #plan: RewritePlan
  droppedTotal = 0

  constructor(settings: IntakeSettings) {
    this.#settings = settings
    this.#plan = {
      position: 0,
      isAborted: false,
      idempotent: settings.isIdempotent,
      targetTimestampType: 'CreateTime',
      targetMaxMessageBytes: 0,
      coalesce: false,
    }
  }

  /**
   * @param ticket   what the batches of new runs (and all after them) wait for
   * @param runs     gets the runs that these batches begin, to be written to the ledger before they are sent
   * @returns        whether all was taken in; false: the partition has to be fenced before the next batch gets a sequence
   * @throws BATCH_CORRUPT, BATCH_CHECKSUM, BATCH_UNFIT, REBUILD_NEEDED: this partition cannot go on; what came before the batch is in the queue
   */
  takeIn(
    partition: MirroredPartition,
    fetched: FetchedPartition,
    lease: FrameLease,
    ticket: LedgerTicket,
    runs: Run[],
  ): boolean {
    const { bytes } = lease
    const header = this.#header
    const plan = this.#plan
    plan.targetTimestampType = partition.target.timestampType
    plan.targetMaxMessageBytes = partition.target.maxMessageBytes
    const aborted = this.#settings.isReadCommitted ? new AbortedTransactions(fetched.abortedTransactions) : null

    let at = fetched.recordsStart
    while (at < fetched.recordsEnd) {
      if (readBatchHeader(bytes, at, fetched.recordsEnd, header) === 'truncated') {
        if (at > fetched.recordsStart) return true
        // Brokers send the first batch whole, or nothing: asking again would bring the same piece for ever.
        throw errors.BATCH_CORRUPT({ offset: partition.fetchOffset, what: 'the broker sent only a part of it' })
      }
      if (this.#settings.checkCrcs && header.magic === 2) verifyChecksum(bytes, at, header.size)
      plan.position = partition.fetchOffset
      plan.isAborted = aborted !== null && aborted.isAborted(header)
      const rewrite = chooseRewrite(header, plan)
      switch (rewrite.kind) {
        case 'drop':
          this.droppedTotal++
          if (header.lastOffset >= partition.fetchOffset) this.#skip(partition, rewrite.reason)
          break
        case 'rebuild':
        case 'coalesce':
          throw this.#refusal(partition, rewrite.reason)
        case 'reseal':
        case 'forward':
          if (this.#isAtOddsWithStrays(partition, bytes, at)) return false
          this.#enqueue(partition, at, lease, ticket, runs, rewrite.kind === 'forward')
      }
      at += header.size
    }
    return true
  }

  #skip(partition: MirroredPartition, reason: DropReason): void {
    const { baseOffset, lastOffset, leaderEpoch } = this.#header
    // An emptied batch held records once, and who read it then has copied them.
    partition.skipTo(lastOffset + 1, leaderEpoch, reason === 'empty' ? Infinity : baseOffset)
  }

  #isAtOddsWithStrays(partition: MirroredPartition, bytes: Buffer, at: number): boolean {
    if (partition.strays === null) return false
    const { baseOffset: upstream, recordCount: count, leaderEpoch } = this.#header
    const maxTimestampMs = Number(maxTimestampAt(bytes, at))
    const circumstances = { leaderEpoch, maxTimestampMs, nowMs: this.#settings.nowMs() }
    return partition.isAtOddsWithStrays({ upstream, count, pieces: null }, circumstances)
  }

  /** Told apart: what another configuration of the remote topic would mend, and what nothing does. */
  #refusal({ sourceTopic: topic, partition }: MirroredPartition, reason: string): TwinlogError {
    const { baseOffset: offset, size } = this.#header
    if (reason === 'append time') {
      const remedy =
        'Set message.timestamp.type=LogAppendTime on the remote topic, or mirror this topic with MirrorMaker 2.'
      return errors.BATCH_UNFIT({ topic, partition, offset, reason, remedy })
    }
    if (reason === 'too large') {
      const limit = this.#plan.targetMaxMessageBytes
      const sizes = `too large: ${size} bytes, and max.message.bytes of the remote topic is ${limit}`
      return errors.BATCH_UNFIT({
        topic,
        partition,
        offset,
        reason: sizes,
        remedy: 'Raise max.message.bytes of the remote topic.',
      })
    }
    return errors.REBUILD_NEEDED({ topic, partition, offset, reason })
  }

  #enqueue(
    partition: MirroredPartition,
    at: number,
    lease: FrameLease,
    ticket: LedgerTicket,
    runs: Run[],
    isForwarded: boolean,
  ): void {
    const { baseOffset: upstream, recordCount: count, size, lastOffset, leaderEpoch } = this.#header
    const place = { upstream, count, pieces: null }
    if (this.#settings.keepsRuns) partition.beginRuns(place, leaderEpoch, runs)
    const mustWait = this.#settings.isIdempotent && runs.length > 0
    partition.enqueue(
      {
        ...place,
        memory: lease,
        at,
        size,
        handling: isForwarded ? 'forwarded' : 'resealed',
        ticket: mustWait ? ticket : null,
        positionAfter: lastOffset + 1,
      },
      leaderEpoch,
    )
  }
}
