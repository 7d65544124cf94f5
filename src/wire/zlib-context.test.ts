import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { SeededRandom } from '../../test/support/seeded-random.ts'
import { compressSmall, expandSmall } from './zlib-context.ts'
import type { ZlibCodec } from './zlib-context.ts'

const LIMIT = 1 << 20
const CODECS = [
  { codec: 1, name: 'gzip', pack: (bytes: Buffer): Buffer => gzipSync(bytes), open: gunzipSync },
  { codec: 4, name: 'zstd', pack: (bytes: Buffer): Buffer => zstdCompressSync(bytes), open: zstdDecompressSync },
] satisfies { codec: ZlibCodec; name: string; pack(bytes: Buffer): Buffer; open(bytes: Buffer): Buffer }[]

const text = (index: number): Buffer => Buffer.from(`records of batch ${index} `.repeat(1 + (index % 50)))

for (const { codec, name, pack, open } of CODECS) {
  test(`${name}: this version of Node has what is used of it, and it gives what its own functions give`, () => {
    for (let index = 0; index < 200; index++) {
      assert.deepEqual(expandSmall(codec, pack(text(index)), LIMIT), text(index))
      const packed = compressSmall(codec, text(index), undefined)
      assert.ok(packed !== null)
      assert.deepEqual(open(packed), text(index))
    }
    assert.deepEqual(expandSmall(codec, pack(Buffer.alloc(0)), LIMIT), Buffer.alloc(0))
    assert.deepEqual(expandSmall(codec, pack(text(49)), text(49).length), text(49))
  })

  test(`${name}: the level is the one that was asked for, for each call`, () => {
    const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * index) >> 7))
    const wanted = (level: number): Buffer =>
      codec === 1
        ? gzipSync(bytes, { level, memLevel: constants.Z_MAX_MEMLEVEL })
        : zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } })
    const sizes = [1, 9, 1, 4].map((level) => {
      const packed = compressSmall(codec, bytes, level)
      assert.equal(packed?.length, wanted(level).length, `level ${level}`)
      return packed.length
    })
    assert.notEqual(sizes[0], sizes[1])
  })

  test(`${name}: whatever is unusual is left to others, and what comes next is not touched by it`, () => {
    const good = pack(text(7))
    const random = new SeededRandom(11)
    const unusual: (readonly [string, Buffer])[] = [
      ['nothing', Buffer.alloc(0)],
      ['something else', Buffer.alloc(40, 3)],
      ['more behind it', Buffer.concat([good, Buffer.alloc(20)])],
      ['more than there is room for', pack(Buffer.alloc(300_000))],
      ...Array.from(good.keys(), (size) => [`cut after ${size} bytes`, good.subarray(0, size)] as const),
    ]
    for (const [what, bytes] of unusual) {
      assert.equal(expandSmall(codec, bytes, LIMIT), null, what)
      assert.deepEqual(expandSmall(codec, good, LIMIT), text(7), `after ${what}`)
    }
    assert.equal(expandSmall(codec, good, text(7).length - 1), null)
    for (let run = 0; run < 2_000; run++) {
      const damaged = Buffer.from(good)
      damaged[random.between(0, good.length - 1)] = random.between(0, 255)
      // Only zlib has a checksum of its own here.
      expandSmall(codec, damaged, LIMIT)
      assert.deepEqual(expandSmall(codec, good, LIMIT), text(7))
    }
  })

  test(`${name}: what is large is left to others`, () => {
    assert.equal(compressSmall(codec, Buffer.alloc(1 << 20), undefined), null)
    assert.equal(expandSmall(codec, pack(Buffer.alloc(1 << 20)), LIMIT), null)
  })
}

test('gzip members one after another are expanded as one, as Java does', () => {
  const both = Buffer.concat([gzipSync(text(3)), gzipSync(text(4))])
  assert.deepEqual(expandSmall(1, both, LIMIT), Buffer.concat([text(3), text(4)]))
})
