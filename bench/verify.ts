import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { watchdog } from '../dev/kafka/watchdog.ts'
import { remoteTopic } from './contestant.ts'
import type { FlowUnderTest } from './contestant.ts'
import { prepareData } from './drain.ts'
import type { Load } from './drain.ts'
import { brokersCpuSeconds, connectTo, newFlow, whileRunning } from './environment.ts'
import type { Environment } from './environment.ts'
import { endOffsets } from './kafka-requests.ts'
import type { Measurement } from './measurement.ts'
import { writeFlowFile } from './mirror-maker.ts'
import { cpuSeconds, peakRssMb, sum } from './process-usage.ts'

const POLL_MS = 20
const COPY_TIMEOUT_MS = 180_000
const checkout = join(import.meta.dirname, '..')

/**
 * Writes data and lets twinlog copy it; what is measured is `twinlog verify` over both sides, from its start to its end.
 * @throws when it does not find both sides equal
 */
export async function prepareVerify(
  environment: Environment,
  topic: string,
  load: Load,
): Promise<(round: number) => Promise<Measurement>> {
  const data = await prepareData(environment, topic, load)
  const flow = await newFlow(environment, { topic, partitionsCount: load.partitions })
  await whileRunning(environment, 'twinlog', flow, () => untilCopied(environment, flow, load.records))
  return async (round) => {
    const before = { source: brokersCpuSeconds(environment.source), target: brokersCpuSeconds(environment.target) }
    const { seconds, cpu, rssMb, logFile } = await runVerify(flow)
    const sourceBrokerCpuSeconds = brokersCpuSeconds(environment.source) - before.source
    const targetBrokerCpuSeconds = brokersCpuSeconds(environment.target) - before.target
    const result = await resultOf(logFile)
    if (result.result !== 'equal' || result.sameCount !== load.records) throw new Error(JSON.stringify(result))
    const figures = {
      drainSeconds: seconds,
      mbPerSecond: (data.gb * 1000) / seconds,
      recordsPerSecond: load.records / seconds,
      cpuTotalSeconds: cpu,
      cpuSecondsPerGb: cpu / data.gb,
      peakRssMb: rssMb,
      sourceBrokerCpuSeconds,
      targetBrokerCpuSeconds,
    }
    return { shape: topic.replace(/^bench-/, ''), contestant: 'twinlog', round, figures, facts: {} }
  }
}

async function untilCopied({ target }: Environment, flow: FlowUnderTest, records: number): Promise<void> {
  using connection = await connectTo(target)
  const deadlineMs = performance.now() + COPY_TIMEOUT_MS
  for (;;) {
    const ends = (await endOffsets(connection, remoteTopic(flow), flow.partitionsCount)) ?? []
    if (ends.reduce((total, end) => total + end, 0) >= records) return
    if (performance.now() > deadlineMs) throw new Error('the copy that was to be verified did not come to its end')
    await sleep(100)
  }
}

async function runVerify(flow: FlowUnderTest) {
  const file = await writeFlowFile(flow, 'mm2-shipped')
  const logFile = join(flow.folder, 'verify.log')
  const log = openSync(logFile, 'w')
  const startedMs = performance.now()
  const args = ['verify', file, '--json', '--topics', flow.topic]
  const child = spawn(join(checkout, 'bin', 'twinlog'), args, { cwd: flow.folder, stdio: ['ignore', log, log] })
  closeSync(log)
  const pid = child.pid ?? 0
  watchdog().guard(pid)
  let seconds = 0
  child.once('exit', () => (seconds = (performance.now() - startedMs) / 1000))
  let [cpu, rssMb] = [0, 0]
  while (child.exitCode === null && child.signalCode === null) {
    // What it is at its last look: a process that is gone tells nothing.
    cpu = Math.max(cpu, sum(cpuSeconds(pid)))
    rssMb = Math.max(rssMb, peakRssMb(pid))
    await sleep(POLL_MS)
  }
  watchdog().release(pid)
  return { seconds, cpu, rssMb, logFile }
}

async function resultOf(logFile: string): Promise<{ readonly result?: string; readonly sameCount?: number }> {
  const lines = (await readFile(logFile, 'utf8')).split('\n').filter(Boolean)
  const last = lines.findLast((line) => line.includes('"event":"result"'))
  return last === undefined ? {} : (JSON.parse(last) as { result: string; sameCount: number })
}
