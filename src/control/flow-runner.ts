import type { Clock } from '../base/clock.ts'
import type { TransactionalProducer } from '../kafka/transactions.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { Gap } from '../mirror/gap.ts'
import type { LedgerWriter } from '../mirror/ledger-entry.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { observers } from '../observe/observers.ts'
import type { TransactionalTarget } from '../pipeline/kafka-transaction-ports.ts'
import { Lane } from '../pipeline/lane.ts'
import { abortable } from '../kafka/abortable.ts'
import { waitUntilCaughtUp } from './catch-up.ts'
import { DurableWrites } from './durable-writes.ts'
import type { FlowReading } from './flow-reading.ts'
import type { FlowState } from './flow-state.ts'
import { checkClusters, openFlowClusters, waitForClusters } from './flow-clusters.ts'
import type { FlowClusters } from './flow-clusters.ts'
import { DeadLetterTopic } from './dead-letter-topic.ts'
import { createFlowDuties } from './create-flow-duties.ts'
import { createFlowOwnership } from './create-flow-ownership.ts'
import { DutyRunner } from './flow-duty.ts'
import type { FlowOwnership } from './flow-ownership.ts'
import { createFlowOffsets } from './flow-offsets.ts'
import type { FlowOffsets } from './flow-offsets.ts'
import { openFlowStores } from './flow-stores.ts'
import type { FlowStores } from './flow-stores.ts'
import { createFlowTopics } from './flow-topics.ts'
import type { FlowTopics } from './flow-topics.ts'
import { FlowTrouble } from './flow-trouble.ts'
import { GapRecorder } from './gap-recorder.ts'
import { ownerSummary } from './flow-summary.ts'
import type { HeartbeatTopics } from './heartbeat-topics.ts'
import type { LocalProcess } from './local-process.ts'
import { runWhileOwner } from './owned-run.ts'
import type { OwnedOptions } from './owned-run.ts'
import { LedgerTrimmer } from './ledger-trimmer.ts'
import { PositionFlusher } from './position-flusher.ts'
import type { OffsetSource } from './offset-query.ts'
import type { RemoteTopicOwners } from './remote-topic-owners.ts'
import type { FlowProgress, SupervisedFlow } from './supervisor.ts'
import { runTogether } from './task-group.ts'
import { claimTransactions } from './transactional-claim.ts'

export interface FlowRunnerDependencies {
  readonly clock: Clock
  readonly random: () => number
  readonly observe: Observer<EventName>
  readonly owners: RemoteTopicOwners
  readonly process: LocalProcess
  readonly heartbeats: HeartbeatTopics
  /** Told once when all that the source held at the start is copied, with the number of partitions that stopped. */
  readonly onCaughtUp?: ((stoppedCount: number) => void) | undefined
}

interface RunOptions {
  readonly signal: AbortSignal
  readonly report: (event: FlowProgress) => void
}

/** Together with closing the connections they stay within the ten seconds that a stop may take. */
const drainMs = 5_000
const finalFlushTimeoutMs = 3_000

/**
 * Wires one flow in the order of the picture in docs/architecture.md: clusters, ownership, stores, lane, topic sync, position flusher. It decides
 * nothing: what to copy is topic sync's, how to copy the lane's, whether to try again the supervisor's.
 */
export class FlowRunner implements SupervisedFlow {
  readonly name: string
  readonly #plan: FlowPlan
  readonly #deps: FlowRunnerDependencies
  readonly #strays = new Set<string>()
  readonly #trouble = new FlowTrouble()
  #ownership: FlowOwnership | null = null
  #lane: Lane | null = null
  #positions: DurableWrites | null = null
  #ledger: DurableWrites | null = null
  #duties: readonly DutyRunner[] = []
  #offsets: FlowOffsets | null = null
  #gapsTotal = 0

  constructor(plan: FlowPlan, deps: FlowRunnerDependencies) {
    this.name = plan.name
    this.#plan = plan
    this.#deps = { ...deps, observe: observers(deps.observe, this.#trouble) }
  }

  /** All that is to be seen of the flow just now. @param state   as the supervisor has it */
  reading(state: FlowState): FlowReading {
    const { name, source, target, nameFormats } = this.#plan
    const lane = this.#lane?.status() ?? null
    return {
      name,
      source: source.alias,
      target: target.alias,
      isHeartbeatsOnly: false,
      state,
      trouble: this.#trouble.reason,
      owner: ownerSummary(this.#ownership),
      gapsTotal: this.#gapsTotal,
      lane,
      positions: this.#positions,
      ledger: this.#ledger,
      duties: this.#duties.map((duty) => duty.status()),
      groups: this.#offsets?.groups?.reading() ?? null,
      nameFormats,
    }
  }

  /** What it knows of offsets on both sides; null while this process does not own the flow. */
  offsetSource(): OffsetSource | null {
    if (this.#offsets === null) return null
    const { name: flow, source, policy } = this.#plan
    const { translator, groups } = this.#offsets
    return { context: { flow, sourceAlias: source.alias, policy, translator }, groups: groups?.reading() ?? null }
  }

  async run({ signal, report }: RunOptions): Promise<void> {
    await using resources = new AsyncDisposableStack()
    const clusters = await this.#connect(resources, signal)
    report({ name: 'clusters-reachable' })
    const isSameCluster = checkClusters(this.#plan, clusters, this.#deps.observe)
    const onStandby = (cause: string) => {
      this.#lane = null
      this.#duties = []
      this.#offsets = null
      report({ name: 'standing-by', cause })
    }
    const deps = { ...this.#deps, clusters, strays: this.#strays, onStandby }
    const ownership = createFlowOwnership(this.#plan, deps)
    this.#ownership = ownership
    const copy = (options: OwnedOptions): Promise<void> => this.#runOwned(clusters, isSameCluster, ownership, options)
    await runWhileOwner(ownership, copy, { signal, report })
  }

  /** One term of owning the flow. */
  async #runOwned(
    clusters: FlowClusters,
    isSameCluster: boolean,
    ownership: FlowOwnership,
    { signal, tenure, report }: OwnedOptions,
  ): Promise<void> {
    const { clock, random, observe, owners } = this.#deps
    const plan = this.#plan
    await using resources = new AsyncDisposableStack()
    resources.defer(() => owners.release(plan.name))
    const producer = await claimTransactions(plan, clusters, observe, { signal })
    const stores = await openFlowStores(plan, clusters, observe, { signal })
    const { ledger } = stores
    const write = ledger.writeGap.bind(ledger)
    const gaps = resources.use(new GapRecorder({ flow: plan.name, observe, write }))
    const onGap = (gap: Gap): void => {
      this.#gapsTotal++
      gaps.record(gap)
    }
    const { sourceData: source, targetData: target } = clusters
    const transactional = producer === null ? null : transactionalTarget(plan, producer, stores)
    const onTopicsChanged = () => topics.sync.requestRound()
    const deadLetters = deadLetterTopic(plan, clusters, observe)
    const written = new DurableWrites(clock)
    this.#ledger = written
    const ledgerWriter: LedgerWriter = { write: (writes, options) => written.watch(ledger.write(writes, options)) }
    const laneDeps = {
      source,
      target,
      ledger: ledgerWriter,
      transactional,
      deadLetters,
      clock,
      random,
      observe,
      onGap,
      onTopicsChanged,
    }
    const lane = new Lane(plan, laneDeps)
    this.#lane = lane
    const topicDeps = { clock, random, observe, owners, clusters, stores, lane, isSameCluster, onGap }
    const topics: FlowTopics = createFlowTopics(plan, topicDeps)
    const isFirstDone = await topics.sync.round({ signal })
    report({ name: 'started' })
    const { topicsCount, partitionsCount } = topics.counts()
    observe.event('FlowStarted', { flow: plan.name, topicsCount, partitionsCount })
    const { heartbeats } = this.#deps
    resources.defer(heartbeats.listen(plan.source.alias, topics.sync.requestRound))
    const mayWrite = () => ownership.isSure()
    const offsets = createFlowOffsets(plan, { clock, observe, clusters, ledger, lane, mayWrite })
    this.#offsets = offsets
    const { trails } = lane
    const { groups } = offsets
    const dutyDeps = { clock, random, observe, clusters, heartbeats, topics: topics.copied, trails, groups }
    const duties = createFlowDuties(plan, dutyDeps, resources)
    this.#duties = duties.map((duty) => new DutyRunner(duty, { flow: plan.name, clock, random, observe }))
    const flusher = this.#createFlusher(lane, stores, mayWrite)
    await this.#copy(lane, topics, { clusters, stores, flusher }, isFirstDone, {
      signal,
      drainMs: () => (tenure.aborted ? 0 : drainMs),
    })
  }

  async #connect(resources: AsyncDisposableStack, signal: AbortSignal): Promise<FlowClusters> {
    const { source, target, name } = this.#plan
    const clusters = openFlowClusters(this.#plan, this.#deps, resources)
    this.#deps.observe.event('FlowWaiting', {
      flow: name,
      source: source.alias,
      sourceAddress: source.client.bootstrapServers.join(','),
      target: target.alias,
      targetAddress: target.client.bootstrapServers.join(','),
    })
    await waitForClusters(clusters, { signal })
    return clusters
  }

  async #copy(
    lane: Lane,
    { sync }: FlowTopics,
    { clusters, stores, flusher }: { clusters: FlowClusters; stores: FlowStores; flusher: PositionFlusher },
    isFirstDone: boolean,
    { signal, drainMs }: { readonly signal: AbortSignal; readonly drainMs: () => number },
  ): Promise<void> {
    const flushing = new AbortController()
    // In transactions the lane stores positions itself.
    const isFlushed = this.#plan.transactions.support !== 'enabled'
    this.#positions = isFlushed ? new DurableWrites(this.#deps.clock) : null
    const flushed = isFlushed ? flusher.run({ signal: flushing.signal }) : null
    flushed?.catch(() => {})
    try {
      const tasks = [
        (until: AbortSignal) => lane.run({ signal: until, drainMs }),
        (until: AbortSignal) => sync.run({ signal: until, isFirstDone }),
        (until: AbortSignal) => this.#watchCatchUp(lane, () => sync.isComplete, until),
        ...this.#duties.map((duty) => (until: AbortSignal) => duty.run({ signal: until })),
        (until: AbortSignal) => this.#createTrimmer(clusters, stores).run({ signal: until }),
        // It ends of itself only when another process has taken the positions over.
        (until: AbortSignal) => (flushed === null ? Promise.resolve() : this.#watchFlusher(flushed, until)),
      ]
      await runTogether(tasks, { signal })
    } finally {
      // Only now: the last positions are those of what the lane wrote while it drained.
      flushing.abort()
      // Whose flow it is not any more, has no time to drain, and nothing to finish.
      const finished = drainMs() > 0 ? this.#duties.map(finishInTime) : []
      await Promise.all([flushed, ...finished])
    }
  }

  #createTrimmer({ sourceAdmin, targetAdmin }: FlowClusters, { ledger }: FlowStores): LedgerTrimmer {
    const { name: flow, policy, source } = this.#plan
    const { clock, observe } = this.#deps
    const remoteTopic = (topic: string): string => policy.formatRemoteTopic(source.alias, topic)
    return new LedgerTrimmer({ flow, ledger, source: sourceAdmin, target: targetAdmin, remoteTopic, clock, observe })
  }

  #createFlusher(lane: Lane, { offsets }: FlowStores, mayWrite: () => boolean): PositionFlusher {
    const { clock, observe } = this.#deps
    const { name: flow, positions } = this.#plan
    return new PositionFlusher({
      clock,
      intervalMs: positions.flushIntervalMs,
      finalFlushTimeoutMs,
      takePositions: () => lane.takePositions(),
      mayWrite,
      write: offsets.write.bind(offsets),
      onFlushed: () => this.#positions?.note(),
      onFailure: (failure) => observe.event('PositionsUnwritten', { flow, ...failure }),
    })
  }

  async #watchFlusher(flushed: Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await abortable(flushed, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #watchCatchUp(lane: Lane, isComplete: () => boolean, signal: AbortSignal): Promise<void> {
    const { clock, observe, onCaughtUp } = this.#deps
    if (onCaughtUp === undefined) return
    try {
      const stoppedCount = await waitUntilCaughtUp(
        { clock, isComplete, partitions: () => lane.status().partitions },
        { signal },
      )
      observe.event('FlowCaughtUp', { flow: this.name, stoppedCount })
      onCaughtUp(stoppedCount)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}

function finishInTime(duty: DutyRunner): Promise<void> {
  return duty.finish({ signal: AbortSignal.timeout(finalFlushTimeoutMs) })
}

function deadLetterTopic(plan: FlowPlan, clusters: FlowClusters, observe: Observer<EventName>): DeadLetterTopic | null {
  const { oversized, deadLetterTopic: named } = plan.recordPolicies
  if (oversized === 'stop') return null
  const target = clusters.targetWorker
  return new DeadLetterTopic({ flow: plan.name, sourceAlias: plan.source.alias, ...named, target, observe })
}

function transactionalTarget(
  { transactions, positions }: FlowPlan,
  producer: TransactionalProducer,
  { offsets }: FlowStores,
): TransactionalTarget {
  return {
    producer,
    transactionTimeoutMs: transactions.timeoutMs,
    offsetsTopic: positions.offsetsTopic,
    recordsOf: (entries) => offsets.recordsOf(entries),
  }
}
