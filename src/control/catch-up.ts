import type { Clock } from '../base/clock.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { PartitionStatus } from '../pipeline/lane-status.ts'
import type { CallOptions } from './topic-ports.ts'

export interface CatchUpDependencies {
  readonly clock: Clock
  /** False while topics are missing on the target that are still being tried. */
  readonly isComplete: () => boolean
  readonly partitions: () => readonly PartitionStatus[]
}

const lookIntervalMs = 100

/**
 * Waits until every partition has reached the end that its source first showed, or has stopped for a reason of its own.
 * @returns how many partitions stopped
 */
export async function waitUntilCaughtUp(deps: CatchUpDependencies, { signal }: CallOptions): Promise<number> {
  const ends = new Map<string, number>()
  for (;;) {
    const partitions = deps.partitions()
    const isReached = partitions.map((partition) => hasReachedEnd(partition, ends))
    if (deps.isComplete() && isReached.every(Boolean)) {
      return partitions.filter(({ phase }) => phase === 'stopped').length
    }
    await deps.clock.sleep(lookIntervalMs, { signal })
  }
}

function hasReachedEnd(
  { topic, partition, phase, endOffset, nextOffset }: PartitionStatus,
  ends: Map<string, number>,
): boolean {
  const key = topicPartitionKey(topic, partition)
  const end = ends.get(key) ?? endOffset
  if (end >= 0) ends.set(key, end)
  return phase === 'stopped' || (end >= 0 && nextOffset >= end)
}
