import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterMetadata } from './cluster-metadata.ts'
import { MetadataRefresh } from './metadata-refresh.ts'

const nothing: ClusterMetadata = { clusterId: null, controllerId: -1, brokers: new Map(), topics: new Map() }

function setUp() {
  const rounds: { topics: 'all' | readonly string[]; done: PromiseWithResolvers<ClusterMetadata> }[] = []
  const refresh = new MetadataRefresh((topics) => {
    const done = Promise.withResolvers<ClusterMetadata>()
    rounds.push({ topics, done })
    return done.promise
  })
  return { rounds, refresh }
}

test('what is asked while a request is under way waits for one common request after it', async () => {
  const { rounds, refresh } = setUp()
  const first = refresh.request(['a'])
  const second = refresh.request(['b'])
  const third = refresh.request(['c', 'b'])
  assert.deepEqual(
    rounds.map(({ topics }) => topics),
    [['a']],
  )
  rounds[0]?.done.resolve(nothing)
  await first
  assert.deepEqual(
    rounds.map(({ topics }) => topics),
    [['a'], ['b', 'c']],
  )
  rounds[1]?.done.resolve(nothing)
  await Promise.all([second, third])
  const fourth = refresh.request('all')
  assert.equal(rounds.length, 3)
  rounds[2]?.done.resolve(nothing)
  await fourth
})

test('a failure reaches those who asked, and not those who ask later', async () => {
  const { rounds, refresh } = setUp()
  const first = refresh.request([])
  const second = refresh.request('all')
  rounds[0]?.done.reject(new Error('gone'))
  await assert.rejects(first, /gone/)
  assert.deepEqual(rounds[1]?.topics, 'all')
  rounds[1]?.done.resolve(nothing)
  assert.equal(await second, nothing)
})
