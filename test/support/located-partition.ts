import { OffsetMap } from '../../src/mirror/offset-map.ts'
import { MirroredPartition } from '../../src/pipeline/mirrored-partition.ts'
import type { TargetTopicSettings } from '../../src/pipeline/partition-assignment.ts'

/** A partition that goes on at an upstream offset and a sequence, and whose target ends at offset 1,000. */
export function locatedPartition(
  upstream: number,
  sequence: number,
  target: TargetTopicSettings = { timestampType: 'CreateTime', maxMessageBytes: 1_048_588 },
): MirroredPartition {
  const partition = new MirroredPartition({
    sourceTopic: 'orders',
    targetTopic: 'eu.orders',
    partition: 0,
    storedPosition: null,
    ledger: null,
    isAdded: false,
    sourceTopicId: null,
    targetTopicId: null,
    target,
  })
  partition.identity = {
    producerId: 9n,
    producerEpoch: 0,
    firstSequence: 0,
    sourceTopicId: null,
    targetTopicId: null,
    sourceLeaderEpoch: -1,
  }
  partition.map = new OffsetMap()
  partition.ackedOffset = upstream
  partition.continueAt({ upstream, sequence, downstream: 1_000, leaderEpoch: -1 })
  partition.ackedDownstream = 1_000
  partition.state = { name: 'flowing' }
  return partition
}
