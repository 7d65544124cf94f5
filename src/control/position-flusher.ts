import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import { enterWindow } from '../base/trace-window.ts'
import type { SourceOffset } from '../mirror/source-offset-record.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'

export interface PositionFlusherDependencies {
  readonly clock: Clock
  /** offset.flush.interval.ms */
  readonly intervalMs: number
  /** How long the flush at the stop may take (Connect's offset.flush.timeout.ms: 5 s). */
  readonly finalFlushTimeoutMs: number
  /** Positions that changed since the last call, of records that the target has acknowledged. Nothing else is ever written. */
  readonly takePositions: () => readonly SourceOffset[]
  /** False once another process may own the flow: its positions must not be overwritten. */
  readonly mayWrite: () => boolean
  /** All acknowledged positions are stored now. */
  readonly onFlushed?: () => void
  readonly write: (positions: readonly SourceOffset[], options: { signal: AbortSignal }) => Promise<void>
  /** Told about every flush that failed; its positions are kept and go with the next one. */
  readonly onFailure: (failure: { readonly error: unknown; readonly pendingCount: number }) => void
}

/**
 * Writes acknowledged positions every so often and once more at the stop.
 * Source: SourceTaskOffsetCommitter, OffsetStorageWriter (Kafka Connect).
 */
export class PositionFlusher {
  readonly #dependencies: PositionFlusherDependencies
  /** Taken and not known to be written. */
  readonly #pending = new Map<string, SourceOffset>()
  #tail: Promise<void> = Promise.resolve()

  constructor(dependencies: PositionFlusherDependencies) {
    this.#dependencies = dependencies
  }

  /**
   * Flushes at every tick until the signal, and then a last time. Abort the signal when the lane has drained, so that the last flush has it all.
   * Resolves at the stop, whether or not that flush succeeded: a failure was reported, and at most one interval is copied again.
   * @throws STORE_FENCED, PRODUCER_REPLACED when another process has taken the positions over
   */
  async run({ signal }: { signal: AbortSignal }): Promise<void> {
    const { clock, intervalMs, finalFlushTimeoutMs } = this.#dependencies
    while (await sleepUnlessAborted(clock, intervalMs, signal)) await this.#flushAtTick(signal)
    try {
      await this.flush({ signal: AbortSignal.timeout(finalFlushTimeoutMs) })
    } catch (error) {
      this.#report(error)
    }
  }

  /**
   * Writes what changed since the last flush and what failed before. Flushes never overlap.
   * @throws what `write` throws; the positions are kept for the next flush
   */
  flush({ signal }: { signal: AbortSignal }): Promise<void> {
    const flushed = this.#tail.then(() => this.#flushOnce(signal))
    // The next flush waits for this one and does not care how it ended: whoever asked for it is told.
    this.#tail = flushed.catch(() => undefined)
    return flushed
  }

  async #flushOnce(signal: AbortSignal): Promise<void> {
    if (!this.#dependencies.mayWrite()) return
    for (const position of this.#dependencies.takePositions()) {
      this.#pending.set(topicPartitionKey(position.topic, position.partition), position)
    }
    if (this.#pending.size === 0) {
      this.#dependencies.onFlushed?.()
      return
    }
    enterWindow('acknowledged-position-unstored')
    await this.#dependencies.write([...this.#pending.values()], { signal })
    this.#pending.clear()
    this.#dependencies.onFlushed?.()
  }

  async #flushAtTick(signal: AbortSignal): Promise<void> {
    try {
      await this.flush({ signal })
    } catch (error) {
      // Another process writes them now: ours are not to be kept for later.
      if (error instanceof TwinlogError && error.action === 'fence') throw error
      // A flush that the stop interrupts is no failure: the last one follows at once.
      if (!signal.aborted) this.#report(error)
    }
  }

  #report(error: unknown): void {
    this.#dependencies.onFailure({ error, pendingCount: this.#pending.size })
  }
}

/** @returns false when the signal was aborted */
async function sleepUnlessAborted(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  try {
    await clock.sleep(ms, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
