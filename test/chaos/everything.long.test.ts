import { after, before, test } from 'node:test'
import { SeededRandom } from '../support/seeded-random.ts'
import { brokerKilled, leaderMoved, partitionAdded } from './broker-faults.ts'
import { builtWindows } from './built-windows.ts'
import { startChaosClusters } from './chaos-clusters.ts'
import type { ChaosClusters } from './chaos-clusters.ts'
import { ChaosLog } from './chaos-log.ts'
import { chaosSeed } from './chaos-seed.ts'
import { ChaosWorld } from './chaos-world.ts'
import { ELECTIONS } from './election-loss.ts'
import { carryOut } from './fault.ts'
import type { Fault } from './fault.ts'
import { answerFaults, cutAll, cutInFrame, lostAnswer, quota, slowWay, unreachable } from './link-faults.ts'
import { killed, paused, pausedInside } from './process-faults.ts'
import { overtakenByRetention } from './retention-loss.ts'
import { recreatedUnderLoad } from './topic-loss.ts'

const random = new SeededRandom(chaosSeed())
const log = new ChaosLog('everything', random.seed)
const sides = ['source', 'target'] as const

let clusters: ChaosClusters

before(async () => {
  clusters = await startChaosClusters()
})

after(async () => {
  log.close()
  await clusters[Symbol.asyncDispose]()
})

async function judged(alias: string, faults: readonly Fault[]): Promise<void> {
  await using world = await ChaosWorld.begin(clusters, alias, {}, { random, log })
  await carryOut(world, faults)
  await world.finish()
}

test('every error code of Fetch and Produce that is got over costs nothing', async () => {
  await judged('codes', random.shuffle(answerFaults))
})

test('a process that stands still inside each of its windows costs nothing', async () => {
  const windows = builtWindows()
  await judged('standstill', random.shuffle(windows.flatMap((window) => [pausedInside(window), pausedInside(window)])))
})

for (const round of [1, 2, 3]) {
  test(`everything that may happen, in an order that nobody chose, costs nothing (${round})`, async () => {
    const both = sides.flatMap((side) => [
      cutAll(side),
      slowWay(side),
      unreachable(side),
      quota(side),
      leaderMoved(side),
    ])
    const once = [cutInFrame, lostAnswer, partitionAdded, killed(), killed(), paused]
    await judged(
      `mixed-${round}`,
      random.shuffle([...both, ...once, ...random.shuffle(answerFaults).slice(0, 5), ...sides.map(brokerKilled)]),
    )
  })
}

test('what the source deletes before it is copied is missing, said, and nothing else is', async () => {
  await overtakenByRetention(clusters, 'retention', 20, { random, log })
})

test('a source topic that is deleted and made again under load is cut off where a gap says, and copied anew', async () => {
  await recreatedUnderLoad(clusters, 'reborn', 8, { random, log })
})

for (const side of sides) {
  test(`what an unclean election takes from the ${side} is said`, async () => {
    for (const round of [1, 2]) await ELECTIONS[side](clusters, `unclean-${side}-${round}`, { random, log })
  })
}
