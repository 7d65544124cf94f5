import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { transactionalIdentity } from '../mirror/ledger-entry.ts'
import { OffsetMap } from '../mirror/offset-map.ts'
import { TransactionRuns } from './transaction-runs.ts'

const identity = transactionalIdentity({
  producerId: 1n,
  producerEpoch: 0,
  firstSequence: 0,
  sourceTopicId: null,
  targetTopicId: null,
  sourceLeaderEpoch: 0,
})

function batch(upstream: number, count: number) {
  return { upstream, count, pieces: null }
}

describe('TransactionRuns', () => {
  it('knows where records went once they are committed, over markers and holes of both sides', () => {
    const runs = new TransactionRuns(identity, 0, 0, -1)
    runs.acknowledged(batch(10, 5), 0)
    runs.acknowledged(batch(15, 5), 5)
    assert.equal(runs.map.runCount, 0)
    runs.committed()
    // A marker of the source, one of ours, and a hole inside a batch that was written anew.
    runs.acknowledged(
      {
        upstream: 21,
        count: 4,
        pieces: [
          { upstreamOffset: 21, count: 2 },
          { upstreamOffset: 30, count: 2 },
        ],
      },
      11,
    )
    runs.committed()
    assert.deepEqual(
      [10, 19, 20, 21, 22, 23, 30, 31].map((upstream) => runs.map.downstreamOf(upstream)),
      [0, 9, 11, 11, 12, 13, 13, 14],
    )
    assert.equal(runs.downstreamEnd, 15)
  })

  it('forgets what was aborted', () => {
    const runs = new TransactionRuns(identity, 0, 0, -1)
    runs.acknowledged(batch(10, 5), 0)
    runs.aborted()
    runs.acknowledged(batch(10, 3), 6)
    runs.committed()
    assert.deepEqual([...runs.map.runs()], [{ upstream: 10, sequence: 0, downstream: 6 }])
    assert.equal(runs.downstreamEnd, 9)
  })

  it('keeps the newest in memory, however many transactions there were', () => {
    const runs = new TransactionRuns(identity, 0, 0, -1)
    for (let index = 0; index < 20_000; index++) {
      runs.acknowledged(batch(index * 2, 1), index * 2)
      runs.committed()
      if (index % 100 === 99) runs.takeUnwritten(index * 2 + 1)
    }
    assert.ok(runs.map.runCount < 10_000, `${runs.map.runCount}`)
    assert.equal(runs.map.downstreamOf(39_998), 39_998)
  })

  it('tells the ledger with a run that ends what is known, and that the next one replaces', () => {
    const runs = new TransactionRuns(identity, 100, 0, -1)
    runs.acknowledged(batch(10, 5), 0)
    runs.committed()
    assert.equal(runs.hasUnwritten, true)
    const first = runs.takeUnwritten(16)
    assert.equal(runs.hasUnwritten, false)
    assert.deepEqual(first.at(-1), { upstream: 16, sequence: 105, downstream: -1 })
    runs.acknowledged(batch(16, 2), 6)
    runs.committed()
    const ledger = OffsetMap.from([...first, ...runs.takeUnwritten(18)])
    assert.deepEqual(
      [10, 14, 15, 16, 17, 18].map((upstream) => ledger.downstreamOf(upstream)),
      [0, 4, 6, 6, 7, null],
    )
  })

  it('a kill before the ledger heard of a commit leaves a stretch that is not guessed, between exact ones', () => {
    const before = [
      { upstream: 10, sequence: 0, downstream: 0 },
      { upstream: 16, sequence: 5, downstream: -1 },
    ]
    // The next life goes on at 40, as the last commit says: beginTransactionRuns counts on behind what is not known.
    const after = new TransactionRuns(identity, 5 + 40 - 16, 60, -1)
    after.acknowledged(batch(40, 2), 60)
    after.committed()
    const ledger = OffsetMap.from([...before, ...after.takeUnwritten(42)])
    assert.deepEqual(
      [14, 15, 20, 40, 41].map((upstream) => ledger.downstreamOf(upstream)),
      [4, null, null, 60, 61],
    )
    assert.equal(ledger.downstreamBound(20), 5)
  })

  it('of a batch of which the target did not say where it is, only that is not known', () => {
    const runs = new TransactionRuns(identity, 0, 0, -1)
    runs.acknowledged(batch(10, 5), 0)
    runs.acknowledged(batch(15, 5), -1)
    runs.committed()
    runs.acknowledged(batch(20, 5), 11)
    runs.committed()
    assert.deepEqual(
      [12, 16, 21].map((upstream) => runs.map.downstreamOf(upstream)),
      [2, null, 12],
    )
  })

  it('of the first offset, where nothing is copied before a later one, knows that the copy begins with that', () => {
    const runs = new TransactionRuns(identity, 0, 0, 100)
    // What comes first at the source was aborted, and what comes first on the target is a marker.
    runs.acknowledged(batch(105, 5), 1)
    runs.committed()
    const ledger = OffsetMap.from(runs.takeUnwritten(110))
    for (const map of [runs.map, ledger])
      assert.deepEqual(
        [99, 100, 103, 105, 106].map((upstream) => map.downstreamOf(upstream)),
        [null, 1, 1, 1, 2],
      )
    assert.equal(ledger.upstreamOf(1), 105)
  })
})
