import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errors } from '../base/errors.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { OffsetTranslation } from '../mirror/offset-translation.ts'
import { GroupBook } from './group-book.ts'
import type { MirroredGroup } from './group-position.ts'
import { GroupOffsetSync } from './group-offset-sync.ts'

const { signal } = new AbortController()
const away = errors.CLUSTER_UNREACHABLE({ cluster: 'b', addresses: 'x:1', reason: 'it is away' })

interface TargetGroup {
  readonly state?: string
  readonly type?: string
  /** By partition of `a.t`. */
  readonly offsets?: Readonly<Record<number, number>>
  /** Kafka's error number for a commit. */
  readonly commitError?: number
}

/** One broker that has these groups. */
function scene(groups: Readonly<Record<string, TargetGroup>>, { mayWrite = true, isAway = false } = {}) {
  const commits: [group: string, partition: number, offset: number, metadata: string][] = []
  const events: string[] = []
  const answers: Readonly<Record<string, (args: never) => unknown>> = {
    listGroups: () => ({
      groups: Object.entries(groups).map(([groupId, { state = 'Empty', type = 'classic' }]) => {
        return { groupId, protocolType: 'consumer', groupState: state, groupType: type }
      }),
    }),
    offsetFetch: ([asked]: { groupId: string }[][]) => ({
      groups: asked?.map(({ groupId }) => {
        const partitions = Object.entries(groups[groupId]?.offsets ?? {}).map(([partition, offset]) => {
          return { partitionIndex: Number(partition), committedOffset: BigInt(offset), metadata: '', errorCode: 0 }
        })
        return { groupId, errorCode: 0, topics: [{ name: 'a.t', partitions }] }
      }),
    }),
    offsetCommit: ([groupId, , , , topics]: [string, number, string, null, CommittedTopic[]]) => {
      const errorCode = groups[groupId]?.commitError ?? 0
      const all = topics.flatMap(({ partitions }) => partitions)
      for (const { partitionIndex, committedOffset, committedMetadata } of errorCode === 0 ? all : [])
        commits.push([groupId, partitionIndex, Number(committedOffset), committedMetadata])
      return { topics: [{ name: 'a.t', partitions: all.map(({ partitionIndex }) => ({ partitionIndex, errorCode })) }] }
    },
  }
  const call = (name: string, _to: unknown, args: never): Promise<unknown> =>
    isAway ? Promise.reject(away) : Promise.resolve(answers[name]?.(args))
  const metadata = { brokers: new Map([[1, {}]]) }
  const target = { alias: 'b', call, metadata, refreshMetadata: () => Promise.resolve(metadata) }
  const sync = new GroupOffsetSync({
    flow: 'a->b',
    target: target as unknown as ClusterClient,
    clock: { now: () => 5_000, monotonic: () => 0, sleep: () => Promise.resolve() },
    observe: { event: (name) => events.push(name) },
    timeoutMs: 1_000,
    mayWrite: () => mayWrite,
  })
  return { sync, commits, events }
}

interface CommittedTopic {
  readonly partitions: readonly { partitionIndex: number; committedOffset: bigint; committedMetadata: string }[]
}

/** A group that stands at these offsets of `a.t` by translation, by partition. */
function standing(groupId: string, ...translations: readonly (number | OffsetTranslation)[]): MirroredGroup {
  const found = translations.map((translation, partition) => ({
    topic: 't',
    targetTopic: 'a.t',
    partition,
    upstreamOffset: 100,
    metadata: `m${partition}`,
    translation: typeof translation === 'number' ? ({ kind: 'exact', offset: translation } as const) : translation,
  }))
  const group = new GroupBook().noteOffsets({ groupId, type: 'classic' }, found, 1_000)
  assert.ok(group !== null)
  return group
}

function statesOf({ positions }: MirroredGroup): string[] {
  return [...positions.values()].map(({ state }) => state)
}

describe('GroupOffsetSync', () => {
  it('commits, with its metadata, what the group does not have on the target, for a group that is not there as well', async () => {
    const { sync, commits } = scene({ g: { offsets: { 1: 7 } } })
    const groups = [standing('g', 10, 9), standing('new', 3)]
    await sync.sync(groups, { signal })
    assert.deepEqual(commits, [
      ['g', 0, 10, 'm0'],
      ['g', 1, 9, 'm1'],
      ['new', 0, 3, 'm0'],
    ])
    assert.deepEqual(groups.map(statesOf), [['synced', 'synced'], ['synced']])
  })

  it('never sets an offset back, and leaves one that is right alone', async () => {
    const { sync, commits } = scene({ g: { offsets: { 0: 11, 1: 9, 2: -1 } } })
    const group = standing('g', 10, 9, 8)
    await sync.sync([group], { signal })
    assert.deepEqual(commits, [['g', 2, 8, 'm2']])
    assert.deepEqual(statesOf(group), ['ahead', 'synced', 'synced'])
  })

  for (const state of ['Stable', 'PreparingRebalance', 'CompletingRebalance', 'Assigning', 'Reconciling']) {
    it(`leaves a group alone that has members: ${state}`, async () => {
      const { sync, commits, events } = scene({ g: { state } })
      const group = standing('g', 10)
      await sync.sync([group], { signal })
      await sync.sync([group], { signal })
      assert.deepEqual([commits, events, statesOf(group)], [[], ['GroupHeld'], ['held']])
      assert.match([...group.positions.values()][0]?.reason ?? '', /since 1970-01-01T00:00:05/)
    })
  }

  it('takes a commit that is refused because of a member for what it is: the group came to life just now', async () => {
    const { sync, commits, events } = scene({ g: { commitError: 25 } })
    const group = standing('g', 10)
    await sync.sync([group], { signal })
    assert.deepEqual([commits, events, statesOf(group)], [[], ['GroupHeld'], ['held']])
  })

  it('a group that cannot be committed does not hold up the others, and says why', async () => {
    const { sync, commits } = scene({ g: { commitError: 30 }, h: {} })
    const groups = [standing('g', 10), standing('h', 4)]
    await sync.sync(groups, { signal })
    assert.deepEqual(commits, [['h', 0, 4, 'm0']])
    assert.deepEqual(groups.map(statesOf), [['failed'], ['synced']])
    assert.match([...(groups[0]?.positions.values() ?? [])][0]?.reason ?? '', /GROUP_AUTHORIZATION_FAILED/)
  })

  it('does not touch a share group of the same name', async () => {
    const { sync, commits } = scene({ g: { type: 'share', state: 'Empty' } })
    const group = standing('g', 10)
    await sync.sync([group], { signal })
    assert.deepEqual([commits, statesOf(group)], [[], ['held']])
  })

  it("commits nothing of what has no mapping, and nothing at all while the flow may be another one's", async () => {
    const group = standing('g', { kind: 'unknown', reason: 'it is too old' }, 8)
    const { sync, commits } = scene({})
    await sync.sync([group], { signal })
    assert.deepEqual(commits, [['g', 1, 8, 'm1']])
    assert.deepEqual(statesOf(group), ['unmapped', 'synced'])
    const unsure = scene({}, { mayWrite: false })
    await unsure.sync.sync([standing('g', 8)], { signal })
    assert.deepEqual(unsure.commits, [])
  })

  it('says of an offset that is ahead of the copy where it stands instead', async () => {
    const { sync } = scene({})
    const group = standing('g', { kind: 'at-end', offset: 90, aheadRecords: 10 })
    await sync.sync([group], { signal })
    assert.match([...group.positions.values()][0]?.reason ?? '', /10 beyond what is copied/)
  })

  it('throws where no broker of the target answers', async () => {
    const { sync } = scene({}, { isAway: true })
    await assert.rejects(sync.sync([standing('g', 1)], { signal }), { code: 'CLUSTER_UNREACHABLE' })
  })
})
