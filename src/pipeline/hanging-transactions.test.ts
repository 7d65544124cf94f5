import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventFields } from '../observe/event.ts'
import { HangingTransactions } from './hanging-transactions.ts'
import { MirroredPartition } from './mirrored-partition.ts'

function setUp() {
  let nowMs = 0
  const told: EventFields[] = []
  const partition = new MirroredPartition({
    sourceTopic: 'orders',
    targetTopic: 'eu.orders',
    partition: 3,
    storedPosition: null,
    ledger: null,
    isAdded: false,
    sourceTopicId: null,
    targetTopicId: null,
    target: { timestampType: 'CreateTime', maxMessageBytes: 1_000 },
  })
  const transaction = { producerId: 7n, producerEpoch: 2, startOffset: 10, lastTimestamp: 0n }
  const later = { ...transaction, producerId: 8n, startOffset: 12 }
  const hanging = new HangingTransactions({
    clock: { now: () => nowMs, monotonic: () => nowMs, sleep: () => Promise.resolve() },
    hangingMs: 1_000,
    partitions: () => [partition],
    openTransactions: () => Promise.resolve(new Map([[partition, [later, transaction]]])),
    transactionalIdOf: (producerId) => Promise.resolve(`id-${producerId}`),
    say: (_name, fields) => told.push(fields),
  })
  const lookAt = async (ms: number, lastStableOffset: number, highWatermark: number): Promise<void> => {
    nowMs = ms
    Object.assign(partition, { lastStableOffset, highWatermark })
    await hanging.look()
  }
  return { partition, told, lookAt }
}

test('a last stable offset that stands still below the high watermark is told once, with the oldest producer', async () => {
  const { partition, told, lookAt } = setUp()
  await lookAt(0, 10, 20)
  await lookAt(999, 10, 21)
  assert.deepEqual(told, [])
  await lookAt(1_000, 10, 22)
  await lookAt(2_000, 10, 23)
  assert.deepEqual(told, [
    {
      topic: 'orders',
      partition: 3,
      seconds: 1,
      producerId: 7n,
      producerEpoch: 2,
      startOffset: 10,
      transactionalId: 'id-7',
      lastWrittenAt: '1970-01-01T00:00:00.000Z',
    },
  ])
  assert.match(partition.heldUpBy ?? '', /producer 7 \(epoch 2, transactional id id-7\)/)
  await lookAt(11_000, 10, 23)
  assert.equal(told.length, 2)
})

test('what moves on, or catches up, is not told, and the status forgets it', async () => {
  const { partition, told, lookAt } = setUp()
  await lookAt(0, 10, 20)
  await lookAt(900, 11, 20)
  await lookAt(1_800, 12, 20)
  assert.deepEqual(told, [])
  await lookAt(2_800, 12, 20)
  assert.equal(told.length, 1)
  await lookAt(2_900, 20, 20)
  assert.equal(partition.heldUpBy, null)
})
