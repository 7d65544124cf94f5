import { mkdir, rm, writeFile } from 'node:fs/promises'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { startTcpProxy } from '../../test/support/tcp-proxy.ts'
import type { TcpProxy } from '../../test/support/tcp-proxy.ts'
import { brokerProperties, jaasEntry, propertiesText, SUPER_USER } from './broker-properties.ts'
import type { BrokerPlan, ClusterPlan } from './broker-properties.ts'
import { makeCertificates } from './certificates.ts'
import type { TlsFiles } from './certificates.ts'
import type { ClusterOptions, KafkaUser } from './cluster-options.ts'
import { freePort } from './free-port.ts'
import { DEFAULT_KAFKA_VERSION, installKafka } from './install.ts'
import type { KafkaInstallation } from './install.ts'
import { KafkaBroker } from './kafka-broker.ts'
import { addScramUsers } from './scram-users.ts'
import { formatStorage } from './storage-format.ts'
import { watchdog } from './watchdog.ts'
import { startZooKeeper } from './zookeeper.ts'

const INTERNAL_HOST = '127.0.0.1'
const READY_TIMEOUT_MS = 90_000

/** A real Kafka cluster on loopback; gone when it is disposed of, or when this process is gone for whatever reason. */
export interface KafkaCluster extends AsyncDisposable {
  readonly version: string
  readonly installation: KafkaInstallation
  /** bootstrap.servers of the client listener (of the proxies, where asked for). */
  readonly bootstrap: string
  /** bootstrap.servers of the open internal listener, past proxies, TLS and rules. */
  readonly internalBootstrap: string
  /** Client settings with which Java tools reach the internal listener as super user. */
  readonly adminProperties: Readonly<Record<string, string>>
  readonly brokers: readonly KafkaBroker[]
  /** Present when the client listener is encrypted. */
  readonly tls: TlsFiles | undefined
  readonly folder: string
  /** Java client settings for the client listener, logging in as `user` where it asks for that. */
  clientProperties(user?: KafkaUser, mechanism?: string): Record<string, string>
  /** The broker with this id. */
  broker(id: number): KafkaBroker
}

/**
 * Starts a cluster and waits until every broker sees all of them.
 * @throws TOOL_MISSING, INSTALL_FAILED, BROKER_NOT_READY, BROKER_EXITED; what was started by then is ended
 */
export async function startCluster(options: ClusterOptions = {}): Promise<KafkaCluster> {
  const installation = await installKafka(options.version ?? DEFAULT_KAFKA_VERSION)
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(watchdog().folder, 'cluster-'))
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  const isKraft = !installation.version.startsWith('2.')
  const zooKeeper = isKraft ? undefined : stack.use(await startZooKeeper(installation, join(folder, 'zookeeper')))
  const cluster = await planCluster(options, folder, zooKeeper?.address)
  const proxies = await startProxies(options, stack)
  const plans = await planBrokers(options, folder, proxies, stack)
  await writeSettings(plans, cluster)
  if (isKraft) {
    const { users } = cluster
    await formatStorage(installation, {
      folders: plans.map((plan) => plan.folder),
      ids: plans.map(({ id }) => id),
      users,
    })
  }
  const brokers = plans.map((plan, index) => makeBroker(plan, options, cluster, installation, proxies[index]))
  await startAll(brokers, stack)
  const started = describeCluster(brokers, cluster, installation, folder)
  if (!isKraft) await addScramUsers(started, cluster.users)
  // Only now, so that a failure on the way ends everything that was started.
  const held = stack.move()
  return { ...started, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

async function planCluster(
  options: ClusterOptions,
  folder: string,
  zooKeeper: string | undefined,
): Promise<ClusterPlan> {
  const security = options.security ?? 'PLAINTEXT'
  const isEncrypted = security === 'SSL' || security === 'SASL_SSL'
  return {
    security,
    users: options.users ?? [],
    hasAuthorizer: options.authorizer ?? false,
    tls: isEncrypted ? await makeCertificates(join(folder, 'tls')) : undefined,
    zooKeeper,
    properties: options.properties ?? {},
  }
}

/** The proxies come before the brokers, which have to advertise their ports; they learn where to forward to later. */
async function startProxies(options: ClusterOptions, stack: AsyncDisposableStack): Promise<TcpProxy[]> {
  if (options.proxy === undefined || options.proxy === false) return []
  const isEncrypted = options.security?.endsWith('SSL') ?? false
  const mode = options.proxy === true ? (isEncrypted ? 'bytes' : 'frames') : options.proxy
  const host = options.host ?? '127.0.0.1'
  const proxies: TcpProxy[] = []
  for (let index = 0; index < (options.brokers ?? 1); index += 1) {
    proxies.push(stack.use(await startTcpProxy({ host, mode })))
  }
  return proxies
}

async function planBrokers(
  options: ClusterOptions,
  folder: string,
  proxies: readonly TcpProxy[],
  stack: AsyncDisposableStack,
): Promise<BrokerPlan[]> {
  const host = options.host ?? '127.0.0.1'
  const reserve = async (on: string): Promise<number> => stack.use(await freePort(on)).port
  const plans: BrokerPlan[] = []
  for (let index = 0; index < (options.brokers ?? 1); index += 1) {
    const clientPort = await reserve(host)
    const proxy = proxies[index]
    proxy?.forwardTo({ host, port: clientPort })
    plans.push({
      id: index + 1,
      folder: join(folder, `broker-${index + 1}`),
      host,
      clientPort,
      advertisedPort: proxy?.port ?? clientPort,
      internalPort: await reserve(INTERNAL_HOST),
      controllerPort: await reserve(INTERNAL_HOST),
      rack: options.racks?.[index],
    })
  }
  return plans
}

async function writeSettings(plans: readonly BrokerPlan[], cluster: ClusterPlan): Promise<void> {
  for (const plan of plans) {
    await mkdir(plan.folder, { recursive: true })
    await writeFile(join(plan.folder, 'server.properties'), propertiesText(brokerProperties(plan, cluster, plans)))
  }
}

function makeBroker(
  plan: BrokerPlan,
  options: ClusterOptions,
  cluster: ClusterPlan,
  installation: KafkaInstallation,
  proxy: TcpProxy | undefined,
): KafkaBroker {
  const { heap = '512m', isLight = options.heap === undefined, jvmOptions = [] } = options
  const light = isLight ? ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'] : []
  return new KafkaBroker({
    id: plan.id,
    version: installation.version,
    classPath: installation.classPath,
    jvmOptions: [`-Xmx${heap}`, '-Xms128m', ...light, ...jvmOptions],
    logLevel: options.logLevel ?? 'WARN',
    folder: plan.folder,
    host: plan.host,
    port: plan.clientPort,
    internal: { host: INTERNAL_HOST, port: plan.internalPort, user: cluster.hasAuthorizer ? SUPER_USER : undefined },
    proxy,
    readyTimeoutMs: options.readyTimeoutMs ?? READY_TIMEOUT_MS,
    mayNeedSeveralStarts: cluster.zooKeeper !== undefined,
  })
}

async function startAll(brokers: readonly KafkaBroker[], stack: AsyncDisposableStack): Promise<void> {
  for (const broker of brokers) {
    await broker.launch()
    stack.defer(() => (broker.isRunning ? broker.kill() : undefined))
  }
  await Promise.all(
    brokers.map((broker) =>
      broker.waitUntilReady((view) => view.brokerIds.length === brokers.length && view.controllerId >= 0),
    ),
  )
}

function describeCluster(
  brokers: readonly KafkaBroker[],
  cluster: ClusterPlan,
  installation: KafkaInstallation,
  folder: string,
): Omit<KafkaCluster, typeof Symbol.asyncDispose> {
  const { tls, security, hasAuthorizer, users } = cluster
  const bootstrap = addressList(brokers)
  const internalBootstrap = addressList(brokers.map(({ internal }) => internal))
  return {
    version: installation.version,
    installation,
    bootstrap,
    internalBootstrap,
    adminProperties: {
      'bootstrap.servers': internalBootstrap,
      ...(hasAuthorizer ? loginProperties('SASL_PLAINTEXT', 'PLAIN', SUPER_USER) : {}),
    },
    brokers,
    tls,
    folder,
    clientProperties: (user = users[0], mechanism = 'PLAIN') => ({
      'bootstrap.servers': bootstrap,
      'security.protocol': security,
      ...(tls === undefined ? {} : { 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': tls.ca }),
      ...(security.startsWith('SASL') && user !== undefined ? loginProperties(security, mechanism, user) : {}),
    }),
    broker: (id) => {
      const found = brokers.find((broker) => broker.id === id)
      if (found === undefined) throw new RangeError(`There is no broker ${id}`)
      return found
    },
  }
}

function loginProperties(protocol: string, mechanism: string, user: KafkaUser): Record<string, string> {
  return {
    'security.protocol': protocol,
    'sasl.mechanism': mechanism,
    'sasl.jaas.config': jaasEntry(mechanism, user),
  }
}

function addressList(addresses: readonly { readonly host: string; readonly port: number }[]): string {
  return addresses.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',')
}
