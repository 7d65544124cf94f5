import { setTimeout as sleep } from 'node:timers/promises'
import { remoteTopic } from './contestant.ts'
import type { ContestantName } from './contestant.ts'
import { newFlow, removeFlow, whileRunning } from './environment.ts'
import type { Environment } from './environment.ts'
import type { Measurement } from './measurement.ts'
import { watchPartitions } from './partition-watch.ts'

const PARTITIONS = 8
const RECORDS_PER_SECOND = 8_000
/** Of the stream: longer than start and measurement take. */
const SECONDS = 45
const MEASURED_SECONDS = 6
const POLL_MS = 20
const START_TIMEOUT_MS = 40_000
const APPEND_TIME = 'message.timestamp.type:LogAppendTime'

/**
 * A steady stream over eight partitions, of which the first has a backlog that has to be written anew: batches with append time, while the remote topic
 * keeps the producer's. It is decompressed and compressed again as fast as the mirror can. The other seven are not to notice.
 */
export async function runRebuildNeighbours(
  environment: Environment,
  { backlogRecords }: { backlogRecords: number },
  run: { shape: string; contestant: ContestantName; round: number },
): Promise<Measurement> {
  const { source, tool } = environment
  const bootstrap = source.internalBootstrap
  const topic = `neighbours-${run.contestant}-${run.round}`
  await tool.createTopic(bootstrap, topic, { partitions: PARTITIONS, config: APPEND_TIME })
  const backlog = { records: backlogRecords, valueBytes: 100, batchBytes: 65_536, codec: 'gzip' }
  await tool.load(bootstrap, topic, { partitions: 1, ...backlog })
  await tool.alterTopic(bootstrap, topic, 'message.timestamp.type:CreateTime')
  const flow = await newFlow(environment, { topic, partitionsCount: PARTITIONS })
  const load = tool.steady(bootstrap, topic, {
    partitions: PARTITIONS,
    rate: RECORDS_PER_SECOND,
    seconds: SECONDS,
    valueBytes: 100,
  })
  const { measured, facts } = await whileRunning(environment, run.contestant, flow, ({ pid }) =>
    measure(environment, { topic, remote: remoteTopic(flow), backlogRecords }, () => {
      // Whoever has no probe would end.
      if (run.contestant === 'twinlog') process.kill(pid, 'SIGUSR2')
    }),
  )
  await load
  await removeFlow(environment, flow)
  await tool.deleteTopics(bootstrap, topic)
  const { longestTurnMs } = facts.heap ?? {}
  return { ...run, figures: { ...measured, ...(longestTurnMs === undefined ? {} : { longestTurnMs }) }, facts }
}

async function measure(
  { source, target }: Environment,
  { topic, remote, backlogRecords }: { topic: string; remote: string; backlogRecords: number },
  onBegin: () => void,
): Promise<Record<string, number>> {
  using progress = await watchPartitions(target, remote, { partitionsCount: PARTITIONS })
  using written = await watchPartitions(source, topic, { partitionsCount: PARTITIONS })
  const startedMs = performance.now()
  // The backlog is being written anew, and the others have caught up with what was there before the mirror was.
  for (;;) {
    const [wrote, copied] = await Promise.all([written.ends(), progress.ends()])
    const isBehind = copied.length === 0 || copied.some((end, index) => index > 0 && (wrote[index] ?? 0) - end > 500)
    if (!isBehind && (copied[0] ?? 0) > 0) break
    if (performance.now() - startedMs > START_TIMEOUT_MS) throw new Error(`not begun; ends ${copied.join()}`)
    await sleep(POLL_MS)
  }
  onBegin()
  const before = (await progress.ends())[0] ?? 0
  const [held, wrote] = await Promise.all([progress.measure(MEASURED_SECONDS), written.measure(MEASURED_SECONDS)])
  const after = (await progress.ends())[0] ?? 0
  if (after >= backlogRecords) throw new Error(`the backlog of ${backlogRecords} records is too small`)
  return {
    othersShare: Math.min(...held.rates.map((rate, index) => rate / (wrote.rates[index] ?? Number.NaN))),
    longestPauseMs: held.longestPauseMs,
    othersRecordsPerSecond: Math.min(...held.rates),
    rebuiltRecordsPerSecond: (after - before) / MEASURED_SECONDS,
  }
}
