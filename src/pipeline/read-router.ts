import type { ClusterMetadata } from '../kafka/cluster-metadata.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { SourceReader } from './source-reader.ts'

/** Connections to a broker that is a long way off. */
const LONG_WAY_READERS = 4

export interface ReadRouterDependencies {
  metadata(): ClusterMetadata | null
  /** Makes a reader for a broker and starts it. */
  startReader(nodeId: number): SourceReader
  stopReader(reader: SourceReader): void
  /** What is known of the leaders does not do. */
  onLeaderUnknown(partition: MirroredPartition): void
}

/** Puts each partition to the reader of the broker that serves it: its leader, or the replica that the leader recommends (KIP-392). */
export class ReadRouter {
  readonly #deps: ReadRouterDependencies
  /** By broker; more than one where the way is long. */
  readonly #readers = new Map<number, SourceReader[]>()
  readonly #placed = new Map<MirroredPartition, { reader: SourceReader; leaderEpoch: number }>()
  /** To be read, but it is not known from whom. */
  readonly #homeless = new Set<MirroredPartition>()

  constructor(dependencies: ReadRouterDependencies) {
    this.#deps = dependencies
  }

  /** The partition is to be read from its present position on. */
  place(partition: MirroredPartition): void {
    const topic = this.#deps.metadata()?.topics.get(partition.sourceTopic)
    const leader = topic?.partitions[partition.partition]
    const nodeId = this.#nodeFor(partition, leader?.leader ?? -1)
    if (topic === undefined || leader === undefined || nodeId < 0 || topic.topicId !== partition.sourceTopicId) {
      this.displace(partition)
      this.#homeless.add(partition)
      this.#deps.onLeaderUnknown(partition)
      return
    }
    const placed = this.#placed.get(partition)
    const reader = this.#readerOf(nodeId, partition)
    if (placed?.reader === reader && placed.leaderEpoch === leader.leaderEpoch) {
      placed.reader.touch(partition)
      return
    }
    this.displace(partition)
    reader.add(partition, topic.topicIdBytes, leader.leaderEpoch)
    this.#placed.set(partition, { reader, leaderEpoch: leader.leaderEpoch })
  }

  /** The partition is not to be read for now. */
  displace(partition: MirroredPartition): void {
    this.#homeless.delete(partition)
    const placed = this.#placed.get(partition)
    if (placed === undefined) return
    this.#placed.delete(partition)
    placed.reader.remove(partition)
  }

  /** The partition is not asked for until it is resumed, whoever reads it. */
  pause(partition: MirroredPartition): void {
    if (partition.isPaused) return
    partition.isPaused = true
    this.#placed.get(partition)?.reader.pause(partition)
  }

  resume(partition: MirroredPartition): void {
    if (!partition.isPaused) return
    partition.isPaused = false
    this.#placed.get(partition)?.reader.resume(partition)
  }

  /** Whether what is known of the partition's end is what it was a moment ago, or the last that there was. */
  isEndKnown(partition: MirroredPartition): boolean {
    return (
      partition.end === 'final' || (partition.end === 'open' && this.#placed.get(partition)?.reader.isFresh === true)
    )
  }

  /** A broker answered that it does not serve the partition (any more): it waits for new metadata. */
  unseat(partition: MirroredPartition): void {
    this.displace(partition)
    partition.readReplica = -1
    this.#homeless.add(partition)
    this.#deps.onLeaderUnknown(partition)
  }

  /** A broker cannot be reached: who was read from it because a leader recommended it goes back to the leader. */
  replicaFailed(nodeId: number): void {
    for (const partition of [...this.#placed.keys()]) if (partition.readReplica === nodeId) this.unseat(partition)
  }

  /** New metadata: partitions follow their leaders; readers without partitions end. A leader's recommendation counts until then. */
  reroute(): void {
    for (const partition of [...this.#homeless]) this.place(partition)
    for (const [partition, placed] of [...this.#placed]) {
      const topic = this.#deps.metadata()?.topics.get(partition.sourceTopic)
      const leader = topic?.partitions[partition.partition]
      const hasMoved = leader !== undefined && leader.leader >= 0 && leader.leaderEpoch !== placed.leaderEpoch
      if (hasMoved || partition.readReplica >= 0) {
        partition.readReplica = -1
        this.place(partition)
      }
    }
    for (const [nodeId, readers] of this.#readers) {
      if (readers.some((reader) => reader.partitionsCount > 0)) continue
      this.#readers.delete(nodeId)
      for (const reader of readers) this.#deps.stopReader(reader)
    }
  }

  /** The way to a broker turned out to be long: its partitions share several connections, so that several fetches are under way at a time. */
  widen(nodeId: number): void {
    const readers = this.#readers.get(nodeId)
    if (readers === undefined || readers.length > 1) return
    const partitions = [...this.#placed]
      .filter(([, { reader }]) => reader.nodeId === nodeId)
      .map(([partition]) => partition)
    const count = Math.min(LONG_WAY_READERS, partitions.length)
    while (readers.length < count) readers.push(this.#deps.startReader(nodeId))
    for (const reader of readers) reader.shareWayWith(readers.length)
    for (const partition of partitions) this.place(partition)
  }

  #nodeFor(partition: MirroredPartition, leader: number): number {
    if (partition.readReplica < 0) return leader
    return this.#deps.metadata()?.brokers.has(partition.readReplica) ? partition.readReplica : leader
  }

  #readerOf(nodeId: number, { serial }: MirroredPartition): SourceReader {
    const readers = this.#readers.get(nodeId) ?? []
    this.#readers.set(nodeId, readers)
    const reader = readers[serial % Math.max(readers.length, 1)] ?? this.#deps.startReader(nodeId)
    if (readers.length === 0) readers.push(reader)
    return reader
  }
}
