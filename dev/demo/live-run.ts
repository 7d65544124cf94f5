import { setTimeout as sleep } from 'node:timers/promises'
import { listOffsets, waitForTopic } from '../kafka/admin.ts'
import { writePiece } from './demo-cluster.ts'
import type { DemoCluster } from './demo-cluster.ts'
import { startMirror } from './mirror-process.ts'
import type { Narrator } from './narrator.ts'
import { audit, demoTopics, orders, pageViews } from './record-stream.ts'
import type { DemoTopic, StreamPiece } from './record-stream.ts'

export interface LiveRunOptions {
  readonly clusters: readonly [DemoCluster, DemoCluster]
  readonly file: string
  readonly narrator: Narrator
  /** Ends the demo. */
  readonly signal: AbortSignal
}

const pollMs = 50
const pauseMs = 1_000

/** Writes on both clusters and mirrors both ways until the signal. @returns twinlog's exit code */
export async function runLive({ clusters, file, narrator, signal }: LiveRunOptions): Promise<number> {
  const [eu, us] = clusters
  narrator.head('Writing on both clusters, and mirroring both ways: ./bin/twinlog mm2.properties')
  const finished = new AbortController()
  const running = AbortSignal.any([signal, finished.signal])
  await using mirror = await startMirror({
    file,
    statusIntervalSeconds: 1,
    isUntilCaughtUp: false,
    onEvent: (event) => narrator.mirrorEvent(event),
  })
  const streams = Promise.all([
    writeOrders(eu, running),
    writePageViews(eu, running),
    writeAudit(eu, running),
    writeOrders(us, running),
    writeAudit(us, running),
    greetFirstCopy(clusters, narrator, running),
  ]).finally(() => finished.abort())
  const ended = mirror.waitForEnd().finally(() => finished.abort())
  await endOf(running)
  await Promise.all([streams, mirror[Symbol.asyncDispose]()])
  narrator.keepStatus()
  return ended
}

function writeOrders(cluster: DemoCluster, signal: AbortSignal): Promise<void> {
  return writeForEver(cluster, demoTopics.orders, () => orders(cluster.alias, 50), signal)
}

function writePageViews(cluster: DemoCluster, signal: AbortSignal): Promise<void> {
  return writeForEver(cluster, demoTopics.pageViews, () => pageViews(cluster.alias, 2_000), signal)
}

function writeAudit(cluster: DemoCluster, signal: AbortSignal): Promise<void> {
  return writeForEver(cluster, demoTopics.audit, () => audit(cluster.alias, 4), signal)
}

async function writeForEver(
  cluster: DemoCluster,
  topic: DemoTopic,
  make: () => StreamPiece,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await writePiece(cluster, topic, make())
    await pause(pauseMs, signal)
  }
}

/** Says when the first record is on the other side, and how to look at it. */
async function greetFirstCopy(
  [eu, us]: LiveRunOptions['clusters'],
  narrator: Narrator,
  signal: AbortSignal,
): Promise<void> {
  const remoteTopic = `${eu.alias}.${demoTopics.orders.name}`
  try {
    await waitForTopic(us.kafka, remoteTopic, ({ partitions }) => partitions.every(({ leader }) => leader >= 0), signal)
  } catch (error) {
    if (signal.aborted) return
    throw error
  }
  while (!signal.aborted && !(await hasRecords(us, remoteTopic))) await pause(pollMs, signal)
  if (signal.aborted) return
  narrator.say('')
  narrator.say(`The first order from ${eu.alias} is on ${us.alias}, ${narrator.elapsedSeconds} s after the demo began.`)
  narrator.say('Look at both sides from another terminal, in this folder (Ctrl-C ends the consumer):')
  narrator.quote(consumerCommand(us, remoteTopic))
  narrator.say(
    `With eu and us exchanged: port ${eu.kafka.bootstrap.split(':').at(-1)}, topic ${us.alias}.${demoTopics.orders.name}.`,
  )
  narrator.say('')
  narrator.say('Ctrl-C here ends everything and removes it.')
  narrator.say('')
}

async function hasRecords({ kafka }: DemoCluster, topic: string): Promise<boolean> {
  const ranges = Object.values(await listOffsets(kafka, topic))
  return ranges.some(({ latest }) => latest > 0)
}

function consumerCommand({ kafka }: DemoCluster, topic: string): string {
  const folder = kafka.installation.classPath.replace(`${process.cwd()}/`, '')
  return `java -cp '${folder}' \\
  org.apache.kafka.tools.consumer.ConsoleConsumer \\
  --bootstrap-server ${kafka.bootstrap} --topic ${topic} \\
  --formatter-property print.key=true`
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function endOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
