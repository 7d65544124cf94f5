/*
 * The least that copies correctly: one connection each side, answers read into arenas, every batch's checksum verified, an
 * idempotent producer's identity and sequence written into the header, the checksum made anew. No topics, no restarts, no
 * errors handled: the line that the product is measured against (docs/benchmarks.md).
 *
 *   node bench/bare-copy.ts --source HOST:PORT --target HOST:PORT --topic NAME --to NAME --partitions N [--follow]
 */
import { parseArgs } from 'node:util'
import { crc32c } from '@node-rs/crc32'
import { BrokerConnection } from './broker-connection.ts'
import { endOffsets, fetchRecords, fetchRequest, newProducerIdentity, produce } from './kafka-requests.ts'
import type { FetchedRecords, ProducedBatch } from './kafka-requests.ts'

const MIB = 1 << 20
const BATCH_PREFIX_BYTES = 12
/** Places in a batch of magic 2 (org.apache.kafka.common.record.DefaultRecordBatch). */
const AT = {
  length: 8,
  leaderEpoch: 12,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  producerId: 43,
  epoch: 51,
  sequence: 53,
  count: 57,
}

const { values } = parseArgs({
  options: {
    source: { type: 'string', default: '' },
    target: { type: 'string', default: '' },
    topic: { type: 'string', default: '' },
    to: { type: 'string', default: '' },
    partitions: { type: 'string', default: '1' },
    /** Goes on when the end of the source is reached. */
    follow: { type: 'boolean', default: false },
    'fetch-kib': { type: 'string', default: '8192' },
    'partition-fetch-kib': { type: 'string', default: '4096' },
    /** Produce requests in flight; the broker remembers the last five batches of a partition. */
    'produces-in-flight': { type: 'string', default: '5' },
    'gather-bytes': { type: 'string', default: '16384' },
    report: { type: 'boolean', default: false },
  },
})

const partitionsCount = Number(values.partitions)
const fetchBytes = Number(values['fetch-kib']) * 1024
const limits = {
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: fetchBytes,
  partitionMaxBytes: Number(values['partition-fetch-kib']) * 1024,
}
const producesInFlight = Number(values['produces-in-flight'])
const gatherBytes = Number(values['gather-bytes'])

const source = await BrokerConnection.open({ ...address(values.source), arenaBytes: fetchBytes + 2 * MIB, gatherBytes })
const target = await BrokerConnection.open({ ...address(values.target), arenaBytes: MIB, gatherBytes })
const producer = await newProducerIdentity(target)
const offsets = new Array<number>(partitionsCount).fill(0)
const sequences = new Array<number>(partitionsCount).fill(0)
/** Produce requests not yet acknowledged, oldest first. */
const inFlight: Promise<void>[] = []
let copiedBytes = 0
let batchesCount = 0
let rotation = 0

process.once('SIGTERM', () => process.exit(0)) // an orderly exit, so that a probe in the process can write its report
await copy(values.follow ? undefined : await endOffsets(source, values.topic, partitionsCount))
if (values.report) printReport()
process.exit(0)

/** Copies until every partition reached its end; for ever without ends. The next answer is fetched while one is written. */
async function copy(ends: readonly number[] | undefined): Promise<void> {
  let next = fetchNext()
  for (;;) {
    const { fetched, release } = await next
    const queues = fetched.map((records) => preparedBatches(records))
    const isDone = ends?.every((end, partition) => (offsets[partition] ?? 0) >= end) ?? false
    if (!isDone) next = fetchNext()
    await send(queues)
    void Promise.all(inFlight).then(release)
    if (isDone) break
  }
  await Promise.all(inFlight)
}

/** The first partition of a request is served first; so each gets its turn. */
function fetchNext() {
  const positions = offsets.map((_, index) => {
    const partition = (index + rotation) % partitionsCount
    return { partition, offset: offsets[partition] ?? 0 }
  })
  rotation++
  return fetchRecords(source, fetchRequest(values.topic, positions, limits))
}

/** Splits a partition's records into batches and makes each one ours. */
function preparedBatches({ partition, records }: FetchedRecords): ProducedBatch[] {
  const batches: ProducedBatch[] = []
  for (let at = 0; at + BATCH_PREFIX_BYTES <= records.length;) {
    const batchBytes = BATCH_PREFIX_BYTES + records.readInt32BE(at + AT.length)
    if (at + batchBytes > records.length) break // cut: fetched again whole
    const batch = records.subarray(at, at + batchBytes)
    prepare(partition, batch)
    batches.push({ partition, batch })
    copiedBytes += batchBytes
    at += batchBytes
  }
  batchesCount += batches.length
  return batches
}

function prepare(partition: number, batch: Buffer): void {
  if (crc32c(batch.subarray(AT.attributes)) !== batch.readUInt32BE(AT.crc))
    throw new Error(`corrupt batch in partition ${partition}`)
  offsets[partition] = Number(batch.readBigInt64BE(0)) + batch.readInt32BE(AT.lastOffsetDelta) + 1
  const sequence = sequences[partition] ?? 0
  sequences[partition] = sequence + batch.readInt32BE(AT.count)
  batch.writeBigInt64BE(0n, 0)
  batch.writeInt32BE(-1, AT.leaderEpoch)
  batch.writeBigInt64BE(producer.id, AT.producerId)
  batch.writeInt16BE(producer.epoch, AT.epoch)
  batch.writeInt32BE(sequence, AT.sequence)
  batch.writeUInt32BE(crc32c(batch.subarray(AT.attributes)), AT.crc)
}

/** One batch a partition and request, as the broker wants it; ends when the last request is on its way. */
async function send(queues: readonly ProducedBatch[][]): Promise<void> {
  const requestsCount = Math.max(0, ...queues.map((queue) => queue.length))
  for (let index = 0; index < requestsCount;) {
    if (inFlight.length >= producesInFlight) await inFlight.shift()
    target.corked(() => {
      for (; index < requestsCount && inFlight.length < producesInFlight; index++) {
        const batches = queues.flatMap((queue) => queue.slice(index, index + 1))
        inFlight.push(produce(target, values.to, batches))
      }
    })
  }
}

function printReport(): void {
  const { user, system } = process.cpuUsage()
  const cpuSeconds = (user + system) / 1e6
  const report = {
    batchesCount,
    gb: copiedBytes / 1e9,
    wallSeconds: performance.now() / 1e3,
    user: user / 1e6,
    system: system / 1e6,
  }
  const perGb = {
    cpuSecondsPerGb: cpuSeconds / report.gb,
    rssMb: process.resourceUsage().maxRSS / 1024,
    arenas: source.arenasCount,
  }
  process.stdout.write(`${JSON.stringify({ ...report, ...perGb })}\n`)
}

function address(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}
