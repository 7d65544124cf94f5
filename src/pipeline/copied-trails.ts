import { OffsetTrail } from '../mirror/offset-trail.ts'
import type { OffsetPair } from '../mirror/offset-trail.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

/** Records of one source partition that were copied lately, oldest first. */
export interface CopiedRecords extends TopicPartition {
  readonly pairs: readonly OffsetPair[]
}

/** Which records the partitions of a lane copied since they were last asked: what offset syncs are made from. */
export class CopiedTrails {
  readonly #lagMax: number
  /** In the order in which they moved first. */
  readonly #moved = new Set<MirroredPartition>()

  /** @param lagMax   offset.lag.max */
  constructor(lagMax: number) {
    this.#lagMax = lagMax
  }

  assigned(partition: MirroredPartition): void {
    partition.trail = new OffsetTrail(partition.membership !== null)
  }

  /** It is known where the partition goes on; the ledger knows the last record before that, whoever copied it. */
  located(partition: MirroredPartition): void {
    const { map, ackedSequence, trail, membership } = partition
    if (map === null || ackedSequence < 0 || membership !== null) return
    const upstream = map.upstreamAtSequence(ackedSequence)
    const downstream = upstream === null ? null : map.downstreamOf(upstream)
    if (upstream !== null && downstream !== null) trail?.note(upstream, 1, downstream)
    this.#moved.add(partition)
  }

  moved(partition: MirroredPartition): void {
    this.#moved.add(partition)
  }

  /**
   * Takes the partitions that have moved by offset.lag.max records or more, those that have waited longest first.
   * @param options.pairsMax     about so many; the others come with the next call
   * @param options.isSweep      takes all that have moved at all
   */
  take({ pairsMax, isSweep }: { readonly pairsMax: number; readonly isSweep: boolean }): CopiedRecords[] {
    const taken: CopiedRecords[] = []
    let count = 0
    for (const partition of this.#moved) {
      if (count >= pairsMax) break
      const { trail, sourceTopic: topic, partition: index } = partition
      if (trail === null || (!isSweep && trail.recordsCount < this.#lagMax)) continue
      const pairs = trail.take()
      if (!trail.hasUnsettled) this.#moved.delete(partition)
      if (pairs.length > 0) taken.push({ topic, partition: index, pairs })
      count += pairs.length
    }
    return taken
  }
}
