import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { test } from 'node:test'
import { constants, createZstdCompress, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { compressSync as snappyBlock } from 'snappy'
import { longestTurn } from '../../test/support/longest-turn.ts'
import { SeededRandom } from '../../test/support/seeded-random.ts'
import { wireFixture } from '../../test/support/wire-fixture.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { compress, compressAsync, compressSoon, decompress, decompressAsync, decompressSoon } from './compression.ts'
import type { Codec } from './compression.ts'
import { CODEC_NAMES } from './record-batch.ts'

const CODECS: readonly Codec[] = [0, 1, 2, 3, 4]
const COMPRESSED: readonly (1 | 2 | 3 | 4)[] = [1, 2, 3, 4]
const LIMIT = 64 << 20

const isCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof TwinlogError && error.code === code

/** Text that compresses as JSON does. */
function text(size: number): Buffer {
  const random = new SeededRandom(3)
  let all = ''
  while (all.length < size) all += `{"order": ${random.between(0, 1e6)}, "customer": "c-${random.between(0, 99)}"} `
  return Buffer.from(all.slice(0, size))
}

/** Sizes around the borders of blocks and pieces. */
const SIZES = [0, 1, 13, 100, 1023, 1024, 5000, 32767, 32768, 32769, 65535, 65536, 65537, 300_000, (1 << 20) + 1]

for (const codec of CODECS) {
  test(`${CODEC_NAMES[codec]}: what was compressed is decompressed, here and in other threads, whatever its size`, async () => {
    for (const size of SIZES) {
      for (const bytes of [text(size), randomFillSync(Buffer.alloc(size)), Buffer.alloc(size)]) {
        const packed = compress(codec, bytes)
        assert.ok(decompress(codec, packed, size).equals(bytes), `${size} bytes`)
        assert.ok((await decompressAsync(codec, packed, LIMIT)).equals(bytes), `${size} bytes in other threads`)
        assert.ok(decompress(codec, await compressAsync(codec, bytes), LIMIT).equals(bytes), `${size} bytes, async`)
      }
    }
  })

  test(`${CODEC_NAMES[codec]}: one byte more than the limit is refused, here and in other threads`, async () => {
    for (const size of [1, 5000, 65537, 3 << 20]) {
      const packed = compress(codec, text(size))
      assert.equal(decompress(codec, packed, size).length, size)
      assert.throws(() => decompress(codec, packed, size - 1), isCode('DECOMPRESSION_LIMIT'))
      assert.equal((await decompressAsync(codec, packed, size)).length, size)
      await assert.rejects(decompressAsync(codec, packed, size - 1), isCode('DECOMPRESSION_LIMIT'))
    }
  })
}

for (const codec of COMPRESSED) {
  test(`${CODEC_NAMES[codec]}: what Kafka's own classes compressed is read`, async () => {
    const plain = wireFixture('kafka-classes', 'source batch none').subarray(61)
    const packed = wireFixture('kafka-classes', `source batch ${CODEC_NAMES[codec]}`).subarray(61)
    assert.ok(decompress(codec, packed, plain.length).equals(plain))
    assert.ok((await decompressAsync(codec, packed, plain.length)).equals(plain))
  })

  test(`${CODEC_NAMES[codec]}: a part of it is refused, and so is nothing at all`, async () => {
    const packed = compress(codec, text(100_000))
    for (let size = 0; size < packed.length; size = size < 64 ? size + 1 : size + 997) {
      // xerial's framing has no end mark: one that ends between two chunks is whole.
      if (codec === 2 && isBetweenChunks(packed, size)) continue
      assert.throws(() => decompress(codec, packed.subarray(0, size), LIMIT), isCode('COMPRESSED_BYTES_CORRUPT'))
      await assert.rejects(decompressAsync(codec, packed.subarray(0, size), LIMIT), isCode('COMPRESSED_BYTES_CORRUPT'))
    }
  })

  test(`${CODEC_NAMES[codec]}: flipped bytes give an error or other bytes, never more than the limit`, () => {
    const random = new SeededRandom(20 + codec)
    const whole = compress(
      codec,
      Buffer.concat([text(20_000), Buffer.alloc(20_000), randomFillSync(Buffer.alloc(500))]),
    )
    let refused = 0
    for (let run = 0; run < 1500; run++) {
      const packed = Buffer.from(whole)
      for (let flips = 1 + Math.floor(random.next() * 3); flips > 0; flips--) {
        // The first bytes more often: that is where sizes are.
        const place = Math.floor(random.next() * (random.next() < 0.5 ? 40 : packed.length))
        packed[place] = Math.floor(random.next() * 256)
      }
      try {
        assert.ok(decompress(codec, packed, 50_000).length <= 50_000)
      } catch (error) {
        if (!(error instanceof TwinlogError)) throw error
        refused++
      }
    }
    assert.ok(refused > 150, `${refused} refused`)
  })

  test(`${CODEC_NAMES[codec]}: random bytes are refused or end within the limit`, () => {
    const sizes = fc.uint8Array({ maxLength: 300 })
    fc.assert(
      fc.property(sizes, (bytes) => {
        try {
          assert.ok(decompress(codec, Buffer.from(bytes), 1000).length <= 1000)
        } catch (error) {
          if (!(error instanceof TwinlogError)) throw error
        }
      }),
      { numRuns: 1000 },
    )
  })

  test(`${CODEC_NAMES[codec]}: a bomb is refused without memory being taken for it`, async () => {
    const bomb = bombs[codec]()
    const before = process.memoryUsage()
    assert.throws(() => decompress(codec, bomb, 1 << 20), isCode('DECOMPRESSION_LIMIT'))
    await assert.rejects(decompressAsync(codec, bomb, 8 << 20), isCode('DECOMPRESSION_LIMIT'))
    const after = process.memoryUsage()
    const grownBytes = after.external + after.arrayBuffers - before.external - before.arrayBuffers
    assert.ok(grownBytes < 40 << 20, `${grownBytes} bytes`)
  })
}

/** Many times what the limits allow. */
const bombs = {
  1: () => gzipSync(Buffer.alloc(48_000_000), { level: 9 }),
  2: () => {
    // Claims of 21 times its size are possible, so this one is built: many chunks that each hold 1 MB of zeros.
    const chunk = snappyBlock(Buffer.alloc(1_000_000), { copyOutputData: true })
    const size = Buffer.alloc(4)
    size.writeInt32BE(chunk.length)
    return Buffer.concat([compress(2, Buffer.alloc(0)), ...Array.from({ length: 48 }, () => [size, chunk]).flat()])
  },
  3: () => compressFrameSync(Buffer.alloc(48_000_000)),
  4: () => zstdCompressSync(Buffer.alloc(48_000_000)),
} as const

test('a snappy block that claims 4 GB, or more than any can hold, is refused as a lie before memory is taken', () => {
  const lie = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0x41])
  assert.throws(() => decompress(2, lie, 2 ** 33), /claims that 7 bytes expand to 4294967295/)
  const small = Buffer.from([0xe8, 0x07, 0, 0x41])
  assert.throws(() => decompress(2, small, 2 ** 33), /claims that 4 bytes expand to 1000/)
})

test('both framings of snappy are read: a raw block as librdkafka writes it, and streams put together', () => {
  const bytes = text(70_000)
  assert.ok(decompress(2, snappyBlock(bytes), LIMIT).equals(bytes))
  const streams = Buffer.concat([compress(2, bytes), compress(2, bytes)])
  assert.ok(decompress(2, streams, LIMIT).equals(Buffer.concat([bytes, bytes])))
})

test('gzip members and zstd frames one after another are read as one; a skippable zstd frame is skipped', () => {
  const [one, two] = [text(1000), text(70_000)]
  const both = Buffer.concat([one, two])
  assert.ok(decompress(1, Buffer.concat([gzipSync(one), gzipSync(two)]), LIMIT).equals(both))
  assert.ok(decompress(4, Buffer.concat([zstdCompressSync(one), zstdCompressSync(two)]), LIMIT).equals(both))
  const skippable = Buffer.from('532a4d180300000001020350', 'hex').subarray(0, 11)
  const skipped = Buffer.concat([skippable, skippable, zstdCompressSync(two)])
  assert.ok(decompress(4, skipped, LIMIT).equals(two))
})

test('the limit holds for all zstd frames together', () => {
  const frames = Buffer.concat([zstdCompressSync(text(1000)), zstdCompressSync(text(1000))])
  assert.equal(decompress(4, frames, 2000).length, 2000)
  assert.throws(() => decompress(4, frames, 1999), isCode('DECOMPRESSION_LIMIT'))
})

test('what lies before the output of an lz4 block is not copied into it', () => {
  // A literal, a match of 4 (or 2000) bytes that begins before the literal, and five literals at the end.
  const blocks = ['10410200505a5a5a5a5a', '10410000505a5a5a5a5a', '1f410200ffffffffffffff00505a5a5a5a5a']
  for (const block of blocks.map((hex) => Buffer.from(hex, 'hex'))) {
    const size = Buffer.alloc(4)
    size.writeUInt32LE(block.length)
    const frame = Buffer.concat([compress(3, Buffer.alloc(0)).subarray(0, 7), size, block, Buffer.alloc(4)])
    assert.throws(() => decompress(3, frame, LIMIT), isCode('COMPRESSED_BYTES_CORRUPT'))
    // The same with a match inside the output is right.
    block[block.indexOf(0x41) + 1] = 1
    size.copy(frame, 7)
    block.copy(frame, 11)
    assert.ok(decompress(3, frame, LIMIT).length > 9)
  }
})

test('a little is given at once, much comes later', () => {
  for (const codec of COMPRESSED) {
    const [little, much] = [text(10_000), text(3 << 20)]
    assert.ok(!(compressSoon(codec, little) instanceof Promise))
    assert.ok(!(decompressSoon(codec, compress(codec, little), LIMIT) instanceof Promise))
    assert.ok(compressSoon(codec, much) instanceof Promise, CODEC_NAMES[codec])
    assert.ok(decompressSoon(codec, compress(codec, much), LIMIT) instanceof Promise, CODEC_NAMES[codec])
  }
})

test('a zstd frame of unknown size with a window of 128 MiB is read, a larger window is refused', async () => {
  const bytes = text(50_000)
  const stream = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 22 } })
  stream.end(bytes)
  const packed = Buffer.concat(await stream.toArray())
  assert.equal(packed[5], 0x88, 'the window descriptor says 128 MiB')
  assert.ok(decompress(4, packed, LIMIT).equals(bytes))
  packed[5] = 0x90
  assert.throws(() => decompress(4, packed, LIMIT), isCode('COMPRESSED_BYTES_CORRUPT'))
})

test('lz4 frames with block checksums, content checksum or content size are read; wrong checksums are refused', () => {
  const bytes = text(200_000)
  const packed = compressFrameSync(bytes, { blockChecksums: true, contentChecksum: true })
  assert.equal((packed[4] ?? 0) & 0x14, 0x14)
  assert.ok(decompress(3, packed, LIMIT).equals(bytes))
  const damaged = Buffer.from(packed)
  damaged[500]! ^= 1
  assert.throws(() => decompress(3, damaged, LIMIT), isCode('COMPRESSED_BYTES_CORRUPT'))
})

test('a wrong header checksum of lz4 is taken only in magic 0, as old clients wrote it', () => {
  const bytes = text(2000)
  const packed = compress(3, bytes)
  packed[6]! ^= 1
  assert.throws(() => decompress(3, packed, LIMIT, 1), isCode('COMPRESSED_BYTES_CORRUPT'))
  assert.ok(decompress(3, packed, LIMIT, 0).equals(bytes))
})

test('other readers understand what is written', () => {
  const bytes = text(300_000)
  assert.ok(gunzipSync(compress(1, bytes, 1)).equals(bytes))
  assert.ok(zstdDecompressSync(compress(4, bytes, 19)).equals(bytes))
  assert.ok(decompressFrameSync(compress(3, bytes)).equals(bytes))
  assert.ok(decompressFrameSync(compress(3, randomFillSync(Buffer.alloc(100_000)))).length === 100_000)
})

test('levels of gzip and zstd matter', () => {
  const bytes = text(300_000)
  assert.ok(compress(1, bytes, 9).length < compress(1, bytes, 1).length)
  assert.ok(compress(4, bytes, 19).length < compress(4, bytes, 1).length)
})

test('the event loop is not blocked for long while megabytes are compressed and decompressed', async () => {
  const bytes = Buffer.concat([text(4 << 20), randomFillSync(Buffer.alloc(1 << 20))])
  for (const codec of COMPRESSED) {
    const { longestMs, turnsCount } = await longestTurn(async () => {
      const packed = await compressAsync(codec, bytes)
      assert.ok((await decompressAsync(codec, packed, LIMIT)).equals(bytes))
    })
    assert.ok(turnsCount > 1, CODEC_NAMES[codec])
    // 20 ms are promised; beside others on a busy machine the same work takes half as much again.
    assert.ok(longestMs < 30, `${CODEC_NAMES[codec]}: ${longestMs} ms`)
  }
})

function isBetweenChunks(packed: Buffer, size: number): boolean {
  let at = 16
  while (at < size) at += 4 + packed.readInt32BE(at)
  return at === size
}
