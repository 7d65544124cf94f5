import type { TwinlogError } from '../base/catalogue.ts'
import type { ProducerIdentity } from '../kafka/transactions.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { TargetTopicSettings } from './partition-assignment.ts'

/** An answer about one partition, or why there is none. */
export type PartitionAnswers<Answer> = ReadonlyMap<MirroredPartition, Answer | TwinlogError>

export interface LocatorCallOptions {
  readonly signal: AbortSignal
}

/** What the locator asks the two clusters; many partitions a call. */
export interface LocatorPorts {
  /** Broker that leads the target partition, -1 if unknown: a broker that does not answer holds up its own partitions only. */
  targetLeader(partition: MirroredPartition): number
  /** Topic ids as both clusters have them now. Null: the topic is not there. */
  topicIds(partition: MirroredPartition): { source: string | null; target: string | null } | null
  /** A producer id and epoch to write under; another than `spent`, if that is given. */
  producerIdentity(spent: ProducerIdentity | null, options: LocatorCallOptions): Promise<ProducerIdentity>
  /**
   * Puts a marker into the target partitions, after which their leaders refuse what is on its way under the partitions' identities. Their logs may show
   * it a moment later.
   * @returns the identity of the marker, to go on with; null where the partition's producer id cannot be fenced
   * @throws PRODUCER_REPLACED: another process has taken over
   */
  fence(
    partitions: readonly MirroredPartition[],
    options: LocatorCallOptions,
  ): Promise<PartitionAnswers<ProducerIdentity | null>>
  /** Reads the configuration of remote topics again. Topics whose configuration cannot be read are missing from the answer. */
  targetSettings(
    topics: readonly string[],
    options: LocatorCallOptions,
  ): Promise<ReadonlyMap<string, TargetTopicSettings>>
  targetSequences(
    partitions: readonly MirroredPartition[],
    options: LocatorCallOptions,
  ): Promise<PartitionAnswers<TargetSequence>>
  /** End of the target partition: what all replicas in sync have. */
  targetEnds(partitions: readonly MirroredPartition[], options: LocatorCallOptions): Promise<PartitionAnswers<number>>
  /** First offset of the source partition, or its end. */
  sourceBounds(
    partitions: readonly MirroredPartition[],
    at: 'earliest' | 'latest',
    options: LocatorCallOptions,
  ): Promise<PartitionAnswers<number>>
  /** What the headers at the end of the target's log say of each partition's identity. */
  tails(
    questions: readonly { partition: MirroredPartition; targetEnd: number }[],
    options: LocatorCallOptions,
  ): Promise<PartitionAnswers<TargetTail>>
}

/**
 * Last sequence of ours by the target's producer state; the one before the first when nothing was written under the identity; null: the target does not
 * know the producer id; `superseded`: it has a higher epoch of it.
 */
export type TargetSequence = number | null | 'superseded'

/** What the end of the target's log says of a partition's identity. */
export interface TargetTail {
  /** Last sequence of ours; null: not known. */
  readonly sequence: number | null
  readonly isAbsent: boolean
  /** Epoch of the newest marker of its producer id behind its data; -1: there is none. */
  readonly markerEpoch: number
  /** End of the target partition without the markers that lie there. */
  readonly dataEnd: number
}
