import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { longTest } from '../support/long-test.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { brokerKilled, leaderMoved, partitionAdded } from './broker-faults.ts'
import { builtWindows, EXACTLY_ONCE_WINDOWS, exactlyOnceScenario } from './built-windows.ts'
import { startChaosClusters } from './chaos-clusters.ts'
import type { ChaosClusters } from './chaos-clusters.ts'
import { ChaosLog } from './chaos-log.ts'
import { ChaosWorld } from './chaos-world.ts'
import type { ScenarioOptions } from './chaos-world.ts'
import { carryOut } from './fault.ts'
import { answerFaults, cutAll, cutInFrame, lostAnswer, quota, slowWay, unreachable } from './link-faults.ts'
import { overtakenByRetention } from './retention-loss.ts'
import { killed, killedInside, paused, pausedInside } from './process-faults.ts'
import { chaosSeed } from './chaos-seed.ts'

const random = new SeededRandom(chaosSeed())
const log = new ChaosLog('core', random.seed)
const built = builtWindows()

let clusters: ChaosClusters

before(async () => {
  clusters = await startChaosClusters()
  log.say('both clusters are up')
})

after(async () => {
  await clusters[Symbol.asyncDispose]()
})

async function scenario(alias: string, options: ScenarioOptions = {}): Promise<ChaosWorld> {
  return ChaosWorld.begin(clusters, alias, options, { random, log })
}

test('killed and stopped inside each of its windows, under load, it loses, repeats and reorders nothing', async () => {
  await using world = await scenario('windows')
  const windows = random.shuffle(built)
  await carryOut(world, windows.map(killedInside))
  await carryOut(world, [pausedInside(random.pick(windows))])
  await world.finish()
})

test('so it is with transactions of its own', async () => {
  await using world = await scenario('windows-eos', exactlyOnceScenario)
  await carryOut(world, random.shuffle(EXACTLY_ONCE_WINDOWS.map(killedInside)))
  await world.finish()
})

longTest(
  'links that are cut, slow and dead, lost answers, error codes and leaders that move cost nothing',
  async () => {
    await using world = await scenario('links')
    const side = random.pick(['source', 'target'] as const)
    const links = [cutAll(side), cutInFrame, slowWay(side), unreachable(side), quota(side), paused, killed()]
    await carryOut(world, [
      ...random.shuffle([
        ...random.shuffle(links).slice(0, 3),
        ...random.shuffle(answerFaults).slice(0, 3),
        lostAnswer,
      ]),
      leaderMoved('source'),
      leaderMoved('target'),
      partitionAdded,
    ])
    await world.finish()
  },
)

test('a broker of each side, killed and come back under load, costs nothing', async () => {
  await using world = await scenario('brokers')
  await carryOut(world, random.shuffle([brokerKilled('source'), brokerKilled('target')]))
  await world.finish()
})

test('what the source deletes before it is copied is missing, said, and nothing else is', async () => {
  await overtakenByRetention(clusters, 'retention', 3, { random, log })
})

test('every window was hit', () => {
  log.close()
  const unhit = built.filter((window) => (log.windows.get(window)?.stopped ?? 0) === 0)
  assert.deepEqual(unhit, [], 'in these windows no process was stopped')
})
