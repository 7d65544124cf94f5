import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import { describeProducers, initProducerId, listOffsets } from '../kafka/admin.ts'
import type { ActiveProducer } from '../kafka/admin.ts'
import type { BrokerConnection } from '../kafka/broker-connection.ts'
import type { ArenaPool } from '../kafka/frame-arena.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { FencingProducer } from '../kafka/fencing-producer.ts'
import { findTransactionalId } from '../kafka/transactions.ts'
import type { ProducerIdentity } from '../kafka/transactions.ts'
import type { LedgerIdentity } from '../mirror/ledger-entry.ts'
import { SEQUENCE_MODULUS, sequenceAfter } from '../mirror/run.ts'
import type { OpenTransaction } from './hanging-transactions.ts'
import type { LocatorPorts, PartitionAnswers, TargetSequence, TargetTail } from './locator-ports.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { TargetTopicSettings } from './partition-assignment.ts'
import type { SourceBounds } from './source-answers.ts'
import { readTail } from './tail-reader.ts'
import { readTargetSettings } from './target-settings.ts'

interface CallOptions {
  readonly signal: AbortSignal
}

/** The locator's questions, asked of real clusters. All partitions of a lane share one producer id, as long as the target takes it. */
export class KafkaLocatorPorts implements LocatorPorts {
  readonly #source: ClusterClient
  readonly #target: ClusterClient
  readonly #arenas: ArenaPool
  readonly #producer: FencingProducer
  /** A plain producer id, where the target gives us no transactional one. */
  #plain: Promise<ProducerIdentity> | null = null
  readonly #spent = new Set<bigint>()
  readonly #transactional: (() => ProducerIdentity) | null

  /** @param deps.transactional   under whom a lane writes in transactions; null: it asks for an id when it needs one */
  constructor(deps: {
    source: ClusterClient
    target: ClusterClient
    arenas: ArenaPool
    producer: FencingProducer
    transactional: (() => ProducerIdentity) | null
  }) {
    this.#source = deps.source
    this.#target = deps.target
    this.#arenas = deps.arenas
    this.#producer = deps.producer
    this.#transactional = deps.transactional
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

  async producerIdentity(spent: ProducerIdentity | null, options: CallOptions): Promise<ProducerIdentity> {
    if (this.#transactional !== null) return this.#transactional()
    const taken = await this.#producer.take(options)
    if (taken === null) return this.#plainIdentity(spent, options)
    const isSpent = spent?.producerId === taken.producerId && spent.producerEpoch >= taken.producerEpoch
    // From the first batch of a higher epoch on, a partition refuses the one before.
    return isSpent ? ((await this.#producer.renew(options)) ?? taken) : taken
  }

  async #plainIdentity(spent: ProducerIdentity | null, options: CallOptions): Promise<ProducerIdentity> {
    if (spent !== null) this.#spent.add(spent.producerId)
    const current = this.#plain === null ? null : await this.#plain.catch(() => null)
    if (current !== null && !this.#spent.has(current.producerId)) return current
    this.#plain = initProducerId(this.#target, options)
    return this.#plain
  }

  async fence(
    partitions: readonly MirroredPartition[],
    options: CallOptions,
  ): Promise<PartitionAnswers<ProducerIdentity | null>> {
    const answers = new Map<MirroredPartition, ProducerIdentity | null | TwinlogError>()
    const producerId = (await this.#producer.take(options))?.producerId ?? null
    const own = partitions.filter(({ identity }) => producerId !== null && identity?.producerId === producerId)
    for (const partition of partitions) answers.set(partition, null)
    if (own.length === 0) return answers
    const fenced = await this.#fenceTogether(own, options)
    // All or none can be fenced together: where one cannot, each is tried for itself, so that it does not hold up the others.
    const isAlone = own.length === 1
    for (const partition of own) {
      const outcome =
        fenced instanceof TwinlogError && !isAlone ? await this.#fenceTogether([partition], options) : fenced
      // The transactional id stands for another producer id now (its epochs were used up): its marker says nothing to ours.
      const isAnother = !(outcome instanceof TwinlogError) && outcome?.producerId !== producerId
      answers.set(partition, isAnother ? null : outcome)
    }
    return answers
  }

  async #fenceTogether(
    partitions: readonly MirroredPartition[],
    options: CallOptions,
  ): Promise<ProducerIdentity | null | TwinlogError> {
    try {
      return await this.#producer.fence(partitions.map(targetOf), options)
    } catch (error) {
      options.signal.throwIfAborted()
      if (!(error instanceof TwinlogError) || error.kind === 'defect' || error.action === 'fence') throw error
      return error
    }
  }

  targetSettings(topics: readonly string[], options: CallOptions): Promise<ReadonlyMap<string, TargetTopicSettings>> {
    return readTargetSettings(this.#target, topics, options)
  }

  async targetSequences(
    partitions: readonly MirroredPartition[],
    options: CallOptions,
  ): Promise<PartitionAnswers<TargetSequence>> {
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
  async tails(
    questions: readonly { partition: MirroredPartition; targetEnd: number }[],
    { signal }: CallOptions,
  ): Promise<PartitionAnswers<TargetTail>> {
    const answers = new Map<MirroredPartition, TargetTail | TwinlogError>()
    for (const leader of new Set(questions.map(({ partition }) => this.targetLeader(partition)))) {
      const ofLeader = questions.filter(({ partition }) => this.targetLeader(partition) === leader)
      try {
        await using connection = await this.#target.openDataConnection(leader, 'read', { signal, arenas: this.#arenas })
        for (const question of ofLeader) answers.set(question.partition, await this.#tail(connection, question))
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
        for (const { partition } of ofLeader) if (!answers.has(partition)) answers.set(partition, error)
      }
    }
    return answers
  }

  async #tail(
    connection: BrokerConnection,
    { partition, targetEnd }: { partition: MirroredPartition; targetEnd: number },
  ): Promise<TargetTail | TwinlogError> {
    const { identity } = partition
    if (identity === null) throw errors.DEFECT({ what: `${partition.key} has no identity to look for` })
    const { producerId, producerEpoch } = identity
    const question = { ...targetOf(partition), end: targetEnd, producerId, producerEpoch }
    try {
      const { sequence, isAbsent, markerEpoch, dataEnd } = await readTail(this.#target, connection, question)
      const last = sequence ?? (isAbsent ? -1 : null)
      return { sequence: last === null ? null : oursOf(identity, last), isAbsent, markerEpoch, dataEnd }
    } catch (error) {
      if (connection.isOpen && error instanceof TwinlogError && error.kind !== 'defect') return error
      throw error
    }
  }

  /** Transactions under way in source partitions; those that cannot be asked about are left out. */
  async openTransactions(
    partitions: readonly MirroredPartition[],
    options: CallOptions,
  ): Promise<ReadonlyMap<MirroredPartition, readonly OpenTransaction[]>> {
    const requests = partitions.map(({ sourceTopic: topic, partition }) => ({ topic, partition }))
    const outcomes = await describeProducers(this.#source, requests, options)
    const found = new Map<MirroredPartition, readonly OpenTransaction[]>()
    partitions.forEach((partition, index) => {
      const producers = outcomes[index]?.value?.producers ?? []
      const open = producers.filter(({ currentTxnStartOffset }) => currentTxnStartOffset >= 0n)
      found.set(
        partition,
        open.map((one) => ({ ...one, startOffset: Number(one.currentTxnStartOffset) })),
      )
    })
    return found
  }

  /** Null where the source does not say, or our user may not see it. */
  async sourceTransactionalId(producerId: bigint, options: CallOptions): Promise<string | null> {
    try {
      return await findTransactionalId(this.#source, producerId, options)
    } catch (error) {
      options.signal.throwIfAborted()
      if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
      return null
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

/** A producer that is known and has written nothing under its epoch has the sequence before the first one. */
function lastSequenceOf(producers: readonly ActiveProducer[], { identity }: MirroredPartition): TargetSequence {
  const found = producers.find(({ producerId }) => producerId === identity?.producerId)
  if (identity === null || found === undefined) return null
  if (found.producerEpoch > identity.producerEpoch) return 'superseded'
  // The broker has an earlier epoch only as long as nothing was written under this one.
  return oursOf(identity, found.producerEpoch < identity.producerEpoch ? -1 : found.lastSequence)
}

/** What a sequence on the wire is among ours. */
function oursOf({ firstSequence }: LedgerIdentity, sequence: number): number {
  return sequenceAfter(firstSequence, sequence + SEQUENCE_MODULUS)
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
