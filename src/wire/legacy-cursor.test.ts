import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, gzipSync } from 'node:zlib'
import { wireFixture } from '../../test/support/wire-fixture.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { LegacyCursor, verifyOldChecksum } from './legacy-cursor.ts'

interface Entry {
  readonly offset?: number
  readonly magic?: number
  readonly attributes?: number
  readonly timestamp?: bigint
  readonly key?: Buffer | null
  readonly value?: Buffer | null
  /** Bytes behind the value. */
  readonly rest?: Buffer
  readonly hasWrongChecksum?: boolean
}

function encode(entry: Entry): Buffer {
  const { offset = 0, magic = 1, attributes = 0, timestamp = 5n, key = null, value = null } = entry
  const sized = (bytes: Buffer | null): Buffer => {
    const size = Buffer.alloc(4)
    size.writeInt32BE(bytes?.length ?? -1)
    return Buffer.concat([size, bytes ?? Buffer.alloc(0)])
  }
  const time = Buffer.alloc(8)
  time.writeBigInt64BE(timestamp)
  const head = Buffer.alloc(18)
  head.writeBigInt64BE(BigInt(offset), 0)
  head.writeInt8(magic, 16)
  head.writeInt8(attributes, 17)
  const bytes = Buffer.concat([
    head,
    magic === 1 ? time : Buffer.alloc(0),
    sized(key),
    sized(value),
    entry.rest ?? Buffer.alloc(0),
  ])
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(16)), 12)
  if (entry.hasWrongChecksum === true) bytes.writeUInt32BE((bytes.readUInt32BE(12) ^ 1) >>> 0, 12)
  return bytes
}

/** Offset, timestamp, key and value of each record in an entry that wraps `inner`. */
function unwrap(wrapper: Entry, inner: Buffer): [number, bigint, string | null, string | null][] {
  const bytes = encode({ attributes: 1, value: gzipSync(inner), ...wrapper })
  const records = new LegacyCursor()
  assert.ok(records.packedRecords(bytes, 0, bytes.length).equals(gzipSync(inner)))
  records.openWrapped(inner, bytes, 0)
  return walk(records)
}

function walk(records: LegacyCursor): [number, bigint, string | null, string | null][] {
  const found: [number, bigint, string | null, string | null][] = []
  while (records.next()) {
    const { bytes, offset, timestampHigh, timestampLow, keyStart, keyLength, valueStart, valueLength } = records
    const text = (start: number, length: number): string | null =>
      length < 0 ? null : bytes.toString('latin1', start, start + length)
    const timestamp = (BigInt(timestampHigh) << 32n) | BigInt(timestampLow >>> 0)
    found.push([offset, timestamp, text(keyStart, keyLength), text(valueStart, valueLength)])
  }
  return found
}

const isCorrupt = (error: unknown): boolean => error instanceof TwinlogError && error.code === 'BATCH_CORRUPT'
const several = (...entries: Entry[]): Buffer => Buffer.concat(entries.map(encode))
const k = Buffer.from('k')

test('inner offsets of magic 1 count from the first record; the wrapper has that of the last', () => {
  const inner = several({ offset: 0, key: k }, { offset: 4, timestamp: -9n, value: k }, { offset: 5 })
  const wanted = [
    [5_000_000_095, 5n, 'k', null],
    [5_000_000_099, -9n, null, 'k'],
    [5_000_000_100, 5n, null, null],
  ]
  assert.deepEqual(unwrap({ offset: 5_000_000_100 }, inner), wanted)
})

test('inner offsets that are right as they are, under a wrapper with offset 0, as librdkafka wrote them', () => {
  assert.deepEqual(
    unwrap({ offset: 0 }, several({ offset: 0 }, { offset: 1 }, { offset: 2 })).map(([offset]) => offset),
    [0, 1, 2],
  )
})

test('inner offsets of magic 0 are those of the records, and there is no timestamp', () => {
  const inner = several({ magic: 0, offset: 40 }, { magic: 0, offset: 42 })
  assert.deepEqual(unwrap({ magic: 0, offset: 42 }, inner), [
    [40, -1n, null, null],
    [42, -1n, null, null],
  ])
})

test('with append time all records have the time of the wrapper; records of magic 0 in it have none', () => {
  const inner = several({ offset: 0, timestamp: 1n }, { magic: 0, offset: 1 }, { offset: 2, timestamp: 2n })
  assert.deepEqual(
    unwrap({ offset: 2, attributes: 1 | 8, timestamp: 7_000_000_000_077n }, inner).map(([, timestamp]) => timestamp),
    [7_000_000_000_077n, -1n, 7_000_000_000_077n],
  )
  assert.deepEqual(
    unwrap({ offset: 2, timestamp: 7_000_000_000_077n }, inner).map(([, timestamp]) => timestamp),
    [1n, -1n, 2n],
  )
})

const broken: Readonly<Record<string, readonly [wrapper: Entry, inner: Buffer]>> = {
  'no record': [{ offset: 3 }, Buffer.alloc(0)],
  'a few bytes': [{ offset: 3 }, Buffer.alloc(20)],
  'a part of a record': [{ offset: 3 }, several({ offset: 0 }, { offset: 1 }).subarray(0, 60)],
  'a record that claims 2 GB': [{ offset: 3 }, withSize(encode({ offset: 0 }), 0x7fffffff)],
  'a record that claims a negative size': [{ offset: 3 }, withSize(encode({ offset: 0 }), -5)],
  'a record that claims no size': [{ offset: 3 }, withSize(encode({ offset: 0 }), 0)],
  'a record of another format': [{ offset: 3 }, encode({ offset: 0, magic: 2 })],
  'a relative offset above that of the wrapper': [{ offset: 3 }, several({ offset: 0 }, { offset: 4 })],
  'an offset of magic 0 above that of the wrapper': [{ offset: 3, magic: 0 }, several({ offset: 4, magic: 0 })],
  'offsets that fall': [{ offset: 9 }, several({ offset: 5 }, { offset: 4 }, { offset: 6 })],
  'an offset twice': [{ offset: 9 }, several({ offset: 5 }, { offset: 5 })],
  'a negative offset': [{ offset: 9 }, several({ offset: -5 }, { offset: 5 })],
  'a wrong checksum': [{ offset: 3 }, several({ offset: 0 }, { offset: 1, hasWrongChecksum: true })],
  'a record compressed once more': [{ offset: 3 }, several({ offset: 0, attributes: 1 })],
  'bytes behind the value': [{ offset: 3 }, encode({ offset: 0, rest: Buffer.alloc(3) })],
}

function withSize(bytes: Buffer, size: number): Buffer {
  bytes.writeInt32BE(size, 8)
  return bytes
}

for (const [what, [wrapper, inner]] of Object.entries(broken)) {
  test(`${what} inside a compressed entry is refused, with the entry's offset`, () => {
    assert.throws(
      () => unwrap(wrapper, inner),
      (error) => isCorrupt(error) && String(error).includes(`offset ${wrapper.offset} `),
    )
  })
}

test('a key or a value that leads behind the entry is refused', () => {
  for (const at of [26, 30 + 1]) {
    const bytes = encode({ key: k, value: k })
    bytes.writeInt32BE(0x7ffffff0, at)
    const records = new LegacyCursor()
    records.openPlain(bytes, 0, bytes.length)
    assert.throws(() => records.next(), isCorrupt)
  }
})

test('a compressed entry without value is refused', () => {
  const bytes = encode({ attributes: 1 })
  assert.throws(() => new LegacyCursor().packedRecords(bytes, 0, bytes.length), isCorrupt)
})

test('every flipped bit of an entry is found by its checksum', () => {
  const bytes = wireFixture('kafka-classes', 'message set magic 1 gzip')
  verifyOldChecksum(bytes, 0, bytes.length)
  for (let at = 12; at < bytes.length; at++) {
    bytes[at]! ^= 1 << (at % 8)
    assert.throws(() => verifyOldChecksum(bytes, 0, bytes.length), isCorrupt)
    bytes[at]! ^= 1 << (at % 8)
  }
})
