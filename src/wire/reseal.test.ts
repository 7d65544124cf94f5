import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { wireFixture } from '../../test/support/wire-fixture.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { batchChecksumMatches, crc32cOf } from './crc32c.ts'
import { NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE } from './record-batch.ts'
import { forwardBatch, resealBatch, verifyChecksum } from './reseal.ts'

const seal = {
  producerId: 70_000_000_000n,
  producerEpoch: 2,
  baseSequence: 123_456,
  isTransactional: false,
  verify: true,
}
const noSeal = {
  producerId: NO_PRODUCER_ID,
  producerEpoch: NO_PRODUCER_EPOCH,
  baseSequence: NO_SEQUENCE,
  isTransactional: false,
  verify: true,
}
const isChecksumError = (error: unknown): boolean => error instanceof TwinlogError && error.code === 'BATCH_CHECKSUM'

for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
  test(`a resealed transactional batch (${codec}) is byte for byte what Kafka's own classes write for our producer`, () => {
    const batch = wireFixture('kafka-classes', `source batch ${codec}`)
    resealBatch(batch, 0, batch.length, seal)
    assert.deepEqual(batch, wireFixture('kafka-classes', `target batch ${codec}`))
  })

  test(`without idempotence it (${codec}) is what they write for a producer without an id`, () => {
    const batch = wireFixture('kafka-classes', `source batch ${codec}`)
    resealBatch(batch, 0, batch.length, noSeal)
    assert.deepEqual(batch, wireFixture('kafka-classes', `target batch without producer ${codec}`))
  })
}

test('resealing changes nothing around the batch, wherever it lies', () => {
  const source = wireFixture('kafka-classes', 'source batch zstd')
  const bytes = randomFillSync(Buffer.alloc(source.length + 200))
  const expected = Buffer.from(bytes)
  source.copy(bytes, 131)
  wireFixture('kafka-classes', 'target batch zstd').copy(expected, 131)
  resealBatch(bytes, 131, source.length, seal)
  assert.deepEqual(bytes, expected)
})

test('timestamp type and delete horizon are cleared, codec and base timestamp kept', () => {
  const batch = wireFixture('kafka-classes', 'source batch lz4')
  const timestamps = Buffer.from(batch.subarray(27, 43))
  batch.writeUInt16BE(0x5b, 21)
  batch.writeUInt32BE(crc32cOf(batch, 21, batch.length), 17)
  resealBatch(batch, 0, batch.length, seal)
  assert.equal(batch.readUInt16BE(21), 0x03)
  assert.deepEqual(batch.subarray(27, 43), timestamps)
  assert.ok(batchChecksumMatches(batch, 0, batch.length))
})

test('a damaged batch is refused with its offset and left as it is', () => {
  const batch = wireFixture('kafka-classes', 'source batch gzip')
  batch[80]! ^= 4
  const before = Buffer.from(batch)
  assert.throws(
    () => resealBatch(batch, 0, batch.length, seal),
    (error) => {
      assert.ok(isChecksumError(error))
      assert.match(String(error), /offset 5000000000 /)
      return true
    },
  )
  assert.throws(() => verifyChecksum(batch, 0, batch.length), isChecksumError)
  assert.deepEqual(batch, before)
})

test('damage is still seen after resealing without a check', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 0, max: 7 }),
      fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }),
      (place, bit, producerId) => {
        const batch = wireFixture('kafka-classes', 'source batch snappy')
        batch[61 + (place % (batch.length - 61))]! ^= 1 << bit
        resealBatch(batch, 0, batch.length, { ...seal, producerId, verify: false })
        assert.ok(!batchChecksumMatches(batch, 0, batch.length))
      },
    ),
  )
})

test('forwarding sets base offset 0 and leader epoch -1 and nothing else', () => {
  const batch = wireFixture('kafka-classes', 'source batch none')
  const expected = Buffer.from(batch)
  expected.fill(0, 0, 8)
  expected.fill(0xff, 12, 16)
  forwardBatch(batch, 0)
  assert.deepEqual(batch, expected)
  assert.ok(batchChecksumMatches(batch, 0, batch.length))
})
