import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { alterTopic } from '../../dev/kafka/admin.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'

/** A broker with these looks for something to clean all the time. */
export const CLEANING_BROKER = { 'log.cleaner.backoff.ms': '200' }

/** Configs of a topic that is cleaned as soon as a segment is closed. */
export const CLEANED_AT_ONCE = {
  'cleanup.policy': 'compact',
  'min.cleanable.dirty.ratio': '0.001',
  'segment.ms': '1000',
  'min.compaction.lag.ms': '0',
  'max.compaction.lag.ms': '1000',
}

/**
 * Waits until the cleaner has left so many records, or fewer, in each partition, of those below the active segment; what is there then stays. The cleaner
 * never looks at the active segment: a record that is older than segment.ms makes the next one begin another. These records have the key "roll".
 * @param counts   by partition
 */
export async function waitForCleaner(
  source: KafkaCluster,
  topic: string,
  counts: Readonly<Record<number, number>>,
  client: Readonly<Record<string, string>> = source.adminProperties,
): Promise<void> {
  const deadlineMs = performance.now() + 60_000
  for (;;) {
    const partitions = Object.keys(counts).map(Number)
    await produceRecords(
      client,
      partitions.map((partition) => ({ topic, partition, key: 'roll', value: null })),
    )
    const records = await dumpRecords({ client: source.adminProperties, topic })
    const left = partitions.filter((partition) => {
      const ours = records.filter((record) => record.partition === partition && record.key?.toString() !== 'roll')
      return ours.length > (counts[partition] ?? 0)
    })
    if (left.length === 0) break
    assert.ok(performance.now() < deadlineMs, `the cleaner left ${records.length} records in ${topic}`)
    await sleep(500)
  }
  await alterTopic(source, topic, { 'cleanup.policy': 'delete', 'retention.ms': '-1' })
}
