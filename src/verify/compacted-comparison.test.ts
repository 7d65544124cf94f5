import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openMemoryPartition } from '../../test/support/memory-partition.ts'
import type { MemoryBatch } from '../../test/support/memory-partition.ts'
import { CompactedComparison } from './compacted-comparison.ts'
import type { FoundDifference } from './stretch-comparison.ts'

interface Row {
  readonly key: number
  readonly value: string | null
}

function batches(rows: readonly Row[]): MemoryBatch[] {
  return rows.map(({ key, value }, offset) => ({
    records: [{ offset, timestamp: 1n, key: `k${key}`, value }],
    codec: offset % 2 === 0 ? 0 : 3,
  }))
}

async function compare(source: readonly Row[], target: readonly Row[], { keysMax = 1_000, copiedTo = Infinity } = {}) {
  const differences: FoundDifference[] = []
  const comparison = new CompactedComparison(
    { source: openMemoryPartition(batches(source)), target: openMemoryPartition(batches(target)) },
    { upstreamFrom: 0, upstreamTo: source.length, downstreamFrom: 0, downstreamTo: target.length },
    {
      isChecked: true,
      hasTimestamps: true,
      copiedTo: () => copiedTo,
      differencesMax: 1_000,
      keysMax,
      onDifference: async (difference) => void differences.push(difference),
    },
  )
  return { ...(await comparison.run()), differences }
}

function lastValues(rows: readonly Row[]): Map<number, string> {
  const values = new Map<number, string>()
  for (const { key, value } of rows) {
    if (value === null) values.delete(key)
    else values.set(key, value)
  }
  return values
}

test('the last value of a key counts, and a tombstone is the same as none', async () => {
  const source = [
    { key: 1, value: 'a' },
    { key: 2, value: 'a' },
    { key: 1, value: 'b' },
    { key: 2, value: null },
  ]
  const same = await compare(source, [{ key: 1, value: 'b' }])
  assert.deepEqual([same.sameCount, same.differences], [1, []])
  const { differences } = await compare(source, [
    { key: 1, value: 'a' },
    { key: 2, value: 'a' },
    { key: 3, value: 'x' },
  ])
  const told = differences.map(({ kind, upstream, downstream }) => `${kind} ${upstream} ${downstream}`)
  assert.deepEqual(new Set(told), new Set(['changed 2 0', 'extra null 2', 'extra 3 1']))
  const missing = await compare(source, [])
  assert.deepEqual(missing.differences, [{ kind: 'missing', upstream: 2, downstream: null, count: 1 }])
})

test('a key whose newest record is not copied yet is pending, whatever the target has', async () => {
  const source = [
    { key: 1, value: 'a' },
    { key: 2, value: 'b' },
    { key: 1, value: 'c' },
  ]
  const { differences, pendingCount, sameCount } = await compare(
    source,
    [
      { key: 1, value: 'a' },
      { key: 2, value: 'b' },
    ],
    { copiedTo: 2 },
  )
  assert.deepEqual([differences, pendingCount, sameCount], [[], 1, 1])
})

test('any tables, also with more keys than fit: as maps would say', async () => {
  const row = fc.record({ key: fc.nat(40), value: fc.constantFrom('a', 'b', null) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 80 }),
      fc.array(row, { maxLength: 80 }),
      fc.constantFrom(5, 1_000),
      async (source, target, keysMax) => {
        const [one, other] = [lastValues(source), lastValues(target)]
        const keys = new Set([...one.keys(), ...other.keys()])
        const same = [...keys].filter((key) => one.get(key) === other.get(key))
        const outcome = await compare(source, target, { keysMax })
        assert.equal(outcome.sameCount, same.length)
        assert.equal(outcome.differencesCount, keys.size - same.length)
        assert.equal(outcome.differences.length, keys.size - same.length)
      },
    ),
    { numRuns: 200 },
  )
})
