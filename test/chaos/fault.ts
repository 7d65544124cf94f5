import type { ChaosWorld } from './chaos-world.ts'

/** Something that is done to a running flow and undone again. None of these takes acknowledged data away, so the promise holds over all of them. */
export interface Fault {
  readonly name: string
  /** Returns when all is as it was, and everything flows again. */
  apply(world: ChaosWorld): Promise<void>
}

/** Carries faults out one after the other, each said before. */
export async function carryOut(world: ChaosWorld, faults: readonly Fault[]): Promise<void> {
  for (const fault of faults) {
    world.log.say(fault.name)
    const beganMs = performance.now()
    await fault.apply(world)
    world.log.say(`  all flows again after ${((performance.now() - beganMs) / 1000).toFixed(1)} s`)
  }
}
