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
    partition.trail = new OffsetTrail(this.#lagMax, partition.membership !== null)
  }

  /** It is known where the partition goes on; the ledger knows the last record before that, whoever copied it. */
  located(partition: MirroredPartition): void {
    const { map, ackedSequence, trail, membership } = partition
    if (map === null || ackedSequence < 0 || membership !== null) return
    const upstream = map.upstreamAtSequence(ackedSequence)
    const downstream = upstream === null ? null : map.downstreamOf(upstream)
    if (upstream !== null && downstream !== null) trail?.note(upstream, downstream)
    this.#moved.add(partition)
  }

  moved(partition: MirroredPartition): void {
    this.#moved.add(partition)
  }

  /** @param pairsMax   about so many; the partitions that have waited longest come first, and the others with the next call */
  take(pairsMax: number): CopiedRecords[] {
    const taken: CopiedRecords[] = []
    let count = 0
    for (const partition of this.#moved) {
      if (count >= pairsMax) break
      const pairs = partition.trail?.take() ?? []
      if (partition.trail?.hasUnsettled !== true) this.#moved.delete(partition)
      if (pairs.length === 0) continue
      taken.push({ topic: partition.sourceTopic, partition: partition.partition, pairs })
      count += pairs.length
    }
    return taken
  }
}
