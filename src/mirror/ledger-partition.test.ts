import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LedgerPartition } from './ledger-partition.ts'
import { OffsetMap } from './offset-map.ts'
import type { Run } from './run.ts'

const scope = { sourceClusterId: 'a', targetClusterId: 'b', planHash: 1n }
const identity = {
  producerId: 1n,
  producerEpoch: 0,
  firstSequence: 0,
  sourceTopicId: null,
  targetTopicId: null,
  sourceLeaderEpoch: -1,
}

/** Runs of irregular length with irregular holes on both sides, so that they do not pack well. */
function irregular(count: number, seed: number): Run[] {
  const runs: Run[] = []
  let [upstream, sequence, downstream] = [1_000, 0, 500]
  let state = seed
  const next = (limit: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return 1 + (state % limit)
  }
  for (let index = 0; index < count; index++) {
    runs.push({ upstream, sequence, downstream })
    const length = next(1_000)
    upstream += length + next(300)
    sequence += length
    downstream += length + (next(3) === 1 ? next(200) : 0)
  }
  return runs
}

/** A partition that was told of its runs bit by bit, with the segments that come of it. */
function partitionOf(runs: readonly Run[]): LedgerPartition {
  const partition = new LedgerPartition({ topic: 't', partition: 0 }, 'ledger')
  for (let start = 0; start < runs.length; start += 50) {
    const write = { topic: 't', partition: 0, identity, replaces: start === 0, runs: runs.slice(start, start + 50) }
    partition.apply(partition.plan(write, scope))
  }
  return partition
}

describe('LedgerPartition.readAround', () => {
  it('answers as all runs would, for every offset of either side, however many segments there are', () => {
    const runs = irregular(3_000, 7)
    const partition = partitionOf(runs)
    assert.ok(partition.segmentsSize.count > 5, `${partition.segmentsSize.count} segments`)
    const whole = OffsetMap.from(runs)
    const last = runs.at(-1) ?? { upstream: 0, downstream: 0 }
    fc.assert(
      fc.property(fc.nat(last.upstream + 500), fc.nat(last.downstream + 500), (upstream, downstream) => {
        const down = partition.readAround(scope, { upstream })?.downstreamOf(upstream)
        const up = partition.readAround(scope, { downstream })?.upstreamOf(downstream)
        return down === whole.downstreamOf(upstream) && up === whole.upstreamOf(downstream)
      }),
      { numRuns: 2_000 },
    )
    // Right where one run ends and the next begins is where a segment may end, too.
    for (const { upstream } of runs)
      for (const asked of [upstream - 1, upstream]) {
        const found = partition.readAround(scope, { upstream: asked })?.downstreamOf(asked)
        assert.equal(found, whole.downstreamOf(asked), String(asked))
      }
  })

  it('before the first run it tells where that begins', () => {
    const runs = irregular(1_000, 3)
    const around = partitionOf(runs).readAround(scope, { upstream: 3 })
    assert.equal(around?.downstreamOf(3), null)
    assert.deepEqual(around?.first, runs[0])
  })

  it('forgets what it has unpacked when the runs change', () => {
    const partition = partitionOf([{ upstream: 0, sequence: 0, downstream: 0 }])
    assert.equal(partition.readAround(scope, { upstream: 90 })?.downstreamOf(90), 90)
    const runs = [{ upstream: 100, sequence: 50, downstream: 60 }]
    partition.apply(partition.plan({ topic: 't', partition: 0, identity, replaces: false, runs }, scope))
    assert.equal(partition.readAround(scope, { upstream: 90 })?.downstreamOf(90), 60)
  })

  it('of other clusters it tells nothing', () => {
    const partition = partitionOf(irregular(10, 1))
    assert.equal(partition.readAround({ ...scope, targetClusterId: 'c' }, { upstream: 2_000 }), null)
  })
})
