import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SeededRandom } from '../support/seeded-random.ts'
import { brokerKilled, brokerPaused, brokerRestarted } from './broker-faults.ts'
import { startChaosClusters } from './chaos-clusters.ts'
import type { ChaosClusters } from './chaos-clusters.ts'
import { ChaosLog } from './chaos-log.ts'
import { chaosSeed } from './chaos-seed.ts'
import { ChaosWorld } from './chaos-world.ts'
import { carryOut } from './fault.ts'
import type { Fault } from './fault.ts'

const random = new SeededRandom(chaosSeed())
const log = new ChaosLog('brokers', random.seed)
const FAULTS_PER_SIDE = 20
const FAULTS_PER_ROUND = 5

let clusters: ChaosClusters

before(async () => {
  clusters = await startChaosClusters()
})

after(async () => {
  log.close()
  await clusters[Symbol.asyncDispose]()
})

/** Half of them kill -9, the rest in equal parts standstills and orderly restarts. */
const faults: Fault[] = random.shuffle(
  (['source', 'target'] as const).flatMap((side) =>
    Array.from({ length: FAULTS_PER_SIDE }, (_, index) =>
      index % 2 === 0 ? brokerKilled(side) : index % 4 === 1 ? brokerPaused(side) : brokerRestarted(side),
    ),
  ),
)

for (let round = 0; round * FAULTS_PER_ROUND < faults.length; round++) {
  test(`faults ${round * FAULTS_PER_ROUND + 1} to ${(round + 1) * FAULTS_PER_ROUND} of brokers of both sides: nothing lost, doubled or out of order`, async () => {
    await using world = await ChaosWorld.begin(clusters, `round-${round}`, {}, { random, log })
    await carryOut(world, faults.slice(round * FAULTS_PER_ROUND, (round + 1) * FAULTS_PER_ROUND))
    await world.finish()
  })
}

test('all of them were carried out', () => {
  assert.equal(log.records.filter(({ fault }) => fault.startsWith('broker')).length, 2 * FAULTS_PER_SIDE)
})
