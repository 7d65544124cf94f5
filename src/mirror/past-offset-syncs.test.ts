import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeOffsetSyncKey, encodeOffsetSyncValue } from './offset-sync.ts'
import { PastOffsetSyncs } from './past-offset-syncs.ts'

function syncsOf(...pairs: readonly (readonly [upstream: number, downstream: number])[]): PastOffsetSyncs {
  const syncs = new PastOffsetSyncs()
  const key = encodeOffsetSyncKey({ topic: 't', partition: 0 })
  for (const [upstream, downstream] of pairs) syncs.take(key, encodeOffsetSyncValue({ upstream, downstream }))
  return syncs
}

describe('past offset syncs', () => {
  it("translate by MirrorMaker 2's rule: at a sync its offset, behind it the one after that, before the first nothing", () => {
    const syncs = syncsOf([100, 70], [200, 160])
    const found = [99, 100, 101, 199, 200, 5_000].map((upstream) => syncs.downstreamOf('t', 0, upstream))
    assert.deepEqual(found, [null, 70, 71, 71, 160, 161])
    assert.equal(syncs.downstreamOf('t', 1, 150), null)
  })

  it('begin anew where the upstream offset steps back', () => {
    const syncs = syncsOf([100, 70], [200, 160], [50, 300])
    assert.deepEqual(
      [60, 150].map((upstream) => syncs.downstreamOf('t', 0, upstream)),
      [301, 301],
    )
  })

  it('stay bounded, and never translate to more than is known', () => {
    const syncs = syncsOf(...Array.from({ length: 20_000 }, (_, index) => [index * 10, index * 9] as const))
    for (const upstream of [5, 12_345, 100_003, 199_990]) {
      const found = syncs.downstreamOf('t', 0, upstream) ?? Number.NaN
      assert.ok(found <= Math.floor(upstream / 10) * 9 + 1, `${upstream} -> ${found}`)
    }
    assert.equal(syncs.downstreamOf('t', 0, 199_990), 19_999 * 9)
  })

  it('pass over what is no sync', () => {
    const syncs = syncsOf([100, 70])
    syncs.take(Buffer.from([0, 9]), Buffer.alloc(16))
    syncs.take(null, null)
    assert.equal(syncs.downstreamOf('t', 0, 100), 70)
  })
})
