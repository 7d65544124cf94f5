import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetadataV12 } from './api-table.ts'
import { mergeMetadata } from './cluster-metadata.ts'

const TOPIC_ID = '00000000-0000-0001-0000-000000000001'
const OTHER_ID = '00000000-0000-0001-0000-000000000002'

function answer(topicId: string, ...leaders: readonly (readonly [leader: number, epoch: number])[]): MetadataV12 {
  const partitions = leaders.map(([leaderId, leaderEpoch], partitionIndex) => ({
    ...{ errorCode: 0, partitionIndex, leaderId, leaderEpoch },
    ...{ replicaNodes: [1, 2], isrNodes: [leaderId], offlineReplicas: [] },
  }))
  const topic = { errorCode: 0, name: 't', topicId, isInternal: false, partitions, topicAuthorizedOperations: 0 }
  return { throttleTimeMs: 0, brokers: [], clusterId: 'c', controllerId: 1, topics: [topic] }
}

function leadersAfter(...answers: readonly MetadataV12[]): number[] | undefined {
  let metadata: ReturnType<typeof mergeMetadata> | null = null
  for (const each of answers) metadata = mergeMetadata(metadata, each, ['t'])
  return metadata?.topics.get('t')?.partitions.map(({ leader }) => leader)
}

test('a broker that has stood still does not bring old leaders back', () => {
  const fresh = answer(TOPIC_ID, [2, 5], [1, 3])
  const stale = answer(TOPIC_ID, [1, 4], [2, 4])
  assert.deepEqual(leadersAfter(fresh, stale), [2, 2])
  assert.deepEqual(leadersAfter(stale, fresh), [2, 2])
})

test('a topic that was made again begins with new epochs, and so does one without an id', () => {
  assert.deepEqual(leadersAfter(answer(TOPIC_ID, [2, 5]), answer(OTHER_ID, [1, 0])), [1])
  const none = '00000000-0000-0000-0000-000000000000'
  assert.deepEqual(leadersAfter(answer(none, [2, 5]), answer(none, [1, 0])), [1])
})

test('brokers that know of no epochs are believed', () => {
  assert.deepEqual(leadersAfter(answer(TOPIC_ID, [2, -1]), answer(TOPIC_ID, [1, -1])), [1])
})
