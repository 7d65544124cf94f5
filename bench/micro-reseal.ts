/*
 * How long the work on a batch's bytes takes, without a network: node bench/micro-reseal.ts
 * Each figure is the best of five rounds, in microseconds for one operation.
 */
import { randomFillSync } from 'node:crypto'
import { crc32c } from '@node-rs/crc32'
import { AbortedTransactions } from '../src/wire/aborted-transactions.ts'
import { chooseRewrite } from '../src/wire/choose-rewrite.ts'
import { crc32cOf } from '../src/wire/crc32c.ts'
import { encodeFetchRequest } from '../src/wire/fetch-request.ts'
import { decodeFetchResponse } from '../src/wire/fetch-response.ts'
import { encodeProduceRequest } from '../src/wire/produce-request.ts'
import { BatchHeader, readBatchHeader } from '../src/wire/record-batch.ts'
import { resealBatch } from '../src/wire/reseal.ts'

const BLOCK_SIZE = 32 << 20

function measure(what: string, operationsCount: number, run: () => void, bytesEach?: number): void {
  let bestUs = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const start = performance.now()
    run()
    bestUs = Math.min(bestUs, ((performance.now() - start) * 1000) / operationsCount)
  }
  const rate = bytesEach === undefined ? '' : `${(bytesEach / bestUs / 1000).toFixed(2).padStart(10)} GB/s`
  console.log(`${what.padEnd(60)}${bestUs.toFixed(3).padStart(12)} us${rate}`)
}

/** As many batches of a size as fit into 32 MiB, so that the caches do not flatter. */
function blockOfBatches(size: number): Buffer {
  const block = randomFillSync(Buffer.alloc(Math.floor(BLOCK_SIZE / size) * size))
  for (let at = 0; at < block.length; at += size) {
    block.fill(0, at, at + 61)
    block.writeInt32BE(size - 12, at + 8)
    block.writeInt8(2, at + 16)
    block.writeInt32BE(0, at + 57)
    block.writeUInt32BE(crc32cOf(block, at + 21, at + size), at + 17)
  }
  return block
}

for (const size of [200, 128 * 1024]) {
  const block = blockOfBatches(size)
  const count = block.length / size
  for (const verify of [true, false]) {
    const seal = { producerId: 4000n, producerEpoch: 1, baseSequence: 5, isTransactional: false, verify }
    const reseal = (): void => {
      for (let at = 0; at < block.length; at += size) resealBatch(block, at, size, seal)
    }
    measure(`resealBatch, ${size} bytes, ${verify ? 'verified' : 'not verified'}`, count, reseal, size)
  }
  const into = new BatchHeader()
  const aborted = new AbortedTransactions(null)
  const plan = {
    position: 0,
    isAborted: false,
    idempotent: true,
    targetTimestampType: 'CreateTime',
    targetMaxMessageBytes: 1 << 20,
    codec: -1,
    doubtedTo: 0,
    coalesceBelowBytes: 0,
  } as const
  measure(`readBatchHeader, isAborted and chooseRewrite, ${size} bytes`, count, () => {
    for (let at = 0; at < block.length; at += size) {
      if (readBatchHeader(block, at, block.length, into) !== 'truncated' && !aborted.isAborted(into))
        chooseRewrite(into, plan)
    }
  })
}

for (const size of [32, 64, 128, 256, 512, 1024]) {
  const block = randomFillSync(Buffer.alloc(1 << 20))
  const starts = Array.from({ length: 1000 }, (_, index) => index * 1000)
  let sink = 0
  measure(`crc32cOf, ${size} bytes`, 100_000, () => {
    for (let round = 0; round < 100; round++) for (const start of starts) sink ^= crc32cOf(block, start, start + size)
  })
  measure(`native CRC through a view, ${size} bytes`, 100_000, () => {
    for (let round = 0; round < 100; round++)
      for (const start of starts) sink ^= crc32c(block.subarray(start, start + size))
  })
  if (sink === 1) console.log()
}

const partitions = Array.from({ length: 10_000 }, (_, partition) => ({
  partition,
  currentLeaderEpoch: 3,
  fetchOffset: 5_000_000_000 + partition,
  lastFetchedEpoch: 3,
  partitionMaxBytes: 1 << 20,
}))
const sizes = {
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 52_428_800,
  isolationLevel: 0,
  sessionId: 0,
  sessionEpoch: 0,
  rackId: '',
} as const
const request = { ...sizes, topics: [{ topic: 'orders', topicId: Buffer.alloc(16), partitions }], forgottenTopics: [] }
measure('encodeFetchRequest, 10,000 partitions', 10, () => {
  for (let round = 0; round < 10; round++) encodeFetchRequest(17, request)
})

/**
 * Flexible: throttle, error, session, 1 topic; per partition 5 fixed numbers, no aborted list, no replica, no records,
 * no tags.
 */
const head = Buffer.from(`${'00'.repeat(10)}02${'00'.repeat(16)}914e`, 'hex')
const body = Buffer.from(`00000001${'0000'}${'0000000000000064'.repeat(3)}00ffffffff0100`, 'hex')
const answer = Buffer.concat([head, ...Array.from({ length: 10_000 }, () => body), Buffer.from('0000', 'hex')])
measure('decodeFetchResponse, 10,000 partitions', 10, () => {
  for (let round = 0; round < 10; round++) decodeFetchResponse(17, answer, 0)
})

for (const size of [200, 4096, 8192, 16_384, 65_536]) {
  const block = blockOfBatches(size)
  const topics = [
    {
      topic: 'orders',
      partitions: Array.from({ length: 50 }, (_, partition) => ({
        partition,
        bytes: block,
        start: partition * size,
        end: (partition + 1) * size,
      })),
    },
  ]
  measure(`encodeProduceRequest, 50 batches of ${size} bytes`, 200, () => {
    for (let round = 0; round < 200; round++)
      encodeProduceRequest(11, { transactionalId: null, acks: -1, timeoutMs: 1, topics })
  })
}
