import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { classify } from '../kafka/kafka-error.ts'
import type { CallOptions } from './topic-ports.ts'

/** Something that a flow does beside copying, in rounds, for as long as this process owns it. */
export interface FlowDuty {
  /** As in logs and status, in the plural: `heartbeats`, `topic configs`. */
  readonly name: string
  readonly intervalMs: number
  /** One round. What it throws is said, and the round is tried again. */
  round(options: CallOptions): Promise<void>
  /** Once more, when the flow stops in order and all that it wrote is acknowledged. */
  finish?(options: CallOptions): Promise<void>
  /** What status shows of it, beside how it fares. */
  details?(): Readonly<Record<string, unknown>>
}

/** How a duty fares. Times are ISO 8601. */
export interface DutyStatus {
  readonly duty: string
  readonly intervalSeconds: number
  readonly state: 'starting' | 'done' | 'failing'
  /** Why the last round failed; null: it did not. */
  readonly reason: string | null
  /** End of the last round that did not fail; null: there was none. */
  readonly lastDoneAt: string | null
  readonly details: Readonly<Record<string, unknown>>
}

export interface DutyRunnerDependencies {
  readonly flow: string
  readonly clock: Clock
  readonly random: () => number
  readonly observe: Observer<EventName>
}

const retryBackoffMs = 500
const retryBackoffMaxMs = 60_000
/** Also a duty that is due every second leaves a cluster that is away alone for so long. */
const shortestCeilingMs = 5_000
/** setTimeout takes at most this many ms; more would fire at once. */
const longestSleepMs = 2 ** 31 - 1

/**
 * Runs one duty: at once, and then at its interval, from the beginning of one round to that of the next. A round that fails is said once and tried again
 * with a back-off; one that waiting cannot mend (no permission) waits for its interval. Copying never stops for it; only a defect ends the flow.
 */
export class DutyRunner {
  readonly #duty: FlowDuty
  readonly #deps: DutyRunnerDependencies
  #reason: string | null = null
  #lastDoneMs: number | null = null

  constructor(duty: FlowDuty, dependencies: DutyRunnerDependencies) {
    this.#duty = duty
    this.#deps = dependencies
  }

  status(): DutyStatus {
    const { name, intervalMs } = this.#duty
    return {
      duty: name,
      intervalSeconds: intervalMs / 1000,
      state: this.#reason !== null ? 'failing' : this.#lastDoneMs === null ? 'starting' : 'done',
      reason: this.#reason,
      lastDoneAt: this.#lastDoneMs === null ? null : new Date(this.#lastDoneMs).toISOString(),
      details: this.#duty.details?.() ?? {},
    }
  }

  /** Rounds until the signal. @throws a defect */
  async run({ signal }: CallOptions): Promise<void> {
    const { clock, random } = this.#deps
    const { intervalMs } = this.#duty
    const ceilingMs = Math.max(shortestCeilingMs, Math.min(intervalMs, retryBackoffMaxMs))
    const backoff = createBackoff(retryBackoffMs, ceilingMs, random)
    try {
      while (!signal.aborted) {
        const startMs = clock.monotonic()
        const error = await this.#attempt(signal)
        if (error === null) backoff.reset()
        const isFinal = error !== null && classify(error).action === 'stop'
        const waitMs =
          error === null
            ? Math.max(0, startMs + intervalMs - clock.monotonic())
            : isFinal
              ? Math.max(intervalMs, retryBackoffMaxMs)
              : backoff.next()
        if (error !== null) this.#fail(error, waitMs)
        await clock.sleep(Math.min(waitMs, longestSleepMs), { signal })
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  /** What the duty has left to do when the flow stops. What fails is said. @throws a defect */
  async finish({ signal }: CallOptions): Promise<void> {
    const { observe, flow } = this.#deps
    try {
      await this.#duty.finish?.({ signal })
    } catch (error) {
      if (classify(error).kind === 'defect' && !signal.aborted) throw error
      observe.event('DutyUnfinished', { flow, duty: this.#duty.name, error })
    }
  }

  /** @returns why the round failed; null: it did not */
  async #attempt(signal: AbortSignal): Promise<Error | null> {
    try {
      await this.#duty.round({ signal })
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof Error) || classify(error).kind === 'defect') throw error
      return error
    }
    const { clock, observe, flow } = this.#deps
    if (this.#reason !== null) observe.event('DutyRecovered', { flow, duty: this.#duty.name })
    this.#reason = null
    this.#lastDoneMs = clock.now()
    return null
  }

  #fail(error: Error, waitMs: number): void {
    const { observe, flow } = this.#deps
    const retrySeconds = Math.ceil(waitMs / 1000)
    // The same reason again is no news.
    if (this.#reason !== error.message)
      observe.event('DutyFailed', { flow, duty: this.#duty.name, error, retrySeconds })
    this.#reason = error.message
  }
}
