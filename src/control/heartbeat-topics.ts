/**
 * Tells the flows of this process that their source has a topic of heartbeats: a flow that began before it was made would find it only when it looks for topics
 * the next time, and until then nobody hears of the source on the target.
 */
export class HeartbeatTopics {
  readonly #listeners = new Map<string, Set<() => void>>()

  /** A flow writes heartbeats to the cluster `alias`. */
  noteTopic(alias: string): void {
    for (const listener of this.#listeners.get(alias) ?? []) listener()
  }

  /** @returns what ends it */
  listen(alias: string, listener: () => void): () => void {
    const ofCluster = this.#listeners.get(alias) ?? new Set()
    this.#listeners.set(alias, ofCluster)
    ofCluster.add(listener)
    return () => ofCluster.delete(listener)
  }
}
