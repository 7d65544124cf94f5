import { TwinlogError } from '../base/catalogue.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import { byTopic } from './by-topic.ts'
import type { ClusterClient } from './cluster-client.ts'

/**
 * Asks the leaders how large the logs of partitions are on disk.
 * @returns bytes by topicPartitionKey; without those that no leader tells. Null: the cluster does not tell us (Describe on the cluster is needed)
 * @throws KAFKA_*, connection errors, the signal's reason
 * Source: DescribeLogDirs (KIP-113); before version 3 a refusal is an empty answer.
 */
export async function readLogSizes(
  cluster: ClusterClient,
  partitions: readonly TopicPartition[],
  { signal }: { readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, number> | null> {
  const byLeader = Map.groupBy(
    partitions,
    ({ topic, partition }) => cluster.metadata?.topics.get(topic)?.partitions[partition]?.leader ?? -1,
  )
  byLeader.delete(-1)
  const sizes = new Map<string, number>()
  for (const [nodeId, led] of byLeader) {
    const topics = byTopic(led, ({ partition }) => partition).map(([name, indexes]) => ({ name, partitions: indexes }))
    try {
      const answer = await cluster.call('describeLogDirs', { nodeId }, [topics], { signal })
      if (answer.results.length === 0) return null
      for (const topic of answer.results.flatMap((result) => result.topics)) {
        for (const { partitionIndex, partitionSize, isFutureKey } of topic.partitions) {
          if (!isFutureKey) sizes.set(topicPartitionKey(topic.name, partitionIndex), Number(partitionSize))
        }
      }
    } catch (error) {
      if (error instanceof TwinlogError && error.code === 'KAFKA_UNAUTHORIZED') return null
      throw error
    }
  }
  return sizes
}
