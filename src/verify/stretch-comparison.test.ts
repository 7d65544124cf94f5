import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { openMemoryPartition } from '../../test/support/memory-partition.ts'
import type { MemoryBatch, MemoryRecord } from '../../test/support/memory-partition.ts'
import { StretchComparison } from './stretch-comparison.ts'
import type { ComparisonEnd, ComparisonOptions, FoundDifference } from './stretch-comparison.ts'

type Content = Omit<MemoryRecord, 'offset'>

function content(index: number): Content {
  return { timestamp: 1_700_000_000_000n + BigInt(index), key: `k${index}`, value: `v${index}`, headers: [['h', 'x']] }
}

function contents(count: number): Content[] {
  return Array.from({ length: count }, (_, index) => content(index))
}

/** Records at offsets from `base` on, in batches of so many; with `holes`, a marker after each batch. */
function partition(
  records: readonly Content[],
  {
    base = 0,
    size = 5,
    codec = 0,
    hasMarkers = false,
  }: { base?: number; size?: number; codec?: 0 | 1 | 2 | 3 | 4; hasMarkers?: boolean } = {},
): { batches: MemoryBatch[]; end: number; offsets: number[] } {
  const batches: MemoryBatch[] = []
  const offsets: number[] = []
  let offset = base
  for (let index = 0; index < records.length; index += size) {
    const part = records.slice(index, index + size).map((record) => ({ ...record, offset: offset++ }))
    offsets.push(...part.map((record) => record.offset))
    batches.push({ records: part, codec })
    if (hasMarkers)
      batches.push({
        records: [{ offset: offset++, timestamp: 0n, key: '\0\0\0\u0001', value: null }],
        isControl: true,
      })
  }
  return { batches, end: offset, offsets }
}

type Side = ReturnType<typeof partition>

interface Outcome {
  readonly end: ComparisonEnd
  readonly differences: readonly FoundDifference[]
  readonly comparison: StretchComparison
}

async function compare(source: Side, target: Side, options: Partial<ComparisonOptions> = {}): Promise<Outcome> {
  const differences: FoundDifference[] = []
  const open = { source: openMemoryPartition(source.batches), target: openMemoryPartition(target.batches, 2) }
  const comparison = new StretchComparison(
    open,
    {
      upstreamFrom: source.batches[0]?.records[0]?.offset ?? 0,
      upstreamTo: source.end,
      downstreamFrom: target.batches[0]?.records[0]?.offset ?? 0,
      downstreamTo: target.end,
    },
    {
      isChecked: true,
      hasTimestamps: true,
      isNewest: true,
      copiedTo: source.end,
      isFirstEnough: false,
      isTargetEndOpen: false,
      differencesMax: 1_000,
      onDifference: async (difference) => void differences.push(difference),
      ...options,
    },
  )
  return { end: await comparison.run(), differences, comparison }
}

describe('comparison of a stretch', () => {
  test('the same bytes, other offsets', async () => {
    const { end, differences, comparison } = await compare(
      partition(contents(100)),
      partition(contents(100), { base: 700 }),
    )
    assert.deepEqual([end, differences, comparison.sameCount], ['done', [], 100])
    assert.deepEqual([comparison.upstream, comparison.downstream], [100, 800])
  })

  for (const codec of [0, 1, 2, 3, 4] as const) {
    test(`other batches, markers on one side, codec ${codec}`, async () => {
      const { end, differences, comparison } = await compare(
        partition(contents(100), { size: 7, hasMarkers: true }),
        partition(contents(100), { size: 13, codec }),
      )
      assert.deepEqual([end, differences, comparison.sameCount], ['done', [], 100])
    })
  }

  test('one planted fault of each kind, with its place', async () => {
    const faults: [string, (records: Content[]) => Content[], FoundDifference][] = [
      ['missing', (r) => r.toSpliced(42, 1), { kind: 'missing', upstream: 42, downstream: null, count: 1 }],
      [
        'doubled',
        (r) => r.toSpliced(43, 0, content(42)),
        { kind: 'duplicated', upstream: null, downstream: 43, count: 1 },
      ],
      ['foreign', (r) => r.toSpliced(43, 0, content(999)), { kind: 'extra', upstream: null, downstream: 43, count: 1 }],
      [
        'value',
        (r) => r.with(42, { ...content(42), value: 'V42' }),
        { kind: 'changed', upstream: 42, downstream: 42, count: 1 },
      ],
      [
        'key',
        (r) => r.with(42, { ...content(42), key: 'K42' }),
        { kind: 'changed', upstream: 42, downstream: 42, count: 1 },
      ],
      [
        'timestamp',
        (r) => r.with(42, { ...content(42), timestamp: 5n }),
        { kind: 'changed', upstream: 42, downstream: 42, count: 1 },
      ],
      [
        'header',
        (r) => r.with(42, { ...content(42), headers: [['h', 'y']] }),
        { kind: 'changed', upstream: 42, downstream: 42, count: 1 },
      ],
      [
        'null value',
        (r) => r.with(42, { ...content(42), value: null }),
        { kind: 'changed', upstream: 42, downstream: 42, count: 1 },
      ],
      ['first missing', (r) => r.slice(1), { kind: 'missing', upstream: 0, downstream: null, count: 1 }],
      ['last missing', (r) => r.slice(0, -1), { kind: 'missing', upstream: 99, downstream: null, count: 1 }],
      ['last doubled', (r) => [...r, content(99)], { kind: 'duplicated', upstream: null, downstream: 100, count: 1 }],
      ['ten missing', (r) => r.toSpliced(42, 10), { kind: 'missing', upstream: 42, downstream: null, count: 10 }],
    ]
    for (const [name, fault, expected] of faults) {
      for (const size of [5, 8]) {
        const { end, differences } = await compare(partition(contents(100)), partition(fault(contents(100)), { size }))
        assert.deepEqual([name, end, differences], [name, 'done', [expected]])
      }
    }
  })

  test('two records that changed places', async () => {
    const records = contents(100).with(42, content(43)).with(43, content(42))
    const { differences } = await compare(partition(contents(100)), partition(records))
    assert.equal(differences.length, 1)
    assert.equal(differences[0]?.kind, 'reordered')
  })

  test('faults next to each other and far apart are told one by one', async () => {
    const records = contents(3_000)
      .toSpliced(2_500, 1)
      .with(1_002, { ...content(1_002), value: 'x' })
      .toSpliced(1_000, 1)
    const { differences, comparison } = await compare(partition(contents(3_000)), partition(records))
    assert.deepEqual(differences, [
      { kind: 'missing', upstream: 1_000, downstream: null, count: 1 },
      { kind: 'changed', upstream: 1_002, downstream: 1_001, count: 1 },
      { kind: 'missing', upstream: 2_500, downstream: null, count: 1 },
    ])
    assert.equal(comparison.sameCount, 2_997)
  })

  test('what is not copied yet is no difference; what the position says was copied is one', async () => {
    const target = partition(contents(60))
    const pending = await compare(partition(contents(100)), target, { copiedTo: 60 })
    assert.deepEqual([pending.differences, pending.comparison.pendingFrom, pending.comparison.upstream], [[], 60, 60])
    const unknown = await compare(partition(contents(100)), target, { copiedTo: 0 })
    assert.deepEqual([unknown.differences, unknown.comparison.pendingFrom], [[], 60])
    const lost = await compare(partition(contents(100)), target, { copiedTo: 80 })
    assert.deepEqual(lost.differences, [{ kind: 'missing', upstream: 60, downstream: null, count: 20 }])
    assert.equal(lost.comparison.pendingFrom, 80)
  })

  test('a fault in the last records before those that are not copied yet', async () => {
    const changed = contents(60).with(59, { ...content(59), value: 'x' })
    const { differences, comparison } = await compare(partition(contents(100)), partition(changed), { copiedTo: 50 })
    assert.deepEqual(differences, [{ kind: 'changed', upstream: 59, downstream: 59, count: 1 }])
    assert.equal(comparison.pendingFrom, 60)
  })

  test('timestamps do not count where the target sets its own', async () => {
    const records = contents(20).map((record) => ({ ...record, timestamp: 9n }))
    assert.equal((await compare(partition(contents(20)), partition(records))).differences.length, 1)
    const { differences } = await compare(partition(contents(20)), partition(records), { hasTimestamps: false })
    assert.deepEqual(differences, [])
  })

  test('batches of the same bytes whose timestamps begin elsewhere differ', async () => {
    const later = contents(20).map((record) => ({ ...record, timestamp: record.timestamp + 1n }))
    const { differences } = await compare(partition(contents(20)), partition(later))
    assert.deepEqual(differences, [{ kind: 'changed', upstream: 0, downstream: 0, count: 20 }])
  })

  test('a large record that differs in its last byte', async () => {
    const large = (end: string): Content => ({ ...content(3), value: `${'x'.repeat(10_000)}${end}` })
    const source = partition(contents(9).with(3, large('a')))
    for (const size of [5, 4]) {
      const { differences } = await compare(source, partition(contents(9).with(3, large('b')), { size }))
      assert.deepEqual(differences, [{ kind: 'changed', upstream: 3, downstream: 3, count: 1 }])
    }
  })

  test('append time counts as readers see it', async () => {
    const records = contents(20)
    const seen = records.map((record) => ({ ...record, timestamp: content(19).timestamp }))
    const source = partition(records, { size: 20 })
    const appended = { ...source, batches: source.batches.map((batch) => ({ ...batch, isAppendTime: true })) }
    assert.deepEqual((await compare(appended, partition(seen, { size: 20 }))).differences, [])
  })

  test('nanoseconds and other timestamps beyond 2^53 are exact', async () => {
    const at = (nanoseconds: bigint): Content => ({ ...content(0), timestamp: nanoseconds })
    const source = partition([at(-1n), at(1_700_000_000_000_000_001n), at(0n)], { size: 3 })
    assert.deepEqual(
      (await compare(source, partition([at(-1n), at(1_700_000_000_000_000_001n), at(0n)], { size: 2 }))).differences,
      [],
    )
    const other = partition([at(-1n), at(1_700_000_000_000_000_002n), at(0n)], { size: 2 })
    assert.equal((await compare(source, other)).differences[0]?.kind, 'changed')
  })

  test('sides that have nothing in common have diverged', async () => {
    const others = contents(200).map((record, index) => ({ ...record, value: `other ${index}` }))
    const { end, differences } = await compare(partition(contents(200)), partition(others.slice(0, 150)), {
      isNewest: false,
    })
    assert.equal(end, 'done')
    assert.ok(differences.length > 0)
  })

  test('the first difference is enough where it says no more', async () => {
    const { end, differences } = await compare(partition(contents(9)), partition(contents(8)), { isFirstEnough: true })
    assert.deepEqual([end, differences], ['first difference', []])
  })

  test('a damaged batch is an error, not a difference', async () => {
    const source = partition(contents(5))
    const open = openMemoryPartition(source.batches)
    const damaged: typeof open = (from, to) => {
      const supply = open(from, to)
      return {
        ...supply,
        next: async () => {
          const fetched = await supply.next()
          if (fetched !== null) fetched.bytes[70] = (fetched.bytes[70] ?? 0) ^ 1
          return fetched
        },
      }
    }
    const stretch = { upstreamFrom: 0, upstreamTo: 5, downstreamFrom: 0, downstreamTo: 5 }
    const options = {
      isChecked: true,
      hasTimestamps: true,
      isNewest: true,
      copiedTo: 0,
      isFirstEnough: false,
      isTargetEndOpen: false,
      differencesMax: 1,
      onDifference: async () => undefined,
    }
    await assert.rejects(new StretchComparison({ source: damaged, target: open }, stretch, options).run(), {
      code: 'BATCH_CHECKSUM',
    })
  })
})

test('whatever is done to a copy: equal exactly if nothing was, and all records are accounted for', async () => {
  const edit = fc.record({ at: fc.nat(59), kind: fc.constantFrom('remove', 'double', 'change', 'swap') })
  await fc.assert(
    fc.asyncProperty(
      fc.array(edit, { maxLength: 4 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(0, 2, 4),
      fc.boolean(),
      async (edits, size, otherSize, codec, hasMarkers) => {
        const source = contents(60)
        let copy = contents(60)
        for (const { at, kind } of edits) {
          const record = copy[at]
          const next = copy[at + 1]
          if (record === undefined) continue
          if (kind === 'remove') copy = copy.toSpliced(at, 1)
          else if (kind === 'double') copy = copy.toSpliced(at, 0, record)
          else if (kind === 'change') copy = copy.with(at, { ...record, value: `${record.value}!` })
          else if (next !== undefined) copy = copy.with(at, next).with(at + 1, record)
        }
        const isEqual = JSON.stringify(texts(source)) === JSON.stringify(texts(copy))
        const { end, differences, comparison } = await compare(
          partition(source, { size, hasMarkers }),
          partition(copy, { size: otherSize, codec: codec as 0 | 2 | 4, base: 100 }),
        )
        assert.equal(end, 'done')
        assert.equal(differences.length === 0, isEqual)
        const inSource = differences
          .filter(({ upstream }) => upstream !== null)
          .reduce((sum, { count }) => sum + count, 0)
        const inTarget = differences
          .filter(({ downstream }) => downstream !== null)
          .reduce((sum, { count }) => sum + count, 0)
        assert.equal(comparison.sameCount + inSource, source.length)
        assert.equal(comparison.sameCount + inTarget, copy.length)
      },
    ),
    { numRuns: 300 },
  )
})

function texts(records: readonly Content[]): string[] {
  return records.map(({ timestamp, key, value }) => `${timestamp}/${key}/${value}`)
}
