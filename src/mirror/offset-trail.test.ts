import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { OffsetTrail } from './offset-trail.ts'

function upstreams(trail: OffsetTrail): number[] {
  return trail.take().map(({ upstream }) => upstream)
}

describe('OffsetTrail', () => {
  it('hands out the last pair, and others at distances that double', () => {
    const trail = new OffsetTrail(0, false)
    for (let upstream = 0; upstream <= 100; upstream++) trail.note(upstream, upstream + 1_000)
    const pairs = trail.take()
    assert.deepEqual(pairs.at(-1), { upstream: 100, downstream: 1_100 })
    assert.deepEqual(
      pairs.map(({ upstream }) => 100 - upstream),
      [64, 32, 16, 8, 4, 2, 1, 0],
    )
    assert.deepEqual(trail.take(), [])
  })

  it('hands out pairs no closer than offset.lag.max', () => {
    const trail = new OffsetTrail(100, false)
    for (let upstream = 0; upstream <= 1_000; upstream += 10) trail.note(upstream, upstream)
    assert.deepEqual(upstreams(trail), [200, 600, 800, 900, 1_000])
  })

  it('of a transaction hands out nothing before it is committed, and nothing of one that is aborted', () => {
    const trail = new OffsetTrail(0, true)
    trail.note(1, 1)
    trail.settle()
    trail.note(5, 6)
    trail.note(9, 10)
    assert.deepEqual(upstreams(trail), [1])
    assert.equal(trail.hasUnsettled, true)
    trail.goBackTo(2)
    assert.equal(trail.hasUnsettled, false)
    trail.note(7, 20)
    trail.settle()
    assert.deepEqual(trail.take(), [{ upstream: 7, downstream: 20 }])
  })

  it('forgets what is copied again', () => {
    const trail = new OffsetTrail(0, false)
    for (const upstream of [10, 20, 30]) trail.note(upstream, upstream)
    trail.note(15, 40)
    assert.deepEqual(trail.take(), [
      { upstream: 10, downstream: 10 },
      { upstream: 15, downstream: 40 },
    ])
  })

  it('holds few pairs however many are noted, and for any offset one that is not much farther behind than need be', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 2_000 })
    fc.assert(
      fc.property(steps, fc.boolean(), (gaps, isTransacted) => {
        const trail = new OffsetTrail(0, isTransacted)
        const noted: number[] = []
        let upstream = 0
        for (const gap of gaps) {
          upstream += gap
          noted.push(upstream)
          trail.note(upstream, upstream)
        }
        trail.settle()
        const taken = upstreams(trail)
        const head = upstream
        assert.equal(taken.at(-1), head)
        assert.ok(taken.length <= 2 + Math.log2(head))
        assert.deepEqual(
          taken,
          taken.toSorted((a, b) => a - b),
        )
        for (const offset of noted) {
          const nearest = taken.findLast((one) => one <= offset)
          const behind = head - (nearest ?? noted[0] ?? 0)
          // The best of all that was noted would be `head - offset` behind.
          assert.ok(
            nearest === undefined || behind <= 4 * Math.max(head - offset, 1_000),
            `${offset}: ${behind} behind`,
          )
        }
      }),
    )
  })
})
