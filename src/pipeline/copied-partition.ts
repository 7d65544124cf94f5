import type { OffsetMap } from '../mirror/offset-map.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

/** What a lane knows of the copy of one partition: for who translates offsets. */
export interface CopiedPartition {
  readonly targetTopic: string
  /** Next upstream offset that is not copied for good; -1: it is not known yet. */
  readonly copiedOffset: number
  /** Downstream offset after the last record that is copied for good; -1: it is not known. */
  readonly downstreamEnd: number
  /** The newest runs; not to be changed by who reads them. Null: none are known here. */
  readonly map: OffsetMap | null
}

export function copiedPartitionOf(partition: MirroredPartition): CopiedPartition {
  const { targetTopic, copiedOffset, ackedDownstream: downstreamEnd, map, membership } = partition
  if (membership === null) return { targetTopic, copiedOffset, downstreamEnd, map }
  const { runs, isPlaced } = membership
  if (runs === null || !isPlaced) return { targetTopic, copiedOffset: -1, downstreamEnd: -1, map: null }
  return { targetTopic, copiedOffset, downstreamEnd: runs.downstreamEnd, map: runs.map }
}
