import type { ClusterMetadata } from '../kafka/cluster-metadata.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { WriteChannel } from './write-channel.ts'

/** Connections that one broker's slow partitions share among themselves. */
const ISOLATED_CHANNELS_MAX = 8
/** A broker that has not answered for this long, while its partitions moved elsewhere, is given up. */
const HANGING_MS = 3_000

export interface WriteRouterDependencies {
  metadata(): ClusterMetadata | null
  /** Makes a channel to a broker and starts it. */
  startChannel(nodeId: number, isShared: boolean): WriteChannel
  onLeaderUnknown(partition: MirroredPartition): void
  /** The leader of the partition is another broker now, and some of its batches are in flight to the old one. */
  onLeaderMoved(partition: MirroredPartition): void
}

interface BrokerChannels {
  readonly shared: WriteChannel
  readonly isolated: WriteChannel[]
}

/**
 * Puts each partition to a channel of its target leader. Healthy partitions share one; one that was slow to be acknowledged moves to another,
 * because an answer, and every request behind it on the connection, waits for the slowest partition in it.
 */
export class WriteRouter {
  readonly #deps: WriteRouterDependencies
  readonly #brokers = new Map<number, BrokerChannels>()
  readonly #placed = new Map<MirroredPartition, WriteChannel>()
  #isolatedNext = 0

  constructor(dependencies: WriteRouterDependencies) {
    this.#deps = dependencies
  }

  /** @returns the channel that is to pump, or null when the partition's leader is not known */
  offer(partition: MirroredPartition): WriteChannel | null {
    const channel = this.#channelFor(partition)
    channel?.offer(partition)
    return channel
  }

  channelOf(partition: MirroredPartition): WriteChannel | undefined {
    return this.#placed.get(partition)
  }

  /** Nothing of the partition is queued or in flight any more. */
  withdraw(partition: MirroredPartition): void {
    this.#placed.get(partition)?.withdraw(partition)
    this.#placed.delete(partition)
  }

  get channels(): Iterable<WriteChannel> {
    return [...this.#brokers.values()].flatMap(({ shared, isolated }) => [shared, ...isolated])
  }

  /** New metadata: partitions follow their leaders. */
  reroute(): void {
    const hanging = new Set<WriteChannel>()
    for (const [partition, channel] of [...this.#placed]) {
      const leader = this.#leaderOf(partition)
      if (leader < 0 || leader === channel.nodeId) continue
      if (partition.inFlight.length > 0) {
        this.#deps.onLeaderMoved(partition)
        if (channel.unansweredForMs() > HANGING_MS) hanging.add(channel)
      } else if (partition.queue.length > 0) {
        this.offer(partition)?.pump()
      } else {
        this.withdraw(partition)
      }
    }
    for (const channel of hanging) void channel.abandon('its partitions are led by others now, and it does not answer')
  }

  #channelFor(partition: MirroredPartition): WriteChannel | null {
    const current = this.#placed.get(partition)
    if (current !== undefined && partition.inFlight.length > 0) return current
    const leader = this.#leaderOf(partition)
    if (leader < 0) {
      this.#deps.onLeaderUnknown(partition)
      return null
    }
    if (current?.nodeId === leader && current.isShared !== partition.isIsolated) return current
    current?.withdraw(partition)
    const channel = this.#pick(leader, partition.isIsolated)
    this.#placed.set(partition, channel)
    return channel
  }

  #pick(nodeId: number, isIsolated: boolean): WriteChannel {
    let broker = this.#brokers.get(nodeId)
    if (broker === undefined) {
      broker = { shared: this.#deps.startChannel(nodeId, true), isolated: [] }
      this.#brokers.set(nodeId, broker)
    }
    if (!isIsolated) return broker.shared
    const slot = this.#isolatedNext++ % ISOLATED_CHANNELS_MAX
    const isolated = broker.isolated[slot] ?? this.#deps.startChannel(nodeId, false)
    broker.isolated[slot < broker.isolated.length ? slot : broker.isolated.length] = isolated
    return isolated
  }

  #leaderOf(partition: MirroredPartition): number {
    return this.#deps.metadata()?.topics.get(partition.targetTopic)?.partitions[partition.partition]?.leader ?? -1
  }
}
