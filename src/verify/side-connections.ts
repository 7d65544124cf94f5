import type { BrokerConnection } from '../kafka/broker-connection.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { ArenaPool } from '../kafka/frame-arena.ts'

/** Data connections to one cluster that are taken, used by one reader at a time, and given back. */
export class SideConnections implements AsyncDisposable {
  readonly cluster: ClusterClient
  readonly #arenas: ArenaPool
  readonly #all = new Set<BrokerConnection>()
  readonly #idle = new Map<number, BrokerConnection[]>()

  constructor(cluster: ClusterClient, arenas: ArenaPool) {
    this.cluster = cluster
    this.#arenas = arenas
  }

  /** @throws BROKER_UNKNOWN and connection errors */
  async take(nodeId: number, { signal }: { readonly signal: AbortSignal }): Promise<BrokerConnection> {
    const idle = this.#idle.get(nodeId) ?? []
    for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
      if (connection.isOpen) return connection
    }
    const connection = await this.cluster.openDataConnection(nodeId, 'read', { signal, arenas: this.#arenas })
    this.#all.add(connection)
    void connection.closed.then(() => this.#all.delete(connection))
    return connection
  }

  /** Nothing of it may be pending. */
  giveBack(nodeId: number, connection: BrokerConnection): void {
    if (!connection.isOpen) return
    const idle = this.#idle.get(nodeId)
    if (idle === undefined) this.#idle.set(nodeId, [connection])
    else idle.push(connection)
  }

  /** Closes all, also those that are in use. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#idle.clear()
    await Promise.all([...this.#all].map((connection) => connection[Symbol.asyncDispose]()))
  }
}
