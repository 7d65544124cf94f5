import { setMaxListeners } from 'node:events'
import { ByteBudget } from '../base/byte-budget.ts'
import { errors } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'
import { ArenaPool } from '../kafka/frame-arena.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { Gap } from '../mirror/gap.ts'
import type { LedgerWrite, LedgerWriter } from '../mirror/ledger-entry.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { EventFields, Observer } from '../observe/event.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import { BatchIntake } from './batch-intake.ts'
import { FetchSizer } from './fetch-sizer.ts'
import { KafkaLocatorPorts } from './kafka-locator-ports.ts'
import type { LaneStatus, PartitionPhase, PartitionStatus } from './lane-status.ts'
import { Locator } from './locator.ts'
import { MetadataWatch } from './metadata-watch.ts'
import { MirroredPartition } from './mirrored-partition.ts'
import type { WriteWindow } from './mirrored-partition.ts'
import type { PartitionAssignment } from './partition-assignment.ts'
import { PartitionKeeper } from './partition-keeper.ts'
import type { LedgerTicket } from './pending-batch.ts'
import { ReadRouter } from './read-router.ts'
import { SourceAnswers } from './source-answers.ts'
import { SourceReader } from './source-reader.ts'
import { TargetAnswers } from './target-answers.ts'
import { WriteChannel } from './write-channel.ts'
import { WriteRouter } from './write-router.ts'

const MIB = 1024 * 1024
/** Arenas of the reading connections; a usual fetch answer fits one. */
const ARENA_BYTES = 4 * MIB
/** Answers to Produce requests are small. */
const ANSWER_ARENA_BYTES = 64 * 1024
/** An answer's head, and the little that a broker may send above what was asked for. */
const ANSWER_OVERHEAD_BYTES = 64 * 1024
/** On a long way; frames of this size have memory of their own while they are on their way through. */
const LONG_WAY_ANSWER_BYTES = 32 * MIB
/** What a partition may have in flight: more than a short way needs, and on a long way the round trip times the rate. */
const WINDOWS = { usual: { batchesMax: 16, bytesMax: 4 * MIB }, longWay: { batchesMax: 1024, bytesMax: 32 * MIB } }
/** Without sequences a second batch in flight could overtake a first one that failed. */
const ONE_AT_A_TIME: WriteWindow = { batchesMax: 1, bytesMax: 32 * MIB }
const TICK_MS = 100
/** How long a partition that was slow keeps a connection of its own. */
const ISOLATION_MS = 30_000
/** A broker that lets us wait for longer than it was asked to may be gone: who leads now is looked up. */
const SILENCE_MS = 3_000
const DRAIN_POLL_MS = 5

export interface LaneDependencies {
  readonly source: ClusterClient
  readonly target: ClusterClient
  readonly ledger: LedgerWriter
  readonly clock: Clock
  readonly random: () => number
  readonly observe: Observer<EventName>
  onGap(gap: Gap): void
  /** A topic is not what it was (deleted, made again): topics should be looked up soon. */
  onTopicsChanged?(): void
}

/**
 * Copies a set of partitions. Wires the parts in the order of the picture in docs/architecture.md and decides nothing itself:
 * readers -> source answers -> partitions' queues -> write channels -> target answers; the keeper and the locator look after what goes wrong.
 */
export class Lane {
  readonly #plan: FlowPlan
  readonly #deps: LaneDependencies
  readonly #partitions = new Map<string, MirroredPartition>()
  /** Producer ids of partitions that were given up, by their keys. */
  readonly #spentProducerIds = new Map<string, bigint>()
  readonly #moved = new Set<MirroredPartition>()
  readonly #readArenas = new ArenaPool({ arenaBytes: ARENA_BYTES })
  readonly #answerArenas = new ArenaPool({ arenaBytes: ANSWER_ARENA_BYTES })
  readonly #reading = new AbortController()
  readonly #writing = new AbortController()
  readonly #running = new Set<Promise<void>>()
  readonly #readersStops = new Map<SourceReader, AbortController>()
  readonly #defect = Promise.withResolvers<never>()
  readonly #budget: ByteBudget
  readonly #intake: BatchIntake
  readonly #ports: KafkaLocatorPorts
  readonly #locator: Locator
  readonly #keeper: PartitionKeeper
  readonly #readRouter: ReadRouter
  readonly #writeRouter: WriteRouter
  readonly #sourceAnswers: SourceAnswers
  readonly #targetAnswers: TargetAnswers
  readonly #sourceWatch: MetadataWatch
  readonly #targetWatch: MetadataWatch
  /** Partitions whose queues grew while one answer was taken in; pumped together once the next answer is asked for. */
  #untilPump: MirroredPartition[] = []
  #totals = { resealedTotal: 0, forwardedTotal: 0, gapsTotal: 0, recoveriesTotal: 0, foreignWritesTotal: 0 }
  #isStarted = false
  #nextSerial = 0

  constructor(plan: FlowPlan, dependencies: LaneDependencies) {
    this.#plan = plan
    this.#deps = dependencies
    for (const { signal } of [this.#reading, this.#writing]) setMaxListeners(0, signal)
    this.#budget = new ByteBudget(plan.produce.bufferMemoryBytes)
    this.#intake = new BatchIntake({
      checkCrcs: plan.fetch.checkCrcs,
      isIdempotent: plan.produce.isIdempotent,
      isReadCommitted: plan.fetch.isolationLevel === 'read_committed',
    })
    this.#ports = new KafkaLocatorPorts({ source: dependencies.source, target: dependencies.target, arenas: this.#answerArenas })
    this.#sourceWatch = this.#makeWatch(dependencies.source, () => this.#sourceRefreshed())
    this.#targetWatch = this.#makeWatch(dependencies.target, () => this.#writeRouter.reroute())
    this.#readRouter = this.#makeReadRouter()
    this.#writeRouter = this.#makeWriteRouter()
    this.#locator = this.#makeLocator()
    this.#keeper = this.#makeKeeper()
    this.#sourceAnswers = this.#makeSourceAnswers()
    this.#targetAnswers = this.#makeTargetAnswers()
  }

  /** Takes up partitions. What was found out about them is in the assignment; where they go on is asked of the target. */
  assign(assignments: readonly PartitionAssignment[]): void {
    for (const assignment of assignments) {
      const partition = new MirroredPartition(assignment, this.#nextSerial++)
      if (this.#partitions.has(partition.key)) continue
      partition.spentProducerId = this.#spentProducerIds.get(partition.key) ?? null
      this.#partitions.set(partition.key, partition)
      this.#locator.locate(partition)
    }
    if (!this.#isStarted) return
    this.#sourceWatch.request()
    this.#targetWatch.request()
  }

  /** Gives partitions up: their topics are gone, or no longer wanted. */
  revoke(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition: index } of partitions) {
      const partition = this.#partitions.get(topicPartitionKey(topic, index))
      if (partition === undefined) continue
      this.#partitions.delete(partition.key)
      if (partition.identity !== null) this.#spentProducerIds.set(partition.key, partition.identity.producerId)
      this.#locator.forget(partition)
      this.#readRouter.displace(partition)
      partition.state = { name: 'stopped', reason: 'no longer assigned' }
      partition.discardQueue()
      this.#writeRouter.withdraw(partition)
      this.#keeper.forget(partition)
    }
  }

  /** Copies until the signal; then stops reading, lets what is in flight be acknowledged for at most `drainMs`, and resolves. */
  async run({ signal, drainMs }: { signal: AbortSignal; drainMs: number }): Promise<void> {
    const options = { signal: this.#reading.signal }
    const onAbort = (): void => this.#reading.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    try {
      await this.#refreshBoth(options)
      this.#isStarted = true
      const loops = [
        this.#sourceWatch.run(options),
        this.#targetWatch.run({ signal: this.#writing.signal }),
        this.#locator.run(options),
        this.#tick(options),
      ]
      await Promise.race([Promise.all(loops), this.#defect.promise])
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#reading.abort(errors.STOPPING({ what: `Flow ${this.#plan.name}`, reason: 'it stops reading' }))
      if (signal.aborted) await this.#drain(drainMs)
      this.#writing.abort(errors.STOPPING({ what: `Flow ${this.#plan.name}`, reason: 'it has drained' }))
      await Promise.allSettled(this.#running)
    }
  }

  /** Positions that the target acknowledged and that changed since the last call: the last copied upstream offset of each. */
  takePositions(): { topic: string; partition: number; lastCopiedOffset: number }[] {
    const moved = [...this.#moved].filter(({ ackedOffset, takenOffset }) => ackedOffset > 0 && ackedOffset !== takenOffset)
    this.#moved.clear()
    for (const partition of moved) partition.takenOffset = partition.ackedOffset
    return moved.map(({ sourceTopic, partition, ackedOffset }) => ({
      topic: sourceTopic,
      partition,
      lastCopiedOffset: ackedOffset - 1,
    }))
  }

  status(): LaneStatus {
    const partitions = [...this.#partitions.values()].map((partition) => this.#statusOf(partition))
    const recordsTotal = partitions.reduce((sum, { recordsTotal: records }) => sum + records, 0)
    const bytesTotal = partitions.reduce((sum, { bytesTotal: bytes }) => sum + bytes, 0)
    return { totals: { recordsTotal, bytesTotal, droppedTotal: this.#intake.droppedTotal, ...this.#totals }, partitions }
  }

  // --- run ----------------------------------------------------------------------------------------------------------------

  async #refreshBoth({ signal }: { signal: AbortSignal }): Promise<void> {
    const { source, target } = this.#deps
    await Promise.all([
      source.refreshMetadata({ signal, topics: this.#topics('sourceTopic') }),
      target.refreshMetadata({ signal, topics: this.#topics('targetTopic') }),
    ])
  }

  async #tick({ signal }: { signal: AbortSignal }): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(TICK_MS, { signal })
      this.#keeper.tick()
      if ([...this.#writeRouter.channels].some((channel) => channel.unansweredForMs() > SILENCE_MS)) this.#targetWatch.request()
      if ([...this.#readersStops.keys()].some((reader) => reader.silentForMs() > SILENCE_MS)) this.#sourceWatch.request()
    }
  }

  async #drain(drainMs: number): Promise<void> {
    const { clock } = this.#deps
    const deadlineMs = clock.monotonic() + drainMs
    const isFlying = (): boolean => [...this.#partitions.values()].some(({ inFlight }) => inFlight.length > 0)
    while (isFlying() && clock.monotonic() < deadlineMs) await clock.sleep(DRAIN_POLL_MS, { signal: this.#writing.signal })
  }

  #start(work: Promise<void>): void {
    this.#running.add(work)
    work.catch((error: unknown) => this.#defect.reject(error)).finally(() => this.#running.delete(work))
  }

  #topics(side: 'sourceTopic' | 'targetTopic'): string[] {
    return [...new Set([...this.#partitions.values()].map((partition) => partition[side]))]
  }

  // --- wiring, in the order of the picture ----------------------------------------------------------------------------------

  #makeReadRouter(): ReadRouter {
    return new ReadRouter({
      metadata: () => this.#deps.source.metadata,
      startReader: (nodeId) => this.#startReader(nodeId),
      stopReader: (reader) => {
        this.#readersStops.get(reader)?.abort(errors.STOPPING({ what: 'A reader', reason: 'idle' }))
        this.#readersStops.delete(reader)
      },
      onLeaderUnknown: () => this.#sourceWatch.request(),
    })
  }

  #startReader(nodeId: number): SourceReader {
    const { source, clock, random } = this.#deps
    const { fetch } = this.#plan
    const usualBytes = Math.min(ARENA_BYTES - ANSWER_OVERHEAD_BYTES, Math.max(fetch.fetchMaxBytes, 1))
    const largestBytes = Math.max(usualBytes, Math.min(LONG_WAY_ANSWER_BYTES, fetch.fetchMaxBytes))
    const reader = new SourceReader(nodeId, {
      cluster: source,
      arenas: this.#readArenas,
      limits: {
        maxWaitMs: fetch.fetchMaxWaitMs,
        minBytes: fetch.fetchMinBytes,
        isolationLevel: fetch.isolationLevel === 'read_committed' ? 1 : 0,
        rackId: source.settings.clientRack ?? '',
      },
      sizer: new FetchSizer({ usualBytes, largestBytes }, clock),
      budget: this.#budget,
      requestTimeoutMs: source.settings.requestTimeoutMs,
      reconnectBackoffMs: source.settings.reconnectBackoffMs,
      reconnectBackoffMaxMs: source.settings.reconnectBackoffMaxMs,
      clock,
      random,
      onLongWay: (broker) => this.#readRouter.widen(broker),
      onAnswer: (answered, lease) => this.#sourceAnswers.take(answered, lease),
      onConnectionFailed: (broker, error) => {
        this.#readRouter.replicaFailed(broker)
        this.#connectionFailed(source, broker, error)
      },
      onConnectionOpened: (broker) => this.#say('ConnectionOpened', { cluster: source.alias, broker }),
    })
    const stop = new AbortController()
    this.#readersStops.set(reader, stop)
    this.#start(reader.run({ signal: AbortSignal.any([stop.signal, this.#reading.signal]) }))
    return reader
  }

  #makeSourceAnswers(): SourceAnswers {
    const { clock, onGap } = this.#deps
    return new SourceAnswers({
      clock,
      intake: this.#intake,
      sourceAlias: this.#plan.source.alias,
      gapPolicy: this.#plan.gapPolicy,
      bounds: (partition) => this.#ports.boundsOf(partition, { signal: this.#reading.signal }),
      onGap: (gap) => {
        this.#totals.gapsTotal++
        onGap(gap)
      },
      onRuns: (writes, ticket, partitions) => this.#writeLedger(writes, ticket, partitions),
      onTaken: (partitions) => this.#taken(partitions),
      onServedElsewhere: (partition, error) => {
        const { sourceTopic: topic, partition: index } = partition
        this.#say('PartitionReadingRefused', { topic, partition: index, error, broker: partition.readReplica })
        this.#readRouter.unseat(partition)
      },
      onReplicaPreferred: (partition, broker) => {
        this.#say('ReplicaPreferred', { topic: partition.sourceTopic, partition: partition.partition, broker })
        partition.readReplica = broker
        this.#readRouter.place(partition)
      },
      onRepositioned: (partition) => {
        this.#moved.add(partition)
        this.#readRouter.place(partition)
      },
      refuse: (partition, error) => this.#keeper.refuse(partition, error),
      refuseAfterQueue: (partition, error) => this.#keeper.refuseAfterQueue(partition, error),
      onDefect: (error) => this.#defect.reject(error),
    })
  }

  #writeLedger(writes: readonly LedgerWrite[], ticket: LedgerTicket, partitions: readonly MirroredPartition[]): void {
    const durable = this.#deps.ledger.write(writes, { signal: this.#writing.signal }).then(() => {
      ticket.isDurable = true
      this.#pump(partitions)
    })
    durable.catch((error: unknown) => {
      if (!this.#writing.signal.aborted) this.#defect.reject(error)
    })
  }

  #taken(partitions: readonly MirroredPartition[]): void {
    if (this.#untilPump.length === 0) {
      queueMicrotask(() => {
        const taken = this.#untilPump
        this.#untilPump = []
        this.#pump(taken)
      })
    }
    for (const partition of partitions) {
      this.#untilPump.push(partition)
      this.#moved.add(partition)
      this.#keeper.attend(partition)
    }
  }

  #pump(partitions: readonly MirroredPartition[]): void {
    const channels = new Set<WriteChannel>()
    for (const partition of partitions) {
      const channel = partition.queue.length > 0 ? this.#writeRouter.offer(partition) : null
      if (channel !== null) channels.add(channel)
    }
    for (const channel of channels) channel.pump()
  }

  #makeWriteRouter(): WriteRouter {
    return new WriteRouter({
      metadata: () => this.#deps.target.metadata,
      startChannel: (nodeId, isShared) => this.#startChannel(nodeId, isShared),
      onLeaderUnknown: () => this.#targetWatch.request(),
      onLeaderMoved: (partition) => this.#keeper.fail(partition, 'the leader moved to another broker'),
    })
  }

  #startChannel(nodeId: number, isShared: boolean): WriteChannel {
    const { target, clock, random } = this.#deps
    const { produce } = this.#plan
    const channel = new WriteChannel(nodeId, isShared, {
      cluster: target,
      arenas: this.#answerArenas,
      clock,
      random,
      windows: produce.isIdempotent ? WINDOWS : { usual: ONE_AT_A_TIME, longWay: ONE_AT_A_TIME },
      isIdempotent: produce.isIdempotent,
      maxRequestBytes: produce.maxRequestSizeBytes,
      requestTimeoutMs: target.settings.requestTimeoutMs,
      reconnectBackoffMs: target.settings.reconnectBackoffMs,
      reconnectBackoffMaxMs: target.settings.reconnectBackoffMaxMs,
      onAnswered: (sent, produced) => {
        if (produced.errorCode === 0) this.#totals[sent.batch.isForwarded ? 'forwardedTotal' : 'resealedTotal']++
        this.#targetAnswers.take(sent, produced)
      },
      onLost: (sent, error) => {
        this.#targetWatch.request()
        this.#targetAnswers.lost(sent, error)
      },
      onDefect: (error) => this.#defect.reject(error),
      onConnectionFailed: (broker, error) => {
        this.#targetWatch.request()
        this.#connectionFailed(target, broker, error)
      },
      onConnectionOpened: (broker) => this.#say('ConnectionOpened', { cluster: target.alias, broker }),
    })
    this.#start(channel.run({ signal: this.#writing.signal }))
    return channel
  }

  #makeTargetAnswers(): TargetAnswers {
    return new TargetAnswers({
      fail: (partition, reason) => {
        this.#targetWatch.request()
        this.#keeper.fail(partition, reason)
      },
      refuse: (partition, error) => this.#keeper.refuse(partition, error),
      acknowledged: (partition) => this.#keeper.acknowledged(partition),
      landed: (partition) => this.#keeper.landed(partition),
      offerWriting: (partition) => void this.#writeRouter.offer(partition),
      onMoved: (partition) => this.#moved.add(partition),
      onForeignWrite: ({ targetTopic, partition }, expected, downstreamOffset) => {
        this.#totals.foreignWritesTotal++
        this.#say('ForeignWriteFound', { targetTopic, partition, expected, downstreamOffset })
      },
      onSlow: (partition) => {
        const { sourceTopic: topic, partition: index } = partition
        if (!partition.isIsolated) this.#say('PartitionIsolated', { topic, partition: index })
        partition.isIsolated = true
        partition.isolatedUntilMs = this.#deps.clock.monotonic() + ISOLATION_MS
      },
      onIdentitySpent: (partition) => {
        partition.isIdentitySpent = true
      },
    })
  }

  #makeKeeper(): PartitionKeeper {
    return new PartitionKeeper({
      clock: this.#deps.clock,
      random: this.#deps.random,
      say: (name, fields) => this.#say(name, fields),
      locate: (partition) => this.#locator.locate(partition),
      suspendReading: (partition) => this.#readRouter.displace(partition),
      resumeReading: (partition) => this.#readRouter.place(partition),
      withdrawWriting: (partition) => this.#writeRouter.withdraw(partition),
      offerWriting: (partition) => this.#pump([partition]),
      closedForMs: (partition) => this.#writeRouter.channelOf(partition)?.closedForMs() ?? 0,
      wantConnection: (partition) => this.#writeRouter.channelOf(partition)?.want(),
      onRecovery: () => this.#totals.recoveriesTotal++,
    })
  }

  #makeLocator(): Locator {
    return new Locator({
      ports: this.#ports,
      clock: this.#deps.clock,
      isIdempotent: this.#plan.produce.isIdempotent,
      autoOffsetReset: this.#plan.fetch.autoOffsetReset,
      onLocated: (partition, remark) => {
        const { sourceTopic: topic, partition: index, ackedOffset: upstreamOffset } = partition
        if (remark === 'target lost records') this.#say('TargetRecordsLost', { topic, partition: index, upstreamOffset })
        if (remark === 'duplicates possible') this.#say('DuplicatesPossible', { topic, partition: index, upstreamOffset })
        this.#moved.add(partition)
        this.#keeper.located(partition)
      },
      onDelayed: (_partition, error) => {
        if (error.action === 'refresh-metadata') this.#targetWatch.request()
        if (error.action === 'refresh-metadata') this.#sourceWatch.request()
      },
      onRefused: (partition, error) => this.#keeper.refuse(partition, error),
      onUnpositioned: (partition) => {
        const { sourceTopic: topic, partition: index } = partition
        const { offsetsTopic } = this.#plan.positions
        this.#keeper.refuse(partition, errors.POSITION_MISSING({ topic, partition: index, offsetsTopic }))
      },
      onStartMissing: ({ sourceTopic: topic, partition }, firstOffset) => {
        this.#totals.gapsTotal++
        const reason = 'removed before it was copied'
        const atMs = this.#deps.clock.now()
        this.#deps.onGap({ topic, partition, fromOffset: 0, toOffset: firstOffset, reason, atMs })
      },
    })
  }

  #makeWatch(cluster: ClusterClient, onRefreshed: () => void): MetadataWatch {
    const side = cluster === this.#deps.source ? 'sourceTopic' : 'targetTopic'
    return new MetadataWatch({
      cluster,
      maxAgeMs: cluster.settings.metadataMaxAgeMs,
      clock: this.#deps.clock,
      random: this.#deps.random,
      topics: () => this.#topics(side),
      onRefreshed,
      onFailed: (error) => this.#say('MetadataRefreshFailed', { cluster: cluster.alias, error }),
    })
  }

  #sourceRefreshed(): void {
    this.#readRouter.reroute()
    const { metadata } = this.#deps.source
    for (const { sourceTopic, sourceTopicId } of this.#partitions.values()) {
      const topic = metadata?.topics.get(sourceTopic)
      const isOther = topic === undefined || topic.errorCode !== 0 || (sourceTopicId !== null && topic.topicId !== sourceTopicId)
      if (isOther) {
        this.#deps.onTopicsChanged?.()
        return
      }
    }
  }

  #connectionFailed(cluster: ClusterClient, broker: number, error: unknown): void {
    ;(cluster === this.#deps.source ? this.#sourceWatch : this.#targetWatch).request()
    this.#say('ConnectionFailed', { cluster: cluster.alias, broker, error })
  }

  #say(name: EventName, fields: EventFields): void {
    this.#deps.observe.event(name, { flow: this.#plan.name, ...fields })
  }

  #statusOf(partition: MirroredPartition): PartitionStatus {
    const { sourceTopic: topic, partition: index, state, ackedOffset, recordsTotal, bytesTotal } = partition
    const isReadCommitted = this.#plan.fetch.isolationLevel === 'read_committed'
    const endOffset = isReadCommitted ? partition.lastStableOffset : partition.highWatermark
    return {
      topic,
      partition: index,
      phase: phaseOf(partition),
      reason: 'reason' in state ? state.reason : (partition.pendingRefusal?.message ?? null),
      nextOffset: ackedOffset,
      endOffset,
      lagRecords: ackedOffset >= 0 && endOffset > ackedOffset ? endOffset - ackedOffset : 0,
      recordsTotal,
      bytesTotal,
    }
  }
}

function phaseOf({ state }: MirroredPartition): PartitionPhase {
  return state.name === 'probing' || state.name === 'flowing' ? 'copying' : state.name
}
