import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import type { LedgerWrite } from '../mirror/ledger-entry.ts'
import type { AnswerWalk } from './answer-walk.ts'
import type { BatchGroup } from './batch-group.ts'
import type { BatchIntake, IntakeRound } from './batch-intake.ts'
import type { GroupTranscoder, TranscodedGroup } from './group-transcoder.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { LedgerTicket } from './pending-batch.ts'

export interface AnswerIntakeDependencies {
  readonly clock: Clock
  readonly intake: BatchIntake
  readonly transcoder: GroupTranscoder
  /** Runs begin: their batches wait for the ticket. */
  onRuns(writes: readonly LedgerWrite[], ticket: LedgerTicket, partitions: readonly MirroredPartition[]): void
  /** There is something to send, or the position moved. */
  onTaken(partitions: readonly MirroredPartition[]): void
  /** The next batch would give sequences another meaning than they may have in a request that was lost. */
  onAtOddsWithStrays(partition: MirroredPartition): void
  /** What is read now was copied before, by the positions, and is not in the target any more. */
  onLostFound(partition: MirroredPartition): void
  /** Records may be left out of what is queued next. */
  onTranscoded(partition: MirroredPartition, made: TranscodedGroup): void
  refuseAfterQueue(partition: MirroredPartition, error: TwinlogError): void
}

/** Processor time of this thread so far. */
function cpuUs(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

/** What a walk waits for. `turn`: the time for this one is over. A group: it takes long, and is done elsewhere meanwhile. */
export type IntakePause = 'turn' | BatchGroup

/**
 * Takes walks through fetched answers on, for as long as a turn of the event loop may take: batches that are copied as they are cost next to nothing,
 * others are decoded and written anew.
 */
export class AnswerIntake {
  readonly #deps: AnswerIntakeDependencies

  constructor(dependencies: AnswerIntakeDependencies) {
    this.#deps = dependencies
  }

  /**
   * Takes walks on until `deadlineMs` (monotonic).
   * @returns those that are not through, and what they wait for
   */
  takeOn(walks: readonly AnswerWalk[], deadlineMs: number): { walk: AnswerWalk; pause: IntakePause }[] {
    const open: { walk: AnswerWalk; pause: IntakePause }[] = []
    this.#round(walks, (walk, round) => {
      const pause = this.#walkOn(walk, round, deadlineMs)
      if (pause !== null) open.push({ walk, pause })
    })
    return open
  }

  /** Queues what was made elsewhere of the group that a walk waited for. */
  place(walk: AnswerWalk, group: BatchGroup, made: TranscodedGroup): void {
    this.#round([walk], (_, round) => void this.#place(walk, group, made, round))
  }

  /** The walk comes to its end here: nothing of the partition is copied beyond. @throws what is a defect */
  refuse({ partition }: AnswerWalk, error: unknown): void {
    if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
    this.#deps.refuseAfterQueue(partition, error)
  }

  /** All that is queued in a round waits for one write to the ledger. */
  #round(walks: readonly AnswerWalk[], take: (walk: AnswerWalk, round: IntakeRound) => void): void {
    const ticket: LedgerTicket = { isDurable: false, lateAtMs: Infinity }
    const writes: LedgerWrite[] = []
    const taken: MirroredPartition[] = []
    for (const walk of walks) {
      const { partition } = walk
      const round: IntakeRound = { ticket, runs: [], isAtOdds: false }
      try {
        take(walk, round)
      } catch (error) {
        this.refuse(walk, error)
      }
      for (const run of round.runs) partition.map?.begin(run)
      const write = partition.ledgerWrite(round.runs)
      if (write !== null) writes.push(write)
      if (partition.findsLostAgain()) this.#deps.onLostFound(partition)
      if (round.isAtOdds) this.#deps.onAtOddsWithStrays(partition)
      taken.push(partition)
    }
    if (writes.length > 0) this.#deps.onRuns(writes, ticket, taken)
    if (taken.length > 0) this.#deps.onTaken(taken)
  }

  /** @returns null when the walk is through */
  #walkOn(walk: AnswerWalk, round: IntakeRound, deadlineMs: number): IntakePause | null {
    const { intake, transcoder, clock } = this.#deps
    for (;;) {
      const group = intake.advance(walk, round)
      if (group === null) return null
      if (clock.monotonic() >= deadlineMs) return 'turn'
      const { coalescing } = walk.partition
      const isMeasured = !group.isNeeded && coalescing.isMeasuredNext()
      const startUs = isMeasured ? cpuUs() : 0
      const made = transcoder.now(walk, group)
      // Also what is not through, as far as it came: whatever takes that long does not pay.
      if (isMeasured) coalescing.took(group.places.length, cpuUs() - startUs)
      if (made === null) return group
      if (!this.#place(walk, group, made, round)) return null
    }
  }

  #place(walk: AnswerWalk, group: BatchGroup, made: TranscodedGroup, round: IntakeRound): boolean {
    this.#deps.onTranscoded(walk.partition, made)
    return this.#deps.intake.place(walk, group, made, round)
  }
}
