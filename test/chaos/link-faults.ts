import { setTimeout as sleep } from 'node:timers/promises'
import { alterQuotas, describeTopic } from '../../dev/kafka/admin.ts'
import { fetchErrors, produceErrors, refusals } from '../support/answer-codes.ts'
import { injectFetchError, injectProduceError, PRODUCE, refuseProduce } from '../support/answer-faults.ts'
import type { InjectedFault } from '../support/answer-faults.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'
import { proxiesOf } from './chaos-clusters.ts'
import type { Side } from './chaos-clusters.ts'
import type { ChaosWorld } from './chaos-world.ts'
import type { Fault } from './fault.ts'

const KIB = 1024
const SEEN_MS = 30_000

/** Every connection to one side is reset. */
export function cutAll(side: Side): Fault {
  return {
    name: `all connections to the ${side} are cut`,
    async apply(world) {
      for (const proxy of proxiesOf(world.cluster(side))) proxy.cutAll()
      await world.waitUntilCopying()
    },
  }
}

/** One connection is cut in the middle of a frame: of what the source sends, of what the target gets, or of its answers. */
export const cutInFrame: Fault = {
  name: 'connections are cut in mid-frame, on both sides',
  async apply(world) {
    const { random } = world
    const [source, target] = [proxiesOf(world.cluster('source')), proxiesOf(world.cluster('target'))]
    for (let round = 0; round < 3; round++) {
      random.pick(source).toClient.cutAfter(random.between(1, 100 * KIB))
      random.pick(target).toBroker.cutAfter(random.between(1, 100 * KIB))
      random.pick(target).toClient.cutAfter(random.between(1, 500))
      await sleep(300)
    }
    await world.waitUntilCopying()
  },
}

/** A long and narrow way to one side, and then none at all, for some seconds. */
export function slowWay(side: Side): Fault {
  return {
    name: `the way to the ${side} is long and narrow, and then stands still`,
    async apply(world) {
      const shapes = proxiesOf(world.cluster(side)).flatMap(({ toBroker, toClient }) => [toBroker, toClient])
      for (const shape of shapes) [shape.delayMs, shape.bytesPerSecond] = [80, 300_000]
      await sleep(world.random.between(500, 2_000))
      for (const shape of shapes) {
        ;[shape.delayMs, shape.bytesPerSecond] = [0, Infinity]
        shape.stall()
      }
      await sleep(world.random.between(200, 2_500))
      for (const shape of shapes) shape.resume()
      await world.waitUntilCopying()
    },
  }
}

/** Nobody can connect to one side for a while, and what was connected is cut. */
export function unreachable(side: Side): Fault {
  return {
    name: `the ${side} cannot be reached`,
    async apply(world) {
      const proxies = proxiesOf(world.cluster(side))
      const refusal = world.random.pick(['reset', 'ignore'] as const)
      for (const proxy of proxies) {
        proxy.newConnections = refusal
        proxy.cutAll()
      }
      await sleep(world.random.between(500, 3_000))
      for (const proxy of proxies) {
        proxy.newConnections = 'accept'
        if (refusal === 'ignore') proxy.cutAll()
      }
      await world.waitUntilCopying()
    },
  }
}

/** The target has appended a batch, and its answer gets lost. */
export const lostAnswer: Fault = {
  name: 'a Produce answer is lost although the batch was appended',
  async apply(world) {
    await loseAnswer(world)
    await world.waitUntilCopying()
  },
}

/** Returns when it is lost. */
export async function loseAnswer(world: ChaosWorld): Promise<void> {
  const remote = world.remote(world.load.topics.plain)
  const { promise, resolve } = Promise.withResolvers<void>()
  const nth = world.random.between(1, 5)
  const afterwards = world.random.pick(['cut', 'leave-open'] as const)
  const where = (_: unknown, request: Buffer): boolean => request.includes(remote)
  for (const proxy of proxiesOf(world.cluster('target')))
    void proxy.loseAnswer({ apiKey: PRODUCE, nth, afterwards, where }).then(() => resolve())
  await within(SEEN_MS, promise, 'an answer to lose')
}

/** An error code in a Produce answer, of a batch that was appended, or of one that truly was not. */
export function produceError(name: keyof typeof produceErrors | keyof typeof refusals, isAppended: boolean): Fault {
  return {
    name: `the target answers ${name} ${isAppended ? 'although it appended' : 'and appended nothing'}`,
    async apply(world) {
      const code = Object.entries(isAppended ? produceErrors : refusals).find(([each]) => each === name)?.[1] ?? -1
      const proxy = await leaderProxy(world, 'target', world.load.topics.plain)
      // The ledger and the positions are other topics.
      const topic = world.remote(world.alias)
      using fault = isAppended ? injectProduceError(proxy, topic, code) : refuseProduce(proxy, topic, code)
      await seen(fault, name)
      await world.waitUntilCopying()
    },
  }
}

export function fetchError(where: 'answer' | 'partition', name: string): Fault {
  return {
    name: `the source answers ${name} (${where})`,
    async apply(world) {
      const code = Object.entries(fetchErrors[where]).find(([each]) => each === name)?.[1] ?? -1
      using fault = injectFetchError(await leaderProxy(world, 'source', world.load.topics.single), code, where)
      await seen(fault, name)
      await world.waitUntilCopying()
    },
  }
}

/** Every error code of Fetch and Produce that is got over. */
export const answerFaults: readonly Fault[] = [
  ...(Object.keys(produceErrors) as (keyof typeof produceErrors)[]).map((name) => produceError(name, true)),
  ...(Object.keys(refusals) as (keyof typeof refusals)[]).map((name) => produceError(name, false)),
  ...(['answer', 'partition'] as const).flatMap((where) =>
    Object.keys(fetchErrors[where]).map((name) => fetchError(where, name)),
  ),
]

/** A byte rate for all clients: the brokers hold their answers back. */
export function quota(side: Side): Fault {
  return {
    name: `a quota at the ${side}`,
    async apply(world) {
      const name = side === 'source' ? 'consumer_byte_rate' : 'producer_byte_rate'
      await alterQuotas(world.cluster(side), { [name]: 5_000 })
      await sleep(world.random.between(1_000, 3_000))
      await alterQuotas(world.cluster(side), { [name]: null })
      await world.waitUntilCopying()
    },
  }
}

async function leaderProxy(world: ChaosWorld, side: Side, topic: string): Promise<TcpProxy> {
  const { partitions } = await describeTopic(world.cluster(side), world.topicAt(side, topic))
  const proxy = world.cluster(side).brokers.find(({ id }) => id === partitions[0]?.leader)?.proxy
  if (proxy === undefined) throw new Error(`${topic} has no leader`)
  return proxy
}

async function seen(fault: InjectedFault, what: string): Promise<void> {
  await within(SEEN_MS, fault.seen, what)
}

async function within(ms: number, promise: Promise<void>, what: string): Promise<void> {
  const stop = new AbortController()
  const late = sleep(ms, 'late' as const, { signal: stop.signal }).catch(() => undefined)
  const first = await Promise.race([promise, late])
  stop.abort()
  if (first === 'late') throw new Error(`waited ${ms} ms for ${what}`)
}
