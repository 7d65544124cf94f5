import type { ByteBudget } from '../base/byte-budget.ts'
import type { Clock } from '../base/clock.ts'
import { freeNow } from '../base/free-now.ts'
import { TurnQueue } from '../base/turn-queue.ts'
import type { AnswerIntake, IntakePause } from './answer-intake.ts'
import type { AnswerWalk } from './answer-walk.ts'
import { CopiedAnswer } from './copied-answer.ts'
import type { GroupTranscoder } from './group-transcoder.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

/** What one turn of the event loop may be used for. */
const TURN_MS = 5
/** Walks that go on at a time. More do not make it faster; they wait for their turn with nothing but a copy of their bytes. */
const WALKS_MAX = 4
/** A partition with so much in its queue waits until some of it is sent. */
const QUEUED_BYTES_MAX = 8 * 1024 * 1024
const QUEUE_POLL_MS = 100

export interface DeferredIntakeDependencies {
  readonly clock: Clock
  readonly intake: AnswerIntake
  readonly transcoder: GroupTranscoder
  /** For the copies of what is not taken in. */
  readonly budget: ByteBudget
  readonly signal: AbortSignal
  /** The partition is not read for now; it keeps its place. */
  pauseReading(partition: MirroredPartition): void
  /** It is read on from where it is. */
  resumeReading(partition: MirroredPartition): void
  onDefect(error: unknown): void
}

/**
 * Takes in what takes long: batches that have to be decoded and written anew. Each turn of the event loop is used for some ms only, what a codec does
 * to a large batch is done in other threads, and nothing of it holds an arena, so that other partitions do not notice. A partition is not read meanwhile,
 * and not until all that was made is handed to its target: so what comes later stays behind, and memory is bounded.
 *
 * Whatever sets the partition's reading position anew (AnswerWalk.isCurrent) ends it; what was under way is thrown away.
 */
export class DeferredIntake {
  readonly #deps: DeferredIntakeDependencies
  readonly #turns = new TurnQueue()
  readonly #walks: AnswerWalk[] = []
  /** Not read because there was no room for more copies. */
  readonly #unread = new Set<MirroredPartition>()
  #runningCount = 0

  constructor(dependencies: DeferredIntakeDependencies) {
    this.#deps = dependencies
  }

  /** Takes the rest of a walk over. Its memory may be used again afterwards. */
  add(walk: AnswerWalk): void {
    const { budget, pauseReading } = this.#deps
    const { partition, memory, at, end, restBytes } = walk
    pauseReading(partition)
    if (budget.takenBytes > 0 && !budget.hasRoomFor(restBytes)) {
      this.#unread.add(partition)
      return
    }
    budget.take(restBytes)
    const bytes = Buffer.allocUnsafeSlow(restBytes)
    memory.bytes.copy(bytes, 0, at, end)
    this.#walks.push(walk.movedTo(new CopiedAnswer(bytes, () => this.#freed(partition, bytes))))
    this.#startNext()
  }

  #startNext(): void {
    while (this.#runningCount < WALKS_MAX) {
      const walk = this.#walks.shift()
      if (walk === undefined) return
      this.#runningCount++
      void this.#run(walk).finally(() => {
        this.#runningCount--
        this.#startNext()
      })
    }
  }

  async #run(walk: AnswerWalk): Promise<void> {
    const { intake, onDefect, signal } = this.#deps
    try {
      await this.#takeOn(walk)
    } catch (error) {
      try {
        if (walk.isCurrent && !signal.aborted) intake.refuse(walk, error)
      } catch (defect) {
        onDefect(defect)
      }
    } finally {
      walk.memory.drop()
    }
  }

  async #takeOn(walk: AnswerWalk): Promise<void> {
    const { clock, intake, transcoder, signal } = this.#deps
    let pause: IntakePause = 'turn'
    for (;;) {
      if (pause !== 'turn') {
        const made = await transcoder.later(walk, pause)
        if (!this.#goesOn(walk)) return
        intake.place(walk, pause, made)
      }
      await this.#turns.next()
      while (this.#goesOn(walk) && walk.partition.queuedBytes > QUEUED_BYTES_MAX)
        await clock.sleep(QUEUE_POLL_MS, { signal })
      if (!this.#goesOn(walk)) return
      const [open] = intake.takeOn([walk], clock.monotonic() + TURN_MS)
      if (open === undefined) return
      pause = open.pause
    }
  }

  #goesOn(walk: AnswerWalk): boolean {
    return walk.isCurrent && !this.#deps.signal.aborted
  }

  #freed(partition: MirroredPartition, bytes: Buffer): void {
    const { budget, resumeReading } = this.#deps
    budget.giveBack(bytes.length)
    freeNow(bytes)
    resumeReading(partition)
    for (const unread of this.#unread) resumeReading(unread)
    this.#unread.clear()
  }
}
