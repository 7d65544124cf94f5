import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaCluster } from '../dev/kafka/cluster.ts'
import { logTail } from '../dev/kafka/java-process.ts'
import { remoteTopic } from './contestant.ts'
import type { ContestantName, FlowUnderTest, RunningContestant } from './contestant.ts'
import { brokersCpuSeconds, connectTo, logBytes, newFlow, removeFlow, whileRunning } from './environment.ts'
import type { Environment } from './environment.ts'
import type { Digest } from './java-tool.ts'
import { endOffsets } from './kafka-requests.ts'
import type { Measurement } from './measurement.ts'
import { cpuSeconds, peakRssMb, since, sum } from './process-usage.ts'
import type { CpuSeconds } from './process-usage.ts'

const POLL_MS = 10
const TIMEOUT_MS = 600_000

/** Data on the source that every contestant of a shape copies. */
export interface SourceData {
  readonly topic: string
  readonly partitionsCount: number
  readonly records: number
  readonly gb: number
  readonly ends: readonly number[]
  readonly digest: Digest
}

/** Where and how the contestant stands when the first record is visible at the target, and when the last is. */
interface Progress {
  readonly firstMs: number
  readonly endMs: number
  readonly cpuAtFirst: CpuSeconds
  readonly cpuAtEnd: CpuSeconds
}

/** Writes a shape's data, reads all of it (which also warms the page cache: see docs/benchmarks.md) and keeps its digest. */
export async function prepareData(
  { source, tool }: Environment,
  topic: string,
  load: { partitions: number; records: number; valueBytes: number; batchBytes: number; codec: string },
): Promise<SourceData> {
  const { partitions, records } = load
  await tool.createTopic(source.internalBootstrap, topic, { partitions })
  await tool.load(source.internalBootstrap, topic, load)
  const digest = await tool.digest(source.internalBootstrap, topic, partitions)
  if (digest.records !== records) throw new Error(`${topic} has ${digest.records} records, not ${records}`)
  const connection = await connectTo(source)
  const ends = (await endOffsets(connection, topic, partitions)) ?? []
  connection[Symbol.dispose]()
  return { topic, partitionsCount: partitions, records, gb: logBytes(source, topic) / 1e9, ends, digest }
}

/**
 * Starts a contestant over a topic full of records and waits until all are visible at the target.
 * startMs: from the start of the process until the first record is visible. drainMs: from there until the last one is.
 * CPU per GB counts the drain; cpuTotalSeconds everything since the process began.
 * @throws when the contents of both sides differ
 */
export async function runDrain(
  environment: Environment,
  data: SourceData,
  run: { shape: string; contestant: ContestantName; round: number; flow?: Partial<FlowUnderTest> },
): Promise<Measurement> {
  const { target } = environment
  const { topic, partitionsCount } = data
  const flow = await newFlow(environment, { topic, partitionsCount, ...run.flow })
  const before = await brokersState(environment)
  const startedMs = performance.now()
  const { measured, facts } = await whileRunning(environment, run.contestant, flow, async (running) => {
    const progress = await watchDrain(target, remoteTopic(flow), data.ends, running)
    return { progress, rssMb: peakRssMb(running.pid) }
  })
  const { progress, rssMb } = measured
  const after = await brokersState(environment)
  await requireEqual(environment, flow, data)
  const targetGb = logBytes(target, remoteTopic(flow)) / 1e9
  await removeFlow(environment, flow)
  const drainCpu = since(progress.cpuAtFirst, progress.cpuAtEnd)
  const drainSeconds = (progress.endMs - progress.firstMs) / 1000
  const { shape, contestant, round } = run
  const figures = {
    startMs: progress.firstMs - startedMs,
    drainSeconds,
    totalSeconds: (progress.endMs - startedMs) / 1000,
    recordsPerSecond: data.records / drainSeconds,
    mbPerSecond: (data.gb * 1000) / drainSeconds,
    cpuSecondsPerGb: sum(drainCpu) / data.gb,
    cpuUserSecondsPerGb: drainCpu.user / data.gb,
    cpuSystemSecondsPerGb: drainCpu.system / data.gb,
    cpuTotalSeconds: sum(progress.cpuAtEnd),
    peakRssMb: rssMb,
    sourceBrokerCpuSeconds: after.source - before.source,
    targetBrokerCpuSeconds: after.target - before.target,
    conversions: after.conversions - before.conversions,
    gb: data.gb,
    targetGb,
    ...(facts.heap === undefined ? {} : heapFigures(facts.heap, data.gb)),
  }
  return { shape, contestant, round, figures, facts }
}

async function watchDrain(
  target: KafkaCluster,
  topic: string,
  ends: readonly number[],
  running: RunningContestant,
): Promise<Progress> {
  const connection = await connectTo(target)
  const deadlineMs = performance.now() + TIMEOUT_MS
  let first: { firstMs: number; cpuAtFirst: CpuSeconds } | undefined
  try {
    for (;;) {
      const offsets = await endOffsets(connection, topic, ends.length)
      if (first === undefined && offsets?.some((offset) => offset > 0)) {
        first = { firstMs: performance.now(), cpuAtFirst: cpuSeconds(running.pid) }
      }
      const isDone = offsets !== undefined && ends.every((end, partition) => (offsets[partition] ?? 0) >= end)
      if (isDone && first !== undefined)
        return { ...first, endMs: performance.now(), cpuAtEnd: cpuSeconds(running.pid) }
      if (running.hasEnded) throw new Error(`the contestant ended early:\n${logTail(running.logFile)}`)
      if (performance.now() > deadlineMs) throw new Error(`not done after ${TIMEOUT_MS} ms; ends ${offsets?.join()}`)
      await sleep(POLL_MS)
    }
  } finally {
    connection[Symbol.dispose]()
  }
}

async function requireEqual({ tool, target }: Environment, flow: FlowUnderTest, data: SourceData): Promise<void> {
  const copied = await tool.digest(target.internalBootstrap, remoteTopic(flow), data.partitionsCount)
  const expected = data.digest.partitions.join()
  if (copied.partitions.join() === expected) return
  throw new Error(`contents differ: ${expected} at the source, ${copied.partitions.join()} at the target`)
}

async function brokersState({ source, target, tool }: Environment) {
  const pids = [...source.brokers, ...target.brokers].map(({ pid }) => pid)
  let conversions = 0
  for (const pid of pids) {
    const { produce, fetch } = await tool.conversions(pid)
    conversions += produce + fetch
  }
  return { source: brokersCpuSeconds(source), target: brokersCpuSeconds(target), conversions }
}

function heapFigures(heap: { allocatedBytes: number; majorCollections: number }, gb: number) {
  return { allocatedMbPerGb: heap.allocatedBytes / 1e6 / gb, majorCollections: heap.majorCollections }
}
