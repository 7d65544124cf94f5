import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'
import { classifyKafkaError } from '../kafka/kafka-error.ts'
import type { Gap, GapReason } from '../mirror/gap.ts'
import type { LedgerWrite } from '../mirror/ledger-entry.ts'
import type { Run } from '../mirror/run.ts'
import type { FetchedPartition } from '../wire/fetch-response.ts'
import type { BatchIntake } from './batch-intake.ts'
import type { FrameLease } from './frame-lease.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { LedgerTicket } from './pending-batch.ts'
import type { AnsweredPartition } from './source-reader.ts'

const OFFSET_OUT_OF_RANGE = 1
const TOPIC_AUTHORIZATION_FAILED = 29

/** First offset and end of a source partition. */
export interface SourceBounds {
  readonly earliest: number
  readonly latest: number
}

export interface SourceAnswersDependencies {
  readonly clock: Clock
  readonly intake: BatchIntake
  readonly sourceAlias: string
  readonly gapPolicy: 'continue' | 'stop'
  bounds(partition: MirroredPartition): Promise<SourceBounds>
  /** The partition is not read until its position is set anew, or it is served elsewhere. */
  suspend(partition: MirroredPartition): void
  onGap(gap: Gap): void
  /** Runs begin: their batches wait for the ticket. */
  onRuns(writes: readonly LedgerWrite[], ticket: LedgerTicket, partitions: readonly MirroredPartition[]): void
  /** There is something to send, or the position moved. */
  onTaken(partitions: readonly MirroredPartition[]): void
  onServedElsewhere(partition: MirroredPartition, error: string): void
  onReplicaPreferred(partition: MirroredPartition, nodeId: number): void
  /** The reading position was set anew. */
  onRepositioned(partition: MirroredPartition): void
  refuse(partition: MirroredPartition, error: TwinlogError): void
  refuseAfterQueue(partition: MirroredPartition, error: TwinlogError): void
  /** The next batch would give sequences another meaning than they may have in a request that was lost. */
  onAtOddsWithStrays(partition: MirroredPartition): void
  /** What is read now was copied before, by the positions, and is not in the target any more. */
  onLostFound(partition: MirroredPartition): void
  onDefect(error: unknown): void
}

/** Takes in what a source broker answered: batches into queues, errors and lost data to those who deal with them. */
export class SourceAnswers {
  readonly #deps: SourceAnswersDependencies

  constructor(dependencies: SourceAnswersDependencies) {
    this.#deps = dependencies
  }

  take(answered: readonly AnsweredPartition[], lease: FrameLease): void {
    const ticket: LedgerTicket = { isDurable: false, lateAtMs: Infinity }
    const writes: LedgerWrite[] = []
    const taken: MirroredPartition[] = []
    for (const { partition, fetched } of answered) {
      if (fetched.errorCode !== 0) {
        this.#takeError(partition, fetched)
        continue
      }
      partition.highWatermark = fetched.highWatermark
      partition.lastStableOffset = fetched.lastStableOffset
      if (fetched.divergingEpoch !== null) this.#truncated(partition, fetched.divergingEpoch)
      else if (fetched.preferredReadReplica >= 0) this.#deps.onReplicaPreferred(partition, fetched.preferredReadReplica)
      else if (fetched.recordsEnd > fetched.recordsStart) {
        const write = this.#takeBatches(partition, fetched, lease, ticket)
        if (write !== null) writes.push(write)
        taken.push(partition)
      }
    }
    if (writes.length > 0) this.#deps.onRuns(writes, ticket, taken)
    if (taken.length > 0) this.#deps.onTaken(taken)
  }

  #takeBatches(
    partition: MirroredPartition,
    fetched: FetchedPartition,
    lease: FrameLease,
    ticket: LedgerTicket,
  ): LedgerWrite | null {
    const runs: Run[] = []
    let isWhole = true
    try {
      isWhole = this.#deps.intake.takeIn(partition, fetched, lease, ticket, runs)
    } catch (error) {
      if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
      this.#deps.refuseAfterQueue(partition, error)
    }
    for (const run of runs) partition.map?.begin(run)
    const write = partition.ledgerWrite(runs)
    if (partition.findsLostAgain()) this.#deps.onLostFound(partition)
    if (!isWhole) this.#deps.onAtOddsWithStrays(partition)
    return write
  }

  #takeError(partition: MirroredPartition, fetched: FetchedPartition): void {
    const { name, action } = classifyKafkaError(fetched.errorCode)
    if (fetched.errorCode === OFFSET_OUT_OF_RANGE) {
      if (partition.readReplica >= 0) this.#deps.onServedElsewhere(partition, name)
      else void this.#outOfRange(partition)
    } else if (action === 'stop' || action === 'fence' || action === 'rejoin') {
      const remedy =
        fetched.errorCode === TOPIC_AUTHORIZATION_FAILED
          ? `Allow it: kafka-acls --add --allow-principal User:<user> --operation Read --operation Describe --topic ${partition.sourceTopic}`
          : 'It is tried again in a while.'
      const { sourceTopic: topic, partition: index } = partition
      const cluster = this.#deps.sourceAlias
      this.#deps.refuse(partition, errors.SOURCE_REFUSED({ topic, partition: index, cluster, error: name, remedy }))
    } else {
      this.#deps.onServedElsewhere(partition, name)
    }
  }

  /** The source has other records now at the offsets from `endOffset` on than those that were copied (KIP-595's diverging epoch). */
  #truncated(partition: MirroredPartition, diverging: { epoch: number; endOffset: number }): void {
    const next = Math.min(diverging.endOffset, partition.fetchOffset)
    this.#skipGap(partition, {
      from: next,
      to: partition.fetchOffset,
      next,
      reason: 'truncated',
      leaderEpoch: diverging.epoch,
    })
  }

  /** The source has no record at the position: it is below the start of its log, or above the end. */
  async #outOfRange(partition: MirroredPartition): Promise<void> {
    const { generation, fetchOffset } = partition
    const isStale = (): boolean =>
      partition.generation !== generation || partition.fetchOffset !== fetchOffset || !partition.isReadable
    // Until it is known what is left of it: asking again would only be answered the same.
    this.#deps.suspend(partition)
    try {
      const bounds = await this.#deps.bounds(partition)
      if (isStale()) return
      if (fetchOffset < bounds.earliest) {
        const reason = 'removed before it was copied'
        this.#skipGap(partition, {
          from: fetchOffset,
          to: bounds.earliest,
          next: bounds.earliest,
          reason,
          leaderEpoch: -1,
        })
      } else if (fetchOffset > bounds.latest) {
        // Without an epoch nobody can tell from where on the source is another: all that it has is copied, nothing is left out.
        const next = bounds.earliest
        this.#skipGap(partition, {
          from: bounds.latest,
          to: fetchOffset,
          next,
          reason: 'above the end',
          leaderEpoch: -1,
        })
      } else {
        this.#deps.onServedElsewhere(partition, 'OFFSET_OUT_OF_RANGE')
      }
    } catch (error) {
      if (isStale()) return
      if (error instanceof TwinlogError && error.kind !== 'defect')
        this.#deps.onServedElsewhere(partition, error.message)
      else this.#deps.onDefect(error)
    }
  }

  #skipGap(
    partition: MirroredPartition,
    gap: { from: number; to: number; next: number; reason: GapReason; leaderEpoch: number },
  ): void {
    const { sourceTopic: topic, partition: index } = partition
    const fromOffset = gap.from
    const toOffset = gap.to
    if (this.#deps.gapPolicy === 'stop') {
      const error = errors.GAP_STOPS({ topic, partition: index, fromOffset, toOffset, reason: gap.reason })
      this.#deps.refuseAfterQueue(partition, error)
      return
    }
    this.#deps.onGap({
      topic,
      partition: index,
      fromOffset,
      toOffset,
      reason: gap.reason,
      atMs: this.#deps.clock.now(),
    })
    partition.readFrom(gap.next, gap.leaderEpoch)
    this.#deps.onRepositioned(partition)
  }
}
