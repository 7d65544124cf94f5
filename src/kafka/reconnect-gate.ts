import { createBackoff } from '../base/backoff.ts'
import type { Backoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { ClientSettings } from '../config/client-settings.ts'

interface Entry {
  readonly backoff: Backoff
  notBeforeMs: number
}

/**
 * Keeps reconnections to one broker apart: after each failure the next attempt waits longer (reconnect.backoff.ms up to
 * reconnect.backoff.max.ms) and may take longer (socket.connection.setup.timeout.ms up to .max.ms). As Kafka's ClusterConnectionStates.
 */
export class ReconnectGate {
  readonly #settings: ClientSettings
  readonly #clock: Clock
  readonly #random: () => number
  readonly #entries = new Map<string, Entry>()

  constructor(settings: ClientSettings, clock: Clock, random: () => number) {
    this.#settings = settings
    this.#clock = clock
    this.#random = random
  }

  /** Waits until the broker may be tried again. */
  async pass(key: string, signal: AbortSignal): Promise<void> {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    const delayMs = entry.notBeforeMs - this.#clock.monotonic()
    if (delayMs > 0) await this.#clock.sleep(delayMs, { signal })
  }

  /** How long one address may take this time, ms. */
  setupTimeoutMs(key: string): number {
    const { connectionSetupTimeoutMs, connectionSetupTimeoutMaxMs } = this.#settings
    const attempts = Math.min(this.#entries.get(key)?.backoff.attempts ?? 0, 30)
    const limitMs = Math.max(connectionSetupTimeoutMs, connectionSetupTimeoutMaxMs)
    return Math.min(connectionSetupTimeoutMs * 2 ** attempts, limitMs)
  }

  failed(key: string): void {
    const { reconnectBackoffMs, reconnectBackoffMaxMs } = this.#settings
    const maxMs = Math.max(reconnectBackoffMs, reconnectBackoffMaxMs)
    const entry = this.#entries.get(key) ?? {
      backoff: createBackoff(reconnectBackoffMs, maxMs, this.#random),
      notBeforeMs: 0,
    }
    entry.notBeforeMs = this.#clock.monotonic() + entry.backoff.next()
    this.#entries.set(key, entry)
  }

  succeeded(key: string): void {
    this.#entries.delete(key)
  }
}
