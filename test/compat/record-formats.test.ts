import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { BatchBuilder } from '../../src/wire/batch-builder.ts'
import { compress } from '../../src/wire/compression.ts'
import type { Codec } from '../../src/wire/compression.ts'
import { readBatchHeader } from '../../src/wire/record-batch.ts'
import { transcodeBatches } from '../../src/wire/transcode-batches.ts'
import type { SourceBatches, TranscodeOptions, Transcoded } from '../../src/wire/transcoded.ts'
import { judgeProduced, seedLogs } from '../support/java-records.ts'
import type { JavaBatch, JavaRecord } from '../support/java-records.ts'

/*
 * Kafka's own classes write logs of every format and codec, with holes as the cleaner makes them; they are transcoded
 * with every kind of limit; and Kafka's own classes, as a broker uses them, take what comes out and read it.
 */

const SEED = 20261124
const LOGS_COUNT = 1500

const optionsArbitrary = fc.record({
  codec: fc.constantFrom<Codec | 'keep'>('keep', 'keep', 'keep', 0, 1, 2, 3, 4),
  maxBatchBytes: fc.oneof(fc.constant(1 << 20), fc.integer({ min: 62, max: 4000 })),
  preferredBatchBytes: fc.oneof(fc.constantFrom(0, 1 << 14, 1 << 20), fc.integer({ min: 0, max: 2000 })),
  dropsNullKeys: fc.boolean(),
  splitBatchBytes: fc.oneof(fc.constant(1 << 20), fc.integer({ min: 62, max: 1000 })),
  /** Every so many offsets there is a record that the target refused. */
  refusedOnceIn: fc.constantFrom(1000, 1000, 9),
  /** Share of the offsets that were copied before. */
  copied: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
})

/** What has to be in the target, from what Kafka's classes read in the source. */
function wantedRecords(batches: readonly JavaBatch[], options: TranscodeOptions): JavaRecord[] {
  return batches
    .filter(({ isControl }) => !isControl)
    .flatMap(({ records }) => records)
    .filter(({ offset, key }) => offset >= options.firstUpstream && !(options.dropsNullKeys && key === null))
}

function sourcesOf(log: Buffer): SourceBatches {
  const places: number[] = []
  for (let at = 0; at < log.length;) {
    const header = readBatchHeader(log, at, log.length)
    assert.ok(header !== 'truncated')
    places.push(at)
    at += header.size
  }
  return { bytes: log, places }
}

const withoutOffset = (record: JavaRecord): JavaRecord => ({ ...record, offset: 0 })

/** Everything but what Java has to judge. */
function checkBookkeeping(
  transcoded: Transcoded,
  wanted: readonly JavaRecord[],
  options: TranscodeOptions,
): JavaRecord[] {
  const { batches, oversized } = transcoded
  const copied = batches.flatMap(({ pieces }) =>
    pieces.flatMap(({ upstreamOffset, count }) => Array.from({ length: count }, (_, index) => upstreamOffset + index)),
  )
  const parked = new Set(oversized.map(({ upstreamOffset }) => upstreamOffset))
  const expected = wanted.filter(({ offset }) => !parked.has(offset))
  assert.deepEqual(
    copied,
    expected.map(({ offset }) => offset),
    'pieces are the upstream offsets',
  )
  for (const { bytes, recordCount, pieces } of batches) {
    assert.ok(bytes.length <= options.maxBatchBytes)
    assert.ok(bytes.length <= (options.splitBatchBytes ?? 0) || recordCount === 1)
    assert.equal(
      pieces.reduce((sum, { count }) => sum + count, 0),
      recordCount,
    )
    for (const [index, { upstreamOffset }] of pieces.entries()) {
      const before = pieces[index - 1]
      if (before !== undefined)
        assert.ok(upstreamOffset > before.upstreamOffset + before.count, 'pieces are as long as can be')
    }
  }
  assert.equal(parked.size + expected.length, wanted.length)
  assert.deepEqual(
    oversized.map(({ upstreamOffset }) => upstreamOffset),
    wanted.filter(({ offset }) => parked.has(offset)).map(({ offset }) => offset),
  )
  for (const record of oversized) {
    const isRefused = options.refusedUpstreams?.has(record.upstreamOffset)
    assert.ok(record.batchBytes > options.maxBatchBytes || isRefused)
    const found = {
      offset: record.upstreamOffset,
      timestamp: record.timestamp,
      key: record.key?.toString('hex') ?? null,
      value: record.value?.toString('hex') ?? null,
      headers: record.headers.map(({ key, value }) => ({ key, value: value?.toString('hex') ?? null })),
    }
    assert.deepEqual(
      found,
      wanted.find(({ offset }) => offset === record.upstreamOffset),
    )
  }
  return expected
}

test("logs of every format and codec that Kafka's own classes wrote: what comes out is taken by a broker as it is and has the same records", async () => {
  const logs = await seedLogs(SEED, LOGS_COUNT)
  const samples = fc.sample(optionsArbitrary, { numRuns: LOGS_COUNT, seed: SEED })
  const produced: Buffer[] = []
  const expected: JavaRecord[][] = []
  const seen = { batches: 0, records: 0, nullKeys: 0, oversized: 0, several: 0, put: 0 }
  for (const [index, { log, batches }] of logs.entries()) {
    const { copied, refusedOnceIn, ...sample } = samples[index] ?? assert.fail()
    const first = batches[0]?.baseOffset ?? 0
    const last = batches.at(-1)?.lastOffset ?? 0
    const firstUpstream = Math.round(first + copied * (last + 1 - first))
    const refusedUpstreams = new Set<number>()
    for (let offset = first + 5; offset <= last; offset += refusedOnceIn) refusedUpstreams.add(offset)
    const options = { ...sample, decompressionLimitBytes: 1 << 24, firstUpstream, refusedUpstreams }
    const sources = sourcesOf(log)
    const before = Buffer.from(log)
    const transcoded = await transcodeBatches(sources, options)
    assert.ok(log.equals(before), 'the sources stay as they are')
    assert.deepEqual(await transcodeBatches(sources, options), transcoded, 'twice the same')
    assert.equal(transcoded.nextUpstream, log.length === 0 ? firstUpstream : last + 1)
    const wanted = wantedRecords(batches, options)
    if (options.dropsNullKeys) {
      const nullKeys = wantedRecords(batches, { ...options, dropsNullKeys: false }).filter(({ key }) => key === null)
      assert.deepEqual(
        transcoded.nullKeys,
        nullKeys.map(({ offset }) => offset),
      )
    } else {
      assert.deepEqual(transcoded.nullKeys, [])
    }
    expected.push(checkBookkeeping(transcoded, wanted, options))
    produced.push(Buffer.concat(transcoded.batches.map(({ bytes }) => bytes)))
    seen.batches += transcoded.batches.length
    seen.records += wanted.length
    seen.nullKeys += transcoded.nullKeys.length
    seen.oversized += transcoded.oversized.length
    if (transcoded.batches.length > sources.places.length) seen.several++
    if (transcoded.batches.length < sources.places.length) seen.put++
  }
  // Otherwise the cases are not what they are meant to be.
  for (const [what, count] of Object.entries(seen)) assert.ok(count > LOGS_COUNT / 20, `${what}: ${count}`)
  const judged = await judgeProduced(produced)
  for (const [index, found] of judged.entries()) {
    assert.ok(typeof found !== 'string', `case ${index}: ${String(found)}`)
    const records = found.flatMap((batch) => batch.records)
    assert.deepEqual(
      records.map(({ offset }) => offset),
      records.map((_, offset) => offset),
      `case ${index}: offsets from 0`,
    )
    assert.deepEqual(records.map(withoutOffset), (expected[index] ?? []).map(withoutOffset), `case ${index}`)
    for (const batch of found) {
      const latest = batch.records.reduce((most, { timestamp }) => (timestamp > most ? timestamp : most), -1n)
      assert.equal(batch.maxTimestamp, latest, `case ${index}: max timestamp`)
    }
  }
})

test('timestamps that Java writes to no batch, but reads, are kept: before 1970, and further apart than an int64', async () => {
  const timestamps = [5n, -1n, -2n, -(2n ** 63n), 2n ** 63n - 1n, 0n, -1_000_000_000_000n, 2n ** 62n]
  const cases: Buffer[] = []
  for (const codec of [0, 1, 2, 3, 4] as const) {
    for (const first of timestamps.keys()) {
      const builder = new BatchBuilder()
      const order = [...timestamps.slice(first), ...timestamps.slice(0, first)]
      for (const timestamp of order) {
        builder.addPlain(Buffer.from('ab'), 0, 1, 1, 1, Number(timestamp >> 32n), Number(BigInt.asIntN(32, timestamp)))
      }
      const bytes = builder.seal(codec, compress(codec, builder.records))
      const options = {
        firstUpstream: first % 3,
        codec: 'keep',
        maxBatchBytes: first % 2 === 0 ? 1 << 20 : 130,
        preferredBatchBytes: 0,
        dropsNullKeys: false,
        decompressionLimitBytes: 1 << 20,
      } as const
      const { batches } = await transcodeBatches({ bytes, places: [0] }, options)
      cases.push(Buffer.concat(batches.map((batch) => batch.bytes)))
    }
  }
  const judged = await judgeProduced(cases)
  for (const [index, found] of judged.entries()) {
    const first = index % timestamps.length
    const order = [...timestamps.slice(first), ...timestamps.slice(0, first)].slice(first % 3)
    assert.ok(typeof found !== 'string', `case ${index}: ${String(found)}`)
    assert.deepEqual(
      found.flatMap((batch) => batch.records.map(({ timestamp }) => timestamp)),
      order,
      `case ${index}`,
    )
  }
})

test('large batches in every codec: text, noise and zeros, of many blocks', async () => {
  const builder = new BatchBuilder()
  const noise = randomFillSync(Buffer.alloc(100_000))
  for (let index = 0; index < 12; index++) {
    for (const value of [noise, Buffer.alloc(200_000), Buffer.from(`{"order": ${index}} `.repeat(2000))]) {
      builder.addPlain(value, 0, 8, 0, value.length, 0, index)
    }
  }
  const bytes = builder.seal(0, builder.records)
  const cases: Buffer[] = []
  for (const codec of [0, 1, 2, 3, 4] as const) {
    const options = {
      firstUpstream: 0,
      codec,
      maxBatchBytes: 8 << 20,
      preferredBatchBytes: 0,
      dropsNullKeys: false,
      decompressionLimitBytes: 1 << 24,
    } as const
    const packed = await transcodeBatches({ bytes, places: [0] }, options)
    const [batch] = packed.batches
    assert.ok(batch !== undefined && packed.batches.length === 1)
    // And back again: what was compressed here is decompressed here, too.
    const unpacked = await transcodeBatches(
      { bytes: batch.bytes, places: [0] },
      {
        ...options,
        codec: 0,
      },
    )
    assert.deepEqual(unpacked.batches[0]?.bytes, bytes)
    cases.push(batch.bytes)
  }
  const [plain, ...compressed] = await judgeProduced(cases)
  assert.ok(Array.isArray(plain) && plain[0]?.records.length === 36)
  for (const found of compressed) {
    assert.ok(Array.isArray(found), String(found))
    assert.deepEqual(found[0]?.records, plain[0].records)
  }
})

test('a compacted topic takes what is left without null keys', async () => {
  const logs = await seedLogs(SEED + 1, 200)
  const produced: Buffer[] = []
  for (const { log } of logs) {
    const { batches } = await transcodeBatches(sourcesOf(log), {
      firstUpstream: 0,
      codec: 'keep',
      maxBatchBytes: 1 << 20,
      preferredBatchBytes: 1 << 14,
      dropsNullKeys: true,
      decompressionLimitBytes: 1 << 24,
    })
    produced.push(Buffer.concat(batches.map(({ bytes }) => bytes)))
  }
  const complaints = (await judgeProduced(produced, { isCompacted: true })).filter((found) => typeof found === 'string')
  assert.deepEqual(complaints, [])
})

test('the judge finds holes, a wrong checksum, a null key for a compacted topic and bytes too many', async () => {
  const builder = new BatchBuilder()
  const batch = (key: number): Buffer => {
    for (let index = 0; index < 3; index++) builder.addPlain(Buffer.from('ab'), 0, key, 1, 1, 0, index)
    return builder.seal(1, compress(1, builder.records))
  }
  const damaged = batch(1)
  damaged.writeUInt8(damaged.readUInt8(70) ^ 1, 70)
  const judged = await judgeProduced([batch(1), damaged, batch(-1), Buffer.concat([batch(1), Buffer.alloc(9)])], {
    isCompacted: true,
  })
  assert.equal(typeof judged[0], 'object')
  assert.deepEqual(
    judged.slice(1).map((found) => typeof found),
    ['string', 'string', 'string'],
  )
})
