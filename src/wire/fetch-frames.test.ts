import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fetchV11, fetchV12, fetchV13, fetchV14, fetchV15, fetchV16, fetchV17 } from '@platformatic/kafka'
import { wireFixture } from '../../test/support/wire-fixture.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { FETCH_VERSIONS, encodeFetchRequest } from './fetch-request.ts'
import type { FetchRequest, FetchVersion } from './fetch-request.ts'
import { decodeFetchResponse } from './fetch-response.ts'
import { batchSizeAt } from './record-batch.ts'

const topicId = Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex')
const otherId = Buffer.from('1112131415161718191a1b1c1d1e1f20', 'hex')

function sampleRequest(): FetchRequest {
  return {
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 52_428_800,
    isolationLevel: 1,
    sessionId: 1_234_567_890,
    sessionEpoch: 7,
    rackId: 'räck-1',
    topics: [
      {
        topic: 'orders',
        topicId,
        partitions: [
          { partition: 0, currentLeaderEpoch: 3, fetchOffset: 5e9, lastFetchedEpoch: 2, partitionMaxBytes: 1_048_576 },
          { partition: 300, currentLeaderEpoch: -1, fetchOffset: 0, lastFetchedEpoch: -1, partitionMaxBytes: 4096 },
        ],
      },
      {
        topic: 'x'.repeat(200),
        topicId: otherId,
        partitions: [
          { partition: 1, currentLeaderEpoch: 0, fetchOffset: 2 ** 53 - 1, lastFetchedEpoch: 0, partitionMaxBytes: 1 },
        ],
      },
    ],
    forgottenTopics: [{ topic: 'gone', topicId: otherId, partitions: [0, 5, 70_000] }],
  }
}

for (const version of FETCH_VERSIONS) {
  test(`a Fetch request of version ${version} is what Kafka's own classes write`, () => {
    assert.deepEqual(
      encodeFetchRequest(version, sampleRequest()),
      wireFixture('kafka-classes', `FetchRequest v${version}`),
    )
  })

  test(`a Fetch answer of version ${version}, written by Kafka's own classes, is read in full`, () => {
    const frame = wireFixture('kafka-classes', `FetchResponse v${version}`)
    // In the middle of other bytes, as in an arena.
    const bytes = Buffer.concat([Buffer.alloc(9, 0xee), frame, Buffer.alloc(100, 0xee)])
    checkSampleResponse(version, bytes, decodeFetchResponse(version, bytes, 9, 9 + frame.length))
    assert.equal(decodeFetchResponse(version, frame, 0).partitions.length, 3)
  })

  test(`a Fetch answer of version ${version} that is cut anywhere is refused`, () => {
    const frame = wireFixture('kafka-classes', `FetchResponse v${version}`)
    for (let limit = 0; limit < frame.length; limit++) {
      assert.throws(() => decodeFetchResponse(version, frame, 0, limit), isFrameError, `cut at ${limit}`)
    }
  })

  test(`damaged Fetch answers of version ${version} are read or refused, nothing else`, () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
        const frame = wireFixture('kafka-classes', `FetchResponse v${version}`)
        for (const [place, value] of changes) frame[place % frame.length] = value
        readOrRefuse(version, frame)
      }),
      { numRuns: 2000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => readOrRefuse(version, Buffer.from(bytes))),
      { numRuns: 2000 },
    )
  })
}

function checkSampleResponse(
  version: FetchVersion,
  bytes: Buffer,
  response: ReturnType<typeof decodeFetchResponse>,
): void {
  const isByName = version < 13
  const isFlexible = version >= 12
  const [full, failed, nothing] = response.partitions
  assert.ok(full !== undefined && failed !== undefined && nothing !== undefined && response.partitions.length === 3)
  const recordsSize = full.recordsEnd - full.recordsStart
  assert.equal(recordsSize, batchSizeAt(bytes, full.recordsStart))
  assert.equal(bytes.readBigInt64BE(full.recordsStart), 5_000_000_000n)
  assert.deepEqual(response, {
    throttleTimeMs: 30,
    errorCode: 0,
    sessionId: 1_234_567_890,
    partitions: [
      {
        topic: isByName ? 'orders' : null,
        topicId: isByName ? null : topicId,
        partition: 4,
        errorCode: 0,
        highWatermark: 5_000_000_100,
        lastStableOffset: 5_000_000_050,
        logStartOffset: 17,
        abortedTransactions: [
          { producerId: 9_000_000_000_000_000_000n, firstOffset: 5_000_000_040 },
          { producerId: 12n, firstOffset: 5_000_000_001 },
        ],
        preferredReadReplica: 2,
        divergingEpoch: null,
        recordsStart: full.recordsStart,
        recordsEnd: full.recordsStart + recordsSize,
      },
      {
        topic: isByName ? 'orders' : null,
        topicId: isByName ? null : topicId,
        partition: 5,
        errorCode: 6,
        highWatermark: -1,
        lastStableOffset: -1,
        logStartOffset: -1,
        abortedTransactions: null,
        preferredReadReplica: -1,
        divergingEpoch: null,
        recordsStart: failed.recordsStart,
        recordsEnd: failed.recordsStart,
      },
      {
        topic: isByName ? 'other' : null,
        topicId: isByName ? null : otherId,
        partition: 6,
        errorCode: 0,
        highWatermark: 10,
        lastStableOffset: 10,
        logStartOffset: 0,
        abortedTransactions: [],
        preferredReadReplica: -1,
        divergingEpoch: isFlexible ? { epoch: 2, endOffset: 5_000_000_000 } : null,
        recordsStart: nothing.recordsStart,
        recordsEnd: nothing.recordsStart,
      },
    ],
  })
}

test('any Fetch request is what @platformatic/kafka writes for the same values', () => {
  const libraries = [fetchV11, fetchV12, fetchV13, fetchV14, fetchV15, fetchV16, fetchV17]
  const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
  const name = fc.string({ minLength: 1, maxLength: 249, unit: 'grapheme' })
  const id = fc.uint8Array({ minLength: 16, maxLength: 16 })
  const partition = fc.record({
    partition: fc.nat(),
    currentLeaderEpoch: int32,
    fetchOffset: fc.maxSafeNat(),
    lastFetchedEpoch: int32,
    partitionMaxBytes: int32,
  })
  const topic = fc.record({ topic: name, topicId: id, partitions: fc.array(partition, { maxLength: 200 }) })
  const forgotten = fc.record({ topic: name, topicId: id, partitions: fc.array(int32, { maxLength: 200 }) })
  const numbers = fc.tuple(int32, int32, int32, fc.constantFrom(0 as const, 1 as const), int32, int32)
  fc.assert(
    fc.property(
      fc.nat(FETCH_VERSIONS.length - 1),
      numbers,
      fc.array(topic, { maxLength: 20 }),
      fc.array(forgotten, { maxLength: 5 }),
      name,
      (
        index,
        [maxWaitMs, minBytes, maxBytes, isolationLevel, sessionId, sessionEpoch],
        topics,
        forgottenTopics,
        rackId,
      ) => {
        const version = FETCH_VERSIONS[index]
        const library = libraries[index]
        assert.ok(version !== undefined && library !== undefined)
        const ids = topics.map((entry) => ({ ...entry, topicId: Buffer.from(entry.topicId) }))
        const forgottenIds = forgottenTopics.map((entry) => ({ ...entry, topicId: Buffer.from(entry.topicId) }))
        const sizes = { maxWaitMs, minBytes, maxBytes, isolationLevel, sessionId, sessionEpoch, rackId }
        const ours = encodeFetchRequest(version, { ...sizes, topics: ids, forgottenTopics: forgottenIds })
        const theirs = library.createRequest(
          maxWaitMs,
          minBytes,
          maxBytes,
          isolationLevel,
          sessionId,
          sessionEpoch,
          ids.map((entry) => libraryTopic(version, entry)) as never,
          forgottenIds.map((entry) => ({
            topicId: libraryTopicId(version, entry),
            partitions: entry.partitions,
          })) as never,
          rackId,
        )
        assert.deepEqual(ours, theirs.buffer)
      },
    ),
  )
})

function libraryTopic(version: FetchVersion, entry: FetchRequest['topics'][number]): unknown {
  const partitions = entry.partitions.map((one) => ({ ...one, fetchOffset: BigInt(one.fetchOffset) }))
  return { topicId: libraryTopicId(version, entry), partitions }
}

/** The library's field is called topicId in the versions that send a name, too. */
function libraryTopicId(version: FetchVersion, entry: { topic: string; topicId: Buffer }): string {
  if (version < 13) return entry.topic
  return entry.topicId.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

test('a Fetch request for 10,000 partitions is one buffer, and an empty one has the least size', () => {
  const partitions = Array.from({ length: 10_000 }, (_, partition) => ({
    partition,
    currentLeaderEpoch: 1,
    fetchOffset: partition,
    lastFetchedEpoch: 1,
    partitionMaxBytes: 1,
  }))
  const request: FetchRequest = {
    ...sampleRequest(),
    rackId: '',
    forgottenTopics: [],
    topics: [{ topic: 't', topicId, partitions }],
  }
  assert.equal(encodeFetchRequest(17, request).length, 21 + 1 + 16 + 2 + 330_000 + 1 + 1 + 1 + 1)
  assert.equal(encodeFetchRequest(17, { ...request, topics: [] }).length, 21 + 4)
})

test('a claim of more topics, partitions, transactions or bytes than fit is refused before anything is made', () => {
  const huge = Buffer.alloc(14)
  huge.writeInt32BE(0x7fff_ffff, 10)
  assert.throws(() => decodeFetchResponse(11, huge, 0), /2147483647 elements does not fit/)
  const varint = Buffer.from('00000000000000000000ffffffff0f', 'hex')
  assert.throws(() => decodeFetchResponse(17, varint, 0), /4294967294 elements does not fit/)
  const tooLong = Buffer.from('00000000000000000000ffffffffff0f', 'hex')
  assert.throws(() => decodeFetchResponse(17, tooLong, 0), /longer than 32 bits/)
})

function readOrRefuse(version: FetchVersion, bytes: Buffer): void {
  try {
    const response = decodeFetchResponse(version, bytes, 0)
    for (const { recordsStart, recordsEnd } of response.partitions) {
      assert.ok(recordsStart >= 0 && recordsEnd >= recordsStart && recordsEnd <= bytes.length)
    }
  } catch (error) {
    if (!isFrameError(error)) throw error
  }
}

function isFrameError(error: unknown): boolean {
  return error instanceof TwinlogError && error.code === 'FRAME_CORRUPT'
}
