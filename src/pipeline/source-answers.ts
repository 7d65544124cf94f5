import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'
import { classifyKafkaError } from '../kafka/kafka-error.ts'
import type { Gap, GapReason } from '../mirror/gap.ts'
import type { FetchedPartition } from '../wire/fetch-response.ts'
import { AnswerWalk } from './answer-walk.ts'
import type { FrameLease } from './frame-lease.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
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
  /** Aborted records are left out. */
  readonly isReadCommitted: boolean
  readonly sourceAlias: string
  readonly gapPolicy: 'continue' | 'stop'
  /** Batches were fetched. */
  takeIn(walks: readonly AnswerWalk[]): void
  bounds(partition: MirroredPartition): Promise<SourceBounds>
  /** The partition is not read until its position is set anew, or it is served elsewhere. */
  suspend(partition: MirroredPartition): void
  onGap(gap: Gap): void
  onServedElsewhere(partition: MirroredPartition, error: string): void
  onReplicaPreferred(partition: MirroredPartition, nodeId: number): void
  /** The reading position was set anew. */
  onRepositioned(partition: MirroredPartition): void
  refuse(partition: MirroredPartition, error: TwinlogError): void
  refuseAfterQueue(partition: MirroredPartition, error: TwinlogError): void
  onDefect(error: unknown): void
}

/** Takes in what a source broker answered: batches into queues, errors and lost data to those who deal with them. */
export class SourceAnswers {
  readonly #deps: SourceAnswersDependencies

  constructor(dependencies: SourceAnswersDependencies) {
    this.#deps = dependencies
  }

  take(answered: readonly AnsweredPartition[], lease: FrameLease): void {
    const walks: AnswerWalk[] = []
    for (const { partition, fetched } of answered) {
      if (fetched.errorCode !== 0) {
        this.#takeError(partition, fetched)
        continue
      }
      partition.highWatermark = fetched.highWatermark
      partition.lastStableOffset = fetched.lastStableOffset
      if (fetched.divergingEpoch !== null) this.#truncated(partition, fetched.divergingEpoch)
      else if (fetched.preferredReadReplica >= 0) this.#deps.onReplicaPreferred(partition, fetched.preferredReadReplica)
      else if (fetched.recordsEnd > fetched.recordsStart)
        walks.push(AnswerWalk.of(partition, fetched, lease, this.#deps.isReadCommitted))
    }
    if (walks.length > 0) this.#deps.takeIn(walks)
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
