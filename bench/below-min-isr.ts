import { setTimeout as sleep } from 'node:timers/promises'
import { startCluster } from '../dev/kafka/cluster.ts'
import { remoteTopic } from './contestant.ts'
import type { ContestantName } from './contestant.ts'
import { newFlow, removeFlow, whileRunning } from './environment.ts'
import type { Environment } from './environment.ts'
import type { Measurement } from './measurement.ts'
import { watchPartitions } from './partition-watch.ts'
import { fill } from './steady.ts'

const PARTITIONS = 8
const RECORDS_PER_SECOND = 8_000
const FIRST_RECORDS = 8_000
const BEFORE_SECONDS = 10
const START_TIMEOUT_MS = 180_000

/** The three brokers of the target by what happens to them. */
interface Roles {
  readonly leader: number
  readonly victim: number
  readonly other: number
}

/**
 * A steady stream over eight partitions; one of them loses its second replica and with it its minimum of in-sync replicas.
 * All have the same leader, so nothing but the mirror's own isolation keeps the other seven going.
 */
export async function runBelowMinIsr(
  pair: Environment,
  { holdSeconds }: { holdSeconds: number },
  run: { shape: string; contestant: ContestantName; round: number },
): Promise<Measurement> {
  await using target = await startCluster({ brokers: 3, properties: { 'replica.lag.time.max.ms': '3000' } })
  const environment: Environment = { ...pair, target }
  const { source, tool } = pair
  const roles = await chooseRoles(environment)
  const topic = `isr-${run.contestant}-${run.round}`
  await fill(environment, topic, PARTITIONS, FIRST_RECORDS)
  const flow = await newFlow(environment, { topic, partitionsCount: PARTITIONS, targetReplicationFactor: 3 })
  await createRemoteTopic(environment, remoteTopic(flow), roles)
  const { measured, facts } = await whileRunning(environment, run.contestant, flow, () =>
    hold(environment, { topic, remote: remoteTopic(flow), roles, holdSeconds }),
  )
  await removeFlow(environment, flow)
  await tool.deleteTopics(source.internalBootstrap, topic)
  return { ...run, figures: measured, facts }
}

async function hold(
  { source, target, tool }: Environment,
  { topic, remote, roles, holdSeconds }: { topic: string; remote: string; roles: Roles; holdSeconds: number },
): Promise<Record<string, number>> {
  using progress = await watchPartitions(target, remote, { partitionsCount: PARTITIONS, brokerId: roles.leader })
  using written = await watchPartitions(source, topic, { partitionsCount: PARTITIONS })
  await progress.waitFor(FIRST_RECORDS, START_TIMEOUT_MS)
  const seconds = BEFORE_SECONDS + holdSeconds + 5
  const load = tool.steady(source.internalBootstrap, topic, {
    partitions: PARTITIONS,
    rate: RECORDS_PER_SECOND,
    seconds,
    valueBytes: 100,
  })
  await sleep(3000) // the stream has begun everywhere
  await sleep((BEFORE_SECONDS - 3) * 1000)
  await target.broker(roles.victim).kill()
  const [held, wrote] = await Promise.all([progress.measure(holdSeconds), written.measure(holdSeconds)])
  await load
  await target.broker(roles.victim).start()
  const recoverySeconds = await progress.waitFor(FIRST_RECORDS + RECORDS_PER_SECOND * seconds, START_TIMEOUT_MS)
  return {
    othersShare: Math.min(...held.rates.map((rate, index) => rate / (wrote.rates[index] ?? Number.NaN))),
    longestPauseMs: held.longestPauseMs,
    recoverySeconds,
    othersRecordsPerSecond: Math.min(...held.rates),
  }
}

/** The victim is not the active controller, whose loss would stop more than one partition for a while. */
async function chooseRoles({ tool, target }: Environment): Promise<Roles> {
  const controller = await tool.controllerId(target.internalBootstrap)
  const [victim = 0, other = 0] = [1, 2, 3].filter((id) => id !== controller)
  return { leader: controller, victim, other }
}

async function createRemoteTopic(
  { tool, target }: Environment,
  topic: string,
  { leader, victim, other }: Roles,
): Promise<void> {
  const held = `${leader}:${victim}`
  const others = Array.from({ length: PARTITIONS - 1 }, () => `${leader}:${other}`)
  await tool.createTopic(target.internalBootstrap, topic, {
    replicas: [held, ...others].join(';'),
    config: 'min.insync.replicas:2',
  })
}
