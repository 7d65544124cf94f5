import { setMaxListeners } from 'node:events'
import { createBackoff } from '../base/backoff.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { ClientSettings } from '../config/client-settings.ts'
import { abortable } from './abortable.ts'
import { apiTable } from './api-table.ts'
import type { ApiArguments, ApiName, ApiResponse, ApiVersions } from './api-table.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { bootstrapAddresses } from './bootstrap-addresses.ts'
import type { BrokerAddress } from './broker-address.ts'
import { BrokerConnector } from './broker-connector.ts'
import type { ClusterClientDeps } from './broker-connector.ts'
import { answerOrThrow } from './call-answer.ts'
import type { ClusterEvent } from './cluster-event.ts'
import { mergeMetadata } from './cluster-metadata.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import { firstAnswer } from './first-answer.ts'
import type { ArenaPool } from './frame-arena.ts'
import { classify, kafkaError } from './kafka-error.ts'
import { MetadataRefresh } from './metadata-refresh.ts'

/** Which broker a call goes to. */
export type CallTarget = 'any' | 'controller' | { readonly nodeId: number } | Coordinator

/** The broker that looks after a group or a transactional id. */
export interface Coordinator {
  readonly coordinator: 'group' | 'transaction'
  readonly key: string
}

export interface CallOptions {
  readonly signal: AbortSignal
  /** For each attempt, ms; absent: request.timeout.ms. */
  readonly timeoutMs?: number
  /** How often a retriable failure is tried again; absent: 8. */
  readonly retries?: number
  /** Pause before each of these attempts, ms; absent: retry.backoff.ms, growing. */
  readonly retryBackoffMs?: number
}

const defaultRetries = 8
/** Brokers that are asked the same at a time, where any will do and the first ones are silent. */
const ASKED_MAX = 3

/**
 * The control plane's view of one cluster: who its brokers are, and calls to them. It finds brokers again by bootstrap.servers
 * when all that it knew are gone (KIP-899).
 */
export class ClusterClient implements AsyncDisposable {
  readonly alias: string
  readonly settings: ClientSettings
  readonly #deps: ClusterClientDeps
  readonly #connector: BrokerConnector
  readonly #refresh: MetadataRefresh
  readonly #lifetime = new AbortController()
  readonly #coordinators = new Map<string, BrokerAddress>()
  readonly #mutedUntilMs = new Map<BrokerConnection, number>()
  #metadata: ClusterMetadata | null = null

  constructor(alias: string, settings: ClientSettings, deps: ClusterClientDeps) {
    this.alias = alias
    this.settings = settings
    this.#deps = deps
    // Every call in flight listens to it: many listeners are no leak here.
    setMaxListeners(0, this.#lifetime.signal)
    this.#connector = new BrokerConnector(alias, settings, deps)
    this.#refresh = new MetadataRefresh((topics) => this.#fetchMetadata(topics))
  }

  /** What is known of the cluster; null before the first answer. */
  get metadata(): ClusterMetadata | null {
    return this.#metadata
  }

  /**
   * Tries all addresses again and again, with growing pauses, until one answers. Each failed round is reported (ClusterUnreachable).
   * @throws a configuration error (wrong password, certificate refused, ...) at once: waiting would not mend it
   */
  async waitUntilReachable({ signal }: { readonly signal: AbortSignal }): Promise<ClusterMetadata> {
    const backoff = createBackoff(
      Math.max(this.settings.reconnectBackoffMs, 100),
      Math.max(this.settings.reconnectBackoffMaxMs, 1000),
      this.#deps.random,
    )
    for (;;) {
      try {
        const metadata = await this.refreshMetadata({ signal, topics: [] })
        this.#report({
          name: 'ClusterReached',
          cluster: this.alias,
          rounds: backoff.attempts,
          brokers: metadata.brokers.size,
        })
        return metadata
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof Error) || classify(error).kind !== 'operational') throw error
        const delayMs = Math.round(backoff.next())
        this.#report({ name: 'ClusterUnreachable', cluster: this.alias, round: backoff.attempts, delayMs, error })
        await this.#deps.clock.sleep(delayMs, { signal })
      }
    }
  }

  /**
   * Asks the cluster about itself. Calls at the same time share one request.
   * @param options.topics  'all', or names (a topic that does not exist gets an entry with errorCode 3); [] for the brokers
   *                        alone; absent: the topics known already
   * @returns               everything known now, topics asked for earlier included
   */
  async refreshMetadata(options: {
    readonly signal: AbortSignal
    readonly topics?: 'all' | readonly string[]
  }): Promise<ClusterMetadata> {
    const topics = options.topics ?? [...(this.#metadata?.topics.keys() ?? [])]
    return abortable(this.#refresh.request(topics), options.signal)
  }

  /**
   * Runs one API in the highest version that both sides have. Retriable failures are tried again a bounded number of times,
   * with the metadata or the coordinator looked up anew where the failure says so.
   * @returns the parsed answer. Errors of single topics, partitions or resources are left in it (`errorCode` fields)
   * @throws  KAFKA_* when the answer as a whole is an error; connection errors; API_UNSUPPORTED
   */
  async call<Name extends ApiName>(
    apiName: Name,
    to: CallTarget,
    args: ApiArguments<Name>,
    options: CallOptions,
  ): Promise<ApiResponse<Name>> {
    const { retries = defaultRetries } = options
    const signal = AbortSignal.any([options.signal, this.#lifetime.signal])
    const retryBackoffMs = options.retryBackoffMs ?? this.settings.retryBackoffMs
    const retryBackoffMaxMs = options.retryBackoffMs ?? this.settings.retryBackoffMaxMs
    const backoff = createBackoff(retryBackoffMs, Math.max(retryBackoffMs, retryBackoffMaxMs), this.#deps.random)
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#callOnce(apiName, to, args, { ...options, signal })
      } catch (error) {
        signal.throwIfAborted()
        const { action } = classify(error)
        this.#doubtCoordinator(to, error)
        if (attempt > retries || !(error instanceof Error) || (action !== 'retry' && action !== 'refresh-metadata'))
          throw error
        const delayMs = Math.round(backoff.next())
        this.#report({ name: 'CallRetried', cluster: this.alias, api: apiName, attempt, delayMs, error })
        await this.#deps.clock.sleep(delayMs, { signal })
        if (action === 'refresh-metadata') await this.#forget(apiName, to, signal)
      }
    }
  }

  /**
   * @returns a new connection to a broker for the data path, which belongs to the caller
   * @throws  BROKER_UNKNOWN, and what BrokerConnection.connect throws; after a failure the next attempt waits its back-off
   */
  async openDataConnection(
    nodeId: number,
    role: 'read' | 'write',
    { signal, arenas }: { readonly signal: AbortSignal; readonly arenas: ArenaPool },
  ): Promise<BrokerConnection> {
    const broker = await this.#broker(nodeId, signal)
    const either = AbortSignal.any([signal, this.#lifetime.signal])
    return this.#connector.connect(broker, { signal: either, arenas, role })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort(
      errors.STOPPING({ what: `The client of cluster ${this.alias}`, reason: 'it is not needed any more' }),
    )
    await this.#connector[Symbol.asyncDispose]()
  }

  // --- calls ------------------------------------------------------------------------------------------------------------

  async #callOnce<Name extends ApiName>(
    apiName: Name,
    to: CallTarget,
    args: ApiArguments<Name>,
    options: CallOptions,
  ): Promise<ApiResponse<Name>> {
    if (to !== 'any') return this.#ask(apiName, await this.#connectionTo(to, options), args, options)
    const asked: BrokerConnection[] = []
    const askOn = async (connecting: Promise<BrokerConnection>): Promise<ApiResponse<Name>> => {
      const connection = await connecting
      asked.push(connection)
      return this.#ask(apiName, connection, args, options)
    }
    const ask = (index: number): Promise<ApiResponse<Name>> | null => {
      if (index === 0) return askOn(this.#anyConnection(options.signal))
      const another = index < ASKED_MAX ? this.#anotherConnection(asked, options.signal) : null
      return another === null ? null : askOn(another)
    }
    return firstAnswer(ask, { clock: this.#deps.clock, signal: options.signal })
  }

  async #ask<Name extends ApiName>(
    apiName: Name,
    connection: BrokerConnection,
    args: ApiArguments<Name>,
    { signal, timeoutMs = this.settings.requestTimeoutMs }: CallOptions,
  ): Promise<ApiResponse<Name>> {
    const mutedMs = (this.#mutedUntilMs.get(connection) ?? 0) - this.#deps.clock.monotonic()
    if (mutedMs > 0) await this.#deps.clock.sleep(mutedMs, { signal })
    const api = this.#chooseVersion(apiName, connection)
    const context = { cluster: this.alias, broker: connection.name, api: apiName }
    const answer = api.async(connection.withTimeout(timeoutMs), ...args)
    const response = await abortable(answerOrThrow(answer, context), signal)
    this.#noteThrottle(connection, response)
    return response
  }

  #chooseVersion<Name extends ApiName>(name: Name, connection: BrokerConnection) {
    // The table's types say so entry by entry; TypeScript does not see it for a name that is not known yet.
    const { key, versions } = apiTable[name] as unknown as ApiVersions<ApiArguments<Name>, ApiResponse<Name>>
    const range = connection.apiRange(key)
    const shared = versions.find(({ version }) => range !== null && version >= range.min && version <= range.max)
    if (shared !== undefined) return shared
    const offered = range === null ? 'none' : `${range.min} to ${range.max}`
    const known = `${versions.at(-1)?.version} to ${versions[0]?.version}`
    throw errors.API_UNSUPPORTED({ cluster: this.alias, broker: connection.name, api: name, offered, known })
  }

  /** KIP-219: the broker has answered already and does not read on for so long; asking before would only fill buffers. */
  #noteThrottle(connection: BrokerConnection, response: unknown): void {
    if (typeof response !== 'object' || response === null || !('throttleTimeMs' in response)) return
    const throttleMs = Number(response.throttleTimeMs)
    if (!(throttleMs > 0)) return
    if (!this.#mutedUntilMs.has(connection)) void connection.closed.then(() => this.#mutedUntilMs.delete(connection))
    this.#mutedUntilMs.set(connection, this.#deps.clock.monotonic() + throttleMs)
  }

  async #forget(apiName: ApiName, to: CallTarget, signal: AbortSignal): Promise<void> {
    if (to === 'any' || apiName === 'metadata' || isCoordinator(to)) return
    await this.refreshMetadata({ signal, topics: [] })
  }

  /** It is looked up anew, unless it said itself that it will do in a moment: a broker that refuses connections may have been replaced by another. */
  #doubtCoordinator(to: CallTarget, error: unknown): void {
    if (isCoordinator(to) && !(error instanceof TwinlogError && error.code === 'KAFKA_RETRIABLE'))
      this.#coordinators.delete(coordinatorKey(to))
  }

  // --- which broker -----------------------------------------------------------------------------------------------------

  async #connectionTo(to: Exclude<CallTarget, 'any'>, options: CallOptions): Promise<BrokerConnection> {
    const { signal } = options
    if (to === 'controller') {
      const metadata = this.#metadata ?? (await this.refreshMetadata({ signal, topics: [] }))
      const controller = metadata.brokers.get(metadata.controllerId)
      return controller === undefined ? this.#anyConnection(signal) : this.#connector.control(controller, signal)
    }
    const broker = 'nodeId' in to ? await this.#broker(to.nodeId, signal) : await this.#coordinator(to, options)
    return this.#connector.control(broker, signal)
  }

  async #broker(nodeId: number, signal: AbortSignal): Promise<BrokerAddress> {
    const known = this.#metadata?.brokers.get(nodeId)
    if (known !== undefined) return known
    const { brokers } = await this.refreshMetadata({ signal, topics: [] })
    const broker = brokers.get(nodeId)
    if (broker === undefined) throw errors.BROKER_UNKNOWN({ cluster: this.alias, nodeId })
    return broker
  }

  /** An open connection if there is one; else the first broker that answers; else an address of bootstrap.servers. */
  async #anyConnection(signal: AbortSignal): Promise<BrokerConnection> {
    const idlest = this.#openConnections()[0]
    if (idlest !== undefined) return idlest
    const known = [...(this.#metadata?.brokers.values() ?? [])]
    const found = await this.#firstThatAnswers(this.#shuffled(known), signal)
    if (found.connection !== null) return found.connection
    if (known.length > 0) this.#report({ name: 'ClusterRebootstrapped', cluster: this.alias })
    const bootstrap = await abortable(bootstrapAddresses(this.settings), signal)
    const { connection, error } = await this.#firstThatAnswers(this.#shuffled(bootstrap), signal)
    if (connection !== null) return connection
    // What the user has to change says more than that nobody could be reached.
    if (error !== null && classify(error).kind === 'configuration') throw error
    const addresses = this.settings.bootstrapServers.join(', ')
    const reason = error?.message ?? 'none'
    throw errors.CLUSTER_UNREACHABLE({ cluster: this.alias, addresses, reason }, { cause: error })
  }

  /** A connection to a broker that was not asked yet; null when none is known. */
  #anotherConnection(asked: readonly BrokerConnection[], signal: AbortSignal): Promise<BrokerConnection> | null {
    const isNew = ({ host, port }: BrokerAddress): boolean =>
      !asked.some(({ broker }) => broker.host === host && broker.port === port)
    const open = this.#openConnections().find(({ broker }) => isNew(broker))
    if (open !== undefined) return Promise.resolve(open)
    const known = [...(this.#metadata?.brokers.values() ?? [])].filter(isNew)
    const broker = this.#shuffled(known)[0]
    return broker === undefined ? null : this.#connector.control(broker, signal)
  }

  /** Control connections, the idlest first: a broker that hangs still has something to answer. */
  #openConnections(): BrokerConnection[] {
    const open = this.#connector.openConnections.filter(({ isOpen }) => isOpen)
    return open.sort((a, b) => a.pendingCount - b.pendingCount)
  }

  async #firstThatAnswers(brokers: readonly BrokerAddress[], signal: AbortSignal) {
    if (brokers.length === 0) return { connection: null, error: null }
    const connect = (index: number): Promise<BrokerConnection> | null => {
      const broker = brokers[index]
      return broker === undefined ? null : this.#connector.control(broker, signal)
    }
    try {
      return { connection: await firstAnswer(connect, { clock: this.#deps.clock, signal }), error: null }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof Error)) throw error
      return { connection: null, error }
    }
  }

  #shuffled<Item>(items: readonly Item[]): readonly Item[] {
    const keyed = items.map((item) => ({ item, key: this.#deps.random() }))
    return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
  }

  async #coordinator(to: Coordinator, { signal, retries = defaultRetries }: CallOptions): Promise<BrokerAddress> {
    const cacheKey = coordinatorKey(to)
    const known = this.#coordinators.get(cacheKey)
    if (known !== undefined) return known
    const keyType = to.coordinator === 'group' ? 0 : 1
    const answer = await this.call('findCoordinator', 'any', [keyType, [to.key]], { signal, retries })
    const { nodeId = -1, host = '', port = 0, errorCode = 0, errorMessage = null } = answer.coordinators[0] ?? {}
    if (errorCode !== 0) {
      const api = `FindCoordinator of ${to.coordinator} ${to.key}`
      throw kafkaError(errorCode, { cluster: this.alias, broker: 'any', api, detail: errorMessage })
    }
    const coordinator = { nodeId, host, port }
    this.#coordinators.set(cacheKey, coordinator)
    return coordinator
  }

  // --- metadata ---------------------------------------------------------------------------------------------------------

  async #fetchMetadata(topics: 'all' | readonly string[]): Promise<ClusterMetadata> {
    const asked = topics === 'all' ? null : [...topics]
    const options = { signal: this.#lifetime.signal, retries: this.#metadata === null ? 0 : 2 }
    const answer = await this.call('metadata', 'any', [asked, false, false], options)
    const before = this.#metadata
    const metadata = mergeMetadata(before, answer, topics)
    const idBefore = before?.clusterId ?? null
    const idAfter = metadata.clusterId
    if (idBefore !== null && idAfter !== null && idBefore !== idAfter) {
      this.#report({ name: 'ClusterIdChanged', cluster: this.alias, before: idBefore, after: idAfter })
    }
    this.#metadata = metadata
    return metadata
  }

  #report(event: ClusterEvent): void {
    this.#deps.onEvent?.(event)
  }
}

function isCoordinator(to: CallTarget): to is Coordinator {
  return typeof to === 'object' && 'coordinator' in to
}

function coordinatorKey(to: Coordinator): string {
  return `${to.coordinator}/${to.key}`
}
