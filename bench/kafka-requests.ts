import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerConnection } from './broker-connection.ts'

/*
 * The few Kafka requests that the bare copy and the bench's own watching need, each with one fixed version that brokers
 * from 2.4 to 4.x understand. No error handling beyond "stop": the product has the real thing in src/wire.
 */

const FETCH = { key: 1, version: 11 }
const PRODUCE = { key: 0, version: 8 }
const LIST_OFFSETS = { key: 2, version: 2 }
const INIT_PRODUCER_ID = { key: 22, version: 0 }

const LATEST = -1n
const EARLIEST = -2n
const READ_UNCOMMITTED = 0
const READ_COMMITTED = 1
const UNKNOWN_TOPIC_OR_PARTITION = 3
const COORDINATOR_LOAD_IN_PROGRESS = 14
const RETRY_MS = 20
const FETCH_PARTITION_BYTES = 28
/** error code, high watermark, last stable offset, log start offset. */
const FETCHED_PARTITION_HEADER_BYTES = 2 + 8 + 8 + 8
const ABORTED_TRANSACTION_BYTES = 16

export interface Position {
  readonly partition: number
  readonly offset: number
}

export interface FetchLimits {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly partitionMaxBytes: number
}

/** A partition's records: whole batches, the last one possibly cut. */
export interface FetchedRecords {
  readonly partition: number
  readonly records: Buffer
}

export interface ProducerIdentity {
  readonly id: bigint
  readonly epoch: number
}

/** One batch for one partition. */
export interface ProducedBatch {
  readonly partition: number
  readonly batch: Buffer
}

/** Fetch v11, without a session. */
export function fetchRequest(topic: string, positions: readonly Position[], limits: FetchLimits): Buffer {
  const name = Buffer.from(topic)
  const body = Buffer.alloc(
    4 + 4 + 4 + 4 + 1 + 4 + 4 + 4 + 2 + name.length + 4 + positions.length * FETCH_PARTITION_BYTES + 4 + 2,
  )
  let at = body.writeInt32BE(-1, 0) // replica id: a consumer
  at = body.writeInt32BE(limits.maxWaitMs, at)
  at = body.writeInt32BE(limits.minBytes, at)
  at = body.writeInt32BE(limits.maxBytes, at)
  at = body.writeInt8(0, at) // read_uncommitted
  at = body.writeInt32BE(0, at) // no session
  at = body.writeInt32BE(-1, at)
  at = writeTopic(body, at, name)
  at = body.writeInt32BE(positions.length, at)
  for (const { partition, offset } of positions) {
    at = body.writeInt32BE(partition, at)
    at = body.writeInt32BE(-1, at) // current leader epoch
    at = body.writeBigInt64BE(BigInt(offset), at)
    at = body.writeBigInt64BE(-1n, at) // log start offset
    at = body.writeInt32BE(limits.partitionMaxBytes, at)
  }
  return body // no forgotten topics, no rack
}

export function parseFetch(answer: Buffer): FetchedRecords[] {
  const fetched: FetchedRecords[] = []
  let at = 4 + 4 + 2 + 4 // correlation id, throttle time, error code, session id
  let topicsLeft = answer.readInt32BE(at)
  for (at += 4; topicsLeft > 0; topicsLeft--) {
    at += 2 + answer.readInt16BE(at)
    let partitionsLeft = answer.readInt32BE(at)
    for (at += 4; partitionsLeft > 0; partitionsLeft--) {
      const partition = answer.readInt32BE(at)
      const errorCode = answer.readInt16BE(at + 4)
      if (errorCode !== 0) throw new Error(`Fetch of partition ${partition}: error ${errorCode}`)
      at += 4 + FETCHED_PARTITION_HEADER_BYTES
      const abortedCount = answer.readInt32BE(at)
      at += 4 + Math.max(0, abortedCount) * ABORTED_TRANSACTION_BYTES + 4 // and the preferred read replica
      const recordsBytes = Math.max(0, answer.readInt32BE(at))
      at += 4
      if (recordsBytes > 0) fetched.push({ partition, records: answer.subarray(at, at + recordsBytes) })
      at += recordsBytes
    }
  }
  return fetched
}

export async function fetchRecords(connection: BrokerConnection, body: Buffer) {
  const answer = await connection.request(FETCH.key, FETCH.version, [body])
  return { fetched: parseFetch(answer.bytes), release: () => answer.release() }
}

/** Produce v8 with acks=all: at most one batch a partition, handed over as they lie in memory. */
export async function produce(
  connection: BrokerConnection,
  topic: string,
  batches: readonly ProducedBatch[],
): Promise<void> {
  const name = Buffer.from(topic)
  const head = Buffer.allocUnsafe(2 + 2 + 4 + 4 + 2 + name.length + 4)
  let at = head.writeInt16BE(-1, 0) // no transactional id
  at = head.writeInt16BE(-1, at) // acks=all
  at = head.writeInt32BE(30_000, at)
  at = writeTopic(head, at, name)
  head.writeInt32BE(batches.length, at)
  const pieces: Buffer[] = [head]
  for (const { partition, batch } of batches) {
    const partitionHead = Buffer.allocUnsafe(8)
    partitionHead.writeInt32BE(batch.length, partitionHead.writeInt32BE(partition, 0))
    pieces.push(partitionHead, batch)
  }
  const answer = await connection.request(PRODUCE.key, PRODUCE.version, pieces)
  requireProduced(answer.bytes)
  answer.release()
}

/** Asks again while a broker that has just started has no block of ids yet. */
export async function newProducerIdentity(connection: BrokerConnection): Promise<ProducerIdentity> {
  const body = Buffer.alloc(2 + 4)
  body.writeInt32BE(60_000, body.writeInt16BE(-1, 0)) // no transactional id; transaction timeout
  for (;;) {
    const { bytes, release } = await connection.request(INIT_PRODUCER_ID.key, INIT_PRODUCER_ID.version, [body])
    const errorCode = bytes.readInt16BE(8)
    const identity = { id: bytes.readBigInt64BE(10), epoch: bytes.readInt16BE(18) }
    release()
    if (errorCode === 0) return identity
    if (errorCode !== COORDINATOR_LOAD_IN_PROGRESS) throw new Error(`InitProducerId: error ${errorCode}`)
    await sleep(RETRY_MS)
  }
}

export function endOffsets(connection: BrokerConnection, topic: string, partitionsCount: number) {
  return listOffsets(connection, topic, partitionsCount, LATEST)
}

/** Up to where a consumer of committed records may read. */
export function lastStableOffsets(connection: BrokerConnection, topic: string, partitionsCount: number) {
  return listOffsets(connection, topic, partitionsCount, LATEST, READ_COMMITTED)
}

export function startOffsets(connection: BrokerConnection, topic: string, partitionsCount: number) {
  return listOffsets(connection, topic, partitionsCount, EARLIEST)
}

/** Undefined while the topic is not there. */
async function listOffsets(
  connection: BrokerConnection,
  topic: string,
  partitionsCount: number,
  timestamp: bigint,
  isolation = READ_UNCOMMITTED,
) {
  const name = Buffer.from(topic)
  const body = Buffer.alloc(4 + 1 + 4 + 2 + name.length + 4 + partitionsCount * 12)
  let at = body.writeInt8(isolation, body.writeInt32BE(-1, 0))
  at = writeTopic(body, at, name)
  at = body.writeInt32BE(partitionsCount, at)
  for (let partition = 0; partition < partitionsCount; partition++) {
    at = body.writeBigInt64BE(timestamp, body.writeInt32BE(partition, at))
  }
  const answer = await connection.request(LIST_OFFSETS.key, LIST_OFFSETS.version, [body])
  const offsets = parseOffsets(answer.bytes, partitionsCount)
  answer.release()
  return offsets
}

function parseOffsets(answer: Buffer, partitionsCount: number): number[] | undefined {
  const offsets = new Array<number>(partitionsCount).fill(0)
  let at = 4 + 4 + 4
  at += 2 + answer.readInt16BE(at)
  let left = answer.readInt32BE(at)
  for (at += 4; left > 0; left--, at += 4 + 2 + 8 + 8) {
    const errorCode = answer.readInt16BE(at + 4)
    if (errorCode === UNKNOWN_TOPIC_OR_PARTITION) return undefined
    // A leader that has just been elected is asked again.
    offsets[answer.readInt32BE(at)] = errorCode === 0 ? Number(answer.readBigInt64BE(at + 4 + 2 + 8)) : 0
  }
  return offsets
}

function requireProduced(answer: Buffer): void {
  let at = 4 + 4
  at += 2 + answer.readInt16BE(at)
  let left = answer.readInt32BE(at)
  for (at += 4; left > 0; left--) {
    const partition = answer.readInt32BE(at)
    const errorCode = answer.readInt16BE(at + 4)
    if (errorCode !== 0) throw new Error(`Produce to partition ${partition}: error ${errorCode}`)
    at += 4 + 2 + 8 + 8 + 8 // base offset, append time, log start offset
    const recordErrorsCount = answer.readInt32BE(at)
    if (recordErrorsCount > 0)
      throw new Error(`Produce to partition ${partition}: ${recordErrorsCount} records refused`)
    at += 4 + 2
  }
}

function writeTopic(body: Buffer, start: number, name: Buffer): number {
  let at = body.writeInt32BE(1, start)
  at = body.writeInt16BE(name.length, at)
  return at + name.copy(body, at)
}
