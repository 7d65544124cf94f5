import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alterBroker, deleteRecords, listOffsets } from '../../dev/kafka/admin.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { moveLeaders, restart } from './broker-faults.ts'
import { builtWindows, EXACTLY_ONCE_WINDOWS, exactlyOnceScenario } from './built-windows.ts'
import { startChaosClusters } from './chaos-clusters.ts'
import type { ChaosClusters } from './chaos-clusters.ts'
import { ChaosLog } from './chaos-log.ts'
import { chaosSeed } from './chaos-seed.ts'
import { ChaosWorld } from './chaos-world.ts'
import type { ScenarioOptions } from './chaos-world.ts'
import { carryOut } from './fault.ts'
import type { Fault } from './fault.ts'
import { lostAnswer } from './link-faults.ts'
import { killed, killedInside, startAndMeasure } from './process-faults.ts'

const random = new SeededRandom(chaosSeed())
const log = new ChaosLog('kills', random.seed)
const built = builtWindows()
/** Positions are written at a clean stop only: what is stored is as old as the flow. */
const noFlush = { 'us.offset.flush.interval.ms': '3600000' }

/** A broker does not replicate for a moment before the kill, and not before twinlog has begun again. */
const tailAboveHighWatermark: Fault = {
  name: 'kill -9 while a broker of the target stands still',
  async apply(world) {
    const broker = random.pick(world.cluster('target').brokers)
    broker.pause()
    await sleep(random.between(200, 800))
    await world.kill()
    void sleep(2_500).then(() => broker.resume())
    await startAndMeasure(world, 'kill -9 while a broker of the target stands still')
  },
}

let clusters: ChaosClusters

before(async () => {
  clusters = await startChaosClusters()
})

after(async () => {
  log.close()
  await clusters[Symbol.asyncDispose]()
})

function kills(what: string, alias: string, faults: () => readonly Fault[], options: ScenarioOptions = {}): void {
  test(`kill -9 ${what}: nothing lost, doubled or out of order`, async () => {
    await using world = await ChaosWorld.begin(clusters, alias, options, { random, log })
    await carryOut(world, faults())
    await world.finish()
  })
}

const times = (count: number, fault: Fault): Fault[] => Array.from({ length: count }, () => fault)

kills('at any moment', 'any', () => times(10, killed()))

kills('inside each window, three times', 'windows', () =>
  random.shuffle(built.flatMap((window) => times(3, killedInside(window)))),
)

kills(
  'with positions that were never stored',
  'unstored',
  () => [
    ...times(6, killed()),
    ...built.filter((window) => window !== 'acknowledged-position-unstored').map(killedInside),
  ],
  { properties: noFlush },
)

kills('while it copies aborted records, too', 'uncommitted', () => times(6, killed()), {
  properties: { 'uncommitted.consumer.isolation.level': 'read_uncommitted' },
  judge: { sourceIsolation: 'read_uncommitted' },
})

kills('while leaders move, or a broker restarts, before it is there again', 'between', () =>
  (['source', 'target'] as const).flatMap((side) => [
    ...times(
      2,
      killed(`while leaders of the ${side} move`, (world) => moveLeaders(world, side)),
    ),
    killed(`while a broker of the ${side} restarts`, (world) => restart(random.pick(world.cluster(side).brokers))),
  ]),
)

kills(
  'while the source deletes what was copied',
  'shortened',
  () => times(4, killed('while the source is shortened', shorten)),
  { isShortened: true },
)

kills('while a broker of the target stands still, so that the tail is above the high watermark', 'above', () =>
  times(4, tailAboveHighWatermark),
)

kills('after answers were lost', 'unheard', () =>
  Array.from({ length: 5 }, () => [lostAnswer, killed('after a lost answer')]).flat(),
)

test('kill -9 and a target that has forgotten the producer ids meanwhile: nothing lost, doubled or out of order', async () => {
  await alterBroker(clusters.target, undefined, { 'producer.id.expiration.ms': '2000' })
  try {
    await using world = await ChaosWorld.begin(clusters, 'forgotten', {}, { random, log })
    await carryOut(
      world,
      times(
        5,
        killed('for longer than the target remembers', () => sleep(6_000)),
      ),
    )
    await world.finish()
  } finally {
    await alterBroker(clusters.target, undefined, { 'producer.id.expiration.ms': null })
  }
})

test('kill -9 of a flow with transactions, inside each of its windows: nothing lost, doubled or out of order', async () => {
  await using world = await ChaosWorld.begin(clusters, 'eos', exactlyOnceScenario, { random, log })
  await carryOut(world, random.shuffle(EXACTLY_ONCE_WINDOWS.flatMap((window) => times(2, killedInside(window)))))
  await world.finish()
})

test('sixty processes at least were killed, and every window was hit', () => {
  const restarts = log.records.filter(({ fault }) => fault.startsWith('kill -9'))
  assert.ok(restarts.length >= 60, `${restarts.length} kills`)
  assert.deepEqual(
    built.filter((window) => (log.windows.get(window)?.stopped ?? 0) === 0),
    [],
  )
})

/** Deletes, at the source, a part of what has been copied: no loss, and the first offset is another. */
async function shorten(world: ChaosWorld): Promise<void> {
  const topic = world.load.topics.plain
  const copied = await listOffsets(world.cluster('target'), world.remote(topic))
  const source = await listOffsets(world.cluster('source'), topic)
  const before = Object.entries(copied).map(([partition, { latest }]) => [
    partition,
    Math.max(source[partition]?.earliest ?? 0, Math.floor(latest / 2)),
  ])
  await deleteRecords(world.cluster('source'), topic, Object.fromEntries(before) as Record<number, number>)
}
