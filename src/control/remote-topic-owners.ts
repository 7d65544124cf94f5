/**
 * Which flow of this process writes which remote topic. Two flows in one remote topic (IdentityReplicationPolicy, several
 * sources) would mix two orders and two producers in a partition, and neither could find its place again after a crash.
 */
export class RemoteTopicOwners {
  readonly #owners = new Map<string, string>()

  /**
   * Takes a remote topic for a flow, unless another flow has it.
   * @param cluster   what tells target clusters apart: their cluster id, or the alias where that is not known
   * @returns the flow that has it now; equal to `flow` when it was taken
   */
  claim(cluster: string, targetTopic: string, flow: string): string {
    const key = `${cluster}/${targetTopic}`
    const owner = this.#owners.get(key) ?? flow
    this.#owners.set(key, owner)
    return owner
  }

  /** Gives back everything that a flow had taken, when it ends. */
  release(flow: string): void {
    for (const [key, owner] of this.#owners) if (owner === flow) this.#owners.delete(key)
  }
}
