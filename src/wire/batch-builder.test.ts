import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { wireFixture } from '../../test/support/wire-fixture.ts'
import { BatchBuilder } from './batch-builder.ts'
import { compress, decompress } from './compression.ts'
import type { Codec } from './compression.ts'
import { batchChecksumMatches } from './crc32c.ts'
import { CODEC_NAMES, baseTimestampAt, maxTimestampAt, readBatchHeader } from './record-batch.ts'
import { RecordCursor } from './record-cursor.ts'

const LIMIT = 1 << 24

interface PlainRecord {
  readonly offsetDelta: number
  readonly timestamp: bigint
  readonly attributes: number
  readonly key: string | null
  readonly value: string | null
  /** From the header count on. */
  readonly headers: string
}

/** All records of a batch of magic 2, slow and plain. */
function recordsOf(batch: Buffer): PlainRecord[] {
  const header = readBatchHeader(batch, 0, batch.length)
  assert.ok(header !== 'truncated')
  assert.ok(batchChecksumMatches(batch, 0, batch.length))
  const records = decompress(header.codec as Codec, batch.subarray(61), LIMIT)
  const cursor = new RecordCursor()
  cursor.open(records, 0, records.length, header.recordCount, header.lastOffsetDelta, header.baseOffset)
  const found: PlainRecord[] = []
  while (cursor.next()) {
    const slice = (start: number, length: number): string | null =>
      length < 0 ? null : records.toString('hex', start, start + length)
    const delta = (BigInt(cursor.timestampDeltaHigh) << 32n) | BigInt(cursor.timestampDeltaLow >>> 0)
    found.push({
      offsetDelta: cursor.offsetDelta,
      timestamp: BigInt.asIntN(64, baseTimestampAt(batch, 0) + delta),
      attributes: cursor.attributes,
      key: slice(cursor.keyStart, cursor.keyLength),
      value: slice(cursor.valueStart, cursor.valueLength),
      headers: `${cursor.headersCount}:${records.toString('hex', cursor.headersStart, cursor.end)}`,
    })
  }
  return found
}

/** Adds all records of a batch with create time to a builder. */
function addAll(builder: BatchBuilder, batch: Buffer): void {
  const header = readBatchHeader(batch, 0, batch.length)
  assert.ok(header !== 'truncated')
  const records = decompress(header.codec as Codec, batch.subarray(61), LIMIT)
  const cursor = new RecordCursor()
  cursor.open(records, 0, records.length, header.recordCount, header.lastOffsetDelta, header.baseOffset)
  while (cursor.next()) {
    const delta = (BigInt(cursor.timestampDeltaHigh) << 32n) | BigInt(cursor.timestampDeltaLow >>> 0)
    const timestamp = BigInt.asIntN(64, baseTimestampAt(batch, 0) + delta)
    builder.add(cursor, Number(timestamp >> 32n), Number(BigInt.asIntN(32, timestamp)))
  }
}

for (const codec of [0, 1, 2, 3, 4] as const) {
  test(`records of Kafka's own batch (${CODEC_NAMES[codec]}), put together anew, are the batch that its classes write without a producer`, () => {
    const source = wireFixture('kafka-classes', `source batch ${CODEC_NAMES[codec]}`)
    const theirs = wireFixture('kafka-classes', `target batch without producer ${CODEC_NAMES[codec]}`)
    const builder = new BatchBuilder()
    addAll(builder, source)
    const ours = builder.seal(codec, compress(codec, builder.records))
    if (codec === 0) assert.deepEqual(ours, theirs)
    // Compressors differ in what they choose; all else is the same.
    assert.deepEqual(ours.subarray(21, 61), theirs.subarray(21, 61))
    assert.deepEqual(decompress(codec, ours.subarray(61), LIMIT), decompress(codec, theirs.subarray(61), LIMIT))
    assert.deepEqual(recordsOf(ours), recordsOf(source))
  })
}

const bytesOrNull = fc.option(fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)))
const plainRecords = fc.array(
  fc.record({
    key: bytesOrNull,
    value: bytesOrNull,
    timestamp: fc.oneof(
      fc.bigInt({ min: 1_600_000_000_000n, max: 1_600_000_001_000n }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constantFrom(-1n, 0n, 2n ** 63n - 1n, -(2n ** 63n)),
    ),
  }),
  { minLength: 1, maxLength: 200 },
)

test('any records, added twice over, have their timestamps, keys and values and count from 0', () => {
  fc.assert(
    fc.property(plainRecords, fc.constantFrom<Codec>(0, 1, 2, 3, 4), (records, codec) => {
      const builder = new BatchBuilder()
      for (const { key, value, timestamp } of records) {
        const bytes = Buffer.concat([Buffer.from('xyz'), key ?? Buffer.alloc(0), value ?? Buffer.alloc(0)])
        const valueStart = 3 + (key?.length ?? 0)
        const [high, low] = [Number(timestamp >> 32n), Number(BigInt.asIntN(32, timestamp))]
        builder.addPlain(bytes, 3, key?.length ?? -1, valueStart, value?.length ?? -1, high, low)
      }
      const expected = records.map(({ key, value, timestamp }, index) => ({
        offsetDelta: index,
        timestamp,
        attributes: 0,
        key: key?.toString('hex') ?? null,
        value: value?.toString('hex') ?? null,
        headers: '0:',
      }))
      const plain = builder.seal(0, builder.records)
      assert.deepEqual(recordsOf(plain), expected)
      addAll(builder, plain)
      const packed = builder.seal(codec, compress(codec, builder.records))
      assert.deepEqual(recordsOf(packed), expected)
      const latest = records.reduce((latest, { timestamp }) => (timestamp > latest ? timestamp : latest), -1n)
      assert.equal(maxTimestampAt(packed, 0), latest)
      assert.equal(baseTimestampAt(packed, 0), records[0]?.timestamp)
    }),
    { numRuns: 300 },
  )
})

test('the latest timestamp is found also where only the low halves differ, on both sides of 2^31', () => {
  const builder = new BatchBuilder()
  for (const low of [5, 2 ** 31 + 5, 2 ** 31 - 5]) builder.addPlain(Buffer.alloc(1), 0, -1, 0, 1, 400, low | 0)
  assert.equal(maxTimestampAt(builder.seal(0, builder.records), 0), (400n << 32n) + 2n ** 31n + 5n)
})

test('records of any size fit: the builder grows, and gives the memory back', () => {
  const builder = new BatchBuilder()
  const value = Buffer.alloc(3_000_000, 7)
  for (let index = 0; index < 3; index++) builder.addPlain(value, 0, -1, 0, value.length, 0, index)
  const batch = builder.seal(0, builder.records)
  assert.equal(builder.size, 61)
  assert.deepEqual(
    recordsOf(batch).map(({ value: found }) => found?.length),
    [6_000_000, 6_000_000, 6_000_000],
  )
})
