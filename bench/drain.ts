import { setTimeout as sleep } from 'node:timers/promises'
import { logTail } from '../dev/kafka/java-process.ts'
import { remoteTopic } from './contestant.ts'
import type { ContestantName, FlowUnderTest, RunningContestant } from './contestant.ts'
import { brokersCpuSeconds, connectTo, logBytes, newFlow, removeFlow, whileRunning } from './environment.ts'
import type { Environment } from './environment.ts'
import type { Digest } from './java-tool.ts'
import { endOffsets } from './kafka-requests.ts'
import type { Measurement } from './measurement.ts'
import { cpuSeconds, machineCpuSeconds, peakRssMb, since, sum } from './process-usage.ts'
import type { CpuSeconds } from './process-usage.ts'

const POLL_MS = 10
const TIMEOUT_MS = 600_000
/** Between two looks whether the brokers' log cleaner has done something. */
const CLEANER_MS = 20_000
/** Longer than any of the mirrors waits between two commits under load. */
const SETTLED_MS = 3_000

/** What is written to the source. */
export interface Load {
  readonly partitions: number
  readonly records: number
  readonly valueBytes: number
  /** batch.size of the producer; 0: each record is a batch. */
  readonly batchBytes: number
  readonly codec: string
}

/** Data on the source that every contestant of a shape copies. */
export interface SourceData {
  readonly topic: string
  readonly partitionsCount: number
  readonly records: number
  readonly gb: number
  /** Of the copy: how many records each partition has. */
  readonly ends: readonly number[]
  readonly digest: Digest
}

/** How contestant, brokers and machine stand at one moment; all CPU in seconds since each began. */
interface Moment {
  readonly atMs: number
  readonly contestantCpu: CpuSeconds
  readonly sourceBrokersCpu: number
  readonly targetBrokersCpu: number
  readonly machineCpu: number
  readonly benchCpu: number
}

/** Writes a shape's data, reads all of it (which also warms the page cache: see docs/benchmarks.md) and keeps its digest. */
export async function prepareData({ source, tool }: Environment, topic: string, load: Load): Promise<SourceData> {
  const { partitions, records } = load
  await tool.createTopic(source.internalBootstrap, topic, { partitions })
  await tool.load(source.internalBootstrap, topic, { ...load })
  const digest = await tool.digest(source.internalBootstrap, topic, partitions)
  if (digest.records !== records) throw new Error(`${topic} has ${digest.records} records, not ${records}`)
  return sourceData(source, topic, digest)
}

/**
 * The same, of a topic that was compacted: of each key its last record, at random places in the batches. What is in the newest segment stays as it is.
 * @param load.keys   how many different ones there are
 */
export async function prepareCompacted(
  { source, tool }: Environment,
  topic: string,
  load: Load & { readonly keys: number },
): Promise<SourceData> {
  const { partitions, records } = load
  const bootstrap = source.internalBootstrap
  const config = 'cleanup.policy:compact;min.cleanable.dirty.ratio:0.001;segment.bytes:8388608'
  await tool.createTopic(bootstrap, topic, { partitions, config })
  await tool.load(bootstrap, topic, { ...load })
  let digest = await tool.digest(bootstrap, topic, partitions)
  // The cleaner looks every 15 s, and is through when it finds nothing any more.
  for (let before = records; digest.records === records || digest.records < before;) {
    before = digest.records
    await sleep(CLEANER_MS)
    digest = await tool.digest(bootstrap, topic, partitions)
  }
  // A mirror would copy the policy, and the target would compact the copy.
  await tool.alterTopic(bootstrap, topic, 'cleanup.policy:delete;retention.ms:-1')
  return sourceData(source, topic, digest)
}

function sourceData(source: Environment['source'], topic: string, digest: Digest): SourceData {
  const ends = digest.partitions.map((one) => Number(one.split(':')[0]))
  const { records } = digest
  return { topic, partitionsCount: ends.length, records, gb: logBytes(source, topic) / 1e9, ends, digest }
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
  run: {
    shape: string
    contestant: ContestantName
    round: number
    flow?: Partial<FlowUnderTest>
    /** Wait until the ends stand still: the markers of transactions are part of them. */
    isSettled?: boolean
  },
): Promise<Measurement> {
  const { target } = environment
  const { topic, partitionsCount } = data
  const flow = await newFlow(environment, { topic, partitionsCount, ...run.flow })
  const conversionsBefore = await conversions(environment)
  const { measured, facts } = await whileRunning(environment, run.contestant, flow, async (running) => {
    const start = moment(environment, running)
    const watch = run.isSettled === true ? watchUntilSettled : watchDrain
    const { first, end } = await watch(environment, remoteTopic(flow), data.ends, running)
    return { start, first, end, peakRss: peakRssMb(running.pid) }
  })
  const { start, first, end, peakRss } = measured
  await requireEqual(environment, flow, data)
  const targetGb = logBytes(target, remoteTopic(flow)) / 1e9
  const conversionsCount = (await conversions(environment)) - conversionsBefore
  await removeFlow(environment, flow)
  const cpu = since(first.contestantCpu, end.contestantCpu)
  const drainSeconds = (end.atMs - first.atMs) / 1000
  const { shape, contestant, round } = run
  const figures = {
    startMs: first.atMs - start.atMs,
    drainSeconds,
    totalSeconds: (end.atMs - start.atMs) / 1000,
    recordsPerSecond: data.records / drainSeconds,
    mbPerSecond: (data.gb * 1000) / drainSeconds,
    cpuSecondsPerGb: sum(cpu) / data.gb,
    cpuUserSecondsPerGb: cpu.user / data.gb,
    cpuSystemSecondsPerGb: cpu.system / data.gb,
    cpuTotalSeconds: sum(end.contestantCpu),
    peakRssMb: peakRss,
    sourceBrokerCpuSeconds: end.sourceBrokersCpu - start.sourceBrokersCpu,
    targetBrokerCpuSeconds: end.targetBrokersCpu - start.targetBrokersCpu,
    conversions: conversionsCount,
    gb: data.gb,
    targetGb,
    disturbancePercent: disturbancePercent(first, end),
    ...(facts.heap === undefined ? {} : heapFigures(facts.heap, data.gb)),
  }
  return { shape, contestant, round, figures, facts }
}

async function watchDrain(
  environment: Environment,
  topic: string,
  ends: readonly number[],
  running: RunningContestant,
): Promise<{ first: Moment; end: Moment }> {
  const connection = await connectTo(environment.target)
  const deadlineMs = performance.now() + TIMEOUT_MS
  let first: Moment | undefined
  try {
    for (;;) {
      const offsets = await endOffsets(connection, topic, ends.length)
      if (offsets?.some((offset) => offset > 0)) first ??= moment(environment, running)
      const isDone = offsets !== undefined && ends.every((end, partition) => (offsets[partition] ?? 0) >= end)
      if (isDone && first !== undefined) return { first, end: moment(environment, running) }
      if (running.hasEnded) throw new Error(`the contestant ended early:\n${logTail(running.logFile)}`)
      if (performance.now() > deadlineMs) throw new Error(`not done after ${TIMEOUT_MS} ms; ends ${offsets?.join()}`)
      await sleep(POLL_MS)
    }
  } finally {
    connection[Symbol.dispose]()
  }
}

/** As watchDrain, for ends that hold markers beside the records: they are done when they have stood still, and were when they last moved. */
async function watchUntilSettled(
  environment: Environment,
  topic: string,
  ends: readonly number[],
  running: RunningContestant,
): Promise<{ first: Moment; end: Moment }> {
  const { first } = await watchDrain(environment, topic, ends, running)
  const connection = await connectTo(environment.target)
  try {
    let last = ''
    let end = moment(environment, running)
    while (performance.now() - end.atMs < SETTLED_MS) {
      const offsets = (await endOffsets(connection, topic, ends.length))?.join() ?? ''
      if (offsets !== last) end = moment(environment, running)
      last = offsets
      await sleep(POLL_MS)
    }
    return { first, end }
  } finally {
    connection[Symbol.dispose]()
  }
}

function moment({ source, target }: Environment, running: RunningContestant): Moment {
  return {
    atMs: performance.now(),
    contestantCpu: cpuSeconds(running.pid),
    sourceBrokersCpu: brokersCpuSeconds(source),
    targetBrokersCpu: brokersCpuSeconds(target),
    machineCpu: machineCpuSeconds(),
    benchCpu: sum(cpuSeconds(process.pid, { isAlone: true })),
  }
}

/** CPU used by whatever has no part in the measurement, in percent of a core: how far to trust the wall clock. */
function disturbancePercent(first: Moment, end: Moment): number {
  const ours =
    sum(since(first.contestantCpu, end.contestantCpu)) +
    (end.sourceBrokersCpu - first.sourceBrokersCpu) +
    (end.targetBrokersCpu - first.targetBrokersCpu) +
    (end.benchCpu - first.benchCpu)
  const others = Math.max(0, end.machineCpu - first.machineCpu - ours)
  return (others / ((end.atMs - first.atMs) / 1000)) * 100
}

async function requireEqual({ tool, target }: Environment, flow: FlowUnderTest, data: SourceData): Promise<void> {
  const copied = await tool.digest(target.internalBootstrap, remoteTopic(flow), data.partitionsCount)
  const expected = data.digest.partitions.join()
  if (copied.partitions.join() === expected) return
  throw new Error(`contents differ: ${expected} at the source, ${copied.partitions.join()} at the target`)
}

/** Records that the brokers of both sides had to convert since they began. */
async function conversions({ source, target, tool }: Environment): Promise<number> {
  let count = 0
  for (const { pid } of [...source.brokers, ...target.brokers]) {
    const { produce, fetch } = await tool.conversions(pid)
    count += produce + fetch
  }
  return count
}

function heapFigures(heap: { allocatedBytes: number; majorCollections: number }, gb: number) {
  return { allocatedMbPerGb: heap.allocatedBytes / 1e6 / gb, majorCollections: heap.majorCollections }
}
