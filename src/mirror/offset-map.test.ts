import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OffsetMap } from './offset-map.ts'
import type { Run } from './run.ts'
import { SEQUENCE_MODULUS, sequenceAfter } from './run.ts'

interface CopiedRecord {
  readonly upstream: number
  readonly sequence: number
  readonly downstream: number
}

/** One stretch of copying: after stepping back `rewind` records, `count` records follow a hole on either side. */
interface Stretch {
  readonly rewind: number
  readonly upstreamHole: number
  readonly downstreamHole: number
  readonly count: number
}

/** The naive model: every record of the copy in a list. */
function copy(firstSequence: number, stretches: readonly Stretch[]): { map: OffsetMap; records: CopiedRecord[] } {
  const map = new OffsetMap()
  const records: CopiedRecord[] = []
  for (const { rewind, upstreamHole, downstreamHole, count } of stretches) {
    records.splice(Math.max(records.length - rewind, 0))
    const before = records.at(-1)
    const run: Run = {
      upstream: Math.max(0, (before?.upstream ?? 99) + 1 + upstreamHole),
      sequence: before === undefined ? firstSequence : sequenceAfter(before.sequence, 1),
      downstream: (before?.downstream ?? 499) + 1 + downstreamHole,
    }
    map.begin(run)
    for (let index = 0; index < count; index++) {
      records.push({
        upstream: run.upstream + index,
        sequence: sequenceAfter(run.sequence, index),
        downstream: run.downstream + index,
      })
    }
  }
  return { map, records }
}

const stretch = (upstreamHole: fc.Arbitrary<number>): fc.Arbitrary<Stretch> =>
  fc.record({
    rewind: fc.oneof(fc.constant(0), fc.nat(30)),
    upstreamHole,
    downstreamHole: fc.oneof(fc.constant(0), fc.nat(3)),
    count: fc.integer({ min: 1, max: 8 }),
  })
const firstSequence = fc.oneof(fc.constant(0), fc.integer({ min: SEQUENCE_MODULUS - 60, max: SEQUENCE_MODULUS - 1 }))
const risingStretches = fc.array(stretch(fc.nat(4)), { minLength: 1, maxLength: 20 })
const truncatedStretches = fc.array(stretch(fc.integer({ min: -12, max: 4 })), { minLength: 1, maxLength: 20 })

/** A record is shadowed when a later one reaches its upstream offset or one before it: the source was truncated in between. */
function firstAtOrAfter(records: readonly CopiedRecord[], upstream: number): number | null {
  if (records.every((record) => record.upstream > upstream)) return null
  let answer: CopiedRecord | null = null
  let lowestLater = Number.POSITIVE_INFINITY
  for (const record of records.toReversed()) {
    if (record.upstream < lowestLater) {
      lowestLater = record.upstream
      if (record.upstream >= upstream) answer = record
    }
  }
  return answer?.downstream ?? null
}

test('every sequence maps to the upstream offset of its record, across holes, rewinds and the wrap', () => {
  fc.assert(
    fc.property(firstSequence, truncatedStretches, (first, stretches) => {
      const { map, records } = copy(first, stretches)
      for (const record of records) assert.equal(map.upstreamAtSequence(record.sequence), record.upstream)
      const before = (records[0]?.sequence ?? 0) - 1
      assert.equal(map.upstreamAtSequence((before + SEQUENCE_MODULUS) % SEQUENCE_MODULUS), null)
    }),
  )
})

test('an upstream offset maps to the first record at or after it', () => {
  fc.assert(
    fc.property(firstSequence, risingStretches, (first, stretches) => {
      const { map, records } = copy(first, stretches)
      for (let upstream = 90; upstream <= (records.at(-1)?.upstream ?? 0); upstream++) {
        const expected =
          upstream < (records[0]?.upstream ?? 0) ? null : records.find((record) => record.upstream >= upstream)
        assert.equal(map.downstreamOf(upstream), expected?.downstream ?? null)
      }
    }),
  )
})

test('after a truncation of the source the newest record of an upstream offset speaks for it', () => {
  fc.assert(
    fc.property(firstSequence, truncatedStretches, (first, stretches) => {
      const { map, records } = copy(first, stretches)
      for (let upstream = 0; upstream <= (records.at(-1)?.upstream ?? 0); upstream++) {
        assert.equal(map.downstreamOf(upstream), firstAtOrAfter(records, upstream), `upstream ${upstream}`)
      }
    }),
  )
})

test('a downstream offset maps to the first record at or after it', () => {
  fc.assert(
    fc.property(firstSequence, truncatedStretches, (first, stretches) => {
      const { map, records } = copy(first, stretches)
      for (let downstream = 495; downstream <= (records.at(-1)?.downstream ?? 0); downstream++) {
        const expected =
          downstream < (records[0]?.downstream ?? 0) ? null : records.find((record) => record.downstream >= downstream)
        assert.equal(map.upstreamOf(downstream), expected?.upstream ?? null)
      }
    }),
  )
})

test('runs written down and read again make the same map', () => {
  fc.assert(
    fc.property(firstSequence, truncatedStretches, (first, stretches) => {
      const { map } = copy(first, stretches)
      assert.deepEqual([...OffsetMap.from(map.runs()).runs()], [...map.runs()])
    }),
  )
})

test('trimming forgets only what lies wholly before the offset to keep', () => {
  fc.assert(
    fc.property(firstSequence, truncatedStretches, fc.integer({ min: 80, max: 200 }), (first, stretches, keepFrom) => {
      const { map, records } = copy(first, stretches)
      const runCount = map.runCount
      const forgotten = map.trim(keepFrom)
      assert.equal(map.runCount, runCount - forgotten)
      assert.ok(map.runCount >= 1)
      for (let upstream = keepFrom; upstream <= (records.at(-1)?.upstream ?? 0); upstream++) {
        assert.equal(map.downstreamOf(upstream), firstAtOrAfter(records, upstream), `upstream ${upstream}`)
      }
    }),
  )
})

test('the last run is open: the offset after the last copied record maps to the next downstream offset', () => {
  const map = OffsetMap.from([{ upstream: 100, sequence: 0, downstream: 7 }])
  assert.equal(map.downstreamOf(100), 7)
  assert.equal(map.downstreamOf(1_000_000), 999_907)
  assert.equal(map.upstreamOf(999_907), 1_000_000)
})

test('what was copied before the first run is not known', () => {
  const map = OffsetMap.from([{ upstream: 100, sequence: 50, downstream: 7 }])
  assert.equal(map.downstreamOf(99), null)
  assert.equal(map.upstreamOf(6), null)
  assert.equal(map.runAtSequence(49), null)
})

test('an empty map knows nothing', () => {
  const map = new OffsetMap()
  assert.equal(map.last, null)
  assert.equal(map.upstreamAtSequence(0), null)
  assert.equal(map.downstreamOf(0), null)
  assert.equal(map.upstreamOf(0), null)
  assert.equal(map.trim(10), 0)
})

test('positions stay exact over several turns of the sequence', () => {
  const map = new OffsetMap()
  const countPerRun = 2 ** 30 - 1
  for (let index = 0; index < 9; index++) {
    map.begin({
      upstream: index * (countPerRun + 10),
      sequence: sequenceAfter(0, (index * countPerRun) % SEQUENCE_MODULUS),
      downstream: index * countPerRun,
    })
  }
  assert.equal(map.runCount, 9)
  assert.equal(map.downstreamOf(4 * (countPerRun + 10) + 5), 4 * countPerRun + 5)
  assert.equal(map.upstreamOf(4 * countPerRun - 1), 3 * (countPerRun + 10) + countPerRun - 1)
  assert.deepEqual(map.last, {
    upstream: 8 * (countPerRun + 10),
    sequence: (8 * countPerRun) % SEQUENCE_MODULUS,
    downstream: 8 * countPerRun,
  })
})

test('a run of unknown downstream offset answers null and hides nothing of its neighbours', () => {
  const map = OffsetMap.from([
    { upstream: 0, sequence: 0, downstream: 0 },
    { upstream: 20, sequence: 10, downstream: -1 },
    { upstream: 40, sequence: 20, downstream: 25 },
  ])
  assert.equal(map.downstreamOf(9), 9)
  assert.equal(map.downstreamOf(12), null)
  assert.equal(map.downstreamOf(25), null)
  assert.equal(map.downstreamOf(35), 25)
  assert.equal(map.upstreamOf(9), 9)
  assert.equal(map.upstreamOf(12), null)
  assert.equal(map.upstreamOf(26), 41)
})

test('a record found elsewhere on the target moves itself and all later runs, and no upstream offset', () => {
  const runs = [
    { upstream: 0, sequence: 0, downstream: 0 },
    { upstream: 12, sequence: 10, downstream: 10 },
    { upstream: 40, sequence: 20, downstream: 20 },
  ]
  const map = OffsetMap.from(runs)
  map.shiftDownstream(5, 8)
  assert.deepEqual(
    [...map.runs()],
    [
      { upstream: 0, sequence: 0, downstream: 0 },
      { upstream: 5, sequence: 5, downstream: 8 },
      { upstream: 12, sequence: 10, downstream: 13 },
      { upstream: 40, sequence: 20, downstream: 23 },
    ],
  )
  map.shiftDownstream(20, 30)
  assert.equal(map.downstreamOf(41), 31)
  assert.equal(map.upstreamAtSequence(21), 41)
  assert.equal(map.downstreamOf(14), 15)
})

test('a shift of the target changes nothing but downstream offsets from there on', () => {
  fc.assert(
    fc.property(firstSequence, truncatedStretches, fc.nat(), fc.nat(5), (first, stretches, chosen, shift) => {
      const { map, records } = copy(first, stretches)
      const index = chosen % records.length
      const at = records[index]
      if (at === undefined) return
      map.shiftDownstream(at.sequence, at.downstream + shift)
      for (const [place, { sequence, upstream, downstream }] of records.entries()) {
        assert.equal(map.upstreamAtSequence(sequence), upstream)
        assert.equal(map.upstreamOf(downstream + (place >= index ? shift : 0)), upstream)
      }
    }),
  )
})

test('many runs answer as few do: packed blocks do not show', () => {
  fc.assert(
    fc.property(
      firstSequence,
      fc.array(stretch(fc.nat(4)), { minLength: 700, maxLength: 1_500 }),
      fc.nat(),
      (first, stretches, keep) => {
        const { map, records } = copy(
          first,
          stretches.map((each, index) => ({ ...each, rewind: index % 97 === 96 ? each.rewind * 20 : 0 })),
        )
        const keepFrom = records[keep % records.length]?.upstream ?? 0
        map.trim(keepFrom)
        for (const { upstream, sequence, downstream } of records.slice(keep % records.length)) {
          assert.equal(map.upstreamAtSequence(sequence), upstream)
          assert.equal(map.downstreamOf(upstream), downstream)
          assert.equal(map.upstreamOf(downstream), upstream)
        }
        assert.deepEqual([...OffsetMap.from(map.runs()).runs()], [...map.runs()])
      },
    ),
    { numRuns: 5 },
  )
})

test('of more than twice as many runs the newest stay, and those that are still needed', () => {
  const map = new OffsetMap()
  const add = (index: number): void => map.begin({ upstream: index * 10, sequence: index, downstream: index })
  for (let index = 0; index < 8; index++) add(index)
  map.keepNewest(4, 1_000)
  assert.equal(map.runCount, 8)
  add(8)
  map.keepNewest(4, 21)
  assert.equal(map.upstreamAtSequence(1), null)
  assert.equal(map.upstreamAtSequence(2), 20)
  map.keepNewest(3, 1_000)
  assert.equal(map.runCount, 3)
})

test('popping and trimming across packed blocks leaves what was there before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ kind: fc.constantFrom('add', 'rewind', 'trim'), count: fc.nat(900) }), { maxLength: 30 }),
      (steps) => {
        const map = new OffsetMap()
        let runs: Run[] = []
        let next = 0
        for (const { kind, count } of steps) {
          if (kind === 'add') {
            for (let index = 0; index < count; index++, next++)
              runs.push({ upstream: next * 2, sequence: next, downstream: next })
            for (const run of runs.slice(runs.length - count)) map.begin(run)
          } else if (kind === 'rewind' && runs.length > 0) {
            next = Math.max(next - count - 1, 0)
            const again = { upstream: next * 2, sequence: next, downstream: next }
            runs = [...runs.filter(({ sequence }) => sequence < next), again]
            map.begin(again)
            next++
          } else if (kind === 'trim' && runs.length > 0) {
            const dropped = Math.min(count, runs.length - 1)
            assert.equal(map.trim(runs[dropped]?.upstream ?? 0), dropped)
            runs = runs.slice(dropped)
          }
          assert.equal(map.runCount, runs.length)
        }
        assert.deepEqual([...map.runs()], runs)
      },
    ),
  )
})
