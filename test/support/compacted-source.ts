import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
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
 * Waits until the cleaner has left so many records, or fewer, in a partition, of those below the active segment. It never looks at that one: a record
 * that is older than segment.ms makes the next one begin another. These records have the key "roll".
 */
export async function waitForCleaner(
  source: KafkaCluster,
  topic: string,
  partition: number,
  count: number,
): Promise<void> {
  const deadlineMs = performance.now() + 60_000
  for (;;) {
    await produceRecords(source.adminProperties, [{ topic, partition, key: 'roll', value: null }])
    const records = await dumpRecords({ client: source.adminProperties, topic, partitions: [partition] })
    if (records.filter(({ key }) => key?.toString() !== 'roll').length <= count) return
    assert.ok(performance.now() < deadlineMs, `the cleaner left ${records.length} records in ${topic}-${partition}`)
    await sleep(500)
  }
}
