import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../src/base/clock.ts'
import { kafkaError } from '../../src/kafka/kafka-error.ts'
import type { TransactionalProducer } from '../../src/kafka/transactions.ts'
import type { SourceOffset } from '../../src/mirror/source-offset-record.ts'
import { FrameLease } from '../../src/pipeline/frame-lease.ts'
import { LaneTransactions } from '../../src/pipeline/lane-transactions.ts'
import { MirroredPartition } from '../../src/pipeline/mirrored-partition.ts'
import { PartitionKeeper } from '../../src/pipeline/partition-keeper.ts'
import type { PendingBatch } from '../../src/pipeline/pending-batch.ts'
import { TargetAnswers } from '../../src/pipeline/target-answers.ts'
import { TransactionMembership } from '../../src/pipeline/transaction-membership.ts'
import type { TransactionPorts } from '../../src/pipeline/transaction-ports.ts'

const RETRIABLE = 7
const OUT_OF_ORDER = 45
const FENCED = 90
const INVALID_TXN_STATE = 48
const MESSAGE_TOO_LARGE = 10
const INVALID_TIMESTAMP = 32
const NOT_ENOUGH_REPLICAS = 19

interface Append {
  readonly partition: number
  readonly upstream: number
  readonly count: number
}

/** What goes wrong at a step; `none` most of the time. */
export type ModelFault = 'none' | 'before' | 'after' | 'refuse'

/** A target with one transaction coordinator, as Kafka has it in version 1 of the protocol: sequences, epochs, and what is committed. */
class ModelTarget {
  epoch = 0
  readonly committed: Append[] = []
  readonly positions = new Map<number, number>()
  #pending: Append[] = []
  #pendingPositions: readonly SourceOffset[] = []
  readonly #added = new Set<number>()
  readonly #sequences = new Map<number, { epoch: number; next: number }>()
  #last: 'commit' | 'abort' | null = null

  add(epoch: number, partitions: readonly number[]): void {
    this.#judge(epoch)
    this.#last = null
    for (const partition of partitions) this.#added.add(partition)
  }

  /** @returns Kafka's error code */
  produce(epoch: number, sequence: number, append: Append): number {
    const known = this.#sequences.get(append.partition)
    if (epoch < (known?.epoch ?? 0) || epoch > this.epoch) return FENCED
    if (!this.#added.has(append.partition)) return INVALID_TXN_STATE
    const expected = known?.epoch === epoch ? known.next : 0
    if (sequence !== expected) return OUT_OF_ORDER
    this.#sequences.set(append.partition, { epoch, next: expected + append.count })
    this.#pending.push(append)
    return 0
  }

  writePositions(epoch: number, positions: readonly SourceOffset[]): void {
    this.#judge(epoch)
    this.#last = null
    this.#pendingPositions = positions
  }

  end(epoch: number, outcome: 'commit' | 'abort'): void {
    this.#judge(epoch)
    if (this.#last === outcome) return
    if (this.#last !== null) throw kafkaError(INVALID_TXN_STATE, context)
    if (outcome === 'commit') {
      this.committed.push(...this.#pending)
      for (const { partition, lastCopiedOffset } of this.#pendingPositions)
        this.positions.set(partition, lastCopiedOffset + 1)
    }
    if (outcome === 'commit') this.#judgePositions()
    this.#pending = []
    this.#pendingPositions = []
    this.#added.clear()
    this.#last = outcome
  }

  /** A crash now would go on where the positions say. */
  #judgePositions(): void {
    for (const [partition, position] of this.positions) {
      const last = this.committed.findLast((append) => append.partition === partition)
      assert.equal(position, last === undefined ? 0 : last.upstream + last.count, `the position of ${partition}`)
    }
  }

  #judge(epoch: number): void {
    if (epoch !== this.epoch) throw kafkaError(FENCED, context)
  }
}

const context = { cluster: 'us', broker: '1', api: 'a call of the model' }
const frame = { bytes: Buffer.alloc(0), bodyStart: 0, retain() {}, release() {} }
/** A refusal in a row costs minutes: they have to go by in few steps. */
const STEP_MS = 20
const window = { batchesMax: 3, bytesMax: 1_000_000 }

/**
 * The transactions of a lane, with its keeper and answers, against a model of the target; what happens next, and what goes wrong, is chosen from
 * outside. Time goes by with the steps.
 */
export class TransactionModel {
  readonly target = new ModelTarget()
  readonly partitions: MirroredPartition[]
  readonly gaveUp: unknown[] = []
  readonly #recordsCount: number
  readonly #choose: () => number
  readonly #fault: () => ModelFault
  readonly #transactions: LaneTransactions
  readonly #keeper: PartitionKeeper
  readonly #answers: TargetAnswers
  readonly #reading = new Set<MirroredPartition>()
  readonly #located = new Set<MirroredPartition>()
  #nowMs = 0

  /** @param choose   a number in [0, 1) */
  constructor(options: {
    partitionsCount: number
    recordsCount: number
    choose: () => number
    fault: () => ModelFault
    intervalMs: number
  }) {
    this.#recordsCount = options.recordsCount
    this.#choose = options.choose
    this.#fault = options.fault
    const clock: Clock = { now: () => this.#nowMs, monotonic: () => this.#nowMs, sleep: () => nextTurn() }
    const say = (): void => {}
    this.#transactions = new LaneTransactions({
      ports: this.#ports(),
      producer: { transactionalId: 'id', producerId: 1n, producerEpoch: 0 },
      runs: { committed: () => {}, forget: () => {}, finish: () => Promise.resolve() },
      clock,
      intervalMs: options.intervalMs,
      bytesMax: 1_000_000,
      longestMs: options.intervalMs,
      isEndedEarly: true,
      idlePositionsMs: 1_000,
      signal: new AbortController().signal,
      say,
      pump: () => {},
      rewind: (partition) => this.#keeper.rewind(partition),
      fail: (partition, reason) => this.#keeper.fail(partition, reason),
      refuse: (partition, error) => this.#keeper.refuse(partition, error),
      giveUp: (error) => this.gaveUp.push(error),
    })
    this.#keeper = new PartitionKeeper({
      clock,
      random: () => 0.5,
      deliveryTimeoutMs: 1e9,
      say,
      locate: (partition) => this.#located.add(partition),
      suspendReading: (partition) => this.#reading.delete(partition),
      resumeReading: (partition) => this.#reading.add(partition),
      withdrawWriting: () => {},
      offerWriting: (partition) => this.#transactions.want(partition),
      blockedForMs: () => 0,
      isHeldUp: () => false,
      wantConnection: () => {},
      onRecovery: () => {},
      onFailed: (partition) => this.#transactions.failed(partition),
      onRested: (partition) => this.#transactions.rest(partition),
    })
    this.#answers = new TargetAnswers({
      dropsNullKeys: true,
      nowMs: () => this.#nowMs,
      onRemade: () => {},
      fail: (partition, reason) => this.#keeper.fail(partition, reason),
      refuse: (partition, error) => this.#keeper.refuse(partition, error),
      acknowledged: (partition) => this.#keeper.acknowledged(partition),
      landed: (partition) => this.#keeper.landed(partition),
      offerWriting: (partition) => this.#transactions.want(partition),
      onMoved: (partition) => this.#transactions.moved(partition),
      onForeignWrite: () => {},
      onSlow: () => {},
      onIdentitySpent: () => {},
    })
    this.partitions = Array.from({ length: options.partitionsCount }, (_, partition) => this.#makePartition(partition))
  }

  get totals(): { readonly committedTotal: number; readonly abortedTotal: number } {
    return this.#transactions.totals
  }

  get isDone(): boolean {
    return this.partitions.every(({ partition }) => this.target.positions.get(partition) === this.#recordsCount)
  }

  async step(): Promise<void> {
    this.#nowMs += STEP_MS
    const partition = this.partitions[Math.floor(this.#choose() * this.partitions.length)]
    assert.ok(partition !== undefined)
    this.#settle()
    const what = this.#choose()
    if (what < 0.3) this.#read(partition)
    else if (what < 0.65) this.#send(partition)
    else if (what < 0.95) this.#answer(partition)
    else if (this.#fault() !== 'none') this.#lose(partition)
    if (this.#nowMs % (5 * STEP_MS) === 0) {
      this.#keeper.tick()
      this.#transactions.tick()
    }
    await nextTurn()
  }

  #settle(): void {
    for (const partition of this.#located) {
      const { membership } = partition
      if (membership === null || (membership.isOnTrial && partition.retryAtMs > this.#nowMs)) continue
      this.#located.delete(partition)
      const isMember = this.#transactions.isMember(partition)
      const upstream = isMember ? partition.ackedOffset : partition.copiedOffset
      if (!isMember) membership.startOffset = null
      partition.ackedOffset = upstream
      partition.continueAt({ upstream, sequence: 0, downstream: -1, leaderEpoch: -1 })
      this.#keeper.located(partition)
    }
  }

  #read(partition: MirroredPartition): void {
    const upstream = partition.fetchOffset
    const count = Math.min(1 + Math.floor(this.#choose() * 3), this.#recordsCount - upstream)
    if (!this.#reading.has(partition) || !partition.isReadable || count <= 0 || partition.queue.length > 4) return
    const memory = new FrameLease(frame, () => {})
    const batch = { memory, at: 0, size: 1, upstream, count, pieces: null, handling: 'resealed', ticket: null } as const
    partition.enqueue({ ...batch, positionAfter: upstream + count }, 0)
    this.#transactions.moved(partition)
    this.#keeper.attend(partition)
    this.#transactions.want(partition)
  }

  #send(partition: MirroredPartition): void {
    if (!partition.canSend(window)) return
    const batch = partition.moveToFlight(this.#nowMs)
    if (batch !== undefined) this.#transactions.sent(partition, batch.size)
  }

  #answer(partition: MirroredPartition): void {
    const batch = partition.inFlight.first()
    if (batch === undefined) return
    const fault = this.#fault()
    const refusal = this.#choose() < 0.5 ? MESSAGE_TOO_LARGE : INVALID_TIMESTAMP
    let errorCode = fault === 'refuse' ? refusal : fault === 'before' ? NOT_ENOUGH_REPLICAS : 0
    if (errorCode === 0) errorCode = this.#append(partition, batch)
    // Written, and the answer says that nobody knows.
    if (errorCode === 0 && fault === 'after') errorCode = RETRIABLE
    const { targetTopic: topic, partition: index } = partition
    const produced = { topic, partition: index, errorCode, errorMessage: null, recordErrors: [], baseOffset: 0 }
    this.#answers.take({ partition, batch }, produced as never)
    this.#transactions.landed()
  }

  /** The connection is lost: some of what was in flight is written. */
  #lose(partition: MirroredPartition): void {
    const batches: PendingBatch[] = []
    const count = partition.inFlight.length
    for (let index = 0; index < count; index++) {
      const batch = partition.inFlight.shift()
      if (batch === undefined) break
      batches.push(batch)
      partition.inFlight.push(batch)
    }
    const writtenCount = Math.floor(this.#choose() * (count + 1))
    batches.slice(0, writtenCount).every((batch) => this.#append(partition, batch) === 0)
    this.#answers.lost(
      batches.map((batch) => ({ partition, batch })),
      new Error('lost'),
    )
    for (const _ of batches) this.#transactions.landed()
  }

  #append({ partition }: MirroredPartition, { sequence, upstream, count }: PendingBatch): number {
    return this.target.produce(this.#transactions.producer.producerEpoch, sequence, { partition, upstream, count })
  }

  #makePartition(index: number): MirroredPartition {
    const partition = new MirroredPartition(
      {
        sourceTopic: 'orders',
        targetTopic: 'eu.orders',
        partition: index,
        storedPosition: null,
        ledger: null,
        isAdded: false,
        sourceTopicId: null,
        targetTopicId: null,
        target: { timestampType: 'CreateTime', maxMessageBytes: 1e6 },
      },
      index,
      new TransactionMembership(),
    )
    partition.ackedOffset = 0
    this.#located.add(partition)
    return partition
  }

  #ports(): TransactionPorts {
    let hasBegun = false
    const call = async <Answer>(work: () => Answer): Promise<Answer> => {
      await nextTurn()
      const fault = this.#fault()
      if (fault === 'before') throw kafkaError(RETRIABLE, context)
      const answer = work()
      if (fault === 'after') throw kafkaError(RETRIABLE, context)
      return answer
    }
    return {
      add: (producer, partitions) => {
        hasBegun = true
        return call(() => {
          this.target.add(
            producer.producerEpoch,
            partitions.map(({ partition }) => partition),
          )
          return []
        })
      },
      writePositions: async (producer, positions) => {
        if (positions.length === 0) return
        hasBegun = true
        await call(() => this.target.writePositions(producer.producerEpoch, positions))
      },
      end: async (producer, outcome) => {
        if (!hasBegun) return
        await call(() => this.target.end(producer.producerEpoch, outcome))
        hasBegun = false
      },
      renew: (producer): Promise<TransactionalProducer> =>
        call(() => {
          // KIP-360: asking again with the epoch before gets the same answer.
          if (producer.producerEpoch === this.target.epoch) this.target.epoch++
          return { ...producer, producerEpoch: this.target.epoch }
        }),
    }
  }
}
