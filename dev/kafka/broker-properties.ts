import { readFileSync } from 'node:fs'
import type { TlsFiles } from './certificates.ts'
import type { KafkaUser, ListenerSecurity } from './cluster-options.ts'

/** What one broker has to know; all hosts are loopback. */
export interface BrokerPlan {
  readonly id: number
  readonly folder: string
  readonly host: string
  readonly clientPort: number
  /** What clients are told to connect to: the broker itself or the proxy before it. */
  readonly advertisedPort: number
  readonly internalPort: number
  readonly controllerPort: number
  readonly rack: string | undefined
}

/** What all brokers of a cluster share. */
export interface ClusterPlan {
  readonly security: ListenerSecurity
  readonly users: readonly KafkaUser[]
  readonly hasAuthorizer: boolean
  readonly tls: TlsFiles | undefined
  /** Address of ZooKeeper, for Kafka before KRaft was usable; undefined means KRaft. */
  readonly zooKeeper: string | undefined
  readonly properties: Readonly<Record<string, string>>
}

/** Who the internal listener's callers are when there is an authorizer. */
export const SUPER_USER: KafkaUser = { name: 'kit-admin', password: 'kit-admin-secret' }

const INTERNAL_HOST = '127.0.0.1'
const PLAIN_MODULE = 'org.apache.kafka.common.security.plain.PlainLoginModule'
const SCRAM_MODULE = 'org.apache.kafka.common.security.scram.ScramLoginModule'

/**
 * Settings of one broker: three listeners (CLIENT for what is tested, INTERNAL for brokers and judges, CONTROLLER),
 * small internal topics, no waiting for group members, and the caller's own settings on top.
 */
export function brokerProperties(
  plan: BrokerPlan,
  cluster: ClusterPlan,
  all: readonly BrokerPlan[],
): Record<string, string> {
  return {
    ...commonProperties(all.length),
    ...(cluster.zooKeeper === undefined ? kraftProperties(plan, all) : zooKeeperProperties(plan, cluster.zooKeeper)),
    ...listenerProperties(plan, cluster),
    ...tlsProperties(cluster.tls),
    ...saslProperties(cluster),
    ...(cluster.hasAuthorizer ? authorizerProperties(cluster) : {}),
    ...(plan.rack === undefined ? {} : rackProperties(plan.rack)),
    'log.dirs': `${plan.folder}/logs`,
    ...cluster.properties,
  }
}

/** Text of a .properties file: backslashes and line ends escaped, nothing else of ours needs it. */
export function propertiesText(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('')
}

/** `user` and `password` as a JAAS entry for Kafka clients; SCRAM or PLAIN by the mechanism's name. */
export function jaasEntry(mechanism: string, { name, password }: KafkaUser): string {
  const module = mechanism === 'PLAIN' ? PLAIN_MODULE : SCRAM_MODULE
  return `${module} required username="${name}" password="${password}";`
}

function commonProperties(brokerCount: number): Record<string, string> {
  const replicas = String(brokerCount)
  return {
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'default.replication.factor': replicas,
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    'num.recovery.threads.per.data.dir': '1',
  }
}

function kraftProperties(plan: BrokerPlan, all: readonly BrokerPlan[]): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': String(plan.id),
    'controller.quorum.voters': all.map((each) => `${each.id}@${INTERNAL_HOST}:${each.controllerPort}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    // A killed broker may register again only when its old session has run out.
    'broker.session.timeout.ms': '5000',
    'broker.heartbeat.interval.ms': '1000',
  }
}

function zooKeeperProperties(plan: BrokerPlan, address: string): Record<string, string> {
  return {
    'broker.id': String(plan.id),
    'zookeeper.connect': address,
    'zookeeper.session.timeout.ms': '5000',
  }
}

function listenerProperties(plan: BrokerPlan, cluster: ClusterPlan): Record<string, string> {
  const host = plan.host.includes(':') ? `[${plan.host}]` : plan.host
  const internal = `INTERNAL://${INTERNAL_HOST}:${plan.internalPort}`
  const own = cluster.hasAuthorizer ? 'SASL_PLAINTEXT' : 'PLAINTEXT'
  const isKraft = cluster.zooKeeper === undefined
  const controller = isKraft ? [`CONTROLLER://${INTERNAL_HOST}:${plan.controllerPort}`] : []
  const protocols = [`CLIENT:${cluster.security}`, `INTERNAL:${own}`, ...(isKraft ? [`CONTROLLER:${own}`] : [])]
  return {
    listeners: [internal, `CLIENT://${host}:${plan.clientPort}`, ...controller].join(','),
    'advertised.listeners': [internal, `CLIENT://${host}:${plan.advertisedPort}`].join(','),
    'listener.security.protocol.map': protocols.join(','),
    'inter.broker.listener.name': 'INTERNAL',
  }
}

/** Key and certificates in line: from a file, Kafka 2.8 takes only an encrypted key. */
function tlsProperties(tls: TlsFiles | undefined): Record<string, string> {
  if (tls === undefined) return {}
  return {
    'listener.name.client.ssl.keystore.type': 'PEM',
    'listener.name.client.ssl.keystore.key': readFileSync(tls.key, 'utf8'),
    'listener.name.client.ssl.keystore.certificate.chain':
      readFileSync(tls.cert, 'utf8') + readFileSync(tls.ca, 'utf8'),
    'listener.name.client.ssl.truststore.type': 'PEM',
    'listener.name.client.ssl.truststore.certificates': readFileSync(tls.ca, 'utf8'),
  }
}

function saslProperties({ security, users }: ClusterPlan): Record<string, string> {
  if (!security.startsWith('SASL')) return {}
  return {
    'listener.name.client.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.client.plain.sasl.jaas.config': acceptedUsers(users),
    'listener.name.client.scram-sha-256.sasl.jaas.config': `${SCRAM_MODULE} required;`,
    'listener.name.client.scram-sha-512.sasl.jaas.config': `${SCRAM_MODULE} required;`,
  }
}

/**
 * On a PLAINTEXT client listener everybody is User:ANONYMOUS. The brokers must not be that too, or every test would run
 * as super user: so they log in.
 */
function authorizerProperties({ zooKeeper }: ClusterPlan): Record<string, string> {
  const login = `${PLAIN_MODULE} required username="${SUPER_USER.name}" password="${SUPER_USER.password}" user_${SUPER_USER.name}="${SUPER_USER.password}";`
  return {
    'authorizer.class.name':
      zooKeeper === undefined
        ? 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'
        : 'kafka.security.authorizer.AclAuthorizer',
    'super.users': `User:${SUPER_USER.name}`,
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'listener.name.internal.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.internal.plain.sasl.jaas.config': login,
    ...(zooKeeper === undefined
      ? {
          'sasl.mechanism.controller.protocol': 'PLAIN',
          'listener.name.controller.sasl.enabled.mechanisms': 'PLAIN',
          'listener.name.controller.plain.sasl.jaas.config': login,
        }
      : {}),
  }
}

function rackProperties(rack: string): Record<string, string> {
  return {
    'broker.rack': rack,
    'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
  }
}

function acceptedUsers(users: readonly KafkaUser[]): string {
  return `${PLAIN_MODULE} required ${users.map(({ name, password }) => `user_${name}="${password}"`).join(' ')};`
}
