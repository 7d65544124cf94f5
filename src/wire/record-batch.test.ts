import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { wireFixture } from '../../test/support/wire-fixture.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { ABORT_MARKER, COMMIT_MARKER, NO_CONTROL_TYPE } from './control-record.ts'
import { BatchHeader, baseTimestampAt, maxTimestampAt, producerIdAt, readBatchHeader } from './record-batch.ts'

function read(bytes: Buffer, at = 0, limit = bytes.length): BatchHeader {
  const header = readBatchHeader(bytes, at, limit)
  assert.ok(header !== 'truncated')
  return header
}

for (const [codec, name] of ['none', 'gzip', 'snappy', 'lz4', 'zstd'].entries()) {
  test(`the header of a batch that Kafka's own classes wrote (${name}) is read in full, wherever it lies`, () => {
    const batch = wireFixture('kafka-classes', `source batch ${name}`)
    const bytes = Buffer.concat([Buffer.alloc(13, 0xee), batch, Buffer.alloc(9, 0xee)])
    const header = read(bytes, 13, 13 + batch.length)
    const {
      baseOffset,
      size,
      leaderEpoch,
      magic,
      lastOffsetDelta,
      lastOffset,
      producerEpoch,
      baseSequence,
      recordCount,
    } = header
    assert.deepEqual(
      { baseOffset, size, leaderEpoch, magic, lastOffsetDelta, lastOffset, producerEpoch, baseSequence, recordCount },
      {
        baseOffset: 5_000_000_000,
        size: batch.length,
        leaderEpoch: 3,
        magic: 2,
        lastOffsetDelta: 4,
        lastOffset: 5_000_000_004,
        producerEpoch: 7,
        baseSequence: 2_147_483_640,
        recordCount: 5,
      },
    )
    assert.equal(header.codec, codec)
    assert.deepEqual(
      [header.isTransactional, header.isControl, header.isAppendTime, header.hasDeleteHorizon],
      [true, false, false, false],
    )
    assert.equal(header.producerId, 4_000_000_000n)
    assert.equal(producerIdAt(bytes, 13), 4_000_000_000n)
    assert.ok(header.hasProducerId)
    assert.equal(header.crc, batch.readUInt32BE(17))
    assert.equal(baseTimestampAt(bytes, 13), 1_690_000_000_000n)
    assert.equal(maxTimestampAt(bytes, 13), 1_690_000_004_000n)
  })
}

test('control batches tell abort from commit; other batches say nothing', () => {
  const types = ['abort marker', 'commit marker', 'source batch none'].map(
    (name) => read(wireFixture('kafka-classes', name)).controlType,
  )
  assert.deepEqual(types, [ABORT_MARKER, COMMIT_MARKER, NO_CONTROL_TYPE])
  const marker = read(wireFixture('kafka-classes', 'abort marker'))
  assert.deepEqual(
    [marker.isControl, marker.isTransactional, marker.baseOffset, marker.producerId],
    [true, true, 42, 4_000_000_000n],
  )
})

test('a batch that compaction emptied keeps its offsets', () => {
  const header = read(wireFixture('kafka-classes', 'emptied batch'))
  assert.deepEqual([header.recordCount, header.baseOffset, header.lastOffset, header.size], [0, 50, 59, 61])
})

test('append time and a missing producer id are told', () => {
  assert.ok(read(wireFixture('kafka-classes', 'append time batch')).isAppendTime)
  const plain = read(wireFixture('kafka-classes', 'target batch without producer none'))
  assert.deepEqual([plain.hasProducerId, plain.producerId, plain.isTransactional], [false, -1n, false])
})

test('message set entries of magic 0 and 1 are told by format, size and offset; a compressed one has its last offset and no count', () => {
  for (const magic of [0, 1]) {
    const bytes = wireFixture('kafka-classes', `message set magic ${magic} plain`)
    const first = read(bytes)
    const second = read(bytes, first.size)
    assert.deepEqual(
      [first, second].map((header) => [header.magic, header.baseOffset, header.lastOffset, header.recordCount]),
      [
        [magic, 100, 100, 1],
        [magic, 101, 101, 1],
      ],
    )
    assert.equal(first.size + second.size, bytes.length)
    const wrapper = read(wireFixture('kafka-classes', `message set magic ${magic} gzip`))
    assert.deepEqual([wrapper.lastOffset, wrapper.recordCount, wrapper.codec], [101, -1, 1])
    assert.deepEqual([wrapper.hasProducerId, wrapper.isTransactional, wrapper.isControl], [false, false, false])
  }
})

test('a header object that is used again keeps nothing of the batch before', () => {
  const into = new BatchHeader()
  const names = [
    'abort marker',
    'source batch zstd',
    'message set magic 1 gzip',
    'append time batch',
    'message set magic 0 plain',
    'emptied batch',
  ]
  for (const name of names) {
    const bytes = wireFixture('kafka-classes', name)
    assert.equal(readBatchHeader(bytes, 0, bytes.length, into), into)
    assert.deepEqual(into, read(bytes), name)
  }
})

test('a batch that is cut anywhere is told as truncated', () => {
  for (const name of ['source batch none', 'message set magic 1 plain', 'emptied batch']) {
    const bytes = wireFixture('kafka-classes', name)
    const { size } = read(bytes)
    for (let limit = 0; limit < size; limit++) assert.equal(readBatchHeader(bytes, 0, limit), 'truncated')
  }
})

const hostile: [what: RegExp, change: (bytes: Buffer) => void][] = [
  [/base offset is no offset/, (bytes) => bytes.writeBigInt64BE(-1n, 0)],
  [/base offset is no offset/, (bytes) => bytes.writeBigInt64BE(2n ** 53n, 0)],
  [/last offset is no offset/, (bytes) => bytes.writeBigInt64BE(2n ** 53n - 2n, 0)],
  [/magic\) is 3/, (bytes) => bytes.writeInt8(3, 16)],
  [/magic\) is -1/, (bytes) => bytes.writeInt8(-1, 16)],
  [/claims -2147483636 bytes/, (bytes) => bytes.writeInt32BE(-(2 ** 31), 8)],
  [/claims 60 bytes/, (bytes) => bytes.writeInt32BE(48, 8)],
  [/codec has the id 5/, (bytes) => bytes.writeUInt16BE(5, 21)],
  [/last offset delta is -1/, (bytes) => bytes.writeInt32BE(-1, 23)],
  [/claims -1 records/, (bytes) => bytes.writeInt32BE(-1, 57)],
  [/claims 6 records in 5 offsets/, (bytes) => bytes.writeInt32BE(6, 57)],
  [
    /claims 1000000 records in \d+ bytes/,
    (bytes) => bytes.writeInt32BE(1_000_000, 57) && bytes.writeInt32BE(1_000_000, 23),
  ],
]

for (const [what, change] of hostile) {
  test(`a batch is refused as damaged: ${what.source}`, () => {
    const bytes = wireFixture('kafka-classes', 'source batch none')
    change(bytes)
    assert.throws(
      () => read(bytes),
      (error) => isBatchError(error) && what.test(String(error)),
    )
  })
}

test('random and damaged bytes give a header within the limit, truncated, or the catalogue error', () => {
  const names = ['source batch none', 'source batch gzip', 'abort marker', 'message set magic 1 plain', 'emptied batch']
  const damaged = fc
    .tuple(fc.constantFrom(...names), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }))
    .map(([name, changes]) => {
      const bytes = wireFixture('kafka-classes', name)
      for (const [place, value] of changes) bytes[place % bytes.length] = value
      return bytes
    })
  const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
  const into = new BatchHeader()
  fc.assert(
    fc.property(fc.oneof(damaged, random), fc.nat(200), (bytes, cut) => {
      const limit = Math.max(0, bytes.length - (cut > 100 ? 0 : cut))
      try {
        const header = readBatchHeader(bytes, 0, limit, into)
        if (header === 'truncated') return
        assert.ok(header.size > 0 && header.size <= limit)
        assert.ok(
          Number.isSafeInteger(header.lastOffset) && header.lastOffset >= header.baseOffset && header.baseOffset >= 0,
        )
      } catch (error) {
        if (!isBatchError(error)) throw error
      }
    }),
    { numRuns: 20_000 },
  )
})

test('a control record is read or not, never beyond the batch', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (records) => {
      const marker = wireFixture('kafka-classes', 'abort marker').subarray(0, 61)
      const bytes = Buffer.concat([marker, Buffer.alloc(10), records, Buffer.alloc(40, 0)])
      bytes.set(records, 61)
      bytes.writeInt32BE(61 + records.length - 12, 8)
      bytes.writeInt32BE(Math.min(1, Math.floor(records.length / 7)), 57)
      const inside = read(bytes, 0, 61 + records.length).controlType
      bytes.fill(0xff, 61 + records.length)
      assert.equal(read(bytes, 0, 61 + records.length).controlType, inside)
    }),
    { numRuns: 5000 },
  )
})

function isBatchError(error: unknown): boolean {
  return error instanceof TwinlogError && error.code === 'BATCH_CORRUPT'
}
