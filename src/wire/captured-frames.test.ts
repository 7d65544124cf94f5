import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reader, fetchV11, fetchV12, fetchV13, fetchV15, fetchV16, fetchV17 } from '@platformatic/kafka'
import { wireFixture, wireFixtureLines, wireFixtureNames } from '../../test/support/wire-fixture.ts'
import { AbortedTransactions } from './aborted-transactions.ts'
import { chooseRewrite } from './choose-rewrite.ts'
import type { RewritePlan } from './choose-rewrite.ts'
import { batchChecksumMatches } from './crc32c.ts'
import type { FetchVersion } from './fetch-request.ts'
import { decodeFetchResponse } from './fetch-response.ts'
import type { FetchedPartition } from './fetch-response.ts'
import { decodeProduceResponse } from './produce-response.ts'
import type { ProducedPartition } from './produce-response.ts'
import type { BatchHeader } from './record-batch.ts'
import { readBatchHeader } from './record-batch.ts'
import { resealBatch } from './reseal.ts'

// What a broker of version 4.3.0 answered, and what Java's consumer made of the same topics: fixtures/README.md.

/** The topics of the frame `fetch all v17`, in its order. */
const TOPICS = ['none', 'gzip', 'snappy', 'lz4', 'zstd', 'transactions', 'append-time', 'compacted']
const all = wireFixture('captured', 'fetch all v17')
const fetched = decodeFetchResponse(17, all, 0)

function partitionOf(topic: string): FetchedPartition {
  const partition = fetched.partitions[TOPICS.indexOf(topic)]
  assert.ok(partition !== undefined)
  return partition
}

function onlyPartition(name: string, version: FetchVersion): FetchedPartition {
  const { partitions } = decodeFetchResponse(version, wireFixture('captured', name), 0)
  assert.ok(partitions[0] !== undefined && partitions.length === 1)
  return partitions[0]
}

/** Each whole batch with its place. */
function batchesOf(
  bytes: Buffer,
  { recordsStart, recordsEnd }: FetchedPartition,
): { at: number; header: BatchHeader }[] {
  const batches: { at: number; header: BatchHeader }[] = []
  let at = recordsStart
  for (;;) {
    const header = readBatchHeader(bytes, at, recordsEnd)
    if (header === 'truncated') return batches
    batches.push({ at, header })
    at += header.size
  }
}

/** Offsets of the records that Java's consumer delivered. */
function javaOffsets(topic: string, isolation: string): number[] {
  return wireFixtureLines('captured-records', `${topic} ${isolation}`).map((line) => Number.parseInt(line, 10))
}

function offsetsOf(headers: BatchHeader[]): number[] {
  return headers.flatMap((header) =>
    Array.from({ length: header.recordCount }, (_, index) => header.baseOffset + index),
  )
}

test('every captured Fetch answer is read as @platformatic/kafka reads it', () => {
  const libraries = { 11: fetchV11, 12: fetchV12, 13: fetchV13, 15: fetchV15, 16: fetchV16, 17: fetchV17 }
  // The library does not read a batch that is cut.
  const names = wireFixtureNames('captured').filter((name) => !name.startsWith('produce') && !name.includes('cut'))
  assert.equal(names.length, 12)
  for (const name of names) {
    const version = Number(name.split(' v').at(-1)) as keyof typeof libraries
    const frame = wireFixture('captured', name)
    const theirs = libraryAnswer(() => libraries[version].parseResponse(1, 1, version, Reader.from(frame)))
    const ours = decodeFetchResponse(version, frame, 0).partitions.map((partition) => ({
      partitionIndex: partition.partition,
      errorCode: partition.errorCode,
      highWatermark: BigInt(partition.highWatermark),
      lastStableOffset: BigInt(partition.lastStableOffset),
      logStartOffset: BigInt(partition.logStartOffset),
      preferredReadReplica: partition.preferredReadReplica,
      batches: batchesOf(frame, partition).map(({ header }) => [
        BigInt(header.baseOffset),
        header.crc,
        header.recordCount,
        header.producerId,
      ]),
    }))
    assert.deepEqual(ours, theirs, name)
  }
})

interface LibraryAnswer {
  responses: { partitions: (Record<string, unknown> & { records?: LibraryBatch[] | null })[] }[]
}
interface LibraryBatch {
  firstOffset: bigint
  crc: number
  records: unknown[]
  producerId: bigint
}

function libraryAnswer(parse: () => unknown): unknown[] {
  let answer: LibraryAnswer
  try {
    answer = parse() as LibraryAnswer
  } catch (error) {
    // It raises partition errors, with the answer attached.
    answer = (error as { response: LibraryAnswer }).response
  }
  return answer.responses.flatMap(({ partitions }) =>
    partitions.map(
      ({
        partitionIndex,
        errorCode,
        highWatermark,
        lastStableOffset,
        logStartOffset,
        preferredReadReplica,
        records,
      }) => ({
        partitionIndex,
        errorCode,
        highWatermark,
        lastStableOffset,
        logStartOffset,
        preferredReadReplica,
        batches: (records ?? []).map((batch) => [
          batch.firstOffset,
          batch.crc >>> 0,
          batch.records.length,
          batch.producerId,
        ]),
      }),
    ),
  )
}

test('what is kept of the captured transactions is what Java reads committed, in every version', () => {
  const committed = javaOffsets('transactions', 'read_committed')
  assert.ok(committed.length > 0 && committed.length < javaOffsets('transactions', 'read_uncommitted').length)
  for (const version of [11, 12, 13, 15, 16] as const) {
    const name = `fetch transactions v${version}`
    const partition = onlyPartition(name, version)
    const list = partition.abortedTransactions
    assert.ok(
      list !== null && list.some((one, index) => one.firstOffset < (list[index - 1]?.firstOffset ?? 0)),
      'the list is unsorted',
    )
    const aborted = new AbortedTransactions(list)
    const headers = batchesOf(wireFixture('captured', name), partition).map(({ header }) => header)
    const kept = headers.filter((header) => !aborted.isAborted(header) && !header.isControl)
    assert.deepEqual(offsetsOf(kept), committed)
  }
})

test('reading uncommitted there is no list, and all but the control batches is kept', () => {
  const name = 'fetch transactions read_uncommitted v12'
  const partition = onlyPartition(name, 12)
  assert.equal(partition.abortedTransactions, null)
  const headers = batchesOf(wireFixture('captured', name), partition).map(({ header }) => header)
  assert.deepEqual(
    offsetsOf(headers.filter((header) => !header.isControl)),
    javaOffsets('transactions', 'read_uncommitted'),
  )
})

test('every captured batch has the checksum that it claims, and ends where the next one begins', () => {
  let count = 0
  for (const partition of fetched.partitions) {
    let next = partition.recordsStart
    for (const { at, header } of batchesOf(all, partition)) {
      assert.ok(batchChecksumMatches(all, at, header.size))
      next = at + header.size
      count++
    }
    assert.equal(next, partition.recordsEnd)
  }
  assert.ok(count > 25)
})

test('the rewrite of every captured batch is the expected one', () => {
  const plan = {
    position: 0,
    isAborted: false,
    idempotent: true,
    targetMaxMessageBytes: 1 << 20,
    codec: -1,
    doubtedTo: 0,
    coalesceBelowBytes: 0,
  } as const
  const answers = (topic: string, targetTimestampType: RewritePlan['targetTimestampType']): Set<string> => {
    const batches = batchesOf(all, partitionOf(topic))
    return new Set(
      batches.map(({ header }) => {
        const { kind, reason } = chooseRewrite(header, { ...plan, targetTimestampType })
        return `${kind} ${reason}`
      }),
    )
  }
  for (const topic of ['none', 'gzip', 'snappy', 'lz4', 'zstd'])
    assert.deepEqual(answers(topic, 'CreateTime'), new Set(['reseal usual']))
  assert.deepEqual(answers('transactions', 'CreateTime'), new Set(['reseal usual', 'drop control']))
  assert.deepEqual(answers('append-time', 'CreateTime'), new Set(['rebuild append time']))
  assert.deepEqual(answers('append-time', 'LogAppendTime'), new Set(['reseal usual']))
  assert.deepEqual(answers('compacted', 'CreateTime'), new Set(['rebuild holes', 'reseal usual']))
  assert.ok(
    batchesOf(all, partitionOf('compacted')).some(({ header }) => header.hasDeleteHorizon && header.recordCount === 4),
  )
})

test('batches that were resealed and produced lie in the target as we sent them, with offsets and leader epoch of the broker', () => {
  const target = wireFixture('captured', 'target as fetched v17')
  const stored = batchesOf(target, onlyPartition('target as fetched v17', 17))
  assert.equal(stored.length, 5)
  for (const [index, { at, header }] of stored.entries()) {
    assert.deepEqual(
      [header.baseOffset, header.baseSequence, header.lastOffset, header.codec],
      [3 * index, 3 * index, 3 * index + 2, index],
    )
    const { recordsStart } = partitionOf(TOPICS[index] ?? '')
    const sent = Buffer.from(all.subarray(recordsStart, recordsStart + header.size))
    const { producerId, producerEpoch, baseSequence } = header
    resealBatch(sent, 0, sent.length, { producerId, producerEpoch, baseSequence, isTransactional: false, verify: true })
    assert.deepEqual(sent.subarray(16), target.subarray(at + 16, at + header.size))
  }
})

test("Java's consumer reads in the target what it read in the source", () => {
  const withoutOffset = (line: string): string => line.slice(line.indexOf(' '))
  const sources = TOPICS.slice(0, 5).flatMap((topic) =>
    wireFixtureLines('captured-records', `${topic} read_committed`).slice(0, 3),
  )
  const target = wireFixtureLines('captured-records', 'target read_committed')
  assert.equal(target.length, 15)
  assert.deepEqual(target.map(withoutOffset), sources.map(withoutOffset))
})

test('diverged history, unknown leader epoch, offset out of range and unknown topic id are told', () => {
  assert.deepEqual(onlyPartition('fetch of diverged history v17', 17).divergingEpoch, { epoch: 0, endOffset: 10 })
  const codes = ['fetch with unknown leader epoch v17', 'fetch out of range v17', 'fetch of an unknown topic id v17']
  assert.deepEqual(
    codes.map((name) => onlyPartition(name, 17).errorCode),
    [75, 1, 100],
  )
})

test('a batch that the broker cut is truncated, the one before it whole', () => {
  const name = 'fetch cut inside a batch v17'
  const partition = onlyPartition(name, 17)
  const bytes = wireFixture('captured', name)
  const batches = batchesOf(bytes, partition)
  assert.deepEqual(
    batches.map(({ header }) => header.lastOffset),
    [2],
  )
  assert.equal(partition.recordsEnd - partition.recordsStart, 300)
  assert.equal(
    readBatchHeader(bytes, partition.recordsStart + (batches[0]?.header.size ?? 0), partition.recordsEnd),
    'truncated',
  )
})

test('captured Produce answers tell base offsets, duplicates and refusals', () => {
  const names = wireFixtureNames('captured').filter((name) => name.startsWith('produce'))
  const found = names.map((name) => {
    const { topic, errorCode, baseOffset } = onlyProduced(name)
    return [name, topic, errorCode, baseOffset]
  })
  assert.deepEqual(found, [
    ['produce none v8', 'target', 0, 0],
    ['produce gzip v9', 'target', 0, 3],
    ['produce snappy v10', 'target', 0, 6],
    ['produce lz4 v11', 'target', 0, 9],
    ['produce zstd v11', 'target', 0, 12],
    ['produce a duplicate v11', 'target', 0, 12],
    ['produce a damaged batch v11', 'target', 2, -1],
    ['produce to an unknown topic v11', 'missing', 3, -1],
    ['produce without key to a compacted topic v8', 'target-compacted', 87, -1],
    ['produce without key to a compacted topic v11', 'target-compacted', 87, -1],
  ])
  for (const version of [8, 11]) {
    const { recordErrors, errorMessage } = onlyProduced(`produce without key to a compacted topic v${version}`)
    assert.deepEqual(
      recordErrors.map(({ batchIndex }) => batchIndex),
      [1],
    )
    assert.match(recordErrors[0]?.message ?? '', /cannot accept message without key/)
    assert.match(errorMessage ?? '', /rejected due to 1 record errors/)
  }
})

function onlyProduced(name: string): ProducedPartition {
  const version = Number(name.split(' v').at(-1)) as 8 | 9 | 10 | 11
  const { partitions } = decodeProduceResponse(version, wireFixture('captured', name), 0)
  assert.ok(partitions[0] !== undefined && partitions.length === 1)
  return partitions[0]
}
