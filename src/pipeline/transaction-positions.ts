import type { SourceOffset } from '../mirror/source-offset-record.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

interface Waiter {
  readonly partitions: readonly MirroredPartition[]
  readonly resolve: () => void
}

/**
 * Which positions the transactions of a lane have to store. A position is stored with the records before it or not at all.
 *
 * Invariants (docs/invariants.md):
 * 67. Of a partition that is not part of the transaction, only what was committed counts: what it wrote in one that was aborted is not there.
 */
export class TransactionPositions {
  readonly #isMember: (partition: MirroredPartition) => boolean
  /** Partitions whose position may not be what is stored. */
  readonly #moved = new Set<MirroredPartition>()
  /** What the transaction under way stores. */
  #stored: ReadonlyMap<MirroredPartition, number> = new Map()
  #waiters: Waiter[] = []

  constructor(isMember: (partition: MirroredPartition) => boolean) {
    this.#isMember = isMember
  }

  moved(partition: MirroredPartition): void {
    this.#moved.add(partition)
  }

  forget(partition: MirroredPartition): void {
    this.#moved.delete(partition)
  }

  /** Resolves when the present positions of these partitions are committed. */
  awaitStored(partitions: readonly MirroredPartition[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    for (const partition of partitions) this.#moved.add(partition)
    this.#waiters.push({ partitions, resolve })
    return promise
  }

  get isAwaited(): boolean {
    return this.#waiters.length > 0
  }

  /** Something would be stored if a transaction ended now. */
  get hasChanged(): boolean {
    for (const partition of this.#moved) if (this.#isNews(partition)) return true
    return this.isAwaited
  }

  /** Notes what the transaction stores. @param members   its partitions: all that they sent is acknowledged before it is committed */
  take(members: Iterable<MirroredPartition>): SourceOffset[] {
    const stored = new Map<MirroredPartition, number>()
    for (const partition of new Set([...members, ...this.#moved])) {
      if (this.#isNews(partition)) stored.set(partition, this.#offsetOf(partition))
      else if (!partition.isUncommitted) this.#moved.delete(partition)
    }
    this.#stored = stored
    return [...stored].map(([{ sourceTopic, partition }, offset]) => ({
      topic: sourceTopic,
      partition,
      lastCopiedOffset: offset - 1,
    }))
  }

  /** What was taken for the partition counts records that it turned out not to have written. */
  isAhead(partition: MirroredPartition): boolean {
    return (this.#stored.get(partition) ?? 0) > partition.ackedOffset
  }

  /** What was taken is stored for good. */
  committed(): void {
    for (const [partition, offset] of this.#stored) {
      partition.takenOffset = offset
      if (this.#isMember(partition)) partition.trail?.settle()
      if (partition.ackedOffset === offset) this.#moved.delete(partition)
    }
    this.#stored = new Map()
    const isStored = ({ ackedOffset, takenOffset }: MirroredPartition): boolean =>
      ackedOffset <= 0 || ackedOffset === takenOffset
    const waiting = this.#waiters
    this.#waiters = waiting.filter(({ partitions }) => !partitions.every(isStored))
    for (const waiter of waiting) if (!this.#waiters.includes(waiter)) waiter.resolve()
  }

  #isNews(partition: MirroredPartition): boolean {
    const offset = this.#offsetOf(partition)
    return offset > 0 && offset !== partition.takenOffset
  }

  #offsetOf(partition: MirroredPartition): number {
    return this.#isMember(partition) ? partition.sentOffset : partition.copiedOffset
  }
}
