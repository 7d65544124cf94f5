import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { SeededRandom } from '../support/seeded-random.ts'
import { startChaosClusters } from './chaos-clusters.ts'
import type { ChaosClusters } from './chaos-clusters.ts'
import { ChaosLog } from './chaos-log.ts'
import { chaosSeed } from './chaos-seed.ts'
import { ChaosWorld } from './chaos-world.ts'
import type { ScenarioOptions } from './chaos-world.ts'
import { carryOut } from './fault.ts'
import type { Fault } from './fault.ts'

/** What the tests of a file share: both clusters, the seed, and the log, which is closed when all are done. */
export class ChaosSuite {
  readonly random = new SeededRandom(chaosSeed())
  readonly log: ChaosLog
  #clusters: ChaosClusters | undefined

  private constructor(name: string) {
    this.log = new ChaosLog(name, this.random.seed)
  }

  /** To be called once, at the top of the file: starts the clusters before its tests, and ends them after. */
  static register(name: string): ChaosSuite {
    const suite = new ChaosSuite(name)
    before(async () => {
      suite.#clusters = await startChaosClusters()
      suite.log.say('both clusters are up')
    })
    after(async () => {
      suite.log.close()
      await suite.#clusters?.[Symbol.asyncDispose]()
    })
    return suite
  }

  get clusters(): ChaosClusters {
    assert.ok(this.#clusters !== undefined, 'the clusters are started before the first test')
    return this.#clusters
  }

  /** Carries faults out on a flow of its own, under load, and judges the copy. @param alias   of the source; nobody else may use it */
  async judge(alias: string, faults: readonly Fault[], options: ScenarioOptions = {}): Promise<void> {
    await using world = await ChaosWorld.begin(this.clusters, alias, options, this)
    await carryOut(world, faults)
    await world.finish()
  }
}
