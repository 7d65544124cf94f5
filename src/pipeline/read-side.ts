import { setMaxListeners } from 'node:events'
import { ByteBudget } from '../base/byte-budget.ts'
import { errors } from '../base/errors.ts'
import { ArenaPool } from '../kafka/frame-arena.ts'
import type { ProduceSettings } from '../mirror/flow-plan.ts'
import { AnswerIntake } from './answer-intake.ts'
import type { AnswerIntakeDependencies } from './answer-intake.ts'
import type { AnswerWalk } from './answer-walk.ts'
import { BatchIntake } from './batch-intake.ts'
import { DeferredIntake } from './deferred-intake.ts'
import { FetchSizer } from './fetch-sizer.ts'
import type { FrameLease } from './frame-lease.ts'
import { GroupTranscoder } from './group-transcoder.ts'
import type { TranscodedGroup } from './group-transcoder.ts'
import type { LaneContext } from './lane-context.ts'
import type { LaneTotals } from './lane-status.ts'
import { MetadataWatch } from './metadata-watch.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { ReadRouter } from './read-router.ts'
import { SourceAnswers } from './source-answers.ts'
import type { SourceAnswersDependencies } from './source-answers.ts'
import { SourceReader } from './source-reader.ts'
import type { AnsweredPartition } from './source-reader.ts'

const MIB = 1024 * 1024
/** Arenas of the reading connections; a usual fetch answer fits one. */
const ARENA_BYTES = 4 * MIB
/** An answer's head, and the little that a broker may send above what was asked for. */
const ANSWER_OVERHEAD_BYTES = 64 * 1024
/** On a long way; frames of this size have memory of their own while they are on their way through. */
const LONG_WAY_ANSWER_BYTES = 32 * MIB
/** A broker that lets us wait for longer than it was asked to may be gone: who leads now is looked up. */
const SILENCE_MS = 3_000

/** How long an answer may take to be taken in at once; what is left then is taken in later (DeferredIntake). */
const INTAKE_MS = 5
/** No batch expands to more, for whoever means us harm. */
const DECOMPRESSION_LIMIT_BYTES = 256 * MIB

/** What the reading side leaves to the lane. */
export interface ReadSideDependencies
  extends
    Pick<SourceAnswersDependencies, 'bounds' | 'onGap' | 'refuse' | 'refuseAfterQueue'>,
    Pick<AnswerIntakeDependencies, 'onRuns' | 'onTaken' | 'onAtOddsWithStrays' | 'onLostFound'> {
  topics(): readonly string[]
  /** The reading position of the partition was set anew. */
  onRepositioned(partition: MirroredPartition): void
  onMetadata(): void
}

/** Reading side of a lane: metadata of the source, readers of its brokers, and what becomes of their answers. */
export class ReadSide {
  readonly watch: MetadataWatch
  readonly #leftOut = { nullKeysTotal: 0, deadLettersTotal: 0 }
  readonly #context: LaneContext
  readonly #deps: ReadSideDependencies
  readonly #stop = new AbortController()
  readonly #arenas = new ArenaPool({ arenaBytes: ARENA_BYTES })
  readonly #budget: ByteBudget
  readonly #batches: BatchIntake
  readonly #intake: AnswerIntake
  readonly #deferred: DeferredIntake
  readonly #router: ReadRouter
  readonly #answers: SourceAnswers
  readonly #readers = new Map<SourceReader, AbortController>()

  constructor(context: LaneContext, dependencies: ReadSideDependencies) {
    this.#context = context
    this.#deps = dependencies
    setMaxListeners(0, this.#stop.signal)
    const { plan, deps } = context
    // As much as MirrorMaker 2's consumer and producer may hold. On a long way two answers have to fit, or the next one is asked for only when
    // the last one is on its way to the target: measured, a third of the rate.
    this.#budget = new ByteBudget(plan.produce.bufferMemoryBytes + plan.fetch.fetchMaxBytes)
    this.#batches = this.#makeBatchIntake()
    const transcoder = this.#makeTranscoder()
    this.#intake = new AnswerIntake({
      ...dependencies,
      clock: deps.clock,
      intake: this.#batches,
      transcoder,
      onTranscoded: (partition, made) => this.#transcoded(partition, made),
    })
    this.#deferred = new DeferredIntake({
      clock: deps.clock,
      intake: this.#intake,
      transcoder,
      budget: new ByteBudget(plan.produce.bufferMemoryBytes),
      signal: this.#stop.signal,
      pauseReading: (partition) => this.#router.pause(partition),
      resumeReading: (partition) => this.#router.resume(partition),
      onDefect: context.onDefect,
    })
    this.#answers = this.#makeAnswers()
    this.#router = new ReadRouter({
      metadata: () => deps.source.metadata,
      startReader: (nodeId) => this.#startReader(nodeId),
      stopReader: (reader) => this.#stopReader(reader),
      onLeaderUnknown: () => this.watch.request(),
    })
    this.watch = new MetadataWatch({
      cluster: deps.source,
      maxAgeMs: deps.source.settings.metadataMaxAgeMs,
      clock: deps.clock,
      random: deps.random,
      topics: () => dependencies.topics(),
      onRefreshed: () => {
        this.#router.reroute()
        dependencies.onMetadata()
      },
      onFailed: (error) => context.say('MetadataRefreshFailed', { cluster: plan.source.alias, error }),
    })
  }

  /** Source batches, and records, that are not copied. */
  get totals(): Pick<LaneTotals, 'droppedTotal' | 'dropped' | 'nullKeysTotal' | 'deadLettersTotal'> {
    const { dropped } = this.#batches
    const droppedTotal = Object.values(dropped).reduce((total, count) => total + count, 0)
    return { droppedTotal, dropped, ...this.#leftOut }
  }

  /** Bytes of fetched batches that wait to be sent on, and how many may. */
  get buffer(): { readonly usedBytes: number; readonly totalBytes: number } {
    return { usedBytes: this.#budget.takenBytes, totalBytes: this.#budget.totalBytes }
  }

  isEndKnown(partition: MirroredPartition): boolean {
    return this.#router.isEndKnown(partition)
  }

  /** The partition is to be read from its present position on. */
  resume(partition: MirroredPartition): void {
    this.#router.place(partition)
  }

  suspend(partition: MirroredPartition): void {
    this.#router.displace(partition)
  }

  /** To be called some times a second: a broker that hangs does not say so. */
  tick(): void {
    for (const reader of this.#readers.keys()) if (reader.silentForMs() > SILENCE_MS) this.watch.request()
  }

  /** No more is read. */
  stop(reason: unknown): void {
    this.#stop.abort(reason)
  }

  #startReader(nodeId: number): SourceReader {
    const { plan, deps, say } = this.#context
    const { source, clock, random } = deps
    const { fetch } = plan
    const usualBytes = Math.min(ARENA_BYTES - ANSWER_OVERHEAD_BYTES, Math.max(fetch.fetchMaxBytes, 1))
    const largestBytes = Math.max(usualBytes, Math.min(LONG_WAY_ANSWER_BYTES, fetch.fetchMaxBytes))
    const reader = new SourceReader(nodeId, {
      cluster: source,
      arenas: this.#arenas,
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
      onLongWay: (broker) => this.#router.widen(broker),
      onAnswer: (answered, lease) => this.#takeAnswer(answered, lease),
      onThrottled: (ms) => (this.#context.figures.sourceThrottledMsTotal += ms),
      onConnectionFailed: (broker, error) => {
        this.#router.replicaFailed(broker)
        this.watch.request()
        say('ConnectionFailed', { cluster: source.alias, broker, error })
      },
      onConnectionOpened: (broker) => say('ConnectionOpened', { cluster: source.alias, broker }),
    })
    const stop = new AbortController()
    this.#readers.set(reader, stop)
    this.#context.start(reader.run({ signal: AbortSignal.any([stop.signal, this.#stop.signal]) }))
    return reader
  }

  #takeAnswer(answered: readonly AnsweredPartition[], lease: FrameLease): void {
    const { figures, deps } = this.#context
    const nowMs = deps.clock.now()
    for (const { partition, fetched } of answered) figures.noteFetched(partition, fetched, nowMs)
    this.#answers.take(answered, lease)
    for (const { partition } of answered) figures.noteTaken(partition, nowMs)
  }

  #stopReader(reader: SourceReader): void {
    this.#readers.get(reader)?.abort(errors.STOPPING({ what: 'A reader', reason: 'it has no partitions' }))
    this.#readers.delete(reader)
  }

  #makeBatchIntake(): BatchIntake {
    const { plan, deps } = this.#context
    const { fetch, produce } = plan
    return new BatchIntake({
      checkCrcs: fetch.checkCrcs,
      isIdempotent: produce.isIdempotent,
      codec: produce.compression?.codec ?? -1,
      coalescedBytesMax: coalescedBytesMaxOf(produce),
      nowMs: () => deps.clock.now(),
      keepsRuns: deps.transactional === null,
    })
  }

  #makeTranscoder(): GroupTranscoder {
    const { plan, deps } = this.#context
    const { produce } = plan
    const { deadLetters } = deps
    const { signal } = this.#stop
    return new GroupTranscoder({
      codec: produce.compression?.codec ?? null,
      level: produce.compression?.level ?? null,
      coalescedBytesMax: coalescedBytesMaxOf(produce),
      decompressionLimitBytes: DECOMPRESSION_LIMIT_BYTES,
      writeDeadLetters:
        deadLetters === null ? null : (origin, records) => deadLetters.write(origin, records, { signal }),
      nowMs: () => deps.clock.now(),
    })
  }

  #transcoded({ sourceTopic: topic, partition }: MirroredPartition, made: TranscodedGroup): void {
    this.#leftOut.deadLettersTotal += made.deadLettersCount
    if (made.nullKeysCount === 0) return
    this.#leftOut.nullKeysTotal += made.nullKeysCount
    this.#context.say('NullKeysDropped', { topic, partition, recordsCount: made.nullKeysCount })
  }

  #takeIn(walks: readonly AnswerWalk[]): void {
    const deadlineMs = this.#context.deps.clock.monotonic() + INTAKE_MS
    for (const { walk } of this.#intake.takeOn(walks, deadlineMs)) this.#deferred.add(walk)
  }

  #makeAnswers(): SourceAnswers {
    const { plan, deps, say, onDefect } = this.#context
    return new SourceAnswers({
      clock: deps.clock,
      isReadCommitted: plan.fetch.isolationLevel === 'read_committed',
      takeIn: (walks) => this.#takeIn(walks),
      sourceAlias: plan.source.alias,
      gapPolicy: plan.gapPolicy,
      suspend: (partition) => this.#router.displace(partition),
      onServedElsewhere: (partition, error) => {
        const { sourceTopic: topic, partition: index } = partition
        say('PartitionReadingRefused', { topic, partition: index, error, broker: partition.readReplica })
        this.#router.unseat(partition)
      },
      onReplicaPreferred: (partition, broker) => {
        say('ReplicaPreferred', { topic: partition.sourceTopic, partition: partition.partition, broker })
        partition.readReplica = broker
        this.#router.place(partition)
      },
      onDefect,
      ...this.#deps,
      onRepositioned: (partition) => {
        this.#router.place(partition)
        this.#deps.onRepositioned(partition)
      },
    })
  }
}

/** Up to which size batches are put together, as a producer would. */
function coalescedBytesMaxOf({ batchSizeBytes, maxRequestSizeBytes }: ProduceSettings): number {
  return Math.min(batchSizeBytes, maxRequestSizeBytes)
}
