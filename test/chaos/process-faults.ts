import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TraceWindowName } from '../../src/base/trace-window.ts'
import { alterBroker } from '../../dev/kafka/admin.ts'
import type { ChaosWorld } from './chaos-world.ts'
import { proxiesOf } from './chaos-clusters.ts'
import type { Fault } from './fault.ts'

const LONGEST_RUN_MS = 1_500
const LONGEST_PAUSE_MS = 7_000
/** Slow enough that a Fetch answer comes in pieces, fast enough for the load. */
const PIECEMEAL_BYTES_PER_SECOND = 300_000
const WINDOW_MS = 60_000
const LATEST_HIT = 12
/** A start changes the epoch of each partition once. */
const LATEST_EPOCH = 4
/** The brokers look for what they may forget once a second. */
const FORGETTING_MS = 1_500

/** Kill -9 at a moment that nobody chose, and a new process. @param between   done while none runs */
export function killed(what = 'at some moment', between?: (world: ChaosWorld) => Promise<void>): Fault {
  return {
    name: `kill -9 of twinlog ${what}`,
    async apply(world) {
      await sleep(world.random.next() * LONGEST_RUN_MS)
      await world.kill()
      await between?.(world)
      await startAndMeasure(world, `kill -9 ${what}`)
    },
  }
}

/** The process kills itself inside a window, at a hit that the seed chooses; a new one begins. */
export function killedInside(window: TraceWindowName): Fault {
  return {
    name: `kill -9 of twinlog inside ${window}`,
    async apply(world) {
      await world.kill()
      await inSuchAWay(world, window, async () => {
        const mirror = await world.start({ window, nth: hit(world, window), signal: 'SIGKILL' })
        await mirror.waitForEnd({ timeoutMs: WINDOW_MS })
        assert.equal(mirror.signal, 'SIGKILL', mirror.describe())
      })
      world.bury()
      await startAndMeasure(world, `kill -9 inside ${window}`)
    },
  }
}

/** The process stands still inside a window, with open connections, for up to longer than requests may take, and goes on. */
export function pausedInside(window: TraceWindowName): Fault {
  return {
    name: `SIGSTOP of twinlog inside ${window}`,
    async apply(world) {
      await world.kill()
      await inSuchAWay(world, window, async () => {
        const mirror = await world.start({ window, nth: hit(world, window), signal: 'SIGSTOP' })
        await mirror.waitForStandstill({ timeoutMs: WINDOW_MS })
        assert.equal(mirror.windows.stoppedIn, window)
      })
      await sleep(world.random.next() * LONGEST_PAUSE_MS)
      world.mirror.resume()
      await world.waitUntilCopying()
    },
  }
}

/** SIGSTOP at some moment. */
export const paused: Fault = {
  name: 'SIGSTOP of twinlog at some moment',
  async apply(world) {
    await sleep(world.random.next() * LONGEST_RUN_MS)
    world.mirror.pause()
    await sleep(world.random.next() * LONGEST_PAUSE_MS)
    world.mirror.resume()
    await world.waitUntilCopying()
  },
}

/** Starts it and waits until all is copied again. */
export async function startAndMeasure(world: ChaosWorld, fault: string): Promise<void> {
  const startedMs = Date.now()
  await world.start()
  const firstMs = await world.watch.firstAfter(startedMs, WINDOW_MS)
  assert.ok(firstMs !== undefined, `nothing is copied after the restart:\n${world.mirror.describe()}`)
  world.log.record({ fault, at: new Date(startedMs).toISOString(), restartToRecordMs: firstMs - startedMs })
  await world.waitUntilCopying(startedMs)
}

function hit(world: ChaosWorld, window: TraceWindowName): number {
  if (isOfFence(world, window)) return window === 'epoch-changing' ? world.random.between(1, LATEST_EPOCH) : 1
  return world.random.between(1, LATEST_HIT)
}

/** Fences, and their transactions, come only where the target does not know the producer ids; a flow with transactions of its own has them all the time. */
function isOfFence({ isExactlyOnce }: ChaosWorld, window: TraceWindowName): boolean {
  return !isExactlyOnce && (window === 'epoch-changing' || window === 'transaction-prepared')
}

/** Arranges that a window is gone through, and puts everything back. @param act   ends the running twinlog's successor inside it */
async function inSuchAWay(world: ChaosWorld, window: TraceWindowName, act: () => Promise<void>): Promise<void> {
  if (isOfFence(world, window)) return afterForgetting(world, act)
  // A frame is half read only where it does not come at once.
  const shapes = window === 'fetch-half-read' ? proxiesOf(world.cluster('source')).map(({ toClient }) => toClient) : []
  for (const shape of shapes) shape.bytesPerSecond = PIECEMEAL_BYTES_PER_SECOND
  try {
    await act()
  } finally {
    for (const shape of shapes) shape.bytesPerSecond = Infinity
  }
}

/** An epoch is changed where the target has forgotten the producer ids. */
async function afterForgetting(world: ChaosWorld, act: () => Promise<void>): Promise<void> {
  const target = world.cluster('target')
  await alterBroker(target, undefined, { 'producer.id.expiration.ms': String(FORGETTING_MS) })
  try {
    await sleep(4 * FORGETTING_MS)
    await act()
  } finally {
    await alterBroker(target, undefined, { 'producer.id.expiration.ms': null })
  }
}
