import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { Notifier } from '../base/notifier.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'

/** After this long without a request the next one is carried out at once. */
const QUIET_MS = 5_000
const LEAST_BACKOFF_MS = 100
const LONGEST_BACKOFF_MS = 2_000

export interface MetadataWatchDependencies {
  readonly cluster: ClusterClient
  readonly maxAgeMs: number
  readonly clock: Clock
  readonly random: () => number
  /** Topics that matter here. */
  topics(): readonly string[]
  /** New metadata is there. */
  onRefreshed(): void
  onFailed(error: unknown): void
}

/** Keeps what is known of one cluster's leaders fresh: on request, quickly at first and then with back-off, and when it is old. */
export class MetadataWatch {
  readonly #deps: MetadataWatchDependencies
  readonly #wanted = new Notifier()

  constructor(dependencies: MetadataWatchDependencies) {
    this.#deps = dependencies
  }

  /** Something did not fit what is known. */
  request(): void {
    this.#wanted.notify()
  }

  async run({ signal }: { signal: AbortSignal }): Promise<void> {
    const { cluster, clock, maxAgeMs, random } = this.#deps
    const backoff = createBackoff(LEAST_BACKOFF_MS, LONGEST_BACKOFF_MS, random)
    let lastMs = clock.monotonic()
    while (!signal.aborted) {
      try {
        await this.#wanted.wait({ signal, timeoutMs: maxAgeMs })
        if (clock.monotonic() - lastMs > QUIET_MS) backoff.reset()
        else await clock.sleep(backoff.next(), { signal })
        lastMs = clock.monotonic()
        await cluster.refreshMetadata({ signal, topics: this.#deps.topics() })
        this.#deps.onRefreshed()
      } catch (error) {
        if (signal.aborted) return
        this.#deps.onFailed(error)
        this.#wanted.notify()
      }
    }
  }
}
