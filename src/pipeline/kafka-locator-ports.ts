import { TwinlogError } from '../base/catalogue.ts'
import { describeProducers, initProducerId, listOffsets } from '../kafka/admin.ts'
import type { ActiveProducer } from '../kafka/admin.ts'
import type { BrokerConnection } from '../kafka/broker-connection.ts'
import type { ArenaPool } from '../kafka/frame-arena.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { LocatorPorts, PartitionAnswers } from './locator.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { TargetTopicSettings } from './partition-assignment.ts'
import type { SourceBounds } from './source-answers.ts'
import { readTailSequence } from './tail-reader.ts'
import { readTargetSettings } from './target-settings.ts'

interface CallOptions {
  readonly signal: AbortSignal
}

interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** The locator's questions, asked of real clusters. All partitions of a lane share one producer id, as long as the target takes it. */
export class KafkaLocatorPorts implements LocatorPorts {
  readonly #source: ClusterClient
  readonly #target: ClusterClient
  readonly #arenas: ArenaPool
  #identity: Promise<ProducerIdentity> | null = null
  readonly #spent = new Set<bigint>()

  constructor({ source, target, arenas }: { source: ClusterClient; target: ClusterClient; arenas: ArenaPool }) {
    this.#source = source
    this.#target = target
    this.#arenas = arenas
  }

  targetLeader({ targetTopic, partition }: MirroredPartition): number {
    return this.#target.metadata?.topics.get(targetTopic)?.partitions[partition]?.leader ?? -1
  }

  topicIds({ sourceTopic, targetTopic }: MirroredPartition): { source: string | null; target: string | null } | null {
    const source = this.#source.metadata?.topics.get(sourceTopic)
    const target = this.#target.metadata?.topics.get(targetTopic)
    // A topic that was asked for and is not there (yet) has an entry with an error.
    if (source === undefined || target === undefined || source.errorCode !== 0 || target.errorCode !== 0) return null
    return { source: source.topicId, target: target.topicId }
  }

  async producerIdentity(spent: bigint | null, options: CallOptions): Promise<ProducerIdentity> {
    if (spent !== null) this.#spent.add(spent)
    const current = this.#identity === null ? null : await this.#identity.catch(() => null)
    if (current !== null && !this.#spent.has(current.producerId)) return current
    this.#identity = initProducerId(this.#target, options)
    return this.#identity
  }

  targetSettings(topics: readonly string[], options: CallOptions): Promise<ReadonlyMap<string, TargetTopicSettings>> {
    return readTargetSettings(this.#target, topics, options)
  }

  async targetSequences(
    partitions: readonly MirroredPartition[],
    options: CallOptions,
  ): Promise<PartitionAnswers<number | null>> {
    const outcomes = await describeProducers(this.#target, partitions.map(targetOf), options)
    return answersOf(partitions, outcomes, ({ producers }, partition) => lastSequenceOf(producers, partition))
  }

  async targetEnds(partitions: readonly MirroredPartition[], options: CallOptions): Promise<PartitionAnswers<number>> {
    const requests = partitions.map((partition) => ({ ...targetOf(partition), at: 'latest' as const }))
    return answersOf(partitions, await listOffsets(this.#target, requests, options), ({ offset }) => offset)
  }

  async sourceBounds(
    partitions: readonly MirroredPartition[],
    at: 'earliest' | 'latest',
    options: CallOptions,
  ): Promise<PartitionAnswers<number>> {
    const requests = partitions.map(({ sourceTopic: topic, partition }) => ({ topic, partition, at }))
    return answersOf(partitions, await listOffsets(this.#source, requests, options), ({ offset }) => offset)
  }

  /** All partitions of a call have the same leader as a rule: one connection to each leader does. */
  async tailSequences(
    questions: readonly { partition: MirroredPartition; targetEnd: number }[],
    { signal }: CallOptions,
  ): Promise<PartitionAnswers<number | null>> {
    const answers = new Map<MirroredPartition, number | null | TwinlogError>()
    for (const leader of new Set(questions.map(({ partition }) => this.targetLeader(partition)))) {
      const ofLeader = questions.filter(({ partition }) => this.targetLeader(partition) === leader)
      try {
        await using connection = await this.#target.openDataConnection(leader, 'read', { signal, arenas: this.#arenas })
        for (const question of ofLeader) answers.set(question.partition, await this.#tailSequence(connection, question))
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
        for (const { partition } of ofLeader) if (!answers.has(partition)) answers.set(partition, error)
      }
    }
    return answers
  }

  async #tailSequence(
    connection: BrokerConnection,
    { partition, targetEnd }: { partition: MirroredPartition; targetEnd: number },
  ): Promise<number | null | TwinlogError> {
    if (partition.identity === null) return null
    const { producerId } = partition.identity
    try {
      return await readTailSequence(this.#target, connection, { ...targetOf(partition), end: targetEnd, producerId })
    } catch (error) {
      if (connection.isOpen && error instanceof TwinlogError && error.kind !== 'defect') return error
      throw error
    }
  }

  /** @throws what the source answered when it has no bounds to tell */
  async boundsOf(partition: MirroredPartition, options: CallOptions): Promise<SourceBounds> {
    const { sourceTopic: topic, partition: index } = partition
    const requests = (['earliest', 'latest'] as const).map((at) => ({ topic, partition: index, at }))
    // One after the other: both are about the same partition, and outcomes are told apart by partition.
    const [earliest] = await listOffsets(this.#source, requests.slice(0, 1), options)
    const [latest] = await listOffsets(this.#source, requests.slice(1), options)
    for (const outcome of [earliest, latest]) if (outcome?.error) throw outcome.error
    return { earliest: earliest?.value?.offset ?? 0, latest: latest?.value?.offset ?? 0 }
  }
}

function targetOf({ targetTopic, partition }: MirroredPartition): { topic: string; partition: number } {
  return { topic: targetTopic, partition }
}

function lastSequenceOf(producers: readonly ActiveProducer[], { identity }: MirroredPartition): number | null {
  const ours = producers.find(({ producerId }) => producerId === identity?.producerId)
  return ours === undefined || ours.lastSequence < 0 ? null : ours.lastSequence
}

function answersOf<Value, Answer>(
  partitions: readonly MirroredPartition[],
  outcomes: readonly (
    | { readonly value: Value; readonly error: null }
    | { readonly value: null; readonly error: TwinlogError }
  )[],
  answerOf: (value: Value, partition: MirroredPartition) => Answer,
): PartitionAnswers<Answer> {
  const answers = new Map<MirroredPartition, Answer | TwinlogError>()
  partitions.forEach((partition, index) => {
    const outcome = outcomes[index]
    if (outcome !== undefined) answers.set(partition, outcome.error ?? answerOf(outcome.value as Value, partition))
  })
  return answers
}
