import { setMaxListeners } from 'node:events'
import { ArenaPool } from '../kafka/frame-arena.ts'
import type { LaneContext } from './lane-context.ts'
import type { LaneTransactions } from './lane-transactions.ts'
import { MetadataWatch } from './metadata-watch.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { WriteWindow } from './write-window.ts'
import type { PartitionKeeper } from './partition-keeper.ts'
import { TargetAnswers } from './target-answers.ts'
import { WriteChannel } from './write-channel.ts'
import { WriteRouter } from './write-router.ts'

const MIB = 1024 * 1024
/** Answers to Produce requests are small. */
const ANSWER_ARENA_BYTES = 64 * 1024
/**
 * What a partition may have in flight: more than a short way needs, and on a long way the round trip times the rate. Bytes are what counts; where batches are
 * small (coalesced ones are, 16 KiB with Kafka's batch.size), a few of them would let us wait for the broker after each.
 */
const WINDOWS = { usual: { batchesMax: 256, bytesMax: 4 * MIB }, longWay: { batchesMax: 1024, bytesMax: 64 * MIB } }
/** Without sequences a second batch in flight could overtake a first one that failed. */
const ONE_AT_A_TIME: WriteWindow = { batchesMax: 1, bytesMax: 32 * MIB }
/** How long a partition that was slow keeps a connection of its own. */
const ISOLATION_MS = 30_000
/** A broker that has not answered for this long may be gone: who leads now is looked up. */
const SILENCE_MS = 3_000
/** A broker that does not read for this long holds memory that other partitions need: its connection is given up. */
const STUCK_MS = 5_000
/** Who stood still for so long (SIGSTOP, a sleeping machine) may have been replaced: nothing is sent before the target was asked again. */
const STANDSTILL_MS = 5_000

/** What the writing side leaves to the lane. */
export interface WriteSideDependencies {
  topics(): readonly string[]
  keeper(): PartitionKeeper
  onMoved(partition: MirroredPartition): void
  /** Null: what is written is not part of transactions. */
  transactions(): LaneTransactions | null
}

/** Writing side of a lane: metadata of the target, channels to its brokers, and what becomes of their answers. */
export class WriteSide {
  readonly watch: MetadataWatch
  /** For answers that are small. */
  readonly arenas = new ArenaPool({ arenaBytes: ANSWER_ARENA_BYTES })
  readonly totals = { resealedTotal: 0, forwardedTotal: 0, rebuiltTotal: 0, coalescedTotal: 0, foreignWritesTotal: 0 }
  readonly #context: LaneContext
  readonly #deps: WriteSideDependencies
  readonly #stop = new AbortController()
  readonly #router: WriteRouter
  readonly #answers: TargetAnswers
  /** Monotonic ms; -1: not yet. */
  #tickedAtMs = -1

  constructor(context: LaneContext, dependencies: WriteSideDependencies) {
    this.#context = context
    this.#deps = dependencies
    setMaxListeners(0, this.#stop.signal)
    const { plan, deps } = context
    this.#answers = this.#makeAnswers()
    this.#router = new WriteRouter({
      metadata: () => deps.target.metadata,
      startChannel: (nodeId, isShared) => this.#startChannel(nodeId, isShared),
      onLeaderUnknown: () => this.watch.request(),
      onLeaderMoved: (partition) => dependencies.keeper().fail(partition, 'the leader moved to another broker'),
    })
    this.watch = new MetadataWatch({
      cluster: deps.target,
      maxAgeMs: deps.target.settings.metadataMaxAgeMs,
      clock: deps.clock,
      random: deps.random,
      topics: () => dependencies.topics(),
      onRefreshed: () => this.#router.reroute(),
      onFailed: (error) => context.say('MetadataRefreshFailed', { cluster: plan.target.alias, error }),
    })
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Sends what these partitions have queued, as far as it can be sent now. */
  pump(partitions: readonly MirroredPartition[]): void {
    const channels = new Set<WriteChannel>()
    const transactions = this.#deps.transactions()
    for (const partition of partitions) {
      const channel = partition.queue.length > 0 ? this.#router.offer(partition) : null
      if (channel !== null) transactions?.want(partition)
      if (channel !== null) channels.add(channel)
    }
    for (const channel of channels) channel.pump()
  }

  withdraw(partition: MirroredPartition): void {
    this.#router.withdraw(partition)
  }

  /** For how long nothing of the partition can be sent, in ms; Infinity when it is not known who leads it. */
  blockedForMs(partition: MirroredPartition): number {
    return this.#router.channelOf(partition)?.blockedForMs() ?? Infinity
  }

  /** Whether what waits of the partition waits for longer than others are to wait with it. */
  isHeldUp(partition: MirroredPartition): boolean {
    return this.#router.channelOf(partition)?.isHeldUp(partition) ?? true
  }

  /** Opens the partition's connection again although nothing is queued. */
  wantConnection(partition: MirroredPartition): void {
    const channel = this.#router.channelOf(partition) ?? this.#router.offer(partition)
    channel?.want()
  }

  /**
   * To be called some times a second: a broker that hangs does not say so.
   * @returns for how long this process stood still, in ms, if that was long enough for another one to take over; otherwise 0
   */
  tick(): number {
    const nowMs = this.#context.deps.clock.monotonic()
    const elapsedMs = this.#tickedAtMs < 0 ? 0 : nowMs - this.#tickedAtMs
    this.#tickedAtMs = nowMs
    for (const channel of this.#router.channels) {
      if (channel.unansweredForMs() > SILENCE_MS) this.watch.request()
      if (channel.stuckForMs() > STUCK_MS) void channel.abandon('the broker takes nothing of what it is sent')
    }
    return elapsedMs >= STANDSTILL_MS ? elapsedMs : 0
  }

  /** Nothing more is sent, and no answer awaited. */
  stop(reason: unknown): void {
    this.#stop.abort(reason)
  }

  #startChannel(nodeId: number, isShared: boolean): WriteChannel {
    const { plan, deps, say, onDefect, figures } = this.#context
    const { target, clock, random } = deps
    const { produce } = plan
    const transactions = this.#deps.transactions()
    const channel = new WriteChannel(nodeId, isShared, {
      cluster: target,
      arenas: this.arenas,
      clock,
      random,
      windows: produce.isIdempotent ? WINDOWS : { usual: ONE_AT_A_TIME, longWay: ONE_AT_A_TIME },
      isIdempotent: produce.isIdempotent,
      mayWrite: () => this.#tickedAtMs < 0 || clock.monotonic() - this.#tickedAtMs < STANDSTILL_MS,
      transactions,
      maxRequestBytes: produce.maxRequestSizeBytes,
      requestTimeoutMs: target.settings.requestTimeoutMs,
      reconnectBackoffMs: target.settings.reconnectBackoffMs,
      reconnectBackoffMaxMs: target.settings.reconnectBackoffMaxMs,
      onAnswered: (sent, produced) => {
        if (produced.errorCode === 0) this.totals[`${sent.batch.handling}Total`]++
        const { partition, batch } = sent
        const before = partition.recordsTotal
        this.#answers.take(sent, produced)
        if (produced.errorCode !== 0) figures.noteRefused(produced.errorCode)
        if (partition.recordsTotal > before) figures.noteAcknowledged(partition, batch, produced.errorCode, clock.now())
        transactions?.landed()
      },
      onLost: (sent, error) => {
        this.watch.request()
        this.#answers.lost(sent, error)
        for (let count = 0; transactions !== null && count < sent.length; count++) transactions.landed()
      },
      onDefect,
      onThrottled: (ms) => (figures.targetThrottledMsTotal += ms),
      onConnectionFailed: (broker, error) => {
        this.watch.request()
        say('ConnectionFailed', { cluster: target.alias, broker, error })
      },
      onConnectionOpened: (broker) => say('ConnectionOpened', { cluster: target.alias, broker }),
    })
    this.#context.start(channel.run({ signal: this.#stop.signal }))
    return channel
  }

  #makeAnswers(): TargetAnswers {
    const { deps, say, plan } = this.#context
    const { keeper, onMoved } = this.#deps
    return new TargetAnswers({
      dropsNullKeys: plan.recordPolicies.nullKey === 'drop',
      nowMs: () => deps.clock.now(),
      onRemade: (partition, { upstream: upstreamOffset }, error) => {
        partition.isTargetDoubted = true
        say('TargetRefusedBatch', {
          topic: partition.sourceTopic,
          partition: partition.partition,
          upstreamOffset,
          error,
        })
      },
      fail: (partition, reason) => {
        this.watch.request()
        keeper().fail(partition, reason)
      },
      refuse: (partition, error) => keeper().refuse(partition, error),
      acknowledged: (partition) => keeper().acknowledged(partition),
      landed: (partition) => keeper().landed(partition),
      offerWriting: (partition) => void this.#router.offer(partition),
      onMoved,
      onForeignWrite: ({ targetTopic, partition }, expected, downstreamOffset) => {
        this.totals.foreignWritesTotal++
        say('ForeignWriteFound', { targetTopic, partition, expected, downstreamOffset })
      },
      onSlow: (partition) => {
        const { sourceTopic: topic, partition: index } = partition
        if (!partition.isIsolated) say('PartitionIsolated', { topic, partition: index })
        partition.isIsolated = true
        partition.isolatedUntilMs = deps.clock.monotonic() + ISOLATION_MS
      },
      onIdentitySpent: (partition) => {
        partition.isIdentitySpent = true
      },
    })
  }
}
