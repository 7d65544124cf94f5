import type { Gap } from '../mirror/gap.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'

export interface GapRecorderDependencies {
  readonly flow: string
  readonly observe: Observer<EventName>
  /** Makes a gap durable; rejects when it could not. */
  readonly write: (gap: Gap, options: { signal: AbortSignal }) => Promise<void>
}

const closingTimeoutMs = 2_000

/** Says each gap and writes it down in the ledger, without holding up whoever found it. */
export class GapRecorder implements AsyncDisposable {
  readonly #deps: GapRecorderDependencies
  readonly #writing = new Set<Promise<void>>()
  readonly #lifetime = new AbortController()

  constructor(deps: GapRecorderDependencies) {
    this.#deps = deps
  }

  readonly record = (gap: Gap): void => {
    const { flow, observe } = this.#deps
    observe.event('GapFound', { flow, ...gap, toOffset: gap.toOffset ?? 'its end' })
    const writing = this.#write(gap).finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  /** Waits a moment for what is being written. */
  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#lifetime.abort(), closingTimeoutMs)
    await Promise.all(this.#writing)
    clearTimeout(timer)
  }

  async #write(gap: Gap): Promise<void> {
    try {
      await this.#deps.write(gap, { signal: this.#lifetime.signal })
    } catch (error) {
      const { topic, partition } = gap
      this.#deps.observe.event('GapUnrecorded', { flow: this.#deps.flow, topic, partition, error })
    }
  }
}
