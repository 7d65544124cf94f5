import { abortable } from './abortable.ts'
import type { Clock } from '../base/clock.ts'
import type { ClientSettings } from '../config/client-settings.ts'
import { BrokerConnection } from './broker-connection.ts'
import type { BrokerAddress } from './broker-address.ts'
import type { ClusterEvent } from './cluster-event.ts'
import { ArenaPool } from './frame-arena.ts'
import { ReconnectGate } from './reconnect-gate.ts'

/** What a client of a cluster is given from outside. */
export interface ClusterClientDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly onEvent?: (event: ClusterEvent) => void
}

export interface ConnectOptions {
  readonly signal: AbortSignal
  readonly arenas: ArenaPool
  readonly role: string
}

/** Control answers are small, and a connection holds an arena all its life: larger frames get memory of their own. */
const controlArenaBytes = 64 * 1024

/**
 * Makes connections to the brokers of one cluster, and keeps one for control at each broker.
 * Attempts at one broker are spaced by a ReconnectGate, whatever the connection is for.
 */
export class BrokerConnector implements AsyncDisposable {
  readonly #alias: string
  readonly #settings: ClientSettings
  readonly #deps: ClusterClientDeps
  readonly #gate: ReconnectGate
  readonly #arenas = new ArenaPool({ arenaBytes: controlArenaBytes })
  readonly #control = new Map<string, Promise<BrokerConnection>>()
  readonly #open = new Map<string, BrokerConnection>()
  readonly #lifetime = new AbortController()

  constructor(alias: string, settings: ClientSettings, deps: ClusterClientDeps) {
    this.#alias = alias
    this.#settings = settings
    this.#deps = deps
    this.#gate = new ReconnectGate(settings, deps.clock, deps.random)
  }

  /** Control connections that are open now. */
  get openConnections(): readonly BrokerConnection[] {
    return [...this.#open.values()]
  }

  /** @returns the control connection to a broker, opened if there is none; shared by all callers */
  async control(broker: BrokerAddress, signal: AbortSignal): Promise<BrokerConnection> {
    const key = keyOf(broker)
    const known = this.#open.get(key)
    // A broker that moved to another address keeps its node id.
    const isMoved = known !== undefined && (known.broker.host !== broker.host || known.broker.port !== broker.port)
    if (known?.isOpen && !isMoved) return known
    let opening = this.#control.get(key)
    if (opening === undefined) {
      opening = this.#openControl(key, broker).finally(() => this.#control.delete(key))
      // All callers may have left by the time it fails.
      opening.catch(() => {})
      this.#control.set(key, opening)
    }
    return abortable(opening, signal)
  }

  /** @returns a new connection, which belongs to the caller */
  async connect(broker: BrokerAddress, { signal, arenas, role }: ConnectOptions): Promise<BrokerConnection> {
    const key = keyOf(broker)
    await this.#gate.pass(key, signal)
    const { random } = this.#deps
    const setupTimeoutMs = this.#gate.setupTimeoutMs(key)
    const options = { signal, arenas, role, cluster: this.#alias, setupTimeoutMs, random }
    try {
      const connection = await BrokerConnection.connect(broker, this.#settings, options)
      this.#gate.succeeded(key)
      this.#report(connection, role)
      return connection
    } catch (error) {
      if (!signal.aborted) this.#gate.failed(key)
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort(new Error('the cluster client is closed'))
    await Promise.allSettled([...this.#control.values()])
    await Promise.all([...this.#open.values()].map((connection) => connection[Symbol.asyncDispose]()))
  }

  async #openControl(key: string, broker: BrokerAddress): Promise<BrokerConnection> {
    const options = { signal: this.#lifetime.signal, arenas: this.#arenas, role: 'control' }
    const connection = await this.connect(broker, options)
    const before = this.#open.get(key)
    this.#open.set(key, connection)
    void connection.closed.then(() => {
      if (this.#open.get(key) === connection) this.#open.delete(key)
    })
    if (before !== undefined) await before[Symbol.asyncDispose]()
    return connection
  }

  #report(connection: BrokerConnection, role: string): void {
    const { onEvent } = this.#deps
    if (onEvent === undefined) return
    const fields = { cluster: this.#alias, broker: connection.name, role }
    onEvent({ name: 'ConnectionOpened', ...fields })
    void connection.closed.then(() => {
      onEvent({ name: 'ConnectionClosed', ...fields, reason: connection.closedReason?.message ?? '' })
    })
  }
}

function keyOf({ nodeId, host, port }: BrokerAddress): string {
  return nodeId === null ? `${host}:${port}` : String(nodeId)
}
