import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errors } from '../base/errors.ts'
import { OffsetMap } from '../mirror/offset-map.ts'
import { PastOffsetSyncs } from '../mirror/past-offset-syncs.ts'
import { encodeOffsetSyncKey, encodeOffsetSyncValue } from '../mirror/offset-sync.ts'
import type { Run } from '../mirror/run.ts'
import type { CopiedPartition } from '../pipeline/copied-partition.ts'
import { OffsetTranslator } from './offset-translator.ts'

interface Scene {
  /** What the lane knows. */
  readonly lane?: readonly Run[]
  readonly ledger?: readonly Run[]
  readonly copied?: Partial<CopiedPartition> | null
  readonly pastSyncs?: PastOffsetSyncs
}

function translator({ lane = [], ledger = lane, copied = {}, pastSyncs }: Scene): OffsetTranslator {
  const known = { targetTopic: 'a.t', copiedOffset: 200, downstreamEnd: -1, map: OffsetMap.from(lane), ...copied }
  return new OffsetTranslator({
    ledger: { findAround: () => (ledger.length === 0 ? null : OffsetMap.from(ledger)) },
    copied: () => (copied === null ? null : known),
    pastSyncs: () => pastSyncs ?? null,
  })
}

/** Upstream 100..149, then a hole of two, then 152..., all without a hole on the target. */
const runs = [
  { upstream: 100, sequence: 0, downstream: 700 },
  { upstream: 152, sequence: 50, downstream: 750 },
]
const bounds = { start: 0, end: 798 }

describe('OffsetTranslator', () => {
  it('gives the offset of the first record at or after the one asked for', () => {
    const { downstreamOf } = bound(translator({ lane: runs }))
    assert.deepEqual([100, 149, 150, 151, 152, 160].map(downstreamOf), [700, 749, 750, 750, 750, 758])
  })

  it('gives the end of the copy for what is ahead of it, and says by how much', () => {
    const tried = translator({ lane: runs, copied: { copiedOffset: 200, downstreamEnd: 798 } })
    assert.deepEqual(tried.downstreamOf('t', 0, 200, bounds), { kind: 'exact', offset: 798 })
    assert.deepEqual(tried.downstreamOf('t', 0, 230, bounds), { kind: 'at-end', offset: 798, aheadRecords: 30 })
  })

  it('is not misled by a hole at the end of the copy: nothing was written behind it', () => {
    const tried = translator({ lane: runs, copied: { copiedOffset: 205, downstreamEnd: 798 } })
    assert.deepEqual(tried.downstreamOf('t', 0, 205, bounds), { kind: 'exact', offset: 798 })
    // Right after a start nobody has acknowledged anything: the end of the log says it.
    const started = translator({ lane: runs, copied: { copiedOffset: 205 } })
    assert.deepEqual(started.downstreamOf('t', 0, 205, bounds), { kind: 'exact', offset: 798 })
  })

  it('asks the ledger for what the lane no longer has, and believes the lane where both know', () => {
    const lane = [{ upstream: 152, sequence: 50, downstream: 760 }]
    const { downstreamOf } = bound(translator({ lane, ledger: runs }), { start: 0, end: 808 })
    assert.deepEqual([120, 152].map(downstreamOf), [720, 760])
  })

  it('never lies outside of the remote log', () => {
    const { downstreamOf } = bound(translator({ lane: runs }), { start: 730, end: 740 })
    assert.deepEqual([100, 135, 199].map(downstreamOf), [730, 735, 740])
  })

  it('of what MirrorMaker 2 copied gives what its offset syncs say, and says so', () => {
    const pastSyncs = new PastOffsetSyncs()
    pastSyncs.take(
      encodeOffsetSyncKey({ topic: 't', partition: 0 }),
      encodeOffsetSyncValue({ upstream: 40, downstream: 640 }),
    )
    const tried = translator({ lane: runs, pastSyncs })
    const found = tried.downstreamOf('t', 0, 60, bounds)
    assert.equal(found.kind, 'approximate')
    assert.equal('offset' in found && found.offset, 641)
    const older = tried.downstreamOf('t', 0, 39, bounds)
    assert.ok(older.kind === 'unknown' && /begins at offset 100/.test(older.reason), JSON.stringify(older))
  })

  it('of what was removed on the target before the ledger begins gives the first record there is', () => {
    assert.deepEqual(translator({ lane: runs }).downstreamOf('t', 0, 7, { start: 700, end: 798 }), {
      kind: 'exact',
      offset: 700,
    })
  })

  it('gives a lower bound inside of what a killed process did not write down', () => {
    const ledger = [
      { upstream: 100, sequence: 0, downstream: 700 },
      { upstream: 120, sequence: 20, downstream: -1 },
      { upstream: 160, sequence: 60, downstream: 790 },
    ]
    const tried = translator({ lane: [], ledger })
    const found = tried.downstreamOf('t', 0, 140, bounds)
    assert.ok(found.kind === 'approximate' && found.offset === 720, JSON.stringify(found))
    assert.deepEqual(tried.downstreamOf('t', 0, 119, bounds), { kind: 'exact', offset: 719 })
    assert.deepEqual(tried.downstreamOf('t', 0, 161, bounds), { kind: 'exact', offset: 791 })
  })

  it('says why it knows nothing', () => {
    const reasonOf = (scene: Scene): string => {
      const found = translator(scene).downstreamOf('t', 0, 5, null)
      return 'reason' in found ? found.reason : found.kind
    }
    assert.match(reasonOf({ copied: null }), /does not copy t partition 0/)
    assert.match(reasonOf({ copied: { copiedOffset: -1 } }), /not known yet how far/)
    assert.match(reasonOf({ copied: { copiedOffset: 50 } }), /nothing of the partition is written down/)
    const broken = new OffsetTranslator({
      ledger: {
        findAround: () => {
          throw errors.LEDGER_SEGMENT_MISSING({ ledgerTopic: 'l', offset: 1, segment: 2, topic: 't', partition: 0 })
        },
      },
      copied: () => ({ targetTopic: 'a.t', copiedOffset: 9, downstreamEnd: -1, map: null }),
      pastSyncs: () => null,
    })
    assert.equal(broken.downstreamOf('t', 0, 5, null).kind, 'unknown')
  })

  it('translates back: the first record at or after, the position at the end, and nothing before the ledger', () => {
    const tried = translator({ lane: runs, copied: { copiedOffset: 200, downstreamEnd: 798 } })
    const found = [700, 749, 750, 760, 798].map((offset) => tried.upstreamOf('t', 0, offset))
    assert.deepEqual(
      found.map((each) => 'offset' in each && each.offset),
      [100, 149, 152, 162, 200],
    )
    assert.deepEqual(tried.upstreamOf('t', 0, 800), { kind: 'at-end', offset: 200, aheadRecords: 2 })
    assert.equal(tried.upstreamOf('t', 0, 699).kind, 'unknown')
  })
})

function bound(tried: OffsetTranslator, within = bounds) {
  return {
    downstreamOf: (upstream: number): number | string => {
      const found = tried.downstreamOf('t', 0, upstream, within)
      return found.kind === 'exact' ? found.offset : found.kind
    },
  }
}
