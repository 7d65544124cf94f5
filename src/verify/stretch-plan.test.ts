import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { planStretches } from './stretch-plan.ts'
import type { PartitionFacts } from './stretch-plan.ts'
import { afterPosition, fromUpstream, sampleStretch } from './stretch-selection.ts'

const whole: PartitionFacts = {
  upstreamStart: 0,
  upstreamEnd: 1_000,
  downstreamStart: 0,
  downstreamEnd: 1_000,
  runs: [],
  isStartOnly: false,
  autoOffsetReset: 'earliest',
  isRecreated: false,
}

/** From, to, from, to, and how it is aligned. */
function plan(facts: Partial<PartitionFacts>): { stretches: unknown[][]; notesCount: number } {
  const { stretches, notes } = planStretches({ ...whole, ...facts })
  return {
    stretches: stretches.map((one) => [
      one.upstreamFrom,
      one.upstreamTo,
      one.downstreamFrom,
      one.downstreamTo,
      one.alignment,
    ]),
    notesCount: notes.length,
  }
}

const run = (upstream: number, sequence: number, downstream: number) => ({ upstream, sequence, downstream })

describe('what of a partition is compared', () => {
  const table: [string, Partial<PartitionFacts>, unknown[][], number][] = [
    ['both logs whole, no ledger', {}, [[0, 1_000, 0, 1_000, 'log starts']], 0],
    ['trimmed, no ledger: the records tell', { upstreamStart: 10 }, [[10, 1_000, 0, 1_000, 'content']], 0],
    ['nothing copied yet', { downstreamEnd: 0 }, [[0, 1_000, 0, 0, 'log starts']], 0],
    ['one run from the start', { runs: [run(0, 0, 0)] }, [[0, 1_000, 0, 1_000, 'ledger']], 0],
    ['source trimmed', { runs: [run(0, 0, 0)], upstreamStart: 300 }, [[300, 1_000, 300, 1_000, 'ledger']], 0],
    ['target trimmed', { runs: [run(0, 0, 0)], downstreamStart: 400 }, [[400, 1_000, 400, 1_000, 'ledger']], 0],
    [
      'a hole upstream: offsets behind it are apart',
      { runs: [run(0, 0, 0), run(510, 500, 500)], upstreamStart: 600, downstreamEnd: 990 },
      [[600, 1_000, 590, 990, 'ledger']],
      0,
    ],
    [
      'MirrorMaker 2 copied before: whole logs',
      { runs: [run(500, 0, 450)], downstreamEnd: 950 },
      [
        [0, 500, 0, 450, 'log starts'],
        [500, 1_000, 450, 950, 'ledger'],
      ],
      0,
    ],
    [
      'MirrorMaker 2 copied before, and retention took some of it',
      { runs: [run(500, 0, 450)], upstreamStart: 100, downstreamEnd: 950 },
      [
        [100, 500, 0, 450, 'content'],
        [500, 1_000, 450, 950, 'ledger'],
      ],
      0,
    ],
    [
      'begun at the end (latest): what was before is no difference',
      { runs: [run(500, 0, 0)], downstreamEnd: 500, autoOffsetReset: 'latest' },
      [[500, 1_000, 0, 500, 'ledger']],
      1,
    ],
    [
      'begun behind the start for no known reason: what is missing is compared with nothing',
      { runs: [run(500, 0, 0)], downstreamEnd: 500 },
      [
        [0, 500, 0, 0, 'log starts'],
        [500, 1_000, 0, 500, 'ledger'],
      ],
      0,
    ],
    [
      'the source topic was made again: the target has older records',
      { runs: [run(0, 100, 100)], downstreamEnd: 1_100, isRecreated: true },
      [[0, 1_000, 100, 1_100, 'ledger']],
      1,
    ],
    [
      'the target had records before, and nobody knows whose: they are extra',
      { runs: [run(0, 0, 100)], downstreamEnd: 1_100 },
      [
        [0, 0, 0, 100, 'log starts'],
        [0, 1_000, 100, 1_100, 'ledger'],
      ],
      0,
    ],
    [
      'the source was truncated at 80 after 100 were copied',
      { runs: [run(0, 0, 0), run(80, 100, 100)], upstreamEnd: 200, downstreamEnd: 220 },
      [
        [0, 80, 0, 80, 'ledger'],
        [80, 200, 100, 220, 'ledger'],
      ],
      1,
    ],
    [
      'a run written down and not sent yet',
      { runs: [run(0, 0, 0), run(600, 500, 500)], upstreamStart: 600, downstreamEnd: 500 },
      [[600, 1_000, 500, 500, 'ledger']],
      0,
    ],
    [
      'exactly once: only the start is known',
      { runs: [run(0, 0, 0)], isStartOnly: true, downstreamEnd: 1_010 },
      [[0, 1_000, 0, 1_010, 'ledger']],
      0,
    ],
    [
      'exactly once, and retention took the start',
      { runs: [run(0, 0, 0)], isStartOnly: true, upstreamStart: 5 },
      [[5, 1_000, 0, 1_000, 'content']],
      0,
    ],
    [
      'the target has lost everything by retention',
      { runs: [run(0, 0, 0)], downstreamStart: 1_000 },
      [[1_000, 1_000, 1_000, 1_000, 'ledger']],
      0,
    ],
  ]
  for (const [name, facts, expected, notesCount] of table) {
    test(name, () => assert.deepEqual(plan(facts), { stretches: expected, notesCount }))
  }
})

describe('a part of what would be compared', () => {
  const { stretches, map } = planStretches({ ...whole, runs: [run(0, 0, 0), run(510, 500, 500)], downstreamEnd: 990 })
  const [stretch] = stretches
  assert.ok(stretch !== undefined)

  test('behind a position, once it was reached', () => {
    const [rest] = afterPosition(stretches, { upstream: 610, downstream: 600 })
    assert.deepEqual([rest?.upstreamFrom, rest?.downstreamFrom, rest?.alignment], [610, 600, 'verified before'])
    const [gone] = afterPosition([{ ...stretch, upstreamFrom: 700, downstreamFrom: 690 }], {
      upstream: 610,
      downstream: 600,
    })
    assert.deepEqual([gone?.upstreamFrom, gone?.downstreamFrom, gone?.alignment], [700, 690, 'ledger'])
  })

  test('from a time on: by the ledger, else by the timestamps, else by the records', () => {
    const exact = fromUpstream(stretch, 610, map, -1)
    assert.deepEqual([exact?.upstreamFrom, exact?.downstreamFrom], [610, 600])
    const plain = { ...stretch, alignment: 'log starts' } as const
    const timed = fromUpstream(plain, 610, null, 601)
    assert.deepEqual([timed?.downstreamFrom, timed?.alignment], [601, 'timestamps'])
    assert.equal(fromUpstream(plain, 610, null, -1)?.alignment, 'content')
    assert.equal(fromUpstream({ ...plain, isNewest: false }, 1_000, null, 990), null)
  })

  test('sampled ranges are the same each time, have the first and the last, and meet on both sides', () => {
    const long = planStretches({ ...whole, runs: [run(0, 0, 7)], upstreamEnd: 1_000_000, downstreamEnd: 1_000_007 })
    const only = long.stretches.at(-1)
    assert.ok(only !== undefined)
    const sampled = sampleStretch('t/0', only, 0.1, long.map)
    assert.deepEqual(sampled, sampleStretch('t/0', only, 0.1, long.map))
    assert.equal(sampled[0]?.upstreamFrom, 0)
    assert.equal(sampled.at(-1)?.upstreamTo, 1_000_000)
    for (const one of sampled) {
      assert.equal(one.downstreamFrom, one.upstreamFrom + 7)
      assert.equal(one.downstreamTo, one.upstreamTo + 7)
    }
    const share = sampled.reduce((sum, one) => sum + one.upstreamTo - one.upstreamFrom, 0) / 1_000_000
    assert.ok(share > 0.08 && share < 0.12, String(share))
    assert.notDeepEqual(sampleStretch('t/1', only, 0.1, long.map), sampled)
    const open = sampleStretch('t/0', { ...only, alignment: 'log starts' }, 0.1, null)
    assert.deepEqual(
      [open[0]?.alignment, open[0]?.isTargetEndOpen, open[1]?.alignment],
      ['log starts', true, 'content'],
    )
  })
})
