import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errors } from '../base/errors.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { createTopicFilter } from '../mirror/topic-filter.ts'
import { SourceGroups } from './source-groups.ts'
import type { BrokerGroups } from './source-groups.ts'

const { signal } = new AbortController()
const away = errors.CLUSTER_UNREACHABLE({ cluster: 'a', addresses: 'x:1', reason: 'it is away' })

interface Listed {
  readonly groupId: string
  readonly protocolType?: string
  readonly groupType?: string
}

/** A cluster of which each broker has groups, or does not answer: null at once, 'hangs' not before it is let go. */
class FakeSource {
  readonly brokers = new Map<number, readonly Listed[] | null | 'hangs'>()
  readonly hanging = Promise.withResolvers<void>()
  nowMs = 0
  readonly groups: SourceGroups

  constructor(refreshIntervalMs: number | 'never' = 600_000) {
    const call = (name: string, { nodeId }: { nodeId: number }, args: unknown[]): Promise<unknown> =>
      this.#call(name, nodeId, args)
    const cluster = {
      alias: 'a',
      call,
      refreshMetadata: () => Promise.resolve({ brokers: this.brokers }),
    } as unknown as ClusterClient
    this.groups = new SourceGroups({
      cluster,
      groupFilter: createTopicFilter(['.*'], ['secret']),
      clock: { now: () => 0, monotonic: () => this.nowMs, sleep: () => Promise.resolve() },
      refreshIntervalMs: refreshIntervalMs === 'never' ? undefined : refreshIntervalMs,
      timeoutMs: 1_000,
    })
  }

  async #call(name: string, nodeId: number, args: unknown[]): Promise<unknown> {
    const listed = this.brokers.get(nodeId) ?? null
    if (listed === 'hangs') await this.hanging.promise
    if (listed === null || listed === 'hangs') throw away
    if (name === 'listGroups')
      return {
        groups: listed.map((one) => ({ protocolType: 'consumer', groupType: 'classic', groupState: 'Empty', ...one })),
      }
    const asked = args[0] as { groupId: string }[]
    return { groups: asked.map(({ groupId }) => ({ groupId, errorCode: 0, topics: [] })) }
  }

  async look() {
    const read: string[] = []
    const take = ({ groups }: BrokerGroups): Promise<void> =>
      Promise.resolve(void read.push(...groups.map(({ groupId }) => groupId)))
    const look = await this.groups.look(take, { signal })
    return { read: read.toSorted(), gone: look.gone, missing: [...look.missing.keys()] }
  }
}

describe('SourceGroups', () => {
  it('asks every broker, takes consumer groups of the filter, and tells which others it cannot mirror', async () => {
    const source = new FakeSource()
    source.brokers.set(1, [{ groupId: 'a' }, { groupId: 'secret' }, { groupId: 'b', groupType: 'Consumer' }])
    source.brokers.set(2, [
      { groupId: 'simple', protocolType: '' },
      { groupId: 'worker', protocolType: 'connect' },
      { groupId: 'shared', protocolType: 'share', groupType: 'Share' },
    ])
    assert.deepEqual(await source.look(), { read: ['a', 'b', 'simple'], gone: [], missing: [] })
    assert.deepEqual([...source.groups.others], [['shared', 'share']])
  })

  it('hands on what a broker tells although another does not answer', async () => {
    const source = new FakeSource()
    source.brokers.set(1, [{ groupId: 'a' }])
    source.brokers.set(2, [{ groupId: 'b' }])
    await source.look()
    source.brokers.set(2, 'hangs')
    const read = Promise.withResolvers<string[]>()
    const looked = source.groups.look(
      ({ groups }) => Promise.resolve(read.resolve(groups.map(({ groupId }) => groupId))),
      { signal },
    )
    assert.deepEqual(await read.promise, ['a'])
    source.hanging.resolve()
    const { gone, missing } = await looked
    assert.deepEqual([gone, [...missing.keys()]], [[], ['b']])
  })

  it('takes a group for gone only where every broker has answered', async () => {
    const source = new FakeSource()
    source.brokers.set(1, [{ groupId: 'a' }])
    source.brokers.set(2, [{ groupId: 'b' }])
    await source.look()
    source.brokers.set(2, null)
    assert.deepEqual(await source.look(), { read: ['a'], gone: [], missing: ['b'] })
    source.brokers.set(2, [])
    assert.deepEqual(await source.look(), { read: ['a'], gone: ['b'], missing: [] })
  })

  it('finds new groups when they are looked for again, and not before', async () => {
    const source = new FakeSource(10_000)
    source.brokers.set(1, [{ groupId: 'a' }])
    await source.look()
    source.brokers.set(1, [{ groupId: 'a' }, { groupId: 'new' }])
    assert.deepEqual((await source.look()).read, ['a'])
    source.nowMs = 10_000
    assert.deepEqual((await source.look()).read, ['a', 'new'])
    const once = new FakeSource('never')
    once.brokers.set(1, [])
    await once.look()
    once.brokers.set(1, [{ groupId: 'late' }])
    once.nowMs = 1e9
    assert.deepEqual((await once.look()).read, [])
  })

  it('throws where no broker answers', async () => {
    const source = new FakeSource()
    source.brokers.set(1, null)
    await assert.rejects(source.look(), { code: 'CLUSTER_UNREACHABLE' })
  })
})
