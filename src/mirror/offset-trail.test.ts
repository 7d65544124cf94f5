import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { OffsetTrail } from './offset-trail.ts'

function upstreams(trail: OffsetTrail): number[] {
  return trail.take().map(({ upstream }) => upstream)
}

describe('OffsetTrail', () => {
  it('hands out the last record, and others at distances that double, wherever batches end', () => {
    const trail = new OffsetTrail(false)
    trail.note(0, 60, 1_000)
    trail.note(60, 41, 1_060)
    assert.equal(trail.recordsCount, Infinity)
    assert.deepEqual(
      trail.take(),
      [100, 64, 32, 16, 8, 4, 2, 1, 0].map((distance) => ({ upstream: 100 - distance, downstream: 1_100 - distance })),
    )
    assert.deepEqual(trail.take(), [])
    trail.note(101, 5, 1_101)
    assert.equal(trail.recordsCount, 5)
  })

  it('hands out records, not holes', () => {
    const trail = new OffsetTrail(false)
    trail.note(0, 10, 0)
    trail.note(20, 2, 10)
    trail.note(30, 1, 12)
    assert.deepEqual(trail.take(), [
      { upstream: 0, downstream: 0 },
      { upstream: 9, downstream: 9 },
      { upstream: 20, downstream: 10 },
      { upstream: 21, downstream: 11 },
      { upstream: 30, downstream: 12 },
    ])
  })

  it('of a transaction hands out nothing before it is committed, and nothing of one that is aborted', () => {
    const trail = new OffsetTrail(true)
    trail.note(1, 1, 1)
    trail.settle()
    trail.note(2, 4, 3)
    assert.deepEqual(upstreams(trail), [1])
    assert.equal(trail.hasUnsettled, true)
    assert.equal(trail.recordsCount, 0)
    trail.goBackTo(2)
    assert.equal(trail.hasUnsettled, false)
    trail.note(2, 1, 20)
    trail.settle()
    assert.deepEqual(trail.take(), [{ upstream: 2, downstream: 20 }])
  })

  it('forgets what is copied again, and keeps what was before', () => {
    const trail = new OffsetTrail(false)
    trail.note(10, 10, 10)
    trail.note(15, 1, 40)
    assert.deepEqual(trail.take(), [
      { upstream: 10, downstream: 10 },
      { upstream: 11, downstream: 11 },
      { upstream: 13, downstream: 13 },
      { upstream: 14, downstream: 14 },
      { upstream: 15, downstream: 40 },
    ])
    trail.note(20, 10, 50)
    trail.note(5, 2, 70)
    assert.deepEqual(trail.take(), [
      { upstream: 5, downstream: 70 },
      { upstream: 6, downstream: 71 },
    ])
  })

  it('hands out few records however many are noted, each where it is, and for any offset one that is not much farther behind', () => {
    const stretch = fc.record({ hole: fc.integer({ min: 0, max: 9 }), count: fc.integer({ min: 1, max: 50 }) })
    const stretches = fc.array(stretch, { minLength: 1, maxLength: 1_000, size: 'max' })
    fc.assert(
      fc.property(stretches, fc.boolean(), (all, isTransacted) => {
        const trail = new OffsetTrail(isTransacted)
        const copies = new Map<number, number>()
        let upstream = 0
        for (const { hole, count } of all) {
          upstream += hole
          trail.note(upstream, count, copies.size)
          for (let index = 0; index < count; index++) copies.set(upstream++, copies.size)
        }
        trail.settle()
        const taken = trail.take()
        const head = upstream - 1
        assert.equal(taken.at(-1)?.upstream, head)
        assert.ok(taken.length <= 3 + 2 * Math.log2(head + 1), `${taken.length} for ${head}`)
        for (const pair of taken) assert.equal(copies.get(pair.upstream), pair.downstream)
        for (const [index, pair] of taken.entries()) assert.ok(pair.upstream > (taken[index - 1]?.upstream ?? -1))
        const first = copies.keys().next().value
        assert.equal(taken[0]?.upstream, first)
        const offsets = [...copies.keys()]
        for (const [index, offset] of offsets.entries()) {
          const nearest = taken.findLast((one) => one.upstream <= offset)?.upstream ?? NaN
          // Behind a hole nothing is nearer than the record before it.
          const least = Math.max(2 * (head - offset), head - (offsets[index - 1] ?? 0))
          assert.ok(head - nearest <= 2 * least, `${offset} of ${head}: ${nearest}`)
        }
      }),
      { numRuns: 30 },
    )
  })
})
