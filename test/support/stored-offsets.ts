import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords } from '../../dev/kafka/records.ts'

/**
 * The positions of a source as they are stored at the target: the last one of each `topic-partition`, as Kafka Connect writes it. Read committed, so that
 * those of aborted transactions do not count.
 */
export async function storedOffsets(target: KafkaCluster, alias: string): Promise<Record<string, number>> {
  const records = await dumpRecords({ client: target.adminProperties, topic: `mm2-offsets.${alias}.internal` })
  const offsets: Record<string, number> = {}
  for (const { key, value } of records) {
    const [, { topic, partition }] = JSON.parse(String(key)) as [string, { topic: string; partition: number }]
    offsets[`${topic}-${partition}`] = (JSON.parse(String(value)) as { offset: number }).offset
  }
  return offsets
}
