import { errors } from '../base/errors.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { kafkaError } from '../kafka/kafka-error.ts'
import { committedReader } from './committed-reader.ts'
import type { RecordLog } from './record-log.ts'

const UNKNOWN_TOPIC = 3

/** Opens an internal topic that is only read: without a lock, and without making it. @returns null when the topic does not exist */
export async function openReadOnly(
  cluster: ClusterClient,
  topic: string,
  signal: AbortSignal,
): Promise<RecordLog | null> {
  const known = (await cluster.refreshMetadata({ signal, topics: [topic] })).topics.get(topic)
  if (known === undefined || known.errorCode === UNKNOWN_TOPIC) return null
  const context = { cluster: cluster.alias, broker: 'any', api: `Metadata of ${topic}` }
  if (known.errorCode !== 0) throw kafkaError(known.errorCode, context)
  return {
    topic,
    cluster: cluster.alias,
    partitionCount: known.partitions.length,
    read: committedReader(cluster, topic),
    append: () => Promise.reject(errors.DEFECT({ what: `${topic} was opened for reading only` })),
  }
}
