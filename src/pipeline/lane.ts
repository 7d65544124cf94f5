import { errors } from '../base/errors.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { FencingProducer } from '../kafka/fencing-producer.ts'
import type { ProducerIdentity } from '../kafka/transactions.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import { createHangingTransactions } from './create-hanging-transactions.ts'
import { createLocator } from './create-locator.ts'
import { createTransactionLocator } from './create-transaction-locator.ts'
import { createLaneTransactions } from './create-lane-transactions.ts'
import type { HangingTransactions } from './hanging-transactions.ts'
import { keepProducer } from './keep-producer.ts'
import { KafkaLocatorPorts } from './kafka-locator-ports.ts'
import { CopiedTrails } from './copied-trails.ts'
import type { Continuation } from './continuation.ts'
import { copiedPartitionOf } from './copied-partition.ts'
import type { CopiedPartition } from './copied-partition.ts'
import type { LaneContext, LaneDependencies } from './lane-context.ts'
import { LaneFigures } from './lane-figures.ts'
import type { LaneTransactions } from './lane-transactions.ts'
import { laneStatusOf } from './lane-status.ts'
import type { LaneStatus } from './lane-status.ts'
import type { Locator } from './locator.ts'
import type { LocatorDependencies } from './locator-dependencies.ts'
import { MirroredPartition } from './mirrored-partition.ts'
import type { PartitionAssignment } from './partition-assignment.ts'
import { PartitionKeeper } from './partition-keeper.ts'
import { ReadSide } from './read-side.ts'
import type { TransactionLocator } from './transaction-locator.ts'
import { TransactionMembership } from './transaction-membership.ts'
import { WriteAhead } from './write-ahead.ts'
import { WriteSide } from './write-side.ts'

const TICK_MS = 100
const DRAIN_POLL_MS = 5

/**
 * Copies a set of partitions: reading side -> partitions' queues -> writing side; the keeper and the locator look after what goes wrong. Wires
 * them in the order of the picture in docs/architecture.md and decides nothing itself.
 */
export class Lane {
  readonly #plan: FlowPlan
  readonly #context: LaneContext
  readonly #deps: LaneDependencies
  readonly #partitions = new Map<string, MirroredPartition>()
  /** What partitions that were given up were written under, by their keys. */
  readonly #spentIdentities = new Map<string, ProducerIdentity>()
  readonly #moved = new Set<MirroredPartition>()
  /** For offset syncs; null: none are written. */
  readonly trails: CopiedTrails | null
  readonly #reading = new AbortController()
  readonly #running = new Set<Promise<void>>()
  readonly #defect = Promise.withResolvers<never>()
  readonly #readSide: ReadSide
  readonly #writeSide: WriteSide
  readonly #writeAhead: WriteAhead
  readonly #producer: FencingProducer
  readonly #ports: KafkaLocatorPorts
  readonly #locator: Locator | TransactionLocator
  /** Null: what is written is not part of transactions. */
  readonly #transactions: LaneTransactions | null
  readonly #keeper: PartitionKeeper
  /** Null: uncommitted records are read, so that nothing waits for a transaction. */
  readonly #hanging: HangingTransactions | null
  /** Partitions whose queues grew while one answer was taken in; pumped together once the next answer is asked for. */
  #untilPump: MirroredPartition[] = []
  readonly #counts = {
    fencesTotal: 0,
    unfencedTotal: 0,
    targetLossesTotal: 0,
    duplicatesPossibleTotal: 0,
    recoveriesTotal: 0,
  }
  #isStarted = false
  #nextSerial = 0

  constructor(plan: FlowPlan, dependencies: LaneDependencies) {
    this.#plan = plan
    this.#deps = dependencies
    this.trails = plan.offsetSyncs === undefined ? null : new CopiedTrails(plan.offsetSyncs.lagMax)
    // A defect may come before `run` waits for it.
    this.#defect.promise.catch(() => {})
    const context: LaneContext = {
      plan,
      deps: dependencies,
      figures: new LaneFigures(plan.fetch.isolationLevel === 'read_committed'),
      say: (name, fields) => dependencies.observe.event(name, { flow: plan.name, ...fields }),
      start: (work) => this.#start(work),
      onDefect: (error) => this.#defect.reject(error),
    }
    this.#context = context
    this.#readSide = this.#makeReadSide(context)
    this.#writeSide = new WriteSide(context, {
      topics: () => this.#topics('targetTopic'),
      keeper: () => this.#keeper,
      onMoved: (partition) => this.#noteMoved(partition),
      transactions: () => this.#transactions,
    })
    const { source, target, ledger, clock } = dependencies
    const { arenas } = this.#writeSide
    this.#writeAhead = new WriteAhead({
      ledger,
      clock,
      signal: this.#writeSide.signal,
      onDurable: (partitions) => this.#writeSide.pump(partitions),
      onDefect: context.onDefect,
    })
    const transactions = createLaneTransactions(context, this.#writeSide, () => this.#keeper)
    this.#transactions = transactions
    const transactional = transactions === null ? null : () => transactions.producer
    this.#producer = new FencingProducer(target, `${plan.groupId}-${plan.source.alias}-twinlog-data`)
    this.#ports = new KafkaLocatorPorts({ source, target, arenas, producer: this.#producer, transactional })
    this.#keeper = this.#makeKeeper(context)
    const { signal } = this.#reading
    this.#hanging = createHangingTransactions(context, this.#ports, () => this.#partitions.values(), signal)
    const onLocated: LocatorDependencies['onLocated'] = (partition, remark) => this.#located(partition, remark)
    this.#locator =
      transactions === null
        ? this.#makeLocator(context, onLocated)
        : createTransactionLocator(context, transactions, {
            first: (onFound) => this.#makeLocator(context, onFound),
            targetSettings: (topics) => this.#ports.targetSettings(topics, { signal }),
            signal: this.#writeSide.signal,
            onLocated,
          })
  }

  /** Takes up partitions. What was found out about them is in the assignment; where they go on is asked of the target. */
  assign(assignments: readonly PartitionAssignment[]): void {
    for (const assignment of assignments) {
      const membership = this.#transactions === null ? null : new TransactionMembership()
      const partition = new MirroredPartition(assignment, this.#nextSerial++, membership)
      if (this.#partitions.has(partition.key)) continue
      partition.spentIdentity = this.#spentIdentities.get(partition.key) ?? null
      this.trails?.assigned(partition)
      this.#partitions.set(partition.key, partition)
      this.#locator.locate(partition)
    }
    if (this.#isStarted) this.#requestMetadata()
  }

  /** Gives partitions up: their topics are gone, or no longer wanted. */
  revoke(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition: index } of partitions) {
      const partition = this.#partitions.get(topicPartitionKey(topic, index))
      if (partition === undefined) continue
      this.#partitions.delete(partition.key)
      if (partition.identity !== null) this.#spentIdentities.set(partition.key, partition.identity)
      this.#locator.forget(partition)
      this.#transactions?.forget(partition)
      this.#readSide.suspend(partition)
      partition.state = { name: 'stopped', reason: 'no longer assigned' }
      partition.discardQueue()
      this.#writeSide.withdraw(partition)
      this.#keeper.forget(partition)
    }
  }

  /**
   * Copies until the signal; then stops reading, lets what was read be written and acknowledged for at most `drainMs` (asked for at that time; 0: what is not
   * sent yet is dropped), and resolves.
   */
  async run({ signal, drainMs }: { signal: AbortSignal; drainMs: () => number }): Promise<void> {
    const reading = { signal: this.#reading.signal }
    const onAbort = (): void => this.#stopReading(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    try {
      await this.#refreshBoth(reading)
      this.#isStarted = true
      const loops = [
        this.#readSide.watch.run(reading),
        this.#writeSide.watch.run({ signal: this.#writeSide.signal }),
        this.#locator.run(reading),
        keepProducer(this.#producer, this.#context, reading),
        this.#tick(reading),
        this.#hanging?.run(reading) ?? Promise.resolve(),
      ]
      await Promise.race([Promise.all(loops), this.#defect.promise])
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#stopReading(errors.STOPPING({ what: `Flow ${this.#plan.name}`, reason: 'it stops reading' }))
      if (signal.aborted) await this.#drain(drainMs())
      this.#writeSide.stop(errors.STOPPING({ what: `Flow ${this.#plan.name}`, reason: 'it has drained' }))
      await Promise.allSettled(this.#running)
    }
  }

  /** Positions that the target acknowledged and that changed since the last call: the last copied upstream offset of each. */
  takePositions(): { topic: string; partition: number; lastCopiedOffset: number }[] {
    const moved = [...this.#moved].filter(
      ({ ackedOffset, takenOffset }) => ackedOffset > 0 && ackedOffset !== takenOffset,
    )
    this.#moved.clear()
    for (const partition of moved) partition.takenOffset = partition.ackedOffset
    return moved.map(({ sourceTopic, partition, ackedOffset }) => ({
      topic: sourceTopic,
      partition,
      lastCopiedOffset: ackedOffset - 1,
    }))
  }

  /** How far a source partition is copied, and what is known of where; null: it is not copied here. */
  copied(topic: string, partition: number): CopiedPartition | null {
    const found = this.#partitions.get(topicPartitionKey(topic, partition))
    return found === undefined ? null : copiedPartitionOf(found)
  }

  status(): LaneStatus {
    return laneStatusOf([...this.#partitions.values()], {
      plan: this.#plan,
      nowMs: this.#deps.clock.now(),
      figures: this.#context.figures,
      readSide: this.#readSide,
      writeSide: this.#writeSide,
      transactions: this.#transactions,
      counts: this.#counts,
    })
  }

  // --- run ----------------------------------------------------------------------------------------------------------------

  #start(work: Promise<void>): void {
    this.#running.add(work)
    work.catch((error: unknown) => this.#defect.reject(error)).finally(() => this.#running.delete(work))
  }

  #stopReading(reason: unknown): void {
    this.#reading.abort(reason)
    this.#readSide.stop(reason)
  }

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
      this.#transactions?.tick()
      this.#readSide.tick()
      const stoodStillMs = this.#writeSide.tick()
      if (stoodStillMs > 0) this.#lookAgain(stoodStillMs)
    }
  }

  /** Another process may have gone on meanwhile: what it has written decides. */
  #lookAgain(stoodStillMs: number): void {
    this.#context.say('StoodStill', { seconds: Math.round(stoodStillMs / 1000) })
    for (const partition of this.#partitions.values())
      this.#keeper.fail(partition, `this process stood still for ${Math.round(stoodStillMs)} ms`)
  }

  async #drain(drainMs: number): Promise<void> {
    const { clock } = this.#deps
    const deadlineMs = clock.monotonic() + drainMs
    if (this.#transactions !== null) return this.#transactions.finish(drainMs)
    const isFlying = (): boolean => [...this.#partitions.values()].some(({ inFlight }) => inFlight.length > 0)
    while (isFlying() && clock.monotonic() < deadlineMs)
      await clock.sleep(DRAIN_POLL_MS, { signal: this.#writeSide.signal })
  }

  #topics(side: 'sourceTopic' | 'targetTopic'): string[] {
    return [...new Set([...this.#partitions.values()].map((partition) => partition[side]))]
  }

  #requestMetadata(): void {
    this.#readSide.watch.request()
    this.#writeSide.watch.request()
  }

  // --- wiring, in the order of the picture ----------------------------------------------------------------------------------

  #makeReadSide(context: LaneContext): ReadSide {
    return new ReadSide(context, {
      topics: () => this.#topics('sourceTopic'),
      bounds: (partition) => this.#ports.boundsOf(partition, { signal: this.#reading.signal }),
      onGap: (gap) => this.#deps.onGap(gap),
      onRuns: (writes, ticket, partitions) => this.#writeAhead.write(writes, ticket, partitions),
      onTaken: (partitions) => this.#taken(partitions),
      onRepositioned: (partition) => this.#noteMoved(partition),
      refuse: (partition, error) => this.#keeper.refuse(partition, error),
      refuseAfterQueue: (partition, error) => this.#keeper.refuseAfterQueue(partition, error),
      onLostFound: (partition) => this.#lossFound(partition),
      onAtOddsWithStrays: (partition) => {
        partition.mustFence = true
        this.#keeper.fail(partition, 'a batch that was sent before may still arrive in the place of the next one')
      },
      onMetadata: () => this.#findChangedTopics(),
    })
  }

  #lossFound({ sourceTopic: topic, partition, ackedOffset: upstreamOffset }: MirroredPartition): void {
    this.#counts.targetLossesTotal++
    this.#context.say('TargetRecordsLost', { topic, partition, upstreamOffset })
  }

  #taken(partitions: readonly MirroredPartition[]): void {
    if (this.#untilPump.length === 0) {
      queueMicrotask(() => {
        const taken = this.#untilPump
        this.#untilPump = []
        this.#writeSide.pump(taken)
      })
    }
    for (const partition of partitions) {
      this.#untilPump.push(partition)
      this.#noteMoved(partition)
      this.#keeper.attend(partition)
    }
  }

  #findChangedTopics(): void {
    const topics = this.#deps.source.metadata?.topics
    const isChanged = [...this.#partitions.values()].some(({ sourceTopic, sourceTopicId }) => {
      const topic = topics?.get(sourceTopic)
      return topic === undefined || topic.errorCode !== 0 || (sourceTopicId !== null && topic.topicId !== sourceTopicId)
    })
    if (isChanged) this.#deps.onTopicsChanged?.()
  }

  #makeKeeper({ say }: LaneContext): PartitionKeeper {
    return new PartitionKeeper({
      clock: this.#deps.clock,
      random: this.#deps.random,
      deliveryTimeoutMs: this.#plan.produce.deliveryTimeoutMs,
      say,
      locate: (partition) => this.#locator.locate(partition),
      suspendReading: (partition) => this.#readSide.suspend(partition),
      resumeReading: (partition) => this.#readSide.resume(partition),
      withdrawWriting: (partition) => this.#writeSide.withdraw(partition),
      offerWriting: (partition) => this.#writeSide.pump([partition]),
      blockedForMs: (partition) => this.#writeSide.blockedForMs(partition),
      isHeldUp: (partition) => this.#writeSide.isHeldUp(partition),
      wantConnection: (partition) => this.#writeSide.wantConnection(partition),
      onRecovery: ({ figures, ackedOffset }) => {
        this.#counts.recoveriesTotal++
        figures.interruptedAt = ackedOffset
      },
      onFailed: (partition) => this.#transactions?.failed(partition),
      onRested: (partition) => this.#transactions?.rest(partition),
    })
  }

  #noteMoved(partition: MirroredPartition): void {
    this.trails?.moved(partition)
    if (this.#transactions === null) this.#moved.add(partition)
    else this.#transactions.moved(partition)
  }

  #located(partition: MirroredPartition, remark: Continuation['remark']): void {
    const { say } = this.#context
    const { sourceTopic: topic, partition: index, ackedOffset: upstreamOffset } = partition
    if (remark === 'target lost records') this.#lossFound(partition)
    if (remark === 'duplicates possible') {
      this.#counts.duplicatesPossibleTotal++
      say('DuplicatesPossible', { topic, partition: index, upstreamOffset })
    }
    this.#context.figures.noteLocated(partition)
    this.trails?.located(partition)
    this.#noteMoved(partition)
    this.#keeper.located(partition)
  }

  #makeLocator(context: LaneContext, onLocated: LocatorDependencies['onLocated']): Locator {
    return createLocator(context, {
      ports: this.#ports,
      keeper: () => this.#keeper,
      counts: this.#counts,
      requestMetadata: () => this.#requestMetadata(),
      onLocated,
    })
  }
}
