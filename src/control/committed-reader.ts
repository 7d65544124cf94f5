import type { ClusterClient } from '../kafka/cluster-client.ts'
import { readCompactedTopic } from '../kafka/compacted-topic.ts'
import type { RecordLog } from './record-log.ts'

/** How an internal topic is read: Kafka Connect writes positions in transactions when exactly-once is on, and aborted ones must not count. */
export function committedReader(cluster: ClusterClient, topic: string): RecordLog['read'] {
  return async (onRecord, options) => {
    const take: Parameters<typeof readCompactedTopic>[2] = (record) =>
      onRecord({ ...record, timestamp: Number(record.timestamp) })
    await readCompactedTopic(cluster, topic, take, { ...options, isolation: 'read_committed' })
  }
}
