import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import type { KafkaInstallation } from './install.ts'
import { logTail, startJava } from './java-process.ts'
import type { JavaProcess } from './java-process.ts'
import { kitErrors } from './kit-errors.ts'
import { propertiesText } from './broker-properties.ts'

const HOST = '127.0.0.1'
const POLL_MS = 100
const READY_TIMEOUT_MS = 60_000

/** The ZooKeeper of a cluster before KRaft, from Kafka's own jars. */
export interface ZooKeeper extends AsyncDisposable {
  /** host:port for zookeeper.connect */
  readonly address: string
  readonly pid: number
}

/**
 * Starts one ZooKeeper server on loopback.
 * @throws BROKER_EXITED, BROKER_NOT_READY
 */
export async function startZooKeeper(installation: KafkaInstallation, folder: string): Promise<ZooKeeper> {
  await using stack = new AsyncDisposableStack()
  const { port } = stack.use(await freePort(HOST))
  await mkdir(folder, { recursive: true })
  const logFile = join(folder, 'zookeeper.log')
  const settings = join(folder, 'zookeeper.properties')
  await writeFile(settings, propertiesText(zooKeeperSettings(folder, port)))
  const running = await startJava({
    classPath: installation.classPath,
    mainClass: 'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    args: [settings],
    jvmOptions: ['-Xmx128m'],
    folder,
    logFile,
    logLevel: 'WARN',
  })
  stack.defer(() => end(running))
  await waitUntilListening(port, running, logFile)
  const held = stack.move()
  return { address: `${HOST}:${port}`, pid: running.pid, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

function zooKeeperSettings(folder: string, port: number): Record<string, string> {
  return {
    dataDir: join(folder, 'data'),
    clientPort: String(port),
    clientPortAddress: HOST,
    tickTime: '1000',
    maxClientCnxns: '0',
    'admin.enableServer': 'false',
  }
}

async function end(running: JavaProcess): Promise<void> {
  running.send('SIGKILL')
  await running.waitForEnd()
}

async function waitUntilListening(port: number, running: JavaProcess, logFile: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS
  while (!(await isListening(port))) {
    const log = logTail(logFile)
    if (running.hasEnded) {
      throw kitErrors.BROKER_EXITED({ what: 'ZooKeeper', ...(await running.waitForEnd()), log })
    }
    if (Date.now() > deadline) {
      const reason = 'its port is closed'
      throw kitErrors.BROKER_NOT_READY({ id: 'ZooKeeper', version: '', timeoutMs: READY_TIMEOUT_MS, reason, log })
    }
    await sleep(POLL_MS)
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
