import { setTimeout as sleep } from 'node:timers/promises'
import { startCluster } from '../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../dev/kafka/cluster.ts'
import { remoteTopic } from './contestant.ts'
import type { ContestantName } from './contestant.ts'
import { connectTo, newFlow, removeFlow, whileRunning } from './environment.ts'
import type { Environment } from './environment.ts'
import { endOffsets } from './kafka-requests.ts'
import type { Measurement } from './measurement.ts'
import { fill } from './steady.ts'

const PARTITIONS = 8
const RECORDS_PER_SECOND = 8_000
const FIRST_RECORDS = 8_000
const POLL_MS = 100
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
  using progress = await watchPartitions(target, remote, roles.leader)
  using written = await watchPartitions(source, topic, 1)
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

/** Looks at a topic's end offsets; partition 0 is the one that is held. */
async function watchPartitions(cluster: KafkaCluster, topic: string, leader: number) {
  const connection = await connectTo(cluster, leader)
  const ends = async (): Promise<number[]> => (await endOffsets(connection, topic, PARTITIONS)) ?? []

  /** @returns the others' rates, in records a second, and the longest time that one of them stood still */
  async function measure(seconds: number): Promise<{ rates: number[]; longestPauseMs: number }> {
    const first = await ends()
    const startedMs = performance.now()
    const last = first.map((offset) => ({ offset, changedMs: startedMs }))
    let longestPauseMs = 0
    while (performance.now() - startedMs < seconds * 1000) {
      await sleep(POLL_MS)
      const nowMs = performance.now()
      for (const [partition, offset] of (await ends()).entries()) {
        const seen = last[partition]
        if (seen === undefined || partition === 0) continue
        longestPauseMs = Math.max(longestPauseMs, nowMs - seen.changedMs)
        if (offset > seen.offset) last[partition] = { offset, changedMs: nowMs }
      }
    }
    const measuredSeconds = (performance.now() - startedMs) / 1000
    const rates = last.map(({ offset }, partition) => (offset - (first[partition] ?? 0)) / measuredSeconds)
    return { rates: rates.slice(1), longestPauseMs }
  }

  /** @returns seconds waited */
  async function waitFor(records: number, timeoutMs: number): Promise<number> {
    const startedMs = performance.now()
    while ((await ends()).reduce((total, offset) => total + offset, 0) < records) {
      if (performance.now() - startedMs > timeoutMs) return Number.POSITIVE_INFINITY
      await sleep(POLL_MS)
    }
    return (performance.now() - startedMs) / 1000
  }

  return { measure, waitFor, [Symbol.dispose]: () => connection[Symbol.dispose]() }
}
