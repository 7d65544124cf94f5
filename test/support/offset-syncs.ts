import assert from 'node:assert/strict'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords } from '../../dev/kafka/records.ts'
import type { DumpedRecord } from '../../dev/kafka/records.ts'
import { encodeOffsetSyncKey } from '../../src/mirror/offset-sync.ts'

export interface SyncedCopy {
  readonly source: KafkaCluster
  readonly target: KafkaCluster
  readonly topic: string
  readonly remote: string
  /** Where the offset syncs are. */
  readonly syncs: { readonly on: KafkaCluster; readonly topic: string }
}

/**
 * Reads the offset syncs of a topic and both its sides with Java consumers: each sync names a record of the source and where the target has it, and the newest of a
 * partition is that of its last record.
 * @returns how many syncs there are
 */
export async function assertSyncsHold({ source, target, topic, remote, syncs }: SyncedCopy): Promise<number> {
  const all = { isolation: 'read_uncommitted' } as const
  const [sources, targets, written] = await Promise.all([
    dumpRecords({ client: source.adminProperties, topic, ...all }),
    dumpRecords({ client: target.adminProperties, topic: remote, ...all }),
    dumpRecords({ client: syncs.on.adminProperties, topic: syncs.topic }),
  ])
  const [ofSource, ofTarget] = [byPlace(sources), byPlace(targets)]
  const ends = new Map(targets.map(({ partition, offset }) => [partition, offset]))
  let count = 0
  for (const [partition, end] of ends) {
    const key = encodeOffsetSyncKey({ topic, partition })
    const ofPartition = written.filter((sync) => sync.key?.equals(key) === true)
    for (const { value } of ofPartition) {
      const [upstream, downstream] = [Number(value?.readBigInt64BE(0)), Number(value?.readBigInt64BE(8))]
      const sourceRecord = ofSource.get(`${partition}/${upstream}`)
      assert.ok(sourceRecord !== undefined, `a sync of ${topic}-${partition} names ${upstream}, which is no record`)
      const targetRecord = ofTarget.get(`${partition}/${downstream}`)
      assert.deepEqual(targetRecord, sourceRecord, `${topic}-${partition}: ${upstream} is not at ${downstream}`)
    }
    count += ofPartition.length
    assert.equal(Number(ofPartition.at(-1)?.value?.readBigInt64BE(8)), end, `the last sync of ${topic}-${partition}`)
  }
  return count
}

function byPlace(records: readonly DumpedRecord[]): Map<string, string> {
  return new Map(
    records.map(({ partition, offset, key, value }) => [
      `${partition}/${offset}`,
      `${key?.toString('hex')} ${value?.toString('hex')}`,
    ]),
  )
}
