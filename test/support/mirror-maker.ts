import { mkdirSync, mkdtempSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { propertiesText } from '../../dev/kafka/broker-properties.ts'
import type { KafkaInstallation } from '../../dev/kafka/install.ts'
import { logTail, startJava } from '../../dev/kafka/java-process.ts'
import { watchdog } from '../../dev/kafka/watchdog.ts'

/** A real MirrorMaker 2; gone when it is disposed of, or when this process is gone. */
export interface MirrorMaker extends AsyncDisposable {
  readonly pid: number
  readonly hasEnded: boolean
  /** All that it logs. */
  readonly logFile: string
  /** The last lines of what it logged. */
  log(): string
  /** Stops it with SIGTERM, so that it writes its last positions, and waits for its end. */
  stop(): Promise<void>
  /** Ends it with SIGKILL. */
  kill(): Promise<void>
}

/** Settings for clusters of one broker: MirrorMaker 2 wants three replicas of its own topics. */
export const SINGLE_REPLICA: Readonly<Record<string, string>> = {
  'config.storage.replication.factor': '1',
  'status.storage.replication.factor': '1',
  'checkpoints.topic.replication.factor': '1',
  'heartbeats.topic.replication.factor': '1',
  'offset-syncs.topic.replication.factor': '1',
}

/** Starts the real MirrorMaker 2 in dedicated mode, with these settings as its mm2.properties. */
export async function startMirrorMaker(
  installation: KafkaInstallation,
  properties: Readonly<Record<string, string>>,
): Promise<MirrorMaker> {
  mkdirSync(watchdog().folder, { recursive: true })
  const folder = mkdtempSync(join(watchdog().folder, 'mirror-maker-'))
  const file = join(folder, 'mm2.properties')
  const logFile = join(folder, 'mirror-maker.log')
  await writeFile(file, propertiesText(properties))
  const java = await startJava({
    classPath: installation.classPath,
    mainClass: 'org.apache.kafka.connect.mirror.MirrorMaker',
    args: [file],
    jvmOptions: ['-Xmx512m', '-Xms128m', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true'],
    folder,
    logFile,
    logLevel: 'INFO',
  })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    java.send(signal)
    await java.waitForEnd()
  }
  return {
    pid: java.pid,
    logFile,
    get hasEnded() {
      return java.hasEnded
    },
    log: () => logTail(logFile),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => (java.hasEnded ? Promise.resolve() : end('SIGKILL')),
  }
}
