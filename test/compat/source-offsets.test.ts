import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createTopics, listTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { mustRun } from '../../dev/kafka/command.ts'
import { installKafka } from '../../dev/kafka/install.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { DumpedRecord } from '../../dev/kafka/records.ts'
import { systemClock } from '../../src/base/clock.ts'
import { SourceOffsetStore } from '../../src/control/source-offset-store.ts'
import { ClusterClient } from '../../src/kafka/cluster-client.ts'
import {
  encodeSourceOffsetKey,
  encodeSourceOffsetValue,
  partitionForKey,
  SOURCE_CONNECTOR_NAME,
} from '../../src/mirror/source-offset-record.ts'
import { startMirrorMaker } from '../support/mirror-maker.ts'
import type { MirrorMaker } from '../support/mirror-maker.ts'
import { plainClientSettings } from '../support/plain-client-settings.ts'

const signal = AbortSignal.timeout(300_000)
const owner = { connectorName: SOURCE_CONNECTOR_NAME, sourceAlias: 'eu' }
const offsetsTopic = 'mm2-offsets.eu.internal'
const partitionsCount = 25

let eu: KafkaCluster
let us: KafkaCluster

before(async () => {
  ;[eu, us] = await Promise.all([startCluster(), startCluster()])
})

after(async () => {
  await Promise.all([eu[Symbol.asyncDispose](), us[Symbol.asyncDispose]()])
})

function mirrorMaker(topics: string): Promise<MirrorMaker> {
  const factors = ['replication.factor', 'offset.storage.replication.factor', 'config.storage.replication.factor']
  factors.push(
    'status.storage.replication.factor',
    'checkpoints.topic.replication.factor',
    'heartbeats.topic.replication.factor',
  )
  factors.push('offset-syncs.topic.replication.factor')
  return startMirrorMaker(us.installation, {
    clusters: 'eu, us',
    'eu.bootstrap.servers': eu.bootstrap,
    'us.bootstrap.servers': us.bootstrap,
    'eu->us.enabled': 'true',
    'eu->us.topics': topics,
    'us->eu.enabled': 'false',
    'us->eu.emit.heartbeats.enabled': 'false',
    'us.offset.flush.interval.ms': '1000',
    'refresh.topics.interval.seconds': '2',
    ...Object.fromEntries(factors.map((factor) => [factor, '1'])),
  })
}

/** Values "0", "1", ... in each partition. */
async function produce(topic: string, partitions: readonly number[], count: number): Promise<void> {
  const steps = partitions.flatMap((partition) =>
    Array.from({ length: count }, (_, index) => ({ topic, partition, value: String(index) })),
  )
  await produceRecords(eu.adminProperties, steps)
}

async function until(what: string, isTrue: () => Promise<boolean>, mirror: MirrorMaker): Promise<void> {
  while (!(await isTrue())) {
    assert.ok(!mirror.hasEnded, `MirrorMaker 2 ended:\n${mirror.log()}`)
    if (signal.aborted) assert.fail(`not seen in time: ${what}\n${mirror.log()}`)
    await sleep(500)
  }
}

async function openStore(client: ClusterClient): Promise<SourceOffsetStore> {
  return SourceOffsetStore.open(
    client,
    { offsetsTopic, partitionsCount, replicationFactor: 1, topicConfigs: {}, owner },
    { signal },
  )
}

function connect(): ClusterClient {
  return new ClusterClient('us', plainClientSettings(us.bootstrap), { clock: systemClock, random: Math.random })
}

async function readTarget(topic: string): Promise<DumpedRecord[]> {
  if (!(await listTopics(us)).includes(topic)) return []
  return dumpRecords({ client: us.adminProperties, topic })
}

test("keys, values and partitions are those of Kafka Connect's own converter and partitioner, for any name", async () => {
  const controls = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)).join('')
  const aliases = ['us', 'a b', `"quoted\\"`, controls, 'é\u007f\u2028\u{1f600}/', 'source->x', '']
  const inputs = aliases.flatMap((alias, index) =>
    Array.from(
      { length: 20 },
      (_, partition) =>
        [alias, partition * 997, `topic.${index}_${partition}`, 2 ** 40 + partition, 1 + partition] as const,
    ),
  )
  const { classPath } = await installKafka()
  const oracle = fileURLToPath(new URL('SourceOffsetOracle.java', import.meta.url))
  const { stdout } = await mustRun('java', ['-cp', classPath, oracle], { stdin: JSON.stringify(inputs) })
  const lines = stdout.trim().split('\n')
  assert.equal(lines.length, inputs.length)
  for (const [index, [sourceAlias, partition, topic, offset, count]] of inputs.entries()) {
    const key = encodeSourceOffsetKey({ ...owner, sourceAlias }, { topic, partition })
    const value = encodeSourceOffsetValue(offset)
    assert.equal(
      `${partitionForKey(key, count)} ${key.toString('hex')} ${value?.toString('hex')}`,
      lines[index],
      key.toString(),
    )
  }
})

test('a running MirrorMaker 2 writes the bytes that we would write, and we read its positions', async () => {
  await createTopics(eu, { name: 'orders', partitions: 3 })
  await produce('orders', [0, 1, 2], 10)
  await produce('orders', [2], 5)
  await using mirror = await mirrorMaker('orders')
  await until('35 records copied', async () => (await readTarget('eu.orders')).length === 35, mirror)
  await until('positions written', async () => (await ordersPositions()).length >= 3, mirror)
  await mirror.stop()
  for (const { key, value, partition } of await ordersPositions()) {
    const [, map] = JSON.parse(String(key)) as [string, { partition: number }]
    assert.equal(String(key), String(encodeSourceOffsetKey(owner, { topic: 'orders', partition: map.partition })))
    assert.match(String(value), /^\{"offset":\d+\}$/)
    assert.equal(partition, partitionForKey(key ?? Buffer.alloc(0), partitionsCount))
  }
  await using client = connect()
  const store = await openStore(client)
  assert.deepEqual(
    [0, 1, 2].map((partition) => store.find('orders', partition)),
    [9, 9, 14],
  )
  assert.deepEqual(store.unreadable, [])
})

test('MirrorMaker 2 goes on where our positions say', async () => {
  await createTopics(eu, { name: 'payments', partitions: 2 })
  await produce('payments', [0, 1], 10)
  await using client = connect()
  const store = await openStore(client)
  await store.write([{ topic: 'payments', partition: 0, lastCopiedOffset: 6 }], { signal })
  await using mirror = await mirrorMaker('payments')
  await until('13 records copied', async () => (await readTarget('eu.payments')).length >= 13, mirror)
  await mirror.stop()
  const copied = await readTarget('eu.payments')
  const valuesOf = (wanted: number): string[] =>
    copied.filter(({ partition }) => partition === wanted).map(({ value }) => String(value))
  assert.deepEqual(valuesOf(0), ['7', '8', '9'])
  assert.deepEqual(
    valuesOf(1),
    Array.from({ length: 10 }, (_, index) => String(index)),
  )
})

async function ordersPositions(): Promise<DumpedRecord[]> {
  const records = await dumpRecords({ client: us.adminProperties, topic: offsetsTopic })
  return records.filter(({ key }) => String(key).includes('"orders"'))
}
