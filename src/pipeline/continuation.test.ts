import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OffsetMap } from '../mirror/offset-map.ts'
import { continuationOf } from './continuation.ts'
import type { ContinuationFacts } from './continuation.ts'

/** Upstream 100..149, a marker at 150, then 151 and on. */
const map = OffsetMap.from([
  { upstream: 100, sequence: 0, downstream: 700 },
  { upstream: 151, sequence: 50, downstream: 750 },
])

const facts: ContinuationFacts = {
  map,
  hasWritten: true,
  targetSequence: null,
  isAbsent: false,
  isTargetKnown: true,
  targetEnd: 760,
  dataEnd: 760,
  ackedSequence: -1,
  ackedOffset: -1,
  storedPosition: 120,
  hole: null,
  isIdentitySpent: false,
}

test('a partition without an identity begins at the stored position with a new one', () => {
  const result = continuationOf({ ...facts, map: null, hasWritten: false })
  assert.deepEqual([result.upstream, result.sequence, result.identity, result.downstream], [120, 0, 'new', 760])
})

test('a partition about which nothing is stored is left to auto.offset.reset', () => {
  assert.equal(continuationOf({ ...facts, map: null, storedPosition: null }).upstream, null)
})

test('the target’s last sequence decides, not the stored position, which is older', () => {
  const result = continuationOf({ ...facts, targetSequence: 59 })
  assert.deepEqual([result.upstream, result.sequence, result.downstream, result.identity], [161, 60, 760, 'same'])
  assert.equal(result.remark, 'none')
})

test('a run that was written down and never sent does not move the position past the one before', () => {
  const result = continuationOf({ ...facts, targetSequence: 49 })
  assert.deepEqual([result.upstream, result.sequence, result.downstream], [150, 50, 750])
})

test('a target that has less than it acknowledged gets it again, from the matching upstream offset', () => {
  const result = continuationOf({ ...facts, targetSequence: 19, ackedSequence: 59, ackedOffset: 161 })
  assert.deepEqual([result.upstream, result.sequence, result.remark], [120, 20, 'target lost records'])
})

test('a target that has more than it acknowledged is gone on with: answers were lost', () => {
  const result = continuationOf({ ...facts, targetSequence: 59, ackedSequence: 19, ackedOffset: 120 })
  assert.deepEqual([result.upstream, result.remark], [161, 'none'])
})

test('an identity under which nothing was sent is used from the start of its first run', () => {
  const result = continuationOf({ ...facts, hasWritten: false })
  assert.deepEqual([result.upstream, result.sequence, result.identity], [100, 0, 'same'])
})

test('a first batch that never arrived is sent again under the same identity, so that its late twin would be known', () => {
  const refused = { ...facts, targetEnd: 700, dataEnd: 700, storedPosition: 100 }
  for (const one of [refused, { ...refused, storedPosition: null }]) {
    const result = continuationOf(one)
    assert.deepEqual([result.upstream, result.sequence, result.identity, result.remark], [100, 0, 'same', 'none'])
  }
  // Something was acknowledged or stored beyond it: then the target lost it, or has forgotten the id.
  for (const one of [
    { ...refused, storedPosition: 120 },
    { ...refused, ackedSequence: 19, ackedOffset: 120 },
    { ...refused, targetEnd: 720, dataEnd: 720 },
  ]) {
    assert.notEqual(continuationOf(one).identity, 'same')
  }
})

test('without permission to ask, the copy goes on after what was acknowledged, with the next sequence', () => {
  const result = continuationOf({ ...facts, isTargetKnown: false, ackedSequence: 19, ackedOffset: 120 })
  assert.deepEqual([result.upstream, result.sequence, result.identity, result.remark], [120, 20, 'same', 'none'])
})

test('without permission to ask, and after a restart, duplicates are possible and said', () => {
  const result = continuationOf({ ...facts, isTargetKnown: false })
  assert.deepEqual([result.upstream, result.identity, result.remark], [120, 'new', 'duplicates possible'])
})

test('a target whose end lies inside what was acknowledged, and holds none of ours, gets the rest again', () => {
  const result = continuationOf({ ...facts, targetEnd: 710, dataEnd: 710, ackedSequence: 59, ackedOffset: 161 })
  assert.deepEqual(
    [result.upstream, result.sequence, result.identity, result.remark],
    [110, 10, 'next', 'target lost records'],
  )
})

test('the sequence after the last one wraps at 2^31', () => {
  const near = OffsetMap.from([{ upstream: 0, sequence: 2 ** 31 - 10, downstream: 0 }])
  const result = continuationOf({ ...facts, map: near, targetSequence: 2 ** 31 - 1, storedPosition: 5 })
  assert.deepEqual([result.upstream, result.sequence, result.downstream], [10, 0, 10])
})

test('a ledger entry whose first batch never arrived is gone on with under the same identity, whatever is stored', () => {
  const result = continuationOf({ ...facts, targetEnd: 700, dataEnd: 700, storedPosition: null })
  assert.deepEqual([result.upstream, result.sequence, result.identity, result.remark], [100, 0, 'same', 'none'])
})

test('a stored position that is older than the first run does not take the copy back behind it', () => {
  const result = continuationOf({ ...facts, storedPosition: 40 })
  assert.deepEqual([result.upstream, result.identity, result.remark], [100, 'new', 'duplicates possible'])
})

test('after a truncation of the source the copy goes on where the next run begins, not behind what was taken back', () => {
  const truncated = OffsetMap.from([
    { upstream: 0, sequence: 0, downstream: 0 },
    { upstream: 80, sequence: 100, downstream: 100 },
  ])
  const result = continuationOf({ ...facts, map: truncated, targetSequence: 99, storedPosition: 60 })
  assert.deepEqual([result.upstream, result.sequence, result.downstream], [80, 100, 100])
})

test('a batch that was refused while a later one was taken is copied again under a new identity, and that is said', () => {
  const result = continuationOf({ ...facts, targetSequence: 59, ackedSequence: 49, ackedOffset: 151, hole: 151 })
  assert.deepEqual([result.upstream, result.identity, result.remark], [151, 'new', 'duplicates possible'])
})

test('a spent identity is followed by the next one, and sequences go on', () => {
  const result = continuationOf({ ...facts, targetSequence: 59, isIdentitySpent: true })
  assert.deepEqual([result.upstream, result.sequence, result.identity], [161, 60, 'next'])
})

test('what MirrorMaker 2 copied after us is not copied again: positions ahead of our last record count if the target goes on behind it', () => {
  const result = continuationOf({ ...facts, targetSequence: 59, targetEnd: 800, dataEnd: 800, storedPosition: 201 })
  assert.deepEqual([result.upstream, result.sequence, result.identity, result.downstream], [201, 60, 'same', 800])
})

test('positions ahead of our last record do not count if the target ends with it: then it has lost what they tell of', () => {
  const result = continuationOf({ ...facts, targetSequence: 59, targetEnd: 760, dataEnd: 760, storedPosition: 201 })
  assert.equal(result.upstream, 161)
})

test('a target that lost all that is written down gets it again from the first run on: no hole is left behind', () => {
  const result = continuationOf({ ...facts, targetEnd: 650, dataEnd: 650, ackedSequence: 59, ackedOffset: 161 })
  assert.deepEqual(
    [result.upstream, result.sequence, result.identity, result.remark],
    [100, 0, 'next', 'target lost records'],
  )
})

/** As after a fence at downstream offset 750: the epoch before wrote sequences 0 to 49, the next one goes on with 50 behind the marker. */
const fenced = OffsetMap.from([
  { upstream: 100, sequence: 0, downstream: 700 },
  { upstream: 150, sequence: 50, downstream: 751 },
])

test('sequences and runs go on across a fence, and the marker counts downstream', () => {
  const before = continuationOf({ ...facts, map: fenced, targetSequence: 49, targetEnd: 751, dataEnd: 750 })
  assert.deepEqual([before.upstream, before.sequence, before.downstream, before.identity], [150, 50, 751, 'same'])
  const after = continuationOf({ ...facts, map: fenced, targetSequence: 59, targetEnd: 761, dataEnd: 761 })
  assert.deepEqual([after.upstream, after.sequence, after.downstream], [160, 60, 761])
})

test('markers at the end of the target are not records: they hide neither that nothing is there, nor what was lost', () => {
  const nothing = continuationOf({ ...facts, targetEnd: 702, dataEnd: 700, storedPosition: 100 })
  assert.deepEqual([nothing.upstream, nothing.sequence, nothing.remark], [100, 0, 'none'])
  const lost = continuationOf({ ...facts, targetEnd: 712, dataEnd: 710, ackedSequence: 59, ackedOffset: 161 })
  assert.deepEqual([lost.upstream, lost.sequence, lost.downstream], [110, 10, 712])
})

test('an identity of which the log holds nothing is begun again, although the target ends behind where it would have begun', () => {
  const result = continuationOf({ ...facts, isAbsent: true, storedPosition: 100 })
  assert.deepEqual([result.upstream, result.sequence, result.identity, result.remark], [100, 0, 'same', 'none'])
})
