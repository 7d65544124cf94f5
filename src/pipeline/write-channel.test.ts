import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { BrokerConnection } from '../kafka/broker-connection.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { ArenaPool } from '../kafka/frame-arena.ts'
import type { Frame } from '../kafka/frame-arena.ts'
import { locatedPartition } from '../../test/support/located-partition.ts'
import { FrameLease } from './frame-lease.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { WriteChannel } from './write-channel.ts'

const REQUEST_TIMED_OUT = 7
/** Kafka's version of Produce that is answered here; not flexible. */
const VERSION = 8
const BATCH_BYTES = 61

let nowMs: number
/** Requests that were not answered yet, of the connection that is open. */
let asked: PromiseWithResolvers<Frame>[]
let connectionsCount: number
let lost: MirroredPartition[]
let channel: WriteChannel
let stop: AbortController

beforeEach(() => {
  nowMs = 1_000
  asked = []
  connectionsCount = 0
  lost = []
  stop = new AbortController()
  const window = { batchesMax: 5, bytesMax: 1_000 }
  channel = new WriteChannel(1, true, {
    cluster: { openDataConnection: () => Promise.resolve(connect()) } as unknown as ClusterClient,
    arenas: new ArenaPool({ arenaBytes: 1_024 }),
    clock: { now: () => nowMs, monotonic: () => nowMs, sleep: () => Promise.resolve() },
    random: () => 0.5,
    windows: { usual: window, longWay: window },
    isIdempotent: true,
    transactions: null,
    maxRequestBytes: 1_000,
    requestTimeoutMs: 30_000,
    reconnectBackoffMs: 1,
    reconnectBackoffMaxMs: 1,
    mayWrite: () => true,
    onAnswered: ({ partition }) => void partition.landed(),
    onLost: (sent) => {
      for (const { partition } of sent) {
        partition.landed()
        lost.push(partition)
      }
    },
    onDefect: (error) => assert.fail(String(error)),
    onConnectionFailed: (_, error) => assert.fail(String(error)),
    onConnectionOpened: () => {},
    onThrottled: () => {},
  })
})

/** A connection whose requests are answered by the test; once it is closed they are rejected. */
function connect(): BrokerConnection {
  connectionsCount++
  const closed = Promise.withResolvers<void>()
  const own: PromiseWithResolvers<Frame>[] = []
  asked = own
  const connection = {
    isOpen: true,
    unflushedBytes: 0,
    closed: closed.promise,
    apiRange: () => ({ min: VERSION, max: VERSION }),
    request: (_key: number, _version: number, _flexible: unknown, _chunks: unknown, options: { onFlushed(): void }) => {
      const request = Promise.withResolvers<Frame>()
      own.push(request)
      options.onFlushed()
      return request.promise
    },
    end: (reason: string) => {
      connection.isOpen = false
      for (const request of own.splice(0)) request.reject(new Error(reason))
      closed.resolve()
      return closed.promise
    },
    [Symbol.asyncDispose]: () => connection.end('the connection is closed'),
  }
  return connection as unknown as BrokerConnection
}

function makePartition(index: number): MirroredPartition {
  const partition = locatedPartition(0, 0)
  return Object.assign(partition, { partition: index })
}

function write(...partitions: readonly MirroredPartition[]): void {
  for (const partition of partitions) {
    const frame = { bytes: Buffer.alloc(BATCH_BYTES), bodyStart: 0, retain() {}, release() {} }
    const upstream = partition.fetchOffset
    const memory = new FrameLease(frame, () => {})
    const place = { memory, at: 0, size: BATCH_BYTES, pieces: null, handling: 'forwarded' as const }
    partition.enqueue({ ...place, upstream, count: 1, ticket: null, positionAfter: upstream + 1 }, -1)
    channel.offer(partition)
  }
  channel.pump()
}

/** Answers the oldest request. @param errorCodes   of each of its partitions */
async function answer(errorCodes: Readonly<Record<number, number>>): Promise<void> {
  const request = asked.shift()
  assert.ok(request !== undefined, 'a request is under way')
  const parts = Object.entries(errorCodes).map(([index, errorCode]) => {
    const part = Buffer.alloc(4 + 2 + 8 + 8 + 8 + 4 + 2)
    part.writeInt32BE(Number(index), 0)
    part.writeInt16BE(errorCode, 4)
    part.writeInt16BE(-1, part.length - 2)
    return part
  })
  const topic = Buffer.from('eu.orders')
  const head = Buffer.alloc(4 + 2 + topic.length + 4)
  topic.copy(head, head.writeInt16BE(topic.length, head.writeInt32BE(1, 0)))
  head.writeInt32BE(parts.length, 4 + 2 + topic.length)
  const bytes = Buffer.concat([head, ...parts, Buffer.alloc(4)])
  request.resolve({ bytes, bodyStart: 0, retain() {}, release() {} })
  await turn()
}

test('when a partition is not acknowledged in time and has more on its way, the connection is given up: each request behind would wait as long', async () => {
  const [slow, other] = [makePartition(0), makePartition(1)]
  const running = channel.run({ signal: stop.signal })
  write(slow, other)
  await turn()
  write(slow, other)
  assert.equal(asked.length, 2)
  await answer({ 0: REQUEST_TIMED_OUT, 1: 0 })
  assert.deepEqual(lost, [slow, other], 'of the second request nobody knows')
  write(other)
  await turn()
  assert.equal(connectionsCount, 2)
  assert.equal(asked.length, 1)
  stop.abort()
  await running
})

test('when nothing is behind it, or it is only an error, the connection stays', async () => {
  const NOT_LEADER = 6
  const [slow, other] = [makePartition(0), makePartition(1)]
  const running = channel.run({ signal: stop.signal })
  write(slow, other)
  await turn()
  write(other)
  await answer({ 0: REQUEST_TIMED_OUT, 1: 0 })
  await answer({ 1: 0 })
  write(slow, other)
  write(slow)
  await answer({ 0: NOT_LEADER, 1: 0 })
  assert.deepEqual([lost, connectionsCount, asked.length], [[], 1, 1])
  stop.abort()
  await running
})

test('a partition is held up when its oldest batch waits for longer than is usual, sooner where it has a connection of its own', async () => {
  const partition = makePartition(0)
  const running = channel.run({ signal: stop.signal })
  assert.equal(channel.isHeldUp(partition), false)
  write(partition)
  nowMs += 301
  assert.equal(channel.isHeldUp(partition), true, 'there is no connection')
  await turn()
  assert.equal(channel.isHeldUp(partition), false)
  nowMs += 101
  assert.equal(channel.isHeldUp(partition), false)
  partition.isIsolated = true
  assert.equal(channel.isHeldUp(partition), true)
  partition.isIsolated = false
  nowMs += 200
  assert.equal(channel.isHeldUp(partition), true)
  stop.abort()
  await running
})
