import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { errors } from '../base/errors.ts'
import { PackedReader, PackedWriter } from './packed-bytes.ts'
import type { Run } from './run.ts'
import { SEQUENCE_MODULUS, sequenceAfter } from './run.ts'
import { readRuns, RUNS_PER_BLOCK_MAX, writeRuns } from './run-codec.ts'

function encode(runs: readonly Run[]): Buffer {
  const writer = new PackedWriter()
  writeRuns(writer, runs)
  return writer.finish()
}

function readerOf(bytes: Buffer): PackedReader {
  return new PackedReader(bytes, (reason) =>
    errors.LEDGER_RECORD_CORRUPT({ ledgerTopic: 'ledger', offset: 7, key: 'k', reason }),
  )
}

const offset = fc.oneof(
  fc.nat(1000),
  fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  fc.maxSafeNat().map((value) => value % 2 ** 50),
)
const anyRun: fc.Arbitrary<Run> = fc.record(
  {
    upstream: offset,
    sequence: fc.oneof(fc.nat(50), fc.integer({ min: 0, max: SEQUENCE_MODULUS - 1 })),
    downstream: fc.oneof(fc.constant(-1), offset),
  },
  { noNullPrototype: true },
)
/** Runs as they occur: patterns of record count and hole that repeat. */
const patternedRuns = fc
  .array(
    fc.record({
      steps: fc.array(fc.record({ count: fc.integer({ min: 1, max: 200 }), hole: fc.nat(3), isKnown: fc.boolean() }), {
        minLength: 1,
        maxLength: 5,
      }),
      times: fc.integer({ min: 1, max: 40 }),
    }),
    { maxLength: 6 },
  )
  .map((patterns) => {
    const runs: Run[] = [{ upstream: 5, sequence: SEQUENCE_MODULUS - 300, downstream: 9 }]
    let downstream = 9
    for (const step of patterns.flatMap(({ steps, times }) => Array.from({ length: times }, () => steps).flat())) {
      const before = runs.at(-1) ?? { upstream: 0, sequence: 0, downstream: 0 }
      downstream += step.count
      runs.push({
        upstream: before.upstream + step.count + step.hole,
        sequence: sequenceAfter(before.sequence, step.count),
        downstream: step.isKnown ? downstream : -1,
      })
    }
    return runs
  })

test('any runs come back as they were written', () => {
  fc.assert(
    fc.property(fc.array(anyRun, { minLength: 1, maxLength: 40 }), (runs) => {
      assert.deepEqual(readRuns(readerOf(encode(runs))), runs)
    }),
  )
})

test('runs with repeating patterns come back as they were written', () => {
  fc.assert(
    fc.property(patternedRuns, (runs) => {
      assert.deepEqual(readRuns(readerOf(encode(runs))), runs)
    }),
  )
})

test('transactions of one record cost a few bytes however many there are', () => {
  const runs = Array.from({ length: RUNS_PER_BLOCK_MAX }, (_, index) => ({
    upstream: 1_000_000 + index * 2,
    sequence: index,
    downstream: 5_000 + index,
  }))
  assert.ok(encode(runs).length <= 16, `${encode(runs).length} bytes`)
})

test('irregular short runs cost at most 2 bytes each', () => {
  let state = 1
  const random = (limit: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * limit)
  }
  const runs: Run[] = [{ upstream: 1_000_000, sequence: 0, downstream: 5_000 }]
  while (runs.length < 2_000) {
    const before = runs.at(-1) ?? { upstream: 0, sequence: 0, downstream: 0 }
    const count = 1 + random(60)
    runs.push({
      upstream: before.upstream + count + 1 + random(100),
      sequence: before.sequence + count,
      downstream: before.downstream + count,
    })
  }
  assert.ok(encode(runs).length <= 2 * runs.length + 12, `${encode(runs).length} bytes for ${runs.length} runs`)
})

test('any damaged bytes give an error of the catalogue or runs, never another failure', () => {
  fc.assert(
    fc.property(patternedRuns, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean(), (runs, place, byte, isCut) => {
      const whole = encode(runs)
      const bytes = isCut ? whole.subarray(0, place % whole.length) : whole
      if (!isCut) bytes[place % bytes.length] = byte
      assertTotal(bytes)
    }),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => assertTotal(Buffer.from(bytes))))
})

test('bytes that claim to repeat more runs than a block holds are refused', () => {
  const writer = new PackedWriter()
  for (const value of [RUNS_PER_BLOCK_MAX, 0, 0, 1, 2, 1, 0, 1, 2 ** 40]) writer.unsigned(value)
  assert.throws(() => readRuns(readerOf(writer.finish())), { code: 'LEDGER_RECORD_CORRUPT' })
})

function assertTotal(bytes: Buffer): void {
  try {
    assert.ok(readRuns(readerOf(bytes)).length <= RUNS_PER_BLOCK_MAX)
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'LEDGER_RECORD_CORRUPT', String(error))
  }
}
