import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PartitionVerdict, ReportedDifference } from '../verify/verdict.ts'
import { progressText, VerifyProgress } from './verify-progress.ts'
import { differenceLines, flowLines, resultLine, summarizeVerdicts } from './verify-text.ts'

const equal: PartitionVerdict = {
  flow: 'eu->us',
  topic: 'orders',
  targetTopic: 'eu.orders',
  partition: 0,
  result: 'equal',
  reasons: [],
  notes: [],
  sameCount: 1_234_567,
  differencesCount: 0,
  verifiedUpstream: 1,
  verifiedDownstream: 1,
  pendingCount: 0,
}
const different = { ...equal, partition: 1, result: 'different', differencesCount: 3 } as const
const incomplete = {
  ...equal,
  topic: 'users',
  result: 'incomplete',
  reasons: [
    'it is not found where source offset 5 lies on the target: there is no ledger, and the first records of neither side are on the other',
  ],
  notes: ['source offsets 0 to 4 are not on the target any more'],
} as const

const difference: ReportedDifference = {
  flow: 'eu->us',
  topic: 'orders',
  targetTopic: 'eu.orders',
  partition: 3,
  kind: 'changed',
  upstream: 42,
  downstream: 41,
  count: 1,
  fields: ['value', 'timestamp'],
  source: {
    offset: 42,
    timestamp: '2026-01-01T00:00:00.000Z',
    key: 'k',
    value: `${'x'.repeat(117)}...`,
    headers: [['h', null]],
    keyBytes: 1,
    valueBytes: 5_000,
  },
  target: null,
}

describe('verify, for people', () => {
  test('a difference shows both sides', () => {
    const lines = differenceLines(difference)
    assert.equal(lines[0], 'DIFFERENT orders partition 3: changed (value, timestamp)')
    assert.match(lines.join('\n'), /source {2}orders offset 42, 2026-01-01T00:00:00.000Z\n +key {4}k\n +value {2}x+/)
    assert.match(lines.join('\n'), /\(5,000 bytes\)/)
    assert.match(lines.join('\n'), /header h=null/)
    assert.match(lines.join('\n'), /target {2}eu.orders offset 41: cannot be shown any more/)
    const missing = differenceLines({ ...difference, kind: 'missing', fields: [], downstream: null, count: 1_200 })
    assert.equal(missing[0], 'DIFFERENT orders partition 3: missing, the first of 1,200 in a row')
    assert.equal(missing.at(-1), '  target  eu.orders: nothing')
  })

  test('a table of topics, with reasons and notes of partitions, at 80 columns', () => {
    const lines = flowLines('eu->us', [equal, different, incomplete])
    assert.ok(
      lines.every((line) => line.length <= 80),
      lines.join('\n'),
    )
    assert.match(lines.join('\n'), /orders +2 +2,469,134 {2}DIFFERENT \(3\)/)
    assert.match(lines.join('\n'), /users +1 +1,234,567 {2}INCOMPLETE\n {4}partition 0: it is not found/)
    assert.match(lines.join('\n'), /partition 0, note: source offsets 0 to 4/)
  })

  test('the result is equal only if all is; different wins; nothing compared is not equal', () => {
    assert.equal(summarizeVerdicts([equal]).result, 'equal')
    assert.equal(summarizeVerdicts([equal, incomplete]).result, 'incomplete')
    assert.equal(summarizeVerdicts([incomplete, different]).result, 'different')
    assert.equal(summarizeVerdicts([]).result, 'incomplete')
    const limits = { isSample: true, since: '24h' }
    assert.equal(
      resultLine(summarizeVerdicts([equal]), limits),
      'EQUAL in the ranges that were sampled, since 24h: 1 topics, 1 partitions, 1,234,567 records.',
    )
    assert.match(
      resultLine(summarizeVerdicts([]), { isSample: false, since: null }),
      /no topic is mirrored that was asked for/,
    )
  })

  test('progress says how far, how fast and how long', () => {
    const meter = new VerifyProgress()
    const progress = { totalOffsets: 1_000, doneOffsets: 0, sameCount: 0, sourceBytes: 0, targetBytes: 0 }
    meter.figures(0, progress, 0)
    const figures = meter.figures(
      2_000,
      { ...progress, doneOffsets: 250, sameCount: 250, sourceBytes: 4e8, targetBytes: 2e8 },
      1,
    )
    assert.deepEqual(figures, { share: 0.25, records: 250, differences: 1, bytesPerSecond: 2e8, secondsLeft: 6 })
    const text = progressText(figures)
    assert.equal(text, '[=====               ] 25% 250 records, 200 MB/s a side, 1 DIFFERENT, 6s left')
  })
})
