/*
 * npm run soak [-- --minutes 60] [--brokers 1|3] [--rate 1] [--name soak]
 * Mixed load and restarts for an hour, samples of twinlog's memory, connections and descriptors every ten seconds, and a comparison of both sides at the
 * end: docs/testing.md.
 */
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startCluster } from '../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../dev/kafka/cluster.ts'
import { readLastKeys } from '../dev/kafka/sequences.ts'
import { assertSameRecords } from '../test/support/judge.ts'
import { describeMachine } from './machine.ts'
import { END_KEY, startLoad, TOPICS } from './soak/load.ts'
import { ALIAS, MirrorLives } from './soak/mirror-lives.ts'
import { isFlat, soakMarkdown } from './soak/report.ts'
import type { SoakResults } from './soak/report.ts'
import type { Sample } from './soak/sample.ts'
import { scheduleFaults } from './soak/schedule.ts'
import type { SoakFault } from './soak/schedule.ts'

const SAMPLE_MS = 10_000
const DRAIN_MS = 300_000
/** A broker stays away for so long. */
const AWAY_MS = 3_000

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    brokers: { type: 'string', default: '1' },
    /** Times the usual load. */
    rate: { type: 'string', default: '1' },
    /** Goes into the name of the result. */
    name: { type: 'string', default: 'soak' },
  },
})

const minutes = Number(options.minutes)
const brokers = options.brokers === '3' ? 3 : 1
const startedAt = new Date()
const machine = describeMachine()
const samples: Sample[] = []
const complaints: string[] = []
const faults = scheduleFaults(minutes * 60)

say(`soak of ${minutes} minutes: ${faults.length} restarts, ${brokers} brokers a side`)
await using stack = new AsyncDisposableStack()
const clusterOptions = { brokers, heap: '512m', isLight: true } as const
const [source, target] = await Promise.all([startCluster(clusterOptions), startCluster(clusterOptions)])
stack.use(source)
stack.use(target)
const beganMs = performance.now()
const lives = stack.use(new MirrorLives(source, target, beganMs))
const load = stack.use(await startLoad(source, Number(options.rate)))
await lives.start()
await soak()
const loadText = await load.stop()
say(`written: ${loadText}`)
const compared = await compare()
await lives.end(false)
complaints.push(...lives.badEvents)
await save()
process.exitCode = complaints.length === 0 && (isFlat(samples) || minutes < 5) ? 0 : 1

/** Samples and faults, until the time is over. */
async function soak(): Promise<void> {
  const due = [...faults]
  for (let tick = 1; tick * SAMPLE_MS <= minutes * 60_000; tick++) {
    for (let fault = due[0]; fault !== undefined && fault.atSeconds <= seconds(); fault = due[0]) {
      due.shift()
      await carryOut(fault)
    }
    await sleep(Math.max(0, tick * SAMPLE_MS - (performance.now() - beganMs)))
    const sample = lives.sample()
    if (sample === undefined) continue
    samples.push(sample)
    const { life, rssMib, heapMib, externalMib, connections, fileDescriptors, lagRecords, recordsTotal } = sample
    say(
      `life ${life}: RSS ${rssMib.toFixed(0)} MiB, heap ${heapMib.toFixed(0)}, external ${externalMib.toFixed(0)}, ${connections} connections, ${fileDescriptors} descriptors, lag ${lagRecords}, copied ${recordsTotal}`,
    )
  }
}

async function carryOut({ who, isKilled }: SoakFault): Promise<void> {
  say(`${who} is ${isKilled ? 'killed (-9)' : 'stopped in order'} and started again`)
  if (who === 'twinlog') return lives.restart(isKilled)
  const broker = (who === 'source broker' ? source : target).broker(1)
  await (isKilled ? broker.kill() : broker.stop())
  await sleep(AWAY_MS)
  await broker.start()
}

/** Waits until the last record of each partition has arrived, and compares. @returns records compared by topic */
async function compare(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const topic of Object.keys(TOPICS)) {
    try {
      await waitForEnd(target, `${ALIAS}.${topic}`)
      counts[topic] = await assertSameRecords(source, target, topic, `${ALIAS}.${topic}`)
      say(`${topic}: ${counts[topic]} records are the same on both sides`)
    } catch (error) {
      complaints.push(String(error))
      say(String(error))
    }
  }
  return counts
}

async function waitForEnd({ adminProperties: client }: KafkaCluster, topic: string): Promise<void> {
  const deadlineMs = performance.now() + DRAIN_MS
  for (;;) {
    const keys = Object.entries(await readLastKeys({ client, topic, isolation: 'read_uncommitted' }))
    const missing = keys.filter(([, key]) => key !== END_KEY).map(([partition]) => partition)
    if (missing.length === 0) return
    if (performance.now() > deadlineMs)
      throw new Error(`${topic}: partitions ${missing.join()} are not copied to the end`)
    await sleep(500)
  }
}

async function save(): Promise<void> {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', cwd: import.meta.dirname })
  const results: SoakResults = {
    startedAt: startedAt.toISOString(),
    minutes,
    commit: commit.trim(),
    machine,
    kafkaVersion: source.version,
    brokersPerSide: brokers,
    load: loadText,
    faults,
    compared,
    complaints,
    samples,
  }
  const folder = join(import.meta.dirname, 'results')
  const name = `${startedAt.toISOString().slice(0, 10)}-${options.name}`
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(results, null, 1)}\n`)
  await writeFile(join(folder, `${name}.md`), soakMarkdown(results))
  say(`written: bench/results/${name}.md`)
  say(soakMarkdown(results))
}

function seconds(): number {
  return (performance.now() - beganMs) / 1000
}

function say(text: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)
}
