import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StrayBatches } from './stray-batches.ts'
import type { PieceCircumstances } from './stray-batches.ts'

/** Upstream 100..149, a hole, 152..160, a hole, and 163 on: the last run is open. */
const runs = [
  { upstream: 100, sequence: 0, downstream: 700 },
  { upstream: 152, sequence: 50, downstream: 750 },
  { upstream: 163, sequence: 59, downstream: 759 },
]
const nowMs = 1_800_000_000_000
const usual: PieceCircumstances = { isAdjacent: true, leaderEpoch: 5, maxTimestampMs: nowMs - 1_000, nowMs }
const jumped = { ...usual, isAdjacent: false }
const sent = { leaderEpoch: 5, isOtherPlan: false, end: null }

type Row = readonly [
  what: string,
  sequence: number,
  piece: readonly [upstreamOffset: number, count: number, leaderEpoch: number],
  PieceCircumstances,
  boolean,
]

const table: readonly Row[] = [
  ['the batch that the dead process would have sent', 10, [110, 10, 5], usual, false],
  ['the same, read anew from there', 10, [110, 10, 5], jumped, false],
  ['the same up to the end of its run', 40, [140, 10, 5], usual, false],
  ['a batch that begins the next run', 50, [152, 9, 5], usual, false],
  ['a batch in the open run', 70, [174, 10, 5], usual, false],
  ['records behind a hole that the dead process did not see', 10, [120, 10, 5], jumped, true],
  ['the same, although the hole was dropped before our eyes: it wrote down another', 10, [120, 10, 5], usual, true],
  ['records in the place of a hole that it saw', 50, [150, 2, 5], usual, true],
  ['a batch that goes on where it saw a hole', 45, [145, 10, 5], usual, true],
  [
    'a hole in the open run that was dropped before our eyes: it would have written a run for it',
    70,
    [175, 1, 5],
    usual,
    false,
  ],
  [
    'a hole in the open run that nobody saw dropped: the source may have lost records since',
    70,
    [175, 1, 5],
    jumped,
    true,
  ],
  ['another leader epoch in the open run: the source may have been truncated', 70, [174, 1, 6], usual, true],
  ['data that the broker may forget', 70, [174, 1, 5], { ...usual, maxTimestampMs: nowMs - 86_400_000 }, true],
  ['data without a timestamp', 70, [174, 1, 5], { ...usual, maxTimestampMs: -1 }, true],
]

for (const [what, sequence, [upstreamOffset, count, leaderEpoch], circumstances, expected] of table) {
  test(`${what}: ${expected ? 'at odds' : 'harmless'}`, () => {
    const strays = new StrayBatches(runs, sent)
    assert.equal(strays.isAtOdds(sequence, { upstreamOffset, count }, { ...circumstances, leaderEpoch }), expected)
  })
}

test('under another plan a hole that is dropped now was not dropped then', () => {
  const strays = new StrayBatches(runs, { ...sent, isOtherPlan: true })
  assert.equal(strays.isAtOdds(70, { upstreamOffset: 175, count: 1 }, usual), true)
  assert.equal(strays.isAtOdds(70, { upstreamOffset: 174, count: 1 }, usual), false)
})

test('what lies behind the last sequence that was ever sent cannot be on its way, also where sequences wrap', () => {
  const gone = { upstreamOffset: 500, count: 1 }
  for (const shift of [0, 2 ** 31 - 75]) {
    const shifted = runs.map((run) => ({ ...run, sequence: (run.sequence + shift) % 2 ** 31 }))
    const strays = new StrayBatches(shifted, { ...sent, end: (80 + shift) % 2 ** 31 })
    assert.equal(strays.isAtOdds((79 + shift) % 2 ** 31, gone, jumped), true)
    assert.equal(strays.isAtOdds((80 + shift) % 2 ** 31, gone, jumped), false)
  }
})

test('strays are passed only when more was written since than a partition ever has in flight', () => {
  const strays = new StrayBatches(runs, sent)
  let batches = 1
  while (!strays.isPassed(64 * 1024)) batches++
  assert.ok(batches > 2048 && batches * 64 * 1024 > 32 * 1024 * 1024 * 4 - 1)
  const few = new StrayBatches(runs, sent)
  assert.equal(few.isPassed(1e9), false)
})
