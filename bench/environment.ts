import { mkdir } from 'node:fs/promises'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startCluster } from '../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../dev/kafka/cluster.ts'
import type { ClusterOptions } from '../dev/kafka/cluster-options.ts'
import { watchdog } from '../dev/kafka/watchdog.ts'
import { BrokerConnection } from './broker-connection.ts'
import { remoteTopic } from './contestant.ts'
import type { ContestantFacts, ContestantName, FlowUnderTest, RunningContestant } from './contestant.ts'
import { JavaTool } from './java-tool.ts'
import { startMirrorMaker } from './mirror-maker.ts'
import { isTwinlogThere, startBareCopy, startTwinlog } from './node-contestants.ts'
import { cpuSeconds, sum } from './process-usage.ts'

const BROKER_OPTIONS: ClusterOptions = {
  heap: '1g',
  // The proxies stand aside (internalBootstrap) except where a long link is measured.
  proxy: 'bytes',
  // Deleted topics give disk and page cache back at once, not after a minute.
  properties: { 'log.segment.delete.delay.ms': '200' },
}
const SMALL_ARENA_BYTES = 1 << 20

/** A pair of single-broker clusters and Kafka's own clients, for a whole run. */
export interface Environment extends AsyncDisposable {
  readonly source: KafkaCluster
  readonly target: KafkaCluster
  readonly tool: JavaTool
}

export async function startEnvironment(): Promise<Environment> {
  await using stack = new AsyncDisposableStack()
  const source = stack.use(await startCluster(BROKER_OPTIONS))
  const target = stack.use(await startCluster(BROKER_OPTIONS))
  const tool = stack.use(new JavaTool(source.installation))
  const held = stack.move()
  return { source, target, tool, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

let flowsCount = 0

/** A flow under an alias that was never used. */
export async function newFlow(
  { source, target }: Pick<Environment, 'source' | 'target'>,
  flow: Pick<FlowUnderTest, 'topic' | 'partitionsCount'> & Partial<FlowUnderTest>,
): Promise<FlowUnderTest> {
  const sourceAlias = `s${(flowsCount += 1)}`
  const folder = join(watchdog().folder, 'runs', sourceAlias)
  await mkdir(folder, { recursive: true })
  return {
    sourceAlias,
    sourceBootstrap: source.internalBootstrap,
    targetBootstrap: target.internalBootstrap,
    targetReplicationFactor: 1,
    folder,
    ...flow,
  }
}

/** Runs a contestant for as long as it is measured, and ends it in any case. */
export async function whileRunning<T>(
  environment: Environment,
  name: ContestantName,
  flow: FlowUnderTest,
  measure: (running: RunningContestant) => Promise<T>,
): Promise<{ readonly measured: T; readonly facts: ContestantFacts }> {
  const running = await startContestant(environment, name, flow)
  try {
    const measured = await measure(running)
    return { measured, facts: await running.stop() }
  } catch (cause) {
    await running.stop()
    throw cause
  }
}

/** Where a contestant makes no topics itself, that is done first. */
async function startContestant(
  { tool, source, target }: Environment,
  name: ContestantName,
  flow: FlowUnderTest,
): Promise<RunningContestant> {
  if (name === 'twinlog' || name === 'twinlog-eos') return startTwinlog(flow, name === 'twinlog-eos')
  if (name !== 'bare-copy') return startMirrorMaker(flow, name, source.installation)
  await tool.createTopic(target.internalBootstrap, remoteTopic(flow), { partitions: flow.partitionsCount })
  return startBareCopy(flow)
}

/** Removes what a flow left on both clusters. */
export async function removeFlow({ tool, source, target }: Environment, { sourceAlias }: FlowUnderTest): Promise<void> {
  const left = `${sourceAlias}\\..*|mm2-.*\\.internal|heartbeats|(t|${sourceAlias})\\.(checkpoints\\.internal|heartbeats)`
  await tool.deleteTopics(target.internalBootstrap, left)
  await tool.deleteTopics(source.internalBootstrap, 'mm2-.*\\.internal|heartbeats|t\\..*')
}

/** Contestants that can take part, each named once if it cannot. */
export function present(names: readonly ContestantName[]): ContestantName[] {
  if (!names.some(isTwinlog) || isTwinlogThere()) return [...names]
  process.stderr.write('SKIPPED: twinlog (there is no src/main.ts yet)\n')
  return names.filter((name) => !isTwinlog(name))
}

function isTwinlog(name: ContestantName): boolean {
  return name === 'twinlog' || name === 'twinlog-eos'
}

/** CPU seconds of all brokers of a cluster, since they began. */
export function brokersCpuSeconds({ brokers }: KafkaCluster): number {
  return brokers.reduce((total, { pid }) => total + sum(cpuSeconds(pid)), 0)
}

/** Past any proxy, to one broker; the first without an id. */
export function connectTo(cluster: KafkaCluster, brokerId = 1): Promise<BrokerConnection> {
  const { internal } = cluster.broker(brokerId)
  return BrokerConnection.open({
    host: internal.host,
    port: internal.port,
    arenaBytes: SMALL_ARENA_BYTES,
    gatherBytes: SMALL_ARENA_BYTES,
  })
}

/** Bytes of a topic's log segments on the first broker. */
export function logBytes({ brokers }: KafkaCluster, topic: string): number {
  const logDir = brokers[0]?.logDir ?? ''
  const folders = readdirSync(logDir).filter(
    (name) => name.startsWith(`${topic}-`) && /^\d+$/.test(name.slice(topic.length + 1)),
  )
  const segments = folders.flatMap((folder) =>
    readdirSync(join(logDir, folder)).map((file) => join(logDir, folder, file)),
  )
  return segments.filter((file) => file.endsWith('.log')).reduce((total, file) => total + statSync(file).size, 0)
}
