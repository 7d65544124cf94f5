import { setTimeout as sleep } from 'node:timers/promises'
import type { ContestantName } from './contestant.ts'
import { newFlow, startEnvironment, whileRunning } from './environment.ts'
import type { Measurement } from './measurement.ts'
import { cpuSeconds, peakRssMb, rssMb, since, sum } from './process-usage.ts'
import { fill, waitUntilCopied } from './steady.ts'

const IDLE_TOPICS = 9
const PARTITIONS_PER_IDLE_TOPIC = 1_100
const ACTIVE_PARTITIONS = 100
const ACTIVE_RECORDS_PER_SECOND = 1_000

/**
 * 10,000 partitions, of which 100 are written to. On clusters of its own, which are of no use to another shape afterwards.
 * Idle CPU is measured first, with no traffic at all.
 */
export async function runManyPartitions(
  { seconds, settleSeconds }: { seconds: number; settleSeconds: number },
  run: { shape: string; contestant: ContestantName; round: number },
): Promise<Measurement> {
  await using environment = await startEnvironment()
  const { source, tool } = environment
  for (let index = 0; index < IDLE_TOPICS; index++) {
    await tool.createTopic(source.internalBootstrap, `many-idle-${index}`, { partitions: PARTITIONS_PER_IDLE_TOPIC })
  }
  const topic = 'many-active'
  await fill(environment, topic, ACTIVE_PARTITIONS, ACTIVE_PARTITIONS)
  const flow = await newFlow(environment, { topic, partitionsCount: ACTIVE_PARTITIONS })
  const { measured, facts } = await whileRunning(
    environment,
    run.contestant,
    { ...flow, topic: 'many-.*' },
    async (running) => {
      const startedMs = performance.now()
      await waitUntilCopied(environment, flow, running, ACTIVE_PARTITIONS)
      const firstCopiedSeconds = (performance.now() - startedMs) / 1000
      await sleep(settleSeconds * 1000)
      const cpuPercent = async (during: Promise<unknown>): Promise<number> => {
        const before = cpuSeconds(running.pid)
        await during
        return (sum(since(before, cpuSeconds(running.pid))) / seconds) * 100
      }
      const idleCpuPercent = await cpuPercent(sleep(seconds * 1000))
      const load = { partitions: ACTIVE_PARTITIONS, rate: ACTIVE_RECORDS_PER_SECOND, seconds, valueBytes: 100 }
      const activeCpuPercent = await cpuPercent(tool.steady(source.internalBootstrap, topic, load))
      await waitUntilCopied(environment, flow, running, ACTIVE_PARTITIONS + ACTIVE_RECORDS_PER_SECOND * seconds)
      const memory = { rssMb: rssMb(running.pid), peakRssMb: peakRssMb(running.pid) }
      return { idleCpuPercent, activeCpuPercent, ...memory, firstCopiedSeconds }
    },
  )
  return { ...run, figures: measured, facts }
}
