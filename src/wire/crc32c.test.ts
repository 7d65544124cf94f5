import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { wireFixture } from '../../test/support/wire-fixture.ts'
import { batchChecksumMatches, crc32cOf, patchChecksum } from './crc32c.ts'

test('the checksum is CRC-32C, below and above the size where native code takes over', () => {
  assert.equal(crc32cOf(Buffer.from('123456789'), 0, 9), 0xe3069283)
  assert.equal(crc32cOf(Buffer.alloc(32), 0, 32), 0x8a9136aa)
  // These three: RFC 3720, B.4, and the usual check value.
  assert.equal(crc32cOf(Buffer.alloc(32, 0xff), 0, 32), 0x62a8ab43)
  for (let size = 0; size < 300; size++) {
    const bytes = randomFillSync(Buffer.alloc(size + 20))
    let register = 0xffffffff
    for (const byte of bytes.subarray(7, 7 + size)) {
      register ^= byte
      for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (register & 1 ? 0x82f63b78 : 0)
    }
    assert.equal(crc32cOf(bytes, 7, 7 + size), ~register >>> 0, `size ${size}`)
  }
})

test("Kafka's own batches have the checksum they claim, and a flipped bit anywhere behind it is seen", () => {
  const batch = wireFixture('kafka-classes', 'source batch none')
  assert.ok(batchChecksumMatches(batch, 0, batch.length))
  for (let index = 17; index < batch.length; index++) {
    batch[index]! ^= 1 << (index % 8)
    assert.ok(!batchChecksumMatches(batch, 0, batch.length), `byte ${index}`)
    batch[index]! ^= 1 << (index % 8)
  }
})

test('a patched checksum equals one computed anew, for any header and 0 to 20 MB of records', () => {
  const bytes = randomFillSync(Buffer.alloc(20 * 1024 * 1024 + 100))
  const sizes = fc.oneof(
    { arbitrary: fc.integer({ min: 0, max: 4096 }), weight: 6 },
    { arbitrary: fc.integer({ min: 0, max: 1 << 20 }), weight: 3 },
    { arbitrary: fc.constantFrom(20 * 1024 * 1024, 255, 256, 65535, 65536, 65537, 1 << 24, (1 << 24) - 1), weight: 1 },
  )
  const headers = fc.uint8Array({ minLength: 40, maxLength: 40 })
  const header = (before: Uint8Array) => Buffer.from(before)
  fc.assert(
    fc.property(sizes, headers, fc.integer({ min: 0, max: 30 }), (recordsSize, after, at) => {
      const size = 61 + recordsSize
      const before = header(bytes.subarray(at + 21, at + 61))
      const oldCrc = crc32cOf(bytes, at + 21, at + size)
      bytes.set(after, at + 21)
      assert.equal(patchChecksum(oldCrc, before, bytes, at, size), crc32cOf(bytes, at + 21, at + size))
    }),
    { numRuns: 300 },
  )
})

test('a patch of a wrong checksum is wrong in the same bits, so damage is never made to look right', () => {
  const batch = wireFixture('kafka-classes', 'source batch lz4')
  const before = Buffer.from(batch.subarray(21, 61))
  const oldCrc = batch.readUInt32BE(17)
  batch.writeInt32BE(77, 53)
  const right = patchChecksum(oldCrc, before, batch, 0, batch.length)
  assert.equal(patchChecksum((oldCrc ^ 0x8001) >>> 0, before, batch, 0, batch.length), (right ^ 0x8001) >>> 0)
})
