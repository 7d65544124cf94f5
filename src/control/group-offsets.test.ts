import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { OffsetMap } from '../mirror/offset-map.ts'
import { createDefaultReplicationPolicy } from '../mirror/replication-policy.ts'
import { createTopicFilter } from '../mirror/topic-filter.ts'
import { GroupOffsets } from './group-offsets.ts'
import { groupReports } from './group-report.ts'
import { OffsetTranslator } from './offset-translator.ts'

const { signal } = new AbortController()
const INVALID_REPLICATION_FACTOR = 38

type Answers = Readonly<Record<string, (args: never) => unknown>>

/** A cluster of one broker that leads all partitions of these topics. */
function cluster(alias: string, topics: readonly string[], answers: Answers): ClusterClient {
  const partitions = [{ partition: 0, leader: 1, leaderEpoch: 0, errorCode: 0 }]
  const metadata = {
    brokers: new Map([[1, {}]]),
    topics: new Map(topics.map((topic) => [topic, { topic, errorCode: 0, partitions }])),
  }
  const settings = { requestTimeoutMs: 1_000, retryBackoffMs: 1, retryBackoffMaxMs: 1 }
  const call = (name: string, _to: unknown, args: never): Promise<unknown> => Promise.resolve(answers[name]?.(args))
  const client = { alias, settings, metadata, call, refreshMetadata: () => Promise.resolve(metadata) }
  return client as unknown as ClusterClient
}

function committed(topic: string, offset: number) {
  const partitions = [{ partitionIndex: 0, committedOffset: BigInt(offset), metadata: 'm', errorCode: 0 }]
  return { name: topic, partitions }
}

/** A group that stands at 5 of `t`, which is copied from 3 on to `a.t`, where its first record is at 0. */
function scene(topics: readonly string[] = ['t']) {
  const commits: [group: string, offset: number][] = []
  const events: string[] = []
  const source = cluster('a', topics, {
    listGroups: () => ({
      groups: [{ groupId: 'g', protocolType: 'consumer', groupState: 'Empty', groupType: 'classic' }],
    }),
    offsetFetch: () => ({
      groups: [{ groupId: 'g', errorCode: 0, topics: topics.map((topic) => committed(topic, 5)) }],
    }),
  })
  const target = cluster('b', ['a.t'], {
    listGroups: () => ({ groups: [] }),
    listOffsets: ([, , asked]: [number, number, { name: string; partitions: { timestamp: bigint }[] }[]]) => ({
      topics: asked.map(({ name, partitions: [first] }) => {
        const offset = first?.timestamp === -2n ? 0n : 10n
        return { name, partitions: [{ partitionIndex: 0, errorCode: 0, offset, timestamp: -1n, leaderEpoch: 0 }] }
      }),
    }),
    createTopics: () => ({
      topics: [{ name: 'a.checkpoints.internal', errorCode: INVALID_REPLICATION_FACTOR, errorMessage: 'too few' }],
    }),
    offsetCommit: ([groupId, , , , all]: [
      string,
      number,
      string,
      null,
      { partitions: { committedOffset: bigint }[] }[],
    ]) => {
      commits.push([groupId, Number(all[0]?.partitions[0]?.committedOffset)])
      return { topics: [] }
    },
  })
  const plan = {
    name: 'a->b',
    source: { alias: 'a', client: { requestTimeoutMs: 1_000 } },
    target: { alias: 'b' },
    policy: createDefaultReplicationPolicy({ separator: '.', isInternalTopicSeparatorEnabled: true }),
    topicFilter: createTopicFilter(['.*'], ['left-out']),
    groups: {
      filter: createTopicFilter(['.*'], []),
      refreshIntervalMs: 1_000,
      checkpoints: { topic: 'a.checkpoints.internal', intervalMs: 60_000, replicationFactor: 3 },
      syncIntervalMs: 60_000,
    },
  } as unknown as FlowPlan
  const map = OffsetMap.from([{ upstream: 3, sequence: 0, downstream: 0 }])
  const copied = (topic: string) =>
    topic === 't' ? { targetTopic: 'a.t', copiedOffset: 13, downstreamEnd: 10, map } : null
  const groups = new GroupOffsets(plan, {
    clusters: { sourceAdmin: source, targetAdmin: target, targetData: target },
    clock: { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() },
    observe: { event: (name) => events.push(name) },
    translator: new OffsetTranslator({ ledger: { findAround: () => map }, copied, pastSyncs: () => null }),
    pastSyncs: null,
    mayWrite: () => true,
    isLocated: () => true,
  })
  const states = () =>
    groupReports(groups.reading(), true).flatMap(({ partitions = [] }) =>
      partitions.map(({ topic, downstreamOffset, state }) => [topic, downstreamOffset, state]),
    )
  return { groups, commits, events, states }
}

describe('GroupOffsets', () => {
  it('commits offsets although checkpoints cannot be written, and says that those cannot', async () => {
    const { groups, commits, states } = scene()
    await assert.rejects(groups.round({ signal }), { code: 'INTERNAL_TOPIC_REPLICAS' })
    assert.deepEqual(commits, [['g', 2]])
    assert.deepEqual(states(), [['t', 2, 'synced']])
  })

  it('looks at topics that the filter takes and that are copied; what came from the target and internal topics are none', async () => {
    const { groups, events, states } = scene(['t', 'left-out', 'b.u', 'mm2-offsets.x.internal', 'uncopied'])
    await assert.rejects(groups.round({ signal }))
    assert.deepEqual(states(), [
      ['t', 2, 'synced'],
      ['uncopied', null, 'unmapped'],
    ])
    assert.deepEqual(events, ['GroupUnmapped', 'GroupOffsetsSynced'])
    await assert.rejects(groups.round({ signal }))
    assert.deepEqual(events.slice(2), [])
  })
})
