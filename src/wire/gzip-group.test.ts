import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { encodePlainBatch } from '../../test/support/plain-batch.ts'
import { GzipGroup } from './gzip-group.ts'
import type { SourceBatches } from './transcoded.ts'

/** A batch; only codec, format and size of its header matter. */
function batch(packed: Buffer, codec: 0 | 1 = 1): Buffer {
  const plain = encodePlainBatch({ records: [{ offset: 0, timestamp: 0n, key: null, value: null }], codec })
  const bytes = Buffer.concat([plain.subarray(0, 61), packed])
  bytes.writeInt32BE(bytes.length - 12, 8)
  return bytes
}

function sourcesOf(batches: readonly Buffer[]): SourceBatches {
  const places: number[] = []
  let at = 5
  for (const { length } of batches) {
    places.push(at)
    at += length
  }
  return { bytes: Buffer.concat([Buffer.alloc(5), ...batches, Buffer.alloc(5)]), places }
}

const text = (index: number): Buffer => Buffer.from(`records of batch ${index} `.repeat(1 + (index % 5)))
const good = (index: number): Buffer => batch(gzipSync(text(index)))
const all = (batches: readonly Buffer[], limitBytes = 1 << 20): (string | undefined)[] => {
  const group = new GzipGroup(limitBytes)
  const sources = sourcesOf(batches)
  return batches.map((_, index) => group.recordsOf(sources, index)?.toString())
}

test('small neighbours are given what is in them, however many there are', () => {
  const sources = Array.from({ length: 5000 }, (_, index) => good(index))
  assert.deepEqual(
    all(sources),
    sources.map((_, index) => text(index).toString()),
  )
})

test('some may be passed over', () => {
  const sources = sourcesOf(Array.from({ length: 20 }, (_, index) => good(index)))
  const group = new GzipGroup(1 << 20)
  for (const index of [0, 3, 4, 11, 19]) assert.deepEqual(group.recordsOf(sources, index), text(index))
})

test('another codec, a large batch, and fewer than three end a group; the next begins behind', () => {
  const large = batch(gzipSync(Buffer.from(Array.from({ length: 9000 }, (_, index) => (index * index * 7919) >> 5))))
  const sources = [
    good(0),
    good(1),
    good(2),
    batch(Buffer.alloc(50), 0),
    good(4),
    good(5),
    large,
    good(7),
    good(8),
    good(9),
  ]
  assert.deepEqual(
    all(sources).map((found) => found !== undefined),
    [true, true, true, false, false, false, false, true, true, true],
  )
})

const unusual: Readonly<Record<string, Buffer>> = {
  'damaged bytes': damaged(gzipSync(text(3)), 12),
  'a wrong size at the end': damaged(gzipSync(text(3)), -2),
  'a cut end': gzipSync(text(3)).subarray(0, -1),
  'bytes behind the end': Buffer.concat([gzipSync(text(3)), Buffer.alloc(20)]),
  'two members': Buffer.concat([gzipSync(text(3)), gzipSync(text(4))]),
  'no gzip at all': Buffer.alloc(40),
}

function damaged(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8((at + bytes.length) % bytes.length) ^ 1, (at + bytes.length) % bytes.length)
  return bytes
}

for (const [what, packed] of Object.entries(unusual)) {
  for (const place of [0, 2, 4]) {
    test(`${what} in batch ${place} of 5: every batch is left to be looked at alone`, () => {
      const sources = Array.from({ length: 5 }, (_, index) => (index === place ? batch(packed) : good(index)))
      assert.deepEqual(all(sources), [undefined, undefined, undefined, undefined, undefined])
    })
  }
}

test('sizes that are wrong in two places, and right together, are found out', () => {
  // The first has two members, and says the size of the second; the second says what is missing, behind its end.
  const first = Buffer.concat([gzipSync(text(3)), gzipSync(text(4))])
  const size = Buffer.alloc(4)
  size.writeUInt32LE(text(3).length + text(1).length)
  const second = Buffer.concat([gzipSync(text(1)), Buffer.alloc(10), size])
  assert.deepEqual(all([good(0), good(2), batch(first), batch(second)]), [undefined, undefined, undefined, undefined])
})

test('what is over the limit is left to who says so', () => {
  const sources = [good(0), good(5), good(10), good(4), good(15)]
  assert.deepEqual(
    all(sources, 60).map((found) => found !== undefined),
    [true, true, true, false, false],
  )
})
