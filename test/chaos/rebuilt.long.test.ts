import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics } from '../../dev/kafka/admin.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { ProduceStep } from '../../dev/kafka/records.ts'
import { CLEANED_AT_ONCE, waitForCleaner } from '../support/compacted-source.ts'
import { assertLogsValid, assertSameRecords } from '../support/judge.ts'
import { startMirror } from '../support/mirror.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { brokerKilled } from './broker-faults.ts'
import { builtWindows, EXACTLY_ONCE_WINDOWS, exactlyOnceScenario } from './built-windows.ts'
import { startChaosClusters } from './chaos-clusters.ts'
import type { ChaosClusters } from './chaos-clusters.ts'
import { ChaosLog } from './chaos-log.ts'
import { chaosSeed } from './chaos-seed.ts'
import { ChaosWorld } from './chaos-world.ts'
import type { ScenarioOptions } from './chaos-world.ts'
import { carryOut } from './fault.ts'
import type { Fault } from './fault.ts'
import { killed, killedInside } from './process-faults.ts'

const random = new SeededRandom(chaosSeed())
const log = new ChaosLog('rebuilt', random.seed)
/** Every batch of the load gets another codec, so that each is rebuilt; after a kill there are many small ones, which are put together. */
const rebuilds = { 'us.producer.compression.type': 'zstd', 'us.producer.batch.size': '3000' }

let clusters: ChaosClusters

before(async () => {
  clusters = await startChaosClusters()
})

after(async () => {
  log.close()
  await clusters[Symbol.asyncDispose]()
})

const times = (count: number, fault: Fault): Fault[] => Array.from({ length: count }, () => fault)

function rebuilding(what: string, alias: string, faults: () => readonly Fault[], options: ScenarioOptions = {}): void {
  test(`while every batch is written anew, ${what}: nothing lost, doubled or out of order`, async () => {
    const properties = { ...options.properties, ...rebuilds }
    await using world = await ChaosWorld.begin(clusters, alias, { ...options, properties }, { random, log })
    await carryOut(world, faults())
    await world.finish()
  })
}

rebuilding('kill -9 at any moment and inside each window', 'rebuilt', () =>
  random.shuffle([...times(3, killed()), ...builtWindows().map(killedInside)]),
)

rebuilding('brokers killed', 'rebuilt-brokers', () =>
  random.shuffle([brokerKilled('source'), brokerKilled('target'), killed()]),
)

rebuilding(
  'with transactions, kill -9 at any moment and inside each window',
  'rebuilt-eos',
  () => random.shuffle([...times(2, killed()), ...EXACTLY_ONCE_WINDOWS.map(killedInside)]),
  exactlyOnceScenario,
)

/** A log that is compacted at random, one of one-record batches, and one whose batches the target only takes in pieces. */
async function prepare(alias: string): Promise<string[]> {
  const { source, target } = clusters
  const [holes, small, large] = ['holes', 'small', 'large'].map((name) => `${alias}-${name}`)
  assert.ok(holes !== undefined && small !== undefined && large !== undefined)
  await createTopics(
    source,
    { name: holes, configs: CLEANED_AT_ONCE, replicationFactor: 3 },
    { name: small, replicationFactor: 3 },
    { name: large, replicationFactor: 3 },
  )
  await createTopics(target, {
    name: `${alias}.${large}`,
    replicationFactor: 3,
    configs: { 'max.message.bytes': '6000' },
  })
  const record = (topic: string, index: number, size: number): ProduceStep => ({
    topic,
    partition: 0,
    key: `k${topic === holes ? random.between(0, 1_500) : index}`,
    value: `${index}`.padEnd(size, 'x'),
  })
  const batches = (topic: string, count: number, least: number, most: number, size: number): ProduceStep[] => {
    let index = 0
    return Array.from({ length: count }, (): ProduceStep[] => [
      ...Array.from({ length: random.between(least, most) }, () => record(topic, index++, size)),
      'flush',
    ]).flat()
  }
  const client = { ...source.adminProperties, 'linger.ms': '1000', 'batch.size': '1000000' }
  await produceRecords({ ...client, 'compression.type': 'lz4' }, batches(holes, 300, 5, 40, 50))
  await produceRecords(client, batches(small, 2_000, 1, 1, 50))
  await produceRecords({ ...client, 'compression.type': 'gzip' }, batches(large, 60, 200, 300, 100))
  await waitForCleaner(source, holes, { 0: 1_501 })
  return [holes, small, large]
}

for (const [what, alias, properties] of [
  ['', 'backlog', {}],
  [' with transactions', 'backlog-eos', { 'us.exactly.once.source.support': 'enabled' }],
] as const) {
  test(`killed again and again${what} while it copies compacted, small and too large batches, it loses, repeats and reorders nothing`, async () => {
    const { source, target } = clusters
    const topics = await prepare(alias)
    const options = {
      source,
      target,
      alias,
      topics: topics.join(','),
      properties: {
        [`${alias}.consumer.isolation.level`]: 'read_committed',
        // Little at a time, so that there is much to be killed in.
        [`${alias}.consumer.fetch.max.bytes`]: '3000',
        ...properties,
      },
    }
    let kills = 0
    for (; kills < 12; kills++) {
      await using twinlog = await startMirror(options)
      await twinlog.waitForEvent('PartitionLocated')
      await sleep(random.between(0, 400))
      await twinlog.kill()
    }
    await using twinlog = await startMirror(options)
    for (const topic of topics) {
      const { length } = await dumpRecords({ client: source.adminProperties, topic })
      await twinlog.waitUntilCommitted(topic, length, { timeoutMs: 120_000 })
      await assertSameRecords(source, target, topic, `${alias}.${topic}`, { targetIsolation: 'read_committed' })
      await assertLogsValid(target, `${alias}.${topic}`)
    }
    await twinlog.stop()
  })
}
