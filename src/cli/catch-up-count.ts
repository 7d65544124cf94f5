import type { EventName } from '../observe/event-catalogue.ts'
import type { EventFields, Observer } from '../observe/event.ts'

/** Counts the flows that have copied what was there at the start; its signal says that all have. */
export class CatchUpCount implements Observer<EventName> {
  readonly #waiting: ReadonlySet<string>
  readonly #done = new Map<string, number>()
  readonly #controller = new AbortController()

  /** @param flows   names of those that copy */
  constructor(flows: readonly string[]) {
    this.#waiting = new Set(flows)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Partitions that had stopped when their flow had caught up. */
  get stoppedCount(): number {
    return [...this.#done.values()].reduce((sum, count) => sum + count, 0)
  }

  /** A flow that has ended is not waited for. */
  event(name: EventName, fields: EventFields): void {
    if (name === 'FlowEnded') this.note(String(fields.flow), 0)
  }

  note(flow: string, stoppedCount: number): void {
    if (this.#waiting.has(flow)) this.#done.set(flow, stoppedCount)
    if (this.#done.size === this.#waiting.size) this.#controller.abort()
  }
}
