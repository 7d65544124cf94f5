import { TwinlogError } from '../base/catalogue.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { readCompactedTopic } from '../kafka/compacted-topic.ts'
import { PastOffsetSyncs } from '../mirror/past-offset-syncs.ts'
import type { CallOptions } from './topic-ports.ts'

/** Reads the offset syncs that MirrorMaker 2 left, when they are first needed: a flow that it never ran has none. */
export class PastSyncReader {
  readonly #cluster: ClusterClient
  readonly #topic: string
  #syncs: PastOffsetSyncs | null = null

  /** @param cluster   the one that the topic lies on (offset-syncs.topic.location) */
  constructor(cluster: ClusterClient, topic: string) {
    this.#cluster = cluster
    this.#topic = topic
  }

  /** Null: not read yet. */
  get syncs(): PastOffsetSyncs | null {
    return this.#syncs
  }

  /**
   * Reads them, once; a topic that is not there holds none. They lie on the source as a rule, which may be away, or not let us: then what they alone know is not
   * known, and the next call tries again.
   */
  async open({ signal }: CallOptions): Promise<void> {
    try {
      if (this.#syncs === null) this.#syncs = await this.#read(signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
    }
  }

  async #read(signal: AbortSignal): Promise<PastOffsetSyncs> {
    const syncs = new PastOffsetSyncs()
    const { topics } = await this.#cluster.refreshMetadata({ signal, topics: [this.#topic] })
    if (topics.get(this.#topic)?.errorCode === 0)
      await readCompactedTopic(this.#cluster, this.#topic, ({ key, value }) => syncs.take(key, value), { signal })
    return syncs
  }
}
