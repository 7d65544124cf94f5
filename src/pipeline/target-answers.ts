import { errors } from '../base/errors.ts'
import type { TwinlogError } from '../base/catalogue.ts'
import { classifyKafkaError } from '../kafka/kafka-error.ts'
import type { ProducedPartition } from '../wire/produce-response.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { SentBatch } from './write-channel.ts'

const REQUEST_TIMED_OUT = 7
const NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20
const DUPLICATE_SEQUENCE_NUMBER = 46

const remedies: Readonly<Record<string, string>> = {
  INVALID_TIMESTAMP:
    'The remote topic does not take timestamps that are so far off: raise its message.timestamp.before.max.ms (past) or message.timestamp.after.max.ms (future; an hour unless it is set), for example kafka-configs --alter --entity-type topics --entity-name <remote topic> --add-config message.timestamp.after.max.ms=9223372036854775807. Brokers before 3.6 have message.timestamp.difference.max.ms. The partition is tried again in a while.',
  INVALID_RECORD:
    'A compacted remote topic takes no records without a key: set twinlog.null.key.policy=drop to leave them out, or change its cleanup.policy.',
  TOPIC_AUTHORIZATION_FAILED:
    'Allow it: kafka-acls --add --allow-principal User:<user> --operation Write --operation Describe --topic <remote topic>.',
  CLUSTER_AUTHORIZATION_FAILED:
    'Allow it: kafka-acls --add --allow-principal User:<user> --operation IdempotentWrite --cluster.',
}

/** What must be the case for a batch to be sent once more: all other errors would meet it again. */
const REFUSALS: ReadonlySet<string> = new Set([
  'CORRUPT_MESSAGE',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_REQUIRED_ACKS',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'POLICY_VIOLATION',
  'INVALID_RECORD',
  'UNSUPPORTED_COMPRESSION_TYPE',
])

/** Errors with which a leader appends nothing: a success of the same flight behind one leaves a hole. */
const NOT_APPENDED: ReadonlySet<string> = new Set([
  'NOT_ENOUGH_REPLICAS',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
])

/** Larger than max.message.bytes, or than segment.bytes: as it was sent, or as the broker compressed it anew. */
const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
/** LogValidator of every version: "Compacted topic cannot accept message without key in topic partition ...". */
const SAYS_NO_KEY = /without key/i

export interface TargetAnswersDependencies {
  /** Records without a key are left out where the target does not take them. */
  readonly dropsNullKeys: boolean
  /** ms since the epoch. */
  nowMs(): number
  /** The batch is made anew, so that the target takes it. */
  onRemade(partition: MirroredPartition, batch: SentBatch['batch'], error: string): void
  fail(partition: MirroredPartition, reason: string): void
  refuse(partition: MirroredPartition, error: TwinlogError): void
  acknowledged(partition: MirroredPartition): void
  landed(partition: MirroredPartition): void
  /** There may be room for more of it. */
  offerWriting(partition: MirroredPartition): void
  onMoved(partition: MirroredPartition): void
  onForeignWrite(partition: MirroredPartition, expected: number, downstreamOffset: number): void
  /** It was not acknowledged in time: its followers are behind. */
  onSlow(partition: MirroredPartition): void
  /** The partition needs another producer id: the target does not take this one any more. */
  onIdentitySpent(partition: MirroredPartition): void
}

/** Takes in what a target broker answered for a batch: acknowledged, to be looked into, or refused. */
export class TargetAnswers {
  readonly #deps: TargetAnswersDependencies

  constructor(dependencies: TargetAnswersDependencies) {
    this.#deps = dependencies
  }

  take({ partition, batch }: SentBatch, produced: ProducedPartition): void {
    partition.landed()
    const isDuplicate = produced.errorCode === DUPLICATE_SEQUENCE_NUMBER
    const isRecovering = partition.state.name === 'recovering' || partition.state.name === 'stopped'
    if (isRecovering && produced.errorCode === 0 && partition.refusedOffset !== null)
      partition.hole ??= partition.refusedOffset
    if ((produced.errorCode === 0 || isDuplicate) && !isRecovering)
      this.#acknowledge(partition, batch, produced, isDuplicate)
    else if (!isRecovering) this.#takeError(partition, batch, produced)
    this.#deps.landed(partition)
    if (partition.queue.length > 0) this.#deps.offerWriting(partition)
  }

  lost(sent: readonly SentBatch[], error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    for (const { partition } of sent) {
      partition.landed()
      partition.noteLost()
      this.#deps.fail(partition, reason)
      this.#deps.landed(partition)
    }
  }

  #acknowledge(
    partition: MirroredPartition,
    batch: SentBatch['batch'],
    produced: ProducedPartition,
    isDuplicate: boolean,
  ): void {
    const expected = partition.ackedDownstream
    const baseOffset = isDuplicate ? -1 : produced.baseOffset
    const isExpected = partition.acknowledge(batch, baseOffset)
    partition.membership?.runs?.acknowledged(batch, baseOffset)
    if (!isExpected) this.#deps.onForeignWrite(partition, expected, produced.baseOffset)
    this.#deps.acknowledged(partition)
    this.#deps.onMoved(partition)
  }

  /** Notes what the target does not take. @returns whether it may take the records when they are written anew */
  #canBeRemade(
    { refusals }: MirroredPartition,
    batch: SentBatch['batch'],
    produced: ProducedPartition,
    name: string,
  ): boolean {
    if (TOO_LARGE.has(name)) {
      if (batch.count > 1) refusals.refuseSize(batch.size)
      else refusals.refuseRecord(batch.upstream)
      return true
    }
    const texts = [produced.errorMessage, ...produced.recordErrors.map(({ message }) => message)]
    const isWithoutKey = name === 'INVALID_RECORD' && texts.some((text) => text !== null && SAYS_NO_KEY.test(text))
    // Refused although keys were looked at: then it is something else.
    const isNews = !refusals.areKeysDoubted(this.#deps.nowMs())
    if (!isWithoutKey || !this.#deps.dropsNullKeys || !isNews) return false
    refusals.refuseNullKey(this.#deps.nowMs())
    return true
  }

  #takeError(partition: MirroredPartition, batch: SentBatch['batch'], produced: ProducedPartition): void {
    const offset = batch.upstream
    const { name } = classifyKafkaError(produced.errorCode)
    const detail = produced.errorMessage ?? 'no more is said'
    if (this.#canBeRemade(partition, batch, produced, name)) {
      if (partition.inFlight.length === 0) partition.membership?.takeBack(batch.sequence)
      this.#deps.onRemade(partition, batch, name)
      this.#deps.fail(partition, name)
      return
    }
    if (REFUSALS.has(name)) {
      const remedy = remedies[name] ?? 'The partition is tried again in a while.'
      const { sourceTopic: topic, partition: index } = partition
      if (partition.inFlight.length === 0) partition.membership?.takeBack(batch.sequence)
      this.#deps.refuse(
        partition,
        errors.BATCH_REFUSED({ offset, topic, partition: index, error: name, detail, remedy }),
      )
      return
    }
    if (produced.errorCode === REQUEST_TIMED_OUT || produced.errorCode === NOT_ENOUGH_REPLICAS_AFTER_APPEND) {
      this.#deps.onSlow(partition)
    }
    if (NOT_APPENDED.has(name)) partition.refusedOffset ??= offset
    const { action } = classifyKafkaError(produced.errorCode)
    if (action === 'fence' || name === 'UNKNOWN_PRODUCER_ID') this.#deps.onIdentitySpent(partition)
    this.#deps.fail(partition, name)
  }
}
