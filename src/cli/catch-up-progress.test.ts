import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CatchUpProgress } from './catch-up-progress.ts'

function flow(lagRecords: number, lagSeconds: number | null, recordsTotal: number) {
  return { state: 'copying', lagRecords, lagSeconds, recordsTotal } as const
}

describe('progress of catching up', () => {
  test('is the share of what there was since it began, and the time left at the pace of the last half minute', () => {
    const progress = new CatchUpProgress()
    assert.deepEqual(progress.add(0, flow(1_000, 60, 500)), { share: 0, secondsLeft: null })
    assert.deepEqual(progress.add(2_000, flow(900, 55, 600)), { share: 0.1, secondsLeft: 18 })
    assert.deepEqual(progress.add(10_000, flow(500, 30, 1_000)), { share: 0.5, secondsLeft: 10 })
  })

  test('a flow that is a little behind does not catch up, and one that is nearly there has', () => {
    const progress = new CatchUpProgress()
    assert.equal(progress.add(0, flow(1_000, 1, 0)), null)
    assert.notEqual(progress.add(1_000, flow(1_000, 60, 0)), null)
    // Once it catches up it is shown until it is there.
    assert.notEqual(progress.add(2_000, flow(1_000, 5, 0)), null)
    assert.equal(progress.add(3_000, flow(10, 0.5, 990)), null)
    assert.equal(progress.add(4_000, flow(0, 0, 1_000)), null)
    // The next time it begins anew.
    assert.deepEqual(progress.add(5_000, flow(100, 60, 1_000)), { share: 0, secondsLeft: null })
  })

  test('what grows faster than it is copied does not come nearer', () => {
    const progress = new CatchUpProgress()
    progress.add(0, flow(1_000, 60, 0))
    assert.equal(progress.add(2_000, flow(1_200, 60, 100))?.secondsLeft, null)
  })

  test('a lag of which nobody knows how old it is counts as far behind', () => {
    assert.notEqual(new CatchUpProgress().add(0, flow(10, null, 0)), null)
  })
})
