/*
 * Takes Fetch and Produce answers from a real broker and writes them to src/wire/fixtures/captured.json:
 *
 *   node test/support/capture-wire.ts
 *
 * Java's own producer writes what is captured, and Java's own consumer says which records a reader has to see
 * (WireSeeder.java).
 */
import { connect } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../../dev/kafka/command.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { encodeFetchRequest } from '../../src/wire/fetch-request.ts'
import type { FetchTopic, FetchVersion } from '../../src/wire/fetch-request.ts'
import { decodeFetchResponse } from '../../src/wire/fetch-response.ts'
import { encodeProduceRequest } from '../../src/wire/produce-request.ts'
import type { ProduceTopic, ProduceVersion } from '../../src/wire/produce-request.ts'
import { batchSizeAt } from '../../src/wire/record-batch.ts'
import { resealBatch } from '../../src/wire/reseal.ts'

/** Kafka's own encoding (as WireOracle.java makes batches) of two records, the second without a key. */
const KEYLESS_BATCH =
  '000000000000000000000042ffffffff023b44e4ef000000000001000001897bd98400000001897bd98401ffffffffffffffffffffffffffff0000000210000000026b0276000e00020201027600'
const TOPICS = ['none', 'gzip', 'snappy', 'lz4', 'zstd', 'transactions', 'append-time', 'compacted']

// The records' timestamps are fixed and old: no segment may end, or be removed, for that.
await using cluster = await startCluster({
  properties: {
    'log.roll.ms': '9223372036854775807',
    'log.cleaner.backoff.ms': '200',
    'log.initial.task.delay.ms': '100',
    'log.retention.ms': '-1',
  },
})
const seeder = await javaSeeder(cluster)
const topicIds = new Map((await seeder('seed')).map((line) => line.split(' ') as [string, string]))
const entries: Record<string, string> = {}
const captured = await captureFetches()
await captureProduces(captured)
const seen: Record<string, string[]> = {}
for (const topic of [...TOPICS, 'target']) {
  for (const isolation of ['read_uncommitted', 'read_committed'])
    seen[`${topic} ${isolation}`] = await seeder('dump', topic, isolation)
}
save('captured', entries)
save('captured-records', seen)

async function javaSeeder({
  installation,
  folder,
  bootstrap,
}: KafkaCluster): Promise<(...args: string[]) => Promise<string[]>> {
  const classes = join(folder, 'classes')
  const source = new URL('WireSeeder.java', import.meta.url).pathname
  await java('javac', ['-cp', installation.classPath, '-d', classes, source])
  return (...args) =>
    java('java', ['-Xmx128m', '-cp', `${classes}:${installation.classPath}`, 'WireSeeder', bootstrap, ...args])
}

async function java(command: string, args: string[]): Promise<string[]> {
  const { stdout, stderr, exitCode } = await runCommand(command, args)
  if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}: ${stderr}`)
  return stdout.split('\n').filter((line) => line !== '')
}

/** Returns the answer of version 17 to a read_committed fetch of every topic. */
async function captureFetches(): Promise<Buffer> {
  const all = TOPICS.map((topic) => fetchTopic(topic, 0))
  for (const version of [11, 12, 13, 15, 16] as const)
    await fetch(version, `fetch transactions v${version}`, [fetchTopic('transactions', 0)])
  await fetch(12, 'fetch transactions read_uncommitted v12', [fetchTopic('transactions', 0)], 0)
  await fetch(17, 'fetch of diverged history v17', [fetchTopic('none', 1000, 0)])
  await fetch(17, 'fetch with unknown leader epoch v17', [fetchTopic('none', 0, -1, 99)])
  await fetch(17, 'fetch out of range v17', [fetchTopic('none', 1000)])
  await fetch(17, 'fetch of an unknown topic id v17', [{ ...fetchTopic('none', 0), topicId: Buffer.alloc(16, 7) }])
  await fetch(17, 'fetch cut inside a batch v17', [fetchTopic('none', 0, -1, -1, 300)])
  return fetch(17, 'fetch all v17', all)
}

function fetchTopic(
  topic: string,
  fetchOffset: number,
  lastFetchedEpoch = -1,
  currentLeaderEpoch = -1,
  partitionMaxBytes = 1 << 20,
): FetchTopic {
  const topicId = Buffer.from(topicIds.get(topic) ?? '', 'base64url')
  return {
    topic,
    topicId,
    partitions: [{ partition: 0, currentLeaderEpoch, fetchOffset, lastFetchedEpoch, partitionMaxBytes }],
  }
}

async function fetch(
  version: FetchVersion,
  name: string,
  topics: FetchTopic[],
  isolationLevel: 0 | 1 = 1,
): Promise<Buffer> {
  const sizes = { maxWaitMs: 100, minBytes: 1, maxBytes: 1 << 20, sessionId: 0, sessionEpoch: -1, rackId: '' }
  const body = encodeFetchRequest(version, { ...sizes, isolationLevel, topics, forgottenTopics: [] })
  const answer = await ask(1, version, version >= 12, [body])
  entries[name] = answer.toString('hex')
  return answer
}

/** Copies batches of every codec to the target, resealed, and provokes the refusals that a mirror meets. */
async function captureProduces(fetched: Buffer): Promise<void> {
  const { partitions } = decodeFetchResponse(17, fetched, 0)
  const producer = await initProducerId()
  let baseSequence = 0
  const versions = [8, 9, 10, 11, 11] as const
  for (const [index, version] of versions.entries()) {
    const part = partitions[index]
    if (part === undefined) throw new Error('The answer has too few partitions')
    const size = batchSizeAt(fetched, part.recordsStart)
    const bytes = Buffer.from(fetched.subarray(part.recordsStart, part.recordsStart + size))
    resealBatch(bytes, 0, size, { ...producer, baseSequence, isTransactional: false, verify: true })
    baseSequence += 3
    const topics = [{ topic: 'target', partitions: [{ partition: 0, bytes, start: 0, end: size }] }]
    await produce(version, `produce ${TOPICS[index]} v${version}`, topics)
    if (index === 4) await captureRefusals(topics, bytes)
  }
  entries['target as fetched v17'] = (await fetch(17, 'target v17', [fetchTopic('target', 0)])).toString('hex')
  delete entries['target v17']
}

async function captureRefusals(topics: ProduceTopic[], bytes: Buffer): Promise<void> {
  await produce(11, 'produce a duplicate v11', topics)
  bytes.writeInt32BE(500, 53)
  await produce(11, 'produce a damaged batch v11', topics)
  await produce(
    11,
    'produce to an unknown topic v11',
    topics.map((one) => ({ ...one, topic: 'missing' })),
  )
  const noKey = Buffer.from(KEYLESS_BATCH, 'hex')
  const partitions = [{ partition: 0, bytes: noKey, start: 0, end: noKey.length }]
  for (const version of [8, 11] as const)
    await produce(version, `produce without key to a compacted topic v${version}`, [
      { topic: 'target-compacted', partitions },
    ])
}

async function produce(version: ProduceVersion, name: string, topics: ProduceTopic[]): Promise<void> {
  const { chunks } = encodeProduceRequest(version, { transactionalId: null, acks: -1, timeoutMs: 10_000, topics })
  entries[name] = (await ask(0, version, version >= 9, chunks)).toString('hex')
}

async function initProducerId(): Promise<{ producerId: bigint; producerEpoch: number }> {
  const answer = await ask(22, 0, false, [Buffer.from('ffff0000ea60', 'hex')])
  return { producerId: answer.readBigInt64BE(6), producerEpoch: answer.readInt16BE(14) }
}

/** One request on a connection of its own; answers with the body. */
async function ask(apiKey: number, version: number, isFlexible: boolean, chunks: Buffer[]): Promise<Buffer> {
  const broker = cluster.broker(1)
  const header = Buffer.from(`0000${'0000'}00000001ffff${isFlexible ? '00' : ''}`, 'hex')
  header.writeInt16BE(apiKey, 0)
  header.writeInt16BE(version, 2)
  const request = Buffer.concat([Buffer.alloc(4), header, ...chunks])
  request.writeInt32BE(request.length - 4, 0)
  const socket = connect(broker.port, broker.host)
  socket.write(request)
  let answer = Buffer.alloc(0)
  for await (const chunk of socket) {
    answer = Buffer.concat([answer, chunk as Buffer])
    if (answer.length >= 4 && answer.length === 4 + answer.readInt32BE(0)) break
  }
  return answer.subarray(isFlexible ? 9 : 8)
}

function save(name: string, content: object): void {
  writeFileSync(
    new URL(`../../src/wire/fixtures/${name}.json`, import.meta.url),
    `${JSON.stringify(content, undefined, 2)}\n`,
  )
}
