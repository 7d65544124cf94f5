import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { wireFixture } from '../../test/support/wire-fixture.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { RecordCursor } from './record-cursor.ts'

const isCorrupt = (error: unknown): boolean =>
  error instanceof TwinlogError && error.code === 'BATCH_CORRUPT' && String(error).includes('offset 77 ')

/** Records of a batch, as bytes. */
function walk(bytes: Buffer, recordCount: number, lastOffsetDelta = recordCount - 1): number {
  const cursor = new RecordCursor()
  cursor.open(bytes, 0, bytes.length, recordCount, lastOffsetDelta, 77)
  while (cursor.next());
  return cursor.count
}

test("Kafka's own records are read field by field", () => {
  const batch = wireFixture('kafka-classes', 'source batch none')
  const cursor = new RecordCursor()
  cursor.open(batch, 61, batch.length, 5, 4, 77)
  const found: unknown[] = []
  while (cursor.next()) {
    found.push([
      cursor.offsetDelta,
      cursor.timestampDeltaHigh,
      cursor.timestampDeltaLow,
      batch.toString('utf8', cursor.keyStart, cursor.keyStart + cursor.keyLength),
      batch.toString('utf8', cursor.valueStart, cursor.valueStart + cursor.valueLength),
      cursor.headersCount,
      batch.toString('hex', cursor.headersStart, cursor.end),
    ])
  }
  assert.deepEqual(
    found,
    [0, 1, 2, 3, 4].map((index) => [
      index,
      0,
      index * 1000,
      `key-${index}`,
      'v'.repeat(40),
      1,
      `026802${index.toString(16).padStart(2, '0')}`,
    ]),
  )
})

const table: readonly (readonly [what: string, hex: string, recordCount?: number, lastOffsetDelta?: number])[] = [
  ['a length that leads behind the end', '1000000001010000'],
  ['a negative length', '0100000001010000'],
  ['a length too small for a record', '0a000000010100'],
  ['a length that is no number', 'ffffffffff00'],
  ['a length that never ends', 'ff'.repeat(40)],
  ['a key longer than the record', '0c000000100100'],
  ['a key of -2', '0c000000030100'],
  ['a value longer than the record', '0c000000010a00'],
  ['a value of 2 GB', '14000000 01feffffff0f 00'.replaceAll(' ', '')],
  ['a key of -2 GB', '14000000 ffffffff0f 01 00'.replaceAll(' ', '')],
  ['more headers than fit', '0c000000010102'],
  ['-1 headers', '0c000000010101'],
  ['a header without key', '100000000101020101'],
  ['a header longer than the record', '1000000001010208 00'.replaceAll(' ', '')],
  ['bytes left inside the record', '0e00000001010000'],
  ['bytes left inside the record that could be the next one', '1a0000000101000c000002010100', 2, 9],
  ['a timestamp delta of more than 64 bits', `1e00${'ff'.repeat(9)}0200010100`],
  ['bytes behind the last record', '0c00000001010000'],
  ['an offset delta of -1', '0c000001010100'],
  ['an offset delta above the last', '0c000004010100', 1, 1],
  ['an offset delta twice', '0c0000000101000c000000010100', 2, 9],
  ['offset deltas that fall', '0c0000040101000c000002010100', 2, 9],
  ['fewer records than claimed', '0c000000010100', 2, 2],
  ['a timestamp delta that never ends', `2800${'ff'.repeat(11)}00010100000000000000`],
  ['a cut record', '0c0000000101'],
  ['nothing', ''],
]
for (const [what, hex, recordCount = 1, lastOffsetDelta = recordCount - 1] of table) {
  test(`${what} is refused, with the batch's offset`, () => {
    assert.throws(() => walk(Buffer.from(hex, 'hex'), recordCount, lastOffsetDelta), isCorrupt)
  })
}

test('the smallest record is one; so are holes in the offsets', () => {
  assert.equal(walk(Buffer.from('0c000000010100', 'hex'), 1), 1)
  assert.equal(walk(Buffer.from('0c0000020101000c000006010100', 'hex'), 2, 5), 2)
})

test('hostile bytes are refused or read, never read past their end', () => {
  const batch = wireFixture('kafka-classes', 'source batch none').subarray(61)
  const places = fc.array(fc.tuple(fc.nat({ max: batch.length - 1 }), fc.nat({ max: 255 })), {
    minLength: 1,
    maxLength: 5,
  })
  fc.assert(
    fc.property(places, fc.nat({ max: batch.length }), fc.boolean(), (changes, size, isCut) => {
      const bytes = Buffer.from(batch)
      for (const [at, value] of changes) bytes[at] = value
      // What lies behind the end must not matter.
      const end = isCut ? size : batch.length
      const cursor = new RecordCursor()
      try {
        cursor.open(bytes, 0, end, 5, 9, 77)
        while (cursor.next()) assert.ok(cursor.end <= end && cursor.headersStart <= cursor.end)
      } catch (error) {
        if (!isCorrupt(error)) throw error
      }
    }),
    { numRuns: 5000 },
  )
})
