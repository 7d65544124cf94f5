import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { before, test } from 'node:test'
import type { ClientSettings } from '../../src/config/client-settings.ts'
import { readProperties, reviewPlan } from '../../src/mirror/flow-plan-resolution.ts'
import type { PlanReview } from '../../src/mirror/flow-plan-resolution.ts'
import type { FlowPlan } from '../../src/mirror/flow-plan.ts'
import { askMirrorMaker } from '../support/settings-oracle.ts'
import type { JavaFlow, JavaSight, JavaValues } from '../support/settings-oracle.ts'

/*
 * Files as people have them (test/fixtures/mm2, each with a note of what it stands for): each starts, or is refused for the right reason, and the settings that our
 * clients have are those that the real MirrorMaker 2 computes for the same file.
 */

const folder = join(import.meta.dirname, '../fixtures/mm2')
const environment = {
  MM2_SOURCE: 'src-1:9092,src-2:9092',
  MM2_TARGET_HOST: 'dst',
  MM2_TARGET_PORT: '9092',
  MM2_USER: 'u',
  MM2_SECRET: 'p',
  MM2_TOPICS: 'orders.*,payments',
}

/** The flows of a file that starts, with what has to be said of it; or what it is refused for, by line and the end of the key. */
type Expected =
  | { readonly flows: readonly string[]; readonly said?: readonly RegExp[] }
  | { readonly refused: readonly RegExp[]; readonly byBoth?: true }

const JKS = /ssl\.truststore\.location: is a truststore of the type JKS/

const expected: Readonly<Record<string, Expected>> = {
  '01-kafka-sample': { flows: ['A->B', 'B->A'] },
  '02-kafka-geo-docs': {
    flows: ['us-west->us-east'],
    said: [
      /^12 us-west->us\.east\.topics: "us\.east" is not among the clusters.*Write us-west->us-east\.topics/,
      /^13 us-west->us-east\.emit\.heartbeats: is not a known setting/,
      /^10 us-west\.offset\.storage\.topic: /,
    ],
  },
  '03-kafka-readme': { flows: ['K->A', 'K->B', 'K->C'] },
  '04-kafka-dedicated-test': { flows: ['A->B'] },
  '05-two-data-centres': {
    flows: ['DC1->DC2', 'DC2->DC1'],
    said: [
      /^20 task\.max: .*Did you mean tasks\.max/,
      /^23 sync\.topics\.configs\.enabled: .*Did you mean sync\.topic\.configs\.enabled/,
      /^25 topic\.blacklist: .*Did you mean topics\.blacklist/,
      /^26 groups\.blacklist: is read as groups\.exclude/,
    ],
  },
  '06-empty-separator': { refused: [/^10 source\.cluster\.alias: /, /^11 target\.cluster\.alias: /, JKS] },
  '07-azure-event-hubs': {
    flows: ['source->destination'],
    said: [/^6 connections\.max\.idle\.ms: has no effect at top level; write source\.consumer\./],
  },
  '08-openshift-route-jks': { refused: [/^7 /] },
  '09-strimzi-file-provider': { refused: [/^11 .*strimzi\.properties cannot be read/], byBoth: true },
  '10-strimzi-scram-pem': { flows: ['east->west'] },
  '11-msk-iam': {
    refused: [/^9 .*AWS_MSK_IAM is not supported/, /^11 .*Java classes cannot be loaded/, /^13 /, /^15 /],
  },
  '12-msk-tls-tuned': { flows: ['msksource->mskdest'] },
  '13-msk-scram': { flows: ['onprem->msk'] },
  '14-aiven-keystores': { refused: [JKS, /^10 .*cannot be read/] },
  '15-cloudera-kerberos': { refused: [/^8 sasl\.mechanism: GSSAPI is not supported/] },
  '16-oauth': { refused: [/^7 .*OAUTHBEARER is not supported/, /^8 .*Java classes cannot be loaded/] },
  '17-confluent-cloud': { flows: ['onprem->ccloud'] },
  '18-failover-gateway': { flows: ['A->B'] },
  '19-into-another-implementation': { flows: ['source->target'] },
  '20-comment-behind-a-value': {
    flows: ['source->destination'],
    said: [/^7 .*what follows # belongs to the value/, /^8 .*is read as topics\.exclude/],
  },
  '21-without-clusters': {
    refused: [
      /^clusters: is missing\. List the aliases of all clusters: clusters=east,west/,
      /^6 .*A comment needs a line of its own/,
    ],
    byBoth: true,
  },
  '22-comment-behind-a-number': { refused: [/^16 .*batch\.size: .*A comment needs a line of its own/] },
  '23-active-active': { flows: ['us-east->eu-west', 'eu-west->us-east'] },
  '24-tuning-at-top-level': {
    flows: ['primary->standby'],
    said: [/^13 .*compression\.type: has no effect at top level; write standby\.producer\.compression\.type/],
  },
  '25-exactly-once': { flows: ['us-west->us-east'] },
  '26-exactly-once-at-top-level': {
    flows: ['primary->secondary'],
    said: [
      /^21 .*fetch\.max\.bytes: has no effect for a flow; write primary->secondary\.source\.consumer\./,
      /^23 exactly\.once\.source\.support: has no effect at top level; write secondary\./,
    ],
  },
  '27-aggregation': { flows: ['eu->hub', 'us->hub', 'ap->hub'] },
  '28-aliases-with-hyphens': {
    flows: ['kafka-B->kafka-A', 'kafka-A->kafka-B'],
    said: [/^16 .*line 15 .* comes before it/, /^17 .*line 15 .* comes before it/],
  },
  '29-mutual-tls-files': { refused: [/^8 .*cannot be read/, /^10 .*cannot be read/, /^13 /, /^15 /] },
  '30-environment': { flows: ['src->dst'], said: [/^14 .*\$\{env:HOME\} stays as it is/] },
  '31-indented-here-document': { flows: ['origin->destination', 'destination->origin'] },
  '32-former-names': {
    flows: ['primary->secondary'],
    said: [/^10 .*is read as topics\.exclude/, /^11 .*is read as config\.properties\.exclude/],
  },
}

const names = readdirSync(folder)
  .filter((name) => name.endsWith('.properties'))
  .map((name) => basename(name, '.properties'))
const seen = new Map<string, JavaSight>()

before(async () => {
  const files = names.map((name) => join(folder, `${name}.properties`))
  for (const one of await askMirrorMaker(files, environment)) seen.set(basename(one.file, '.properties'), one)
})

function review(name: string): PlanReview {
  return reviewPlan(readProperties(join(folder, `${name}.properties`)), { environment })
}

test('each file has its expectation, and there are thirty', () => {
  assert.deepEqual(names.toSorted(), Object.keys(expected).toSorted())
  assert.ok(names.length >= 30)
})

for (const name of names) {
  test(`${name}: starts, or is refused for the right reason`, () => {
    const { problems, notices, flows } = review(name)
    const wanted = expected[name]
    assert.ok(wanted !== undefined)
    const theirs = seen.get(name)
    if ('refused' in wanted) {
      const lines = problems.map(({ line, key, cause, remedy }) => `${line ?? ''} ${key}: ${cause}. ${remedy}`.trim())
      for (const reason of wanted.refused)
        assert.ok(
          lines.some((each) => reason.test(each)),
          `${reason}\n${lines.join('\n')}`,
        )
      assert.equal(theirs?.refused !== undefined, wanted.byBoth === true, theirs?.refused)
      return
    }
    assert.deepEqual(problems, [])
    assert.deepEqual(
      flows.map((flow) => flow.name),
      wanted.flows,
    )
    const lines = notices.map(({ line, key, text }) => `${line ?? ''} ${key}: ${text}`)
    for (const text of wanted.said ?? [])
      assert.ok(
        lines.some((each) => text.test(each)),
        `${text}\n${lines.join('\n')}`,
      )
    for (const flow of flows) assert.equal(enabledOf(theirs, flow), 'true', `MirrorMaker 2 does not copy ${flow.name}`)
  })

  test(`${name}: the settings in effect are those of the real MirrorMaker 2`, () => {
    const { problems, flows } = review(name)
    if (problems.length > 0) return
    assert.ok(flows.length > 0)
    for (const flow of flows) {
      const theirs = seen.get(name)?.flows?.[flow.name]
      assert.ok(theirs !== undefined)
      assert.deepEqual(oursOf(flow), theirsOf(theirs), flow.name)
    }
  })
}

function enabledOf(sight: JavaSight | undefined, flow: FlowPlan): unknown {
  const connector = sight?.flows?.[flow.name]?.views['connector']
  return typeof connector === 'object' ? connector['enabled']?.trim().toLowerCase() : undefined
}

/** Settings of a client by Kafka's names, as Kafka's own classes have them after reading. */
function clientOf({ tls, sasl, ...client }: ClientSettings): JavaValues {
  return {
    'bootstrap.servers': client.bootstrapServers,
    'security.protocol': client.securityProtocol,
    'client.id': client.clientId,
    'client.dns.lookup': client.clientDnsLookup,
    'socket.connection.setup.timeout.ms': client.connectionSetupTimeoutMs,
    'socket.connection.setup.timeout.max.ms': client.connectionSetupTimeoutMaxMs,
    'request.timeout.ms': client.requestTimeoutMs,
    'reconnect.backoff.ms': client.reconnectBackoffMs,
    'reconnect.backoff.max.ms': client.reconnectBackoffMaxMs,
    'retry.backoff.ms': client.retryBackoffMs,
    'retry.backoff.max.ms': client.retryBackoffMaxMs,
    'connections.max.idle.ms': client.connectionsMaxIdleMs,
    'metadata.max.age.ms': client.metadataMaxAgeMs,
    ...(tls !== undefined && {
      'ssl.endpoint.identification.algorithm': tls.verifyHostname ? 'https' : '',
      'ssl.enabled.protocols': tls.enabledProtocols,
      'ssl.cipher.suites': tls.cipherSuites ?? [],
    }),
    ...(sasl !== undefined && {
      'sasl.mechanism': sasl.mechanism,
      login: [sasl.username, sasl.password.reveal()],
    }),
  }
}

function oursOf({ source, target, fetch, produce, positions, transactions, topics, groupId }: FlowPlan) {
  return {
    'source.consumer': {
      ...clientOf(source.dataClient),
      'isolation.level': fetch.isolationLevel,
      'auto.offset.reset': fetch.autoOffsetReset,
      'check.crcs': fetch.checkCrcs,
      'fetch.max.bytes': fetch.fetchMaxBytes,
      'fetch.min.bytes': fetch.fetchMinBytes,
      'fetch.max.wait.ms': fetch.fetchMaxWaitMs,
      'client.rack': source.dataClient.clientRack ?? '',
    },
    'source.admin': clientOf(source.client),
    'target.admin': clientOf(target.client),
    'data.producer': {
      ...clientOf(target.dataClient),
      'max.request.size': produce.maxRequestSizeBytes,
      'batch.size': produce.batchSizeBytes,
      'buffer.memory': produce.bufferMemoryBytes,
      'delivery.timeout.ms': produce.deliveryTimeoutMs,
      'transaction.timeout.ms': transactions.timeoutMs,
      'compression.type': ['none', 'gzip', 'snappy', 'lz4', 'zstd'][produce.compression?.codec ?? 0],
    },
    worker: {
      'group.id': groupId,
      'offset.storage.topic': positions.offsetsTopic,
      'offset.storage.partitions': positions.partitionsCount,
      'offset.storage.replication.factor': positions.replicationFactor,
      'offset.flush.interval.ms': positions.flushIntervalMs,
      'config.storage.topic': transactions.configTopic.topic,
      'config.storage.replication.factor': transactions.configTopic.replicationFactor,
      'exactly.once.source.support': transactions.support,
    },
    connector: {
      'replication.factor': topics.replicationFactor,
      'refresh.topics.interval.seconds': (topics.refreshIntervalMs ?? 0) / 1_000,
      'heartbeats.replication.enabled': topics.isHeartbeatsReplicationEnabled,
    },
  }
}

/** The same settings as Kafka's classes have them. */
function theirsOf({ effective }: JavaFlow) {
  return {
    'source.consumer': pick(effective, 'source.consumer', [
      ...[
        'isolation.level',
        'auto.offset.reset',
        'check.crcs',
        'fetch.max.bytes',
        'fetch.min.bytes',
        'fetch.max.wait.ms',
        'client.rack',
      ],
    ]),
    'source.admin': pick(effective, 'source.admin', []),
    'target.admin': pick(effective, 'target.admin', []),
    'data.producer': pick(effective, 'data.producer', [
      ...[
        'max.request.size',
        'batch.size',
        'buffer.memory',
        'delivery.timeout.ms',
        'transaction.timeout.ms',
        'compression.type',
      ],
    ]),
    worker: only(effective, 'worker', [
      ...[
        'group.id',
        'offset.storage.topic',
        'offset.storage.partitions',
        'offset.storage.replication.factor',
        'offset.flush.interval.ms',
      ],
      ...['config.storage.topic', 'config.storage.replication.factor', 'exactly.once.source.support'],
    ]),
    connector: only(effective, 'connector', [
      ...['replication.factor', 'refresh.topics.interval.seconds', 'heartbeats.replication.enabled'],
    ]),
  }
}

const ofEveryClient = [
  ...['bootstrap.servers', 'security.protocol', 'client.id', 'client.dns.lookup', 'socket.connection.setup.timeout.ms'],
  ...[
    'socket.connection.setup.timeout.max.ms',
    'request.timeout.ms',
    'reconnect.backoff.ms',
    'reconnect.backoff.max.ms',
  ],
  ...['retry.backoff.ms', 'retry.backoff.max.ms', 'connections.max.idle.ms', 'metadata.max.age.ms'],
]
const ofTls = ['ssl.endpoint.identification.algorithm', 'ssl.enabled.protocols', 'ssl.cipher.suites']

function pick(effective: JavaFlow['effective'], client: string, keys: readonly string[]): JavaValues {
  const values = valuesOf(effective, client)
  const protocol = String(values['security.protocol'])
  const login = /username=["'](.*?)["']\s+password=["'](.*?)["']/.exec(String(values['sasl.jaas.config']))
  return {
    ...only(effective, client, [...ofEveryClient, ...keys, ...(protocol.endsWith('SSL') ? ofTls : [])]),
    ...(protocol.startsWith('SASL') && { 'sasl.mechanism': values['sasl.mechanism'], login: [login?.[1], login?.[2]] }),
  }
}

function only(effective: JavaFlow['effective'], client: string, keys: readonly string[]): JavaValues {
  const values = valuesOf(effective, client)
  return Object.fromEntries(keys.map((key) => [key, values[key]]))
}

function valuesOf(effective: JavaFlow['effective'], client: string): JavaValues {
  const values = effective[client]
  assert.ok(typeof values === 'object', `${client}: ${JSON.stringify(values)}`)
  return values
}
