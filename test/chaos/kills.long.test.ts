import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alterBroker, deleteRecords, listOffsets } from '../../dev/kafka/admin.ts'
import { moveLeaders, restart } from './broker-faults.ts'
import { builtWindows, EXACTLY_ONCE_WINDOWS, exactlyOnceScenario } from './built-windows.ts'
import { ChaosSuite } from './chaos-suite.ts'
import type { ChaosWorld, ScenarioOptions } from './chaos-world.ts'
import type { Fault } from './fault.ts'
import { loseAnswer } from './link-faults.ts'
import { killed, killedInside, startAndMeasure } from './process-faults.ts'

const suite = ChaosSuite.register('kills')
const { random, log } = suite
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

const afterLostAnswer: Fault = {
  name: 'kill -9 just after an answer was lost',
  async apply(world) {
    await loseAnswer(world)
    await world.kill()
    await startAndMeasure(world, 'kill -9 after a lost answer')
  },
}

function kills(what: string, alias: string, faults: () => readonly Fault[], options: ScenarioOptions = {}): void {
  test(`kill -9 ${what}: nothing lost, doubled or out of order`, async () => {
    await suite.judge(alias, faults(), options)
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

kills('just after an answer was lost, before it is known what became of the batch', 'unheard', () =>
  times(5, afterLostAnswer),
)

test('kill -9 and a target that has forgotten the producer ids meanwhile: nothing lost, doubled or out of order', async () => {
  await alterBroker(suite.clusters.target, undefined, { 'producer.id.expiration.ms': '2000' })
  try {
    const longerThanRemembered = killed('for longer than the target remembers', () => sleep(6_000))
    await suite.judge('forgotten', times(5, longerThanRemembered))
  } finally {
    await alterBroker(suite.clusters.target, undefined, { 'producer.id.expiration.ms': null })
  }
})

test('kill -9 of a flow with transactions, inside each of its windows: nothing lost, doubled or out of order', async () => {
  const faults = random.shuffle(EXACTLY_ONCE_WINDOWS.flatMap((window) => times(2, killedInside(window))))
  await suite.judge('eos', faults, exactlyOnceScenario)
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
