import { setTimeout as sleep } from 'node:timers/promises'
import { isExactlyOnce, remoteTopic } from './contestant.ts'
import type { ContestantName, FlowUnderTest, RunningContestant } from './contestant.ts'
import { connectTo, newFlow, removeFlow, whileRunning } from './environment.ts'
import type { Environment } from './environment.ts'
import { endOffsets, lastStableOffsets } from './kafka-requests.ts'
import type { LatencyFigures } from './java-tool.ts'
import type { Measurement } from './measurement.ts'
import { cpuSeconds, peakRssMb, rssMb, since, sum } from './process-usage.ts'
import type { CpuSeconds } from './process-usage.ts'

const POLL_MS = 50
const TIMEOUT_MS = 300_000

export interface LatencyPlan {
  readonly recordsPerSecond: number
  readonly seconds: number
  readonly warmupSeconds: number
}

interface Run {
  readonly shape: string
  readonly contestant: ContestantName
  readonly round: number
}

/** Latency of single records at a steady rate, on one partition, with a mirror that was warmed up by the same stream. */
export async function runLatency(environment: Environment, plan: LatencyPlan, run: Run): Promise<Measurement> {
  const { source, target, tool } = environment
  const topic = `latency-${run.contestant}-${run.round}`
  await fill(environment, topic, 1, 100)
  const flow = await newFlow(environment, { topic, partitionsCount: 1 })
  const { measured, facts } = await whileRunning(environment, run.contestant, flow, async (running) => {
    await waitUntilCopied(environment, flow, running, 100)
    const cpuBefore = cpuSeconds(running.pid)
    const latency = await tool.latency({
      source: source.internalBootstrap,
      target: target.internalBootstrap,
      topic,
      remoteTopic: remoteTopic(flow),
      isolation: isExactlyOnce(run.contestant) ? 'read_committed' : 'read_uncommitted',
      ...latencyArguments(plan),
    })
    const cpuPercent = percent(since(cpuBefore, cpuSeconds(running.pid)), plan.seconds + plan.warmupSeconds)
    return { ...latencyFigures(latency), cpuPercent, peakRssMb: peakRssMb(running.pid) }
  })
  await cleanUp(environment, flow)
  return { ...run, figures: measured, facts }
}

/** The same without any mirror: producer and consumer on the source. */
export async function runDirectLatency(
  environment: Environment,
  plan: LatencyPlan,
  round: number,
): Promise<Measurement> {
  const { source, tool } = environment
  const topic = `latency-direct-${round}`
  await fill(environment, topic, 1, 100)
  const bootstrap = source.internalBootstrap
  const latency = await tool.latency({
    source: bootstrap,
    target: bootstrap,
    topic,
    remoteTopic: topic,
    ...latencyArguments(plan),
  })
  await tool.deleteTopics(bootstrap, topic)
  return { shape: 'latency', contestant: 'direct', round, figures: latencyFigures(latency), facts: {} }
}

/** What a mirror uses while nothing happens. */
export async function runIdle(
  environment: Environment,
  { partitionsCount, seconds, settleSeconds }: { partitionsCount: number; seconds: number; settleSeconds: number },
  run: Run,
): Promise<Measurement> {
  const topic = `idle-${run.contestant}-${run.round}`
  await fill(environment, topic, partitionsCount, partitionsCount * 10)
  const flow = await newFlow(environment, { topic, partitionsCount })
  const { measured, facts } = await whileRunning(environment, run.contestant, flow, async (running) => {
    await waitUntilCopied(environment, flow, running, partitionsCount * 10)
    await sleep(settleSeconds * 1000)
    const before = cpuSeconds(running.pid)
    await sleep(seconds * 1000)
    const idleCpuPercent = percent(since(before, cpuSeconds(running.pid)), seconds)
    return { idleCpuPercent, rssMb: rssMb(running.pid), peakRssMb: peakRssMb(running.pid) }
  })
  await cleanUp(environment, flow)
  return { ...run, figures: measured, facts }
}

/** Until the remote topic holds so many records, none of which waits for the end of a transaction: whoever measures reads on from there. */
export async function waitUntilCopied(
  { target }: Environment,
  flow: FlowUnderTest,
  running: RunningContestant,
  records: number,
): Promise<void> {
  const connection = await connectTo(target)
  const deadlineMs = performance.now() + TIMEOUT_MS
  try {
    for (;;) {
      const offsets = await endOffsets(connection, remoteTopic(flow), flow.partitionsCount)
      const copied = sumOf(offsets)
      const stable = sumOf(await lastStableOffsets(connection, remoteTopic(flow), flow.partitionsCount))
      if (copied >= records && stable >= copied) return
      if (running.hasEnded) throw new Error(`${running.logFile}: the contestant ended early`)
      if (performance.now() > deadlineMs) throw new Error(`only ${copied} of ${records} records after ${TIMEOUT_MS} ms`)
      await sleep(POLL_MS)
    }
  } finally {
    connection[Symbol.dispose]()
  }
}

function sumOf(offsets: readonly number[] | undefined): number {
  return offsets?.reduce((total, offset) => total + offset, 0) ?? 0
}

/** Creates a topic on the source and spreads records over its partitions. */
export async function fill(
  { source, tool }: Environment,
  topic: string,
  partitions: number,
  records: number,
): Promise<void> {
  await tool.createTopic(source.internalBootstrap, topic, { partitions })
  await tool.load(source.internalBootstrap, topic, {
    partitions,
    records,
    valueBytes: 100,
    batchBytes: 16_384,
    codec: 'none',
  })
}

async function cleanUp(environment: Environment, flow: FlowUnderTest): Promise<void> {
  await removeFlow(environment, flow)
  await environment.tool.deleteTopics(environment.source.internalBootstrap, flow.topic)
}

/** Of one core. */
function percent(cpu: CpuSeconds, seconds: number): number {
  return (sum(cpu) / seconds) * 100
}

function latencyArguments({ recordsPerSecond, seconds, warmupSeconds }: LatencyPlan) {
  return { rate: recordsPerSecond, seconds, warmupSeconds }
}

function latencyFigures({ sent, arrived, p50Ms, p99Ms, p999Ms, maxMs }: LatencyFigures): Record<string, number> {
  return { p50Ms, p99Ms, p999Ms, maxMs, lostRecords: sent - arrived }
}
