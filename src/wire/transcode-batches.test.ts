import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { compressFrameSync } from 'lz4-napi'
import { decodePlainBatch, encodePlainBatch, sealPlainBatch } from '../../test/support/plain-batch.ts'
import type { PlainBatch, PlainRecord } from '../../test/support/plain-batch.ts'
import { longestTurn } from '../../test/support/longest-turn.ts'
import { SeededRandom } from '../../test/support/seeded-random.ts'
import { wireFixture, wireFixtureLines } from '../../test/support/wire-fixture.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { BatchBuilder } from './batch-builder.ts'
import { compress } from './compression.ts'
import type { Codec } from './compression.ts'
import { decodeFetchResponse } from './fetch-response.ts'
import { CODEC_NAMES, maxTimestampAt, readBatchHeader } from './record-batch.ts'
import { transcodeBatches } from './transcode-batches.ts'
import type { SourceBatches, TranscodeOptions, Transcoded } from './transcoded.ts'

// test/compat/record-formats.test.ts has Kafka's own classes judge what comes out.

const OPTIONS: TranscodeOptions = {
  firstUpstream: 0,
  codec: 'keep',
  maxBatchBytes: 1 << 20,
  preferredBatchBytes: 1 << 20,
  dropsNullKeys: false,
  decompressionLimitBytes: 16 << 20,
}
const CODECS = [0, 1, 2, 3, 4] as const
const APPEND_TIME = 0x08
const TRANSACTIONAL = 0x10
const CONTROL = 0x20
const DELETE_HORIZON = 0x40

const isCode =
  (...codes: string[]) =>
  (error: unknown): boolean =>
    error instanceof TwinlogError && codes.includes(error.code)

/** Batches as they lie one after another in a log. */
function sourcesIn(log: Buffer): SourceBatches {
  const places: number[] = []
  for (let at = 0; at < log.length;) {
    const header = readBatchHeader(log, at, log.length)
    assert.ok(header !== 'truncated')
    places.push(at)
    at += header.size
  }
  return { bytes: log, places }
}

const sourcesOf = (...batches: PlainBatch[]): SourceBatches => sourcesIn(Buffer.concat(batches.map(encodePlainBatch)))

/** The result, which has to be there at once. */
function now(sources: SourceBatches, changes: Partial<TranscodeOptions> = {}): Transcoded {
  const result = transcodeBatches(sources, { ...OPTIONS, ...changes })
  assert.ok(!(result instanceof Promise))
  return result
}

const recordsOf = ({ batches }: Transcoded): PlainRecord[][] => batches.map(({ bytes }) => decodePlainBatch(bytes))
const piecesOf = ({ batches }: Transcoded): [number, number][][] =>
  batches.map(({ pieces }) => pieces.map(({ upstreamOffset, count }) => [upstreamOffset, count]))

/** Upstream offset of every record. */
const offsetsOf = (transcoded: Transcoded): number[] =>
  piecesOf(transcoded).flatMap((pieces) =>
    pieces.flatMap(([first, count]) => Array.from({ length: count }, (_, index) => first + index)),
  )

/** Records of consecutive offsets. */
function records(first: number, count: number, value = 'v'): PlainRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    offset: first + index,
    timestamp: 1_690_000_000_000n + BigInt(first + index),
    key: `k${first + index}`,
    value,
  }))
}

const renumbered = (list: readonly PlainRecord[]): PlainRecord[] => list.map((each, offset) => ({ ...each, offset }))

for (const codec of CODECS) {
  test(`neighbours (${CODEC_NAMES[codec]}) become one batch; holes between and inside them begin another piece of upstream offsets`, () => {
    const all = [records(10, 1), records(11, 3), records(20, 1), [...records(21, 1), ...records(25, 2)]]
    const transcoded = now(sourcesOf(...all.map((each) => ({ records: each, codec }))))
    assert.deepEqual(recordsOf(transcoded), [renumbered(all.flat())])
    assert.deepEqual(piecesOf(transcoded), [
      [
        [10, 4],
        [20, 2],
        [25, 2],
      ],
    ])
    assert.equal(transcoded.batches[0]?.bytes.readInt16BE(21), codec)
    assert.equal(transcoded.batches[0]?.recordCount, 8)
    assert.equal(transcoded.nextUpstream, 27)
  })
}

test('nothing is put together for 0 preferred bytes, and no more than the preferred bytes', () => {
  const sources = sourcesOf(...[0, 1, 2, 3].map((offset) => ({ records: records(offset, 1, 'v'.repeat(100)) })))
  const counts = (preferredBatchBytes: number): number[] =>
    now(sources, { preferredBatchBytes }).batches.map(({ recordCount }) => recordCount)
  const size = (sources.places[1] ?? 0) - 61
  assert.deepEqual(counts(0), [1, 1, 1, 1])
  assert.deepEqual(counts(61 + 2 * size - 1), [1, 1, 1, 1])
  assert.deepEqual(counts(61 + 2 * size), [2, 2])
  assert.deepEqual(counts(61 + 3 * size), [3, 1])
  // A source batch is not split because it is larger.
  const [large] = now(sourcesOf({ records: records(0, 50) }), { preferredBatchBytes: 100 }).batches
  assert.equal(large?.recordCount, 50)
})

test('codec, timestamp type, transactions and their producers are not mixed, and a control batch separates', () => {
  const counts = (changes: (Partial<PlainBatch> | undefined)[], options: Partial<TranscodeOptions> = {}): number[] => {
    const batches = changes.map((change, index) => ({ records: records(index, 1), maxTimestamp: 5n, ...change }))
    return now(sourcesOf(...batches), options).batches.map(({ recordCount }) => recordCount)
  }
  const transaction = (producerId: bigint): Partial<PlainBatch> => ({ attributes: TRANSACTIONAL, producerId })
  assert.deepEqual(counts([{}, {}, { codec: 3 }, { codec: 3 }, {}]), [2, 2, 1])
  assert.deepEqual(counts([{}, {}, { codec: 3 }, { codec: 1 }, {}], { codec: 4 }), [5])
  assert.deepEqual(counts([{}, { attributes: APPEND_TIME }, { attributes: APPEND_TIME }, {}]), [1, 2, 1])
  assert.deepEqual(counts([{}, transaction(1n), transaction(1n), transaction(2n), {}]), [1, 2, 1, 1])
  assert.deepEqual(counts([{}, { producerId: 1n }, { producerId: 2n }]), [3])
  assert.deepEqual(counts([transaction(0n), transaction(2n ** 40n), transaction(0n)]), [1, 1, 1])
  assert.deepEqual(counts([{}, {}, { attributes: CONTROL }, {}]), [2, 1])
})

test('records before the position are left out, also inside a batch', () => {
  const sources = sourcesOf({ records: records(0, 3) }, { records: records(3, 4) }, { records: records(7, 1) })
  const transcoded = now(sources, { firstUpstream: 5 })
  assert.deepEqual(recordsOf(transcoded), [renumbered([...records(5, 2), ...records(7, 1)])])
  assert.deepEqual(piecesOf(transcoded), [[[5, 3]]])
  assert.deepEqual(now(sources, { firstUpstream: 8 }).batches, [])
})

test('records of append-time batches get the time that readers of the source see', () => {
  const batch = { records: records(0, 3), attributes: APPEND_TIME, maxTimestamp: 1_700_000_000_000n }
  const [found = []] = recordsOf(now(sourcesOf(batch)))
  assert.deepEqual(
    found.map(({ timestamp }) => timestamp),
    [1_700_000_000_000n, 1_700_000_000_000n, 1_700_000_000_000n],
  )
})

test('a delete horizon in the place of the base timestamp goes away, timestamps stay', () => {
  const batch = { records: records(0, 3), attributes: DELETE_HORIZON, baseTimestamp: 1_800_000_000_000n }
  const { batches } = now(sourcesOf(batch))
  assert.equal(batches[0]?.bytes.readInt16BE(21), 0)
  assert.deepEqual(recordsOf(now(sourcesOf(batch))), [renumbered(records(0, 3))])
})

test('batches that compaction emptied, and a compacted tail, move the position on', () => {
  const empty = { records: [], baseOffset: 5, lastOffset: 9 }
  const tail = { records: records(10, 1), lastOffset: 19 }
  const transcoded = now(sourcesOf({ records: records(0, 1) }, empty, tail))
  assert.deepEqual(piecesOf(transcoded), [
    [
      [0, 1],
      [10, 1],
    ],
  ])
  assert.equal(transcoded.nextUpstream, 20)
  assert.equal(now(sourcesOf(empty)).nextUpstream, 10)
  assert.equal(now(sourcesOf(), { firstUpstream: 44 }).nextUpstream, 44)
})

test("what a real broker's cleaner left is read as Java's consumer read it", () => {
  const frame = wireFixture('captured', 'fetch all v17')
  const partition = decodeFetchResponse(17, frame, 0).partitions.at(-1) ?? assert.fail()
  const log = frame.subarray(partition.recordsStart, partition.recordsEnd)
  const transcoded = now(sourcesIn(log))
  // The answer ends where the broker's segment does.
  const lines = wireFixtureLines('captured-records', 'compacted read_committed')
    .map((line) => line.split(' '))
    .filter(([offset]) => Number(offset) < transcoded.nextUpstream)
  assert.equal(lines.length, 8)
  assert.deepEqual(
    offsetsOf(transcoded).map(String),
    lines.map(([offset]) => offset),
  )
  const found = recordsOf(transcoded).flat()
  assert.deepEqual(
    found.map(({ timestamp, key, value }) => [String(timestamp), String(key), String(value)]),
    lines.map(([, , timestamp, key, value]) => [timestamp, key, value]),
  )
})

test('null keys are left out where the target does not take them, and told', () => {
  const keyless = records(0, 6).map((record, index) => (index % 2 === 0 ? { ...record, key: null } : record))
  const transcoded = now(sourcesOf({ records: keyless }), { dropsNullKeys: true })
  assert.deepEqual(transcoded.nullKeys, [0, 2, 4])
  assert.deepEqual(recordsOf(transcoded), [renumbered(keyless.filter(({ key }) => key !== null))])
  assert.deepEqual(now(sourcesOf({ records: keyless })).nullKeys, [])
})

test('an uncompressed batch is as large as the limit allows, to the byte', () => {
  const sources = sourcesOf({ records: records(0, 4, 'v'.repeat(200)) })
  const [whole] = now(sources).batches
  const size = whole?.bytes.length ?? 0
  const counts = (maxBatchBytes: number): number[] =>
    now(sources, { maxBatchBytes }).batches.map(({ recordCount }) => recordCount)
  assert.deepEqual(counts(size), [4])
  assert.deepEqual(counts(size - 1), [3, 1])
  assert.deepEqual(now(sources, { maxBatchBytes: size - 1 }).oversized, [])
})

for (const codec of [1, 2, 3, 4] as const) {
  test(`a compressed batch (${CODEC_NAMES[codec]}) that is too large is halved until it fits; the same input has the same boundaries`, () => {
    const random = new SeededRandom(5)
    const all = records(0, 300).map((record, index) => ({
      ...record,
      // Holes, and timestamps whose halves carry over.
      offset: index + Math.floor(index / 7),
      timestamp: BigInt(random.between(-(2 ** 40), 2 ** 40)),
      value: `${random.next()}`.repeat(random.between(1, 20)),
    }))
    const sources = sourcesOf({ records: all, codec })
    for (const maxBatchBytes of [20_000, 5000, 1000, 700]) {
      const transcoded = now(sources, { maxBatchBytes })
      const content = (list: readonly PlainRecord[]): unknown[] => list.map((each) => ({ ...each, offset: 0 }))
      assert.deepEqual(content(recordsOf(transcoded).flat()), content(all))
      assert.deepEqual(
        offsetsOf(transcoded),
        all.map(({ offset }) => offset),
      )
      assert.ok(transcoded.batches.every(({ bytes }) => bytes.length <= maxBatchBytes))
      assert.deepEqual(now(sources, { maxBatchBytes }), transcoded)
    }
    assert.ok(now(sources, { maxBatchBytes: 1000 }).batches.length > 5)
  })
}

for (const codec of CODECS) {
  test(`a record (${CODEC_NAMES[codec]}) that alone is too large is set aside with all it has; those around it are not`, () => {
    const noise = randomFillSync(Buffer.alloc(3000)).toString('latin1')
    const headers = [
      ['h', 'x'],
      ['n', null],
    ] as const
    const large = { offset: 2, timestamp: -5n, key: 'k', value: noise, headers }
    const sources = sourcesOf({ records: [...records(0, 2), large, ...records(3, 2)], codec })
    const transcoded = now(sources, { maxBatchBytes: 2000 })
    const [oversized, ...others] = transcoded.oversized
    assert.deepEqual(others, [])
    assert.deepEqual(
      { ...oversized, batchBytes: 0 },
      {
        upstreamOffset: 2,
        timestamp: -5n,
        key: Buffer.from('k'),
        value: Buffer.from(noise, 'latin1'),
        headers: [
          { key: 'h', value: Buffer.from('x') },
          { key: 'n', value: null },
        ],
        batchBytes: 0,
      },
    )
    assert.ok((oversized?.batchBytes ?? 0) > 3000)
    const offsets = piecesOf(transcoded).flatMap((pieces) => pieces.map(([first, count]) => [first, count]))
    assert.equal(
      offsets.reduce((sum, [, count = 0]) => sum + count, 0),
      4,
    )
    assert.deepEqual(
      recordsOf(transcoded)
        .flat()
        .map(({ key }) => key),
      ['k0', 'k1', 'k3', 'k4'],
    )
  })
}

for (const codec of CODECS) {
  test(`records (${CODEC_NAMES[codec]}) that the target refused are set aside, in order with those that are too large`, () => {
    const noise = randomFillSync(Buffer.alloc(3000)).toString('latin1')
    const large = (offset: number): PlainRecord => ({ offset, timestamp: 9n, key: 'k', value: noise })
    const sources = sourcesOf({
      records: [...records(0, 2), large(2), ...records(3, 2), large(5), ...records(6, 2)],
      codec,
    })
    const transcoded = now(sources, { maxBatchBytes: 2000, refusedUpstreams: new Set([1, 4, 7, 99]) })
    assert.deepEqual(
      transcoded.oversized.map(({ upstreamOffset, key }) => [upstreamOffset, String(key)]),
      [
        [1, 'k1'],
        [2, 'k'],
        [4, 'k4'],
        [5, 'k'],
        [7, 'k7'],
      ],
    )
    assert.deepEqual(offsetsOf(transcoded), [0, 3, 6])
  })

  test(`batches of several records (${CODEC_NAMES[codec]}) stay below a lower limit, one of a single record need not`, () => {
    const noise = randomFillSync(Buffer.alloc(1500)).toString('latin1')
    const large = { offset: 2, timestamp: 9n, key: 'k', value: noise }
    const sources = sourcesOf({ records: [...records(0, 2), large, ...records(3, 40)], codec })
    const transcoded = now(sources, { maxBatchBytes: 5000, splitBatchBytes: 300 })
    assert.deepEqual(transcoded.oversized, [])
    assert.equal(offsetsOf(transcoded).length, 43)
    const sizes = transcoded.batches.map(({ bytes, recordCount }) => [bytes.length, recordCount] as const)
    assert.ok(sizes.every(([size, recordCount]) => size <= 300 || recordCount === 1))
    assert.ok(sizes.some(([size]) => size > 1500))
  })
}

test('an old record that the target refused is set aside with all it has', () => {
  const log = wireFixture('kafka-classes', 'message set magic 1 gzip')
  const transcoded = now(sourcesIn(log), { refusedUpstreams: new Set([101]) })
  const [refused] = transcoded.oversized
  assert.deepEqual(
    [refused?.upstreamOffset, refused?.timestamp, String(refused?.key), String(refused?.value), refused?.headers],
    [101, 1_690_000_000_001n, 'k1', 'v1', []],
  )
  assert.deepEqual(offsetsOf(transcoded), [100])
})

for (const name of ['0 plain', '1 plain', '0 gzip', '1 gzip', '0 snappy', '1 snappy', '0 lz4', '1 lz4']) {
  test(`message sets of magic ${name}, as Kafka's own classes write them, become a batch of magic 2`, () => {
    const transcoded = now(sourcesIn(wireFixture('kafka-classes', `message set magic ${name}`)))
    const timestamp = (index: bigint): bigint => (name.startsWith('0') ? -1n : 1_690_000_000_000n + index)
    assert.deepEqual(recordsOf(transcoded), [
      [
        { offset: 0, timestamp: timestamp(0n), key: 'k0', value: 'v0' },
        { offset: 1, timestamp: timestamp(1n), key: 'k1', value: 'v1' },
      ],
    ])
    assert.deepEqual(piecesOf(transcoded), [[[100, 2]]])
    assert.equal(transcoded.nextUpstream, 102)
  })
}

test('old append time, wrapped or not, is the time that readers see', () => {
  for (const name of ['plain', 'lz4']) {
    const log = wireFixture('kafka-classes', `message set magic 1 ${name} append time`)
    const [found = []] = recordsOf(now(sourcesIn(log)))
    assert.deepEqual(
      found.map(({ timestamp }) => timestamp),
      [1_700_000_000_000n, 1_700_000_000_000n],
    )
  }
})

test('an old compressed entry with a hole keeps its offsets, null key and null value', () => {
  const log = wireFixture('kafka-classes', 'message set magic 1 compacted')
  const transcoded = now(sourcesIn(log))
  assert.deepEqual(piecesOf(transcoded), [
    [
      [5_000_000_000, 1],
      [5_000_000_003, 1],
    ],
  ])
  assert.deepEqual(
    recordsOf(transcoded)[0]?.map(({ key, value }) => [key, value]),
    [
      ['k0', null],
      [null, 'v3'],
    ],
  )
  assert.deepEqual(now(sourcesIn(log), { dropsNullKeys: true }).nullKeys, [5_000_000_003])
  assert.deepEqual(piecesOf(now(sourcesIn(log), { firstUpstream: 5_000_000_001 })), [[[5_000_000_003, 1]]])
})

test('records inside an old compressed entry have their checksums verified too', () => {
  const log = wireFixture('kafka-classes', 'message set magic 1 snappy')
  // Inside of the value, and a literal: snappy does not notice.
  const damaged = Buffer.from(log)
  damaged[log.length - 1]! ^= 1
  assert.throws(() => now(sourcesIn(damaged)), /offset 101 is damaged.*checksum/)
})

/** Claims and bombs that fit their checksum: whoever wrote them meant it. */
const hostile: Readonly<Record<string, () => Buffer>> = {
  'a gzip bomb': () => packed(1, gzipSync(Buffer.alloc(64_000_000), { level: 9 })),
  'a zstd bomb': () => packed(4, zstdCompressSync(Buffer.alloc(64_000_000))),
  'an lz4 bomb': () => packed(3, compressFrameSync(Buffer.alloc(64_000_000))),
  'a snappy claim of 2 GB': () => packed(2, Buffer.from('ffffffff0700414141', 'hex')),
  'two billion records': () => packed(1, compress(1, Buffer.alloc(1000)), 2_000_000_000),
  'two billion records in zstd': () => packed(4, compress(4, Buffer.alloc(100_000)), 2_147_483_647),
  'a record of 2 GB': () => packed(1, compress(1, Buffer.from('feffffff0f000000010100', 'hex'))),
  'a key of 2 GB': () =>
    packed(0, Buffer.from('1800 0000 feffffff0f 0100'.replaceAll(' ', '') + '00'.repeat(4), 'hex')),
  'two billion headers': () =>
    packed(0, Buffer.from('1800 0000 0101 feffffff0f'.replaceAll(' ', '') + '00'.repeat(3), 'hex')),
  'records that never end': () => packed(3, compress(3, Buffer.alloc(10_000, 0xff)), 3),
  'no records': () => packed(4, Buffer.alloc(0)),
}

/** A batch of magic 2 with these bytes as its records. */
function packed(codec: Codec, bytes: Buffer, recordCount = 1): Buffer {
  const batch = Buffer.concat([encodePlainBatch({ records: records(7, 1), codec }).subarray(0, 61), bytes])
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(recordCount - 1, 23)
  batch.writeInt32BE(recordCount, 57)
  return sealPlainBatch(batch)
}

for (const [what, make] of Object.entries(hostile)) {
  test(`${what}: refused with the offset, without memory and time being spent on it`, async () => {
    const bytes = make()
    const before = process.memoryUsage()
    const startMs = performance.now()
    let refused: unknown
    try {
      await transcodeBatches({ bytes, places: [0] }, OPTIONS)
    } catch (error) {
      refused = error
    }
    assert.ok(isCode('BATCH_CORRUPT', 'BATCH_EXPANDS')(refused), String(refused))
    assert.match(String(refused), /offset 7 /)
    const after = process.memoryUsage()
    const grownBytes = after.heapUsed + after.external - before.heapUsed - before.external
    assert.ok(grownBytes < 64 << 20, `${grownBytes} bytes`)
    assert.ok(performance.now() - startMs < 2000)
  })
}

test('flipped bytes behind a right checksum are refused, or read within bounds', async () => {
  const random = new SeededRandom(9)
  const logs = [
    ...CODECS.map((codec) => encodePlainBatch({ records: records(0, 30, 'value '.repeat(9)), codec })),
    ...['1 lz4', '1 gzip', '0 snappy'].map((name) => wireFixture('kafka-classes', `message set magic ${name}`)),
  ]
  let refused = 0
  for (let run = 0; run < 4000; run++) {
    const bytes = Buffer.from(random.pick(logs))
    for (let flips = random.between(1, 3); flips > 0; flips--)
      bytes[random.between(21, bytes.length - 1)] = random.between(0, 255)
    if (bytes.readUInt8(16) === 2) sealPlainBatch(bytes)
    try {
      const { batches } = await transcodeBatches(
        { bytes, places: [0] },
        { ...OPTIONS, decompressionLimitBytes: 1 << 20 },
      )
      for (const batch of batches) decodePlainBatch(batch.bytes)
    } catch (error) {
      if (!isCode('BATCH_CORRUPT', 'BATCH_EXPANDS', 'BATCH_CHECKSUM')(error)) throw error
      refused++
    }
  }
  assert.ok(refused > 1000, `${refused}`)
})

test('cut batches are refused', () => {
  const bytes = encodePlainBatch({ records: records(0, 3), codec: 1 })
  for (let size = 0; size < bytes.length; size++) {
    assert.throws(() => now({ bytes: bytes.subarray(0, size), places: [0] }), isCode('BATCH_CORRUPT'))
  }
})

test('any batches, any limits: all records come out, in order', async () => {
  const batch = fc.record({
    count: fc.integer({ min: 0, max: 20 }),
    gap: fc.integer({ min: 0, max: 3 }),
    tail: fc.integer({ min: 0, max: 3 }),
    codec: fc.constantFrom<Codec>(...CODECS),
    size: fc.integer({ min: 0, max: 100 }),
    attributes: fc.constantFrom(0, 0, TRANSACTIONAL, DELETE_HORIZON),
  })
  const limits = fc.record({
    codec: fc.constantFrom<Codec | 'keep'>('keep', ...CODECS),
    maxBatchBytes: fc.integer({ min: 250, max: 3000 }),
    preferredBatchBytes: fc.integer({ min: 0, max: 3000 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { maxLength: 8 }), limits, async (shapes, options) => {
      let offset = 3
      const all: PlainRecord[] = []
      const batches = shapes.map(({ count, gap, tail, size, ...rest }) => {
        offset += gap
        const found = records(offset, count, 'v'.repeat(size))
        all.push(...found)
        const baseOffset = offset
        offset += Math.max(1, count) + tail
        return { ...rest, records: found, baseOffset, lastOffset: offset - 1, producerId: 9n }
      })
      const transcoded = await transcodeBatches(sourcesOf(...batches), { ...OPTIONS, ...options })
      const found = recordsOf(transcoded).flat()
      assert.deepEqual(
        found.map(({ key }) => key),
        all.map(({ key }) => key),
      )
      assert.deepEqual(
        found.map(({ timestamp }) => timestamp),
        all.map(({ timestamp }) => timestamp),
      )
      assert.ok(transcoded.batches.every(({ bytes }) => bytes.length <= options.maxBatchBytes))
      for (const { bytes } of transcoded.batches) {
        const latest = decodePlainBatch(bytes).reduce(
          (most, { timestamp }) => (timestamp > most ? timestamp : most),
          -1n,
        )
        assert.equal(maxTimestampAt(bytes, 0), latest)
      }
    }),
    { numRuns: 300 },
  )
})

test('megabytes are transcoded in turns: other work is never kept waiting for long', async () => {
  const one = encodePlainBatch({ records: records(0, 1, 'v'.repeat(80)) })
  const log = Buffer.concat(Array.from({ length: 60_000 }, () => one))
  // The base offset is not covered by the checksum.
  for (let offset = 0; offset < 60_000; offset++) log.writeInt32BE(offset, offset * one.length + 4)
  const builder = new BatchBuilder()
  const large = CODECS.map((codec) => {
    const value = Buffer.from('some value '.repeat(9))
    for (let index = 0; index < 40_000; index++) builder.addPlain(value, 0, index % 20, 0, value.length, 400, index)
    return sourcesIn(builder.seal(codec, compress(codec, builder.records)))
  })
  const small = sourcesIn(log)
  for (const [index, sources] of [small, ...large].entries()) {
    const { value, longestMs, turnsCount } = await longestTurn(async () => {
      const result = transcodeBatches(sources, { ...OPTIONS, maxBatchBytes: 4 << 20 })
      assert.ok(result instanceof Promise)
      return result
    })
    assert.equal(
      value.batches.reduce((sum, { recordCount }) => sum + recordCount, 0),
      index === 0 ? 60_000 : 40_000,
    )
    assert.ok(turnsCount > 0, `${index}: no turn`)
    // 20 ms are promised; beside others on a busy machine the same work takes half as much again.
    assert.ok(longestMs < 30, `${index}: ${longestMs} ms`)
  }
})
