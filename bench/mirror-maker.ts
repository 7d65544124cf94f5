import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KafkaInstallation } from '../dev/kafka/install.ts'
import { startJava } from '../dev/kafka/java-process.ts'
import { isExactlyOnce, TARGET_ALIAS } from './contestant.ts'
import type { FlowUnderTest, RunningContestant } from './contestant.ts'

export type MirrorMakerKind = 'mm2-shipped' | 'mm2-tuned' | 'mm2-shipped-eos' | 'mm2-tuned-eos'

const TASKS_MAX = 4
/** Heap and collector as bin/connect-mirror-maker.sh and bin/kafka-run-class.sh set them. */
const SHIPPED_JVM_OPTIONS = [
  '-Xms256M',
  '-Xmx2G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-XX:MaxInlineLevel=15',
  '-Djava.awt.headless=true',
]
/** Measured on 2 cores: 5.8 to 6.8 CPU s/GB, against 8.5 to 10.4 with the heap and collector as shipped. */
const TUNED_JVM_OPTIONS = [
  '-Xms4G',
  '-Xmx4G',
  '-server',
  '-XX:+UseParallelGC',
  '-XX:MaxInlineLevel=15',
  '-Djava.awt.headless=true',
]

/** Writes the flow's mm2.properties: the file that MirrorMaker 2 as shipped and twinlog are both started with. */
export async function writeFlowFile(flow: FlowUnderTest, kind: MirrorMakerKind): Promise<string> {
  const file = join(flow.folder, 'mm2.properties')
  const settings = {
    ...flowSettings(flow),
    ...(kind.startsWith('mm2-tuned') ? tunedSettings(flow) : {}),
    ...(isExactlyOnce(kind) ? exactlyOnceSettings(flow) : {}),
  }
  await writeFile(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name} = ${value}\n`)
      .join(''),
  )
  return file
}

export async function startMirrorMaker(
  flow: FlowUnderTest,
  kind: MirrorMakerKind,
  { classPath }: KafkaInstallation,
): Promise<RunningContestant> {
  const logFile = join(flow.folder, 'mirror-maker.log')
  const java = await startJava({
    classPath,
    mainClass: 'org.apache.kafka.connect.mirror.MirrorMaker',
    args: [await writeFlowFile(flow, kind)],
    jvmOptions: kind.startsWith('mm2-tuned') ? TUNED_JVM_OPTIONS : SHIPPED_JVM_OPTIONS,
    folder: flow.folder,
    logFile,
    // What MirrorMaker 2 ships with; at this level it also logs its clients' settings.
    logLevel: 'INFO',
  })
  return {
    pid: java.pid,
    logFile,
    get hasEnded() {
      return java.hasEnded
    },
    stop: async () => {
      // An orderly stop takes up to a minute and is not measured.
      java.send('SIGKILL')
      await java.waitForEnd()
      return { clientSettings: clientSettings(await readFile(logFile, 'utf8')) }
    },
  }
}

/** MirrorMaker 2's defaults, but for replication factors that fit the cluster, and four tasks. */
function flowSettings(flow: FlowUnderTest): Record<string, string | number> {
  const { sourceAlias: source, targetReplicationFactor } = flow
  const target = TARGET_ALIAS
  return {
    clusters: `${source}, ${target}`,
    [`${source}.bootstrap.servers`]: flow.sourceBootstrap,
    [`${target}.bootstrap.servers`]: flow.targetBootstrap,
    [`${source}->${target}.enabled`]: 'true',
    [`${source}->${target}.topics`]: flow.topic,
    'tasks.max': TASKS_MAX,
    ...(flow.compression === undefined ? {} : { [`${target}.producer.compression.type`]: flow.compression }),
    'replication.factor': targetReplicationFactor,
    'checkpoints.topic.replication.factor': targetReplicationFactor,
    // These may lie on the source, which has one broker.
    'heartbeats.topic.replication.factor': 1,
    'offset-syncs.topic.replication.factor': 1,
    'offset.storage.replication.factor': targetReplicationFactor,
    'config.storage.replication.factor': targetReplicationFactor,
    'status.storage.replication.factor': targetReplicationFactor,
  }
}

/**
 * The best we know for throughput: large batches and fetches, the system's own socket buffers, five requests in flight
 * (idempotent, so that order is kept), and no second worker that only writes heartbeats to the source.
 */
function tunedSettings({ sourceAlias: source }: FlowUnderTest): Record<string, string | number> {
  const producer = `${TARGET_ALIAS}.producer`
  const consumer = `${source}.consumer`
  return {
    'emit.heartbeats.enabled': 'false',
    [`${producer}.batch.size`]: 1_048_576,
    [`${producer}.linger.ms`]: 5,
    [`${producer}.buffer.memory`]: 134_217_728,
    [`${producer}.max.request.size`]: 8_388_608,
    [`${producer}.max.in.flight.requests.per.connection`]: 5,
    [`${producer}.enable.idempotence`]: 'true',
    [`${producer}.send.buffer.bytes`]: -1,
    [`${producer}.receive.buffer.bytes`]: -1,
    [`${consumer}.max.poll.records`]: 20_000,
    [`${consumer}.max.partition.fetch.bytes`]: 8_388_608,
    [`${consumer}.fetch.max.bytes`]: 67_108_864,
    [`${consumer}.send.buffer.bytes`]: -1,
    [`${consumer}.receive.buffer.bytes`]: -1,
  }
}

/** As KIP-618 asks for them; one node needs no REST server between nodes. */
function exactlyOnceSettings({ sourceAlias: source }: FlowUnderTest): Record<string, string> {
  return {
    [`${TARGET_ALIAS}.exactly.once.source.support`]: 'enabled',
    [`${source}.consumer.isolation.level`]: 'read_committed',
  }
}

/** The settings of the data producer and the data consumer of the first task, as Kafka's clients logged them. */
function clientSettings(log: string): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {}
  for (const [, kind = '', body = ''] of log.matchAll(/(Producer|Consumer)Config values: ?\n((?:\t.*\n)+)/g)) {
    const settings = Object.fromEntries(
      [...body.matchAll(/^\t(\S+) = (.*)$/gm)].map(([, name, value]) => [name, value]),
    )
    const clientId = settings['client.id'] ?? ''
    if (kind === 'Producer' && clientId === 'connector-producer-MirrorSourceConnector-0') found['producer'] = settings
    if (kind === 'Consumer' && clientId.endsWith('replication-consumer')) found['consumer'] ??= settings
  }
  return found
}
