import { listOffsets } from '../kafka/admin.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { LogBounds } from './offset-translator.ts'
import type { CallOptions } from './topic-ports.ts'

/** Where the logs of partitions begin and end just now; those whose leaders do not say are left out. */
export async function targetBounds(
  cluster: ClusterClient,
  partitions: readonly TopicPartition[],
  { signal }: CallOptions,
): Promise<ReadonlyMap<string, LogBounds>> {
  if (partitions.length === 0) return new Map()
  const at = (where: 'earliest' | 'latest') =>
    listOffsets(
      cluster,
      partitions.map(({ topic, partition }) => ({ topic, partition, at: where })),
      { signal },
    )
  const [starts, ends] = await Promise.all([at('earliest'), at('latest')])
  const bounds = new Map<string, LogBounds>()
  for (const [index, { topic, partition, value: start }] of starts.entries()) {
    const end = ends[index]?.value ?? null
    if (start !== null && end !== null)
      bounds.set(topicPartitionKey(topic, partition), { start: start.offset, end: end.offset })
  }
  return bounds
}
