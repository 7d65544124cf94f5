import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { listOffsets } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { ClusterClient } from '../../src/kafka/cluster-client.ts'
import { assertExactlyOnceInOrder, assertLogsValid } from './judge.ts'
import { startMirror } from './mirror.ts'
import type { Mirror, MirrorOptions } from './mirror.ts'
import { oneInFlight, startRecords } from './record-stream.ts'
import type { RecordStream } from './record-stream.ts'
import { connectTo, producersOf } from './stray-batch.ts'

/** Positions are stored at a clean stop only. */
export const NO_FLUSH = { 'us.offset.flush.interval.ms': '3600000' }

/** A source, a target behind a proxy, and what tests of crashes do with them. Records have consecutive numbers as keys. */
export class CrashScene implements AsyncDisposable {
  readonly source: KafkaCluster
  readonly target: KafkaCluster
  /** Of the target. */
  readonly client: ClusterClient

  private constructor(source: KafkaCluster, target: KafkaCluster) {
    this.source = source
    this.target = target
    this.client = connectTo(target)
  }

  /** @param properties   of the target's broker */
  static async start(properties: Readonly<Record<string, string>> = {}): Promise<CrashScene> {
    const [source, target] = await Promise.all([startCluster(), startCluster({ proxy: true, properties })])
    return new CrashScene(source, target)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]()
    await Promise.all([this.source, this.target].map((cluster) => cluster[Symbol.asyncDispose]()))
  }

  /** Starts twinlog; positions are not stored unless the properties say so. */
  mirror(alias: string, topics: string, properties: MirrorOptions['properties'] = {}): Promise<Mirror> {
    const { source, target } = this
    return startMirror({ source, target, alias, topics, properties: { ...NO_FLUSH, ...properties } })
  }

  /** Writes records with the keys `first` and on, in batches of ten. @param ageMs   how old they claim to be */
  async write(topic: string, first: number, count: number, { partitions = 1, ageMs = 0 } = {}): Promise<void> {
    const timestamp = Date.now() - ageMs
    const steps = Array.from({ length: count }, (_, index) => {
      const name = String(first + index)
      const value = `${name}-${'x'.repeat(200)}`
      const record = { topic, partition: index % partitions, key: name, value, timestamp }
      return (index + 1) % (10 * partitions) === 0 ? [record, 'flush' as const] : [record]
    })
    await produceRecords({ ...this.source.adminProperties, ...oneInFlight, 'linger.ms': '1000' }, steps.flat())
  }

  /** Begins to write 1,000 records a second into two partitions. @param firstSequence   key of the first record of each */
  stream(topic: string, firstSequence = 0): RecordStream {
    const options = { topic, partitions: 2, recordsPerSecond: 1_000, valueBytes: 200, firstSequence }
    return startRecords(this.source, options, { 'linger.ms': '2' })
  }

  /** Waits until the target has forgotten who wrote a remote topic. */
  async untilForgotten(remote: string): Promise<void> {
    while ((await producersOf(this.client, remote)).length > 0) await sleep(100)
  }

  async endOf(remote: string, partition = 0): Promise<number> {
    return (await listOffsets(this.target, remote))[partition]?.latest ?? -1
  }

  async keysAt(remote: string): Promise<string[]> {
    const records = await dumpRecords({ client: this.target.adminProperties, topic: remote })
    return records.map(({ key }) => String(key))
  }

  /** Waits until exactly these records are there, in this order. */
  async untilKeys(remote: string, expected: readonly string[]): Promise<void> {
    const deadlineMs = performance.now() + 60_000
    for (;;) {
      const found = await this.keysAt(remote).catch(() => [])
      if (found.length >= expected.length || performance.now() > deadlineMs) {
        assert.deepEqual(found, expected)
        return
      }
      await sleep(300)
    }
  }

  /** Waits until the copy has every record of the source, whatever markers lie between; then judges it. */
  async assertCopied(twinlog: Mirror, topic: string): Promise<void> {
    const { source, target } = this
    const markers = twinlog.eventsOf('PartitionFenced').length
    await twinlog.waitUntilCopied(topic)
    const deadlineMs = performance.now() + 30_000
    for (;;) {
      try {
        await assertExactlyOnceInOrder(source, target, topic, twinlog.remote(topic))
        break
      } catch (error) {
        if (performance.now() > deadlineMs) throw error
        await sleep(500)
      }
    }
    assert.ok(markers < 100, `${markers} fences`)
    await assertLogsValid(target, twinlog.remote(topic))
  }
}

/** Keys of so many records. */
export function keyRange(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(first + index))
}
