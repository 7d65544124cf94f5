import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Reader, produceV10, produceV11, produceV8, produceV9 } from '@platformatic/kafka'
import { wireFixture } from '../../test/support/wire-fixture.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { PRODUCE_VERSIONS, REFERENCED_FROM_SIZE, encodeProduceRequest } from './produce-request.ts'
import type { ProduceRequest, ProduceVersion } from './produce-request.ts'
import { decodeProduceResponse } from './produce-response.ts'
import { batchSizeAt } from './record-batch.ts'

/** Where the batches of partitions 0, 1 and 70,000 lie in Kafka's own encoding, found by leader epoch and magic. */
function batchesOf(frame: Buffer): { start: number; end: number }[] {
  const batches: { start: number; end: number }[] = []
  const pattern = Buffer.from('ffffffff02', 'hex')
  for (let at = frame.indexOf(pattern); at !== -1; at = frame.indexOf(pattern, at + 1)) {
    const start = at - 12
    if (start >= 0 && frame.readBigInt64BE(start) === 0n)
      batches.push({ start, end: start + batchSizeAt(frame, start) })
  }
  return batches
}

for (const version of PRODUCE_VERSIONS) {
  test(`a Produce request of version ${version} is what Kafka's own classes write, its small batches copied, its large one not`, () => {
    const frame = wireFixture('kafka-classes', `ProduceRequest v${version}`)
    const [first, second, third] = batchesOf(frame)
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    const { chunks, size } = encodeProduceRequest(version, {
      transactionalId: version === 8 ? 'tx' : null,
      acks: -1,
      timeoutMs: 30_000,
      topics: [
        {
          topic: 'orders',
          partitions: [
            { partition: 0, bytes: frame, ...first },
            { partition: 1, bytes: frame, ...second },
          ],
        },
        { topic: 'x'.repeat(130), partitions: [{ partition: 70_000, bytes: frame, ...third }] },
      ],
    })
    assert.deepEqual(Buffer.concat(chunks), frame)
    assert.equal(size, frame.length)
    const isLarge = second.end - second.start >= REFERENCED_FROM_SIZE
    assert.equal(isLarge, version === 11)
    assert.equal(chunks.length, isLarge ? 3 : 1)
    if (isLarge) assert.equal(chunks[1]?.buffer, frame.buffer)
  })

  test(`a Produce answer of version ${version}, written by Kafka's own classes, is read in full`, () => {
    const frame = wireFixture('kafka-classes', `ProduceResponse v${version}`)
    const bytes = Buffer.concat([Buffer.alloc(5, 0xee), frame, Buffer.alloc(100, 0xee)])
    assert.deepEqual(decodeProduceResponse(version, bytes, 5, 5 + frame.length), sampleResponse())
    assert.deepEqual(decodeProduceResponse(version, frame, 0), sampleResponse())
  })

  test(`a Produce answer of version ${version} that is cut anywhere is refused`, () => {
    const frame = wireFixture('kafka-classes', `ProduceResponse v${version}`)
    for (let limit = 0; limit < frame.length; limit++) {
      assert.throws(() => decodeProduceResponse(version, frame, 0, limit), isFrameError, `cut at ${limit}`)
    }
  })

  test(`damaged Produce answers of version ${version} are read or refused, nothing else`, () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
        const frame = wireFixture('kafka-classes', `ProduceResponse v${version}`)
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

function sampleResponse(): ReturnType<typeof decodeProduceResponse> {
  return {
    throttleTimeMs: 40,
    partitions: [
      {
        topic: 'orders',
        partition: 0,
        errorCode: 0,
        baseOffset: 5_000_000_000,
        logStartOffset: 11,
        recordErrors: [],
        errorMessage: null,
      },
      {
        topic: 'orders',
        partition: 1,
        errorCode: 87,
        baseOffset: -1,
        logStartOffset: -1,
        recordErrors: [
          { batchIndex: 2, message: 'why' },
          { batchIndex: 3, message: null },
        ],
        errorMessage: 'ünfit',
      },
    ],
  }
}

test('@platformatic/kafka reads the same from a Produce answer', () => {
  const libraries = { 8: produceV8, 9: produceV9, 10: produceV10, 11: produceV11 }
  for (const version of PRODUCE_VERSIONS) {
    const frame = wireFixture('kafka-classes', `ProduceResponse v${version}`)
    let theirs:
      | { responses: { partitionResponses: { index: number; errorCode: number; baseOffset: bigint }[] }[] }
      | undefined
    try {
      libraries[version].parseResponse(1, 0, version, Reader.from(frame))
    } catch (error) {
      // It raises partition errors, with the answer attached.
      theirs = (error as { response: typeof theirs }).response
    }
    const found = theirs?.responses.flatMap((topic) => topic.partitionResponses)
    const ours = decodeProduceResponse(version, frame, 0).partitions
    assert.deepEqual(
      found?.map(({ index, errorCode, baseOffset }) => ({ index, errorCode, baseOffset: Number(baseOffset) })),
      ours.map(({ partition, errorCode, baseOffset }) => ({ index: partition, errorCode, baseOffset })),
    )
  }
})

test('any Produce request has its claimed size, and every batch in it, whatever is copied and whatever referenced', () => {
  const sizes = fc.oneof(fc.integer({ min: 61, max: 300 }), fc.integer({ min: REFERENCED_FROM_SIZE - 2, max: 40_000 }))
  const topic = fc.record({ topic: fc.string({ maxLength: 249 }), sizes: fc.array(sizes, { maxLength: 10 }) })
  const arena = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 31) % 251))
  fc.assert(
    fc.property(
      fc.constantFrom(...PRODUCE_VERSIONS),
      fc.array(topic, { maxLength: 5 }),
      fc.nat(9000),
      (version, shapes, start) => {
        const request: ProduceRequest = {
          transactionalId: null,
          acks: -1,
          timeoutMs: 1,
          topics: shapes.map((shape) => ({
            topic: shape.topic,
            partitions: shape.sizes.map((size, partition) => ({ partition, bytes: arena, start, end: start + size })),
          })),
        }
        const { chunks, size } = encodeProduceRequest(version, request)
        const whole = Buffer.concat(chunks)
        assert.equal(whole.length, size)
        for (const { partitions } of request.topics) {
          for (const { end } of partitions) assert.ok(whole.includes(arena.subarray(start, end)))
        }
        assert.ok(chunks.every((chunk) => chunk.length > 0))
      },
    ),
    { numRuns: 200 },
  )
})

function readOrRefuse(version: ProduceVersion, bytes: Buffer): void {
  try {
    decodeProduceResponse(version, bytes, 0)
  } catch (error) {
    if (!isFrameError(error)) throw error
  }
}

function isFrameError(error: unknown): boolean {
  return error instanceof TwinlogError && error.code === 'FRAME_CORRUPT'
}
