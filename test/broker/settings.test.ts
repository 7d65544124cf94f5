import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, describeTopic } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { generateRecords, produceRecords } from '../../dev/kafka/records.ts'
import { mustRunTool } from '../../dev/kafka/tools.ts'
import type { connectionSettings, consumerSettings, producerSettings } from '../../src/config/connection-settings.ts'
import type { workerSettings } from '../../src/config/worker-settings.ts'
import { corruptFetched, FETCH, PRODUCE } from '../support/answer-faults.ts'
import { segmentFiles } from '../support/judge.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror } from '../support/mirror.ts'
import { startRecords } from '../support/record-stream.ts'
import { readProduceFields } from '../support/request-fields.ts'
import {
  assertFetched,
  clientsOf,
  copies,
  failedConnections,
  firstReconnectionMs,
  messageOf,
  proxyOf,
  reasonOf,
  requestsTo,
  retryDelays,
  watchProxy,
} from '../support/setting-evidence.ts'
import type { SeenRequest, SettingEvidence } from '../support/setting-evidence.ts'

/*
 * Every setting of the data path, set to another value than its default, and what comes of it: seen in the requests that a proxy passes on, in the log or in
 * the topics. The settings of a run share one mirror. A setting that another test shows names it.
 */

type SettingName =
  | keyof typeof connectionSettings
  | keyof typeof consumerSettings
  | keyof typeof producerSettings
  | keyof typeof workerSettings

interface ShownHere {
  readonly run: RunName
  readonly properties: Readonly<Record<string, string>>
  judge(evidence: SettingEvidence): void | Promise<void>
}

interface ShownElsewhere {
  readonly file: string
  readonly test: string
}

type RunName = 'requests' | 'outage' | 'faults' | 'held'

const METADATA = 3
const secure = (name: string): ShownElsewhere => ({ file: 'test/broker/secure-connection.test.ts', test: name })
const pem = (name: string): ShownElsewhere => ({ file: 'src/mirror/flow-plan-tls.test.ts', test: name })
const plan = (name: string): ShownElsewhere => ({ file: 'src/mirror/flow-plan-resolution.test.ts', test: name })
const transactions = (name: string): ShownElsewhere => ({
  file: 'src/mirror/transactions-resolution.test.ts',
  test: name,
})
const UNSAFE = plan('all problems are reported together, with line, cause and remedy')
const STORES = plan('what a store cannot be is said with the line that converts it')
const KEY = pem('a private key is tried with its password')
const PKCS12 = pem('a PKCS12 key store is opened with its password')
const TRUST = pem('a PEM trust store is read from a file, or from one line of the settings with blanks for line ends')

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster({ proxy: true }), startCluster({ proxy: true })])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

const settings: Readonly<Record<SettingName, ShownHere | ShownElsewhere>> = {
  // --- connections ------------------------------------------------------------------------------------------------------
  'bootstrap.servers': {
    file: 'test/broker/cluster-client.test.ts',
    test: 'of which all that were known are gone is found again by bootstrap.servers',
  },
  'security.protocol': secure('a plain client is told that the listener speaks TLS'),
  'client.id': {
    run: 'requests',
    properties: {
      'set.consumer.client.id': 'reader',
      'set.admin.client.id': 'keeper',
      'us.producer.client.id': 'writer',
    },
    judge: ({ toSource, toTarget }) => {
      assert.deepEqual(clientsOf(toSource, FETCH), ['reader|set->us|MirrorSourceConnector-0|replication-consumer'])
      assert.ok(clientsOf(toSource, METADATA).includes('keeper|set->us|MirrorSourceConnector|replication-source-admin'))
      assert.deepEqual(clientsOf(copies(toTarget), PRODUCE), ['writer'])
    },
  },
  'client.dns.lookup': {
    file: 'src/kafka/broker-connection.test.ts',
    test: 'all addresses of a name are tried: a dead first one does not prevent the connection',
  },
  'socket.connection.setup.timeout.ms': {
    file: 'src/kafka/broker-connection.test.ts',
    test: 'a name without addresses, a refused port and an unreachable address say what to check',
  },
  'socket.connection.setup.timeout.max.ms': {
    file: 'src/kafka/reconnect-gate.test.ts',
    test: 'the set-up time of a connection grows with the failures, up to its maximum',
  },
  'request.timeout.ms': {
    run: 'outage',
    properties: { 'set.consumer.request.timeout.ms': '700', 'us.producer.request.timeout.ms': '900' },
    judge: ({ twinlog, toTarget }) => {
      // A Fetch may take fetch.max.wait.ms longer.
      const lost = failedConnections(twinlog, 'set').some(({ error }) => /Fetch within 1200 ms/.test(messageOf(error)))
      assert.ok(lost, twinlog.describe())
      const timeouts = copies(toTarget).map(({ header, frame }) => readProduceFields(header, frame).timeoutMs)
      // Shorter once it is known what is usual.
      assert.equal(Math.max(...timeouts), 900)
    },
  },
  'reconnect.backoff.ms': {
    run: 'outage',
    properties: { 'set.consumer.reconnect.backoff.ms': '2500' },
    judge: ({ twinlog }) => assert.ok(firstReconnectionMs(twinlog) >= 1_950, `${firstReconnectionMs(twinlog)} ms`),
  },
  'reconnect.backoff.max.ms': {
    run: 'outage',
    properties: { 'set.consumer.reconnect.backoff.max.ms': '2500' },
    // By default no pause is longer than a second and its jitter, the first one neither.
    judge: ({ twinlog }) => assert.ok(firstReconnectionMs(twinlog) >= 1_950, `${firstReconnectionMs(twinlog)} ms`),
  },
  'retry.backoff.ms': {
    run: 'outage',
    properties: { 'set.consumer.retry.backoff.ms': '300', 'set.admin.retry.backoff.ms': '300' },
    judge: ({ twinlog }) => assert.ok(Math.min(...retryDelays(twinlog)) >= 239, retryDelays(twinlog).join(', ')),
  },
  'retry.backoff.max.ms': {
    run: 'outage',
    properties: { 'set.consumer.retry.backoff.max.ms': '300', 'set.admin.retry.backoff.max.ms': '300' },
    judge: ({ twinlog }) => assert.ok(Math.max(...retryDelays(twinlog)) <= 361, retryDelays(twinlog).join(', ')),
  },
  'connections.max.idle.ms': {
    run: 'requests',
    properties: { 'us.producer.connections.max.idle.ms': '900' },
    judge: ({ twinlog }) => {
      const closed = twinlog
        .eventsOf('ConnectionClosed')
        .filter(({ cluster, role }) => cluster === 'us' && role === 'write')
      assert.ok(
        closed.some(({ reason }) => /idle/.test(String(reason))),
        closed.map(({ reason }) => String(reason)).join('\n'),
      )
    },
  },
  'metadata.max.age.ms': {
    run: 'requests',
    properties: { 'set.consumer.metadata.max.age.ms': '500', 'us.producer.metadata.max.age.ms': '500' },
    judge: ({ toSource, toTarget }) => {
      const ofReader = toSource.filter(
        ({ header }) => header.apiKey === METADATA && header.clientId?.startsWith('reader'),
      )
      const ofWriter = toTarget.filter(({ header }) => header.apiKey === METADATA && header.clientId === 'writer')
      assert.ok(ofReader.length >= 6 && ofWriter.length >= 6, `${ofReader.length} and ${ofWriter.length} requests`)
    },
  },
  'ssl.truststore.type': STORES,
  'ssl.truststore.location': TRUST,
  'ssl.truststore.password': STORES,
  'ssl.truststore.certificates': TRUST,
  'ssl.keystore.type': PKCS12,
  'ssl.keystore.location': PKCS12,
  'ssl.keystore.password': PKCS12,
  'ssl.keystore.key': KEY,
  'ssl.keystore.certificate.chain': KEY,
  'ssl.key.password': KEY,
  'ssl.endpoint.identification.algorithm': pem('an empty endpoint identification switches off the host name only'),
  'ssl.enabled.protocols': secure(
    "PEM certificates on both sides connect, with TLS 1.3 and with TLS 1.2 and one of Java's cipher names",
  ),
  'ssl.cipher.suites': secure(
    "PEM certificates on both sides connect, with TLS 1.3 and with TLS 1.2 and one of Java's cipher names",
  ),
  'sasl.mechanism': secure('a mechanism that the broker lacks is refused with those that it offers'),
  'sasl.jaas.config': {
    file: 'test/broker/cli.test.ts',
    test: 'a wrong password ends the flow, names user and setting, and never shows the password',
  },

  // --- reading ----------------------------------------------------------------------------------------------------------
  'isolation.level': {
    run: 'requests',
    properties: { 'set.consumer.isolation.level': 'read_committed' },
    judge: (evidence) => assertFetched(evidence, 'isolationLevel', 1),
  },
  'auto.offset.reset': {
    file: 'test/broker/gaps.test.ts',
    test: 'without a stored position and with auto.offset.reset=none a partition stops and says what to do',
  },
  'check.crcs': {
    run: 'faults',
    properties: { 'set.consumer.check.crcs': 'false' },
    // It is the target that finds the damage then.
    judge: ({ twinlog }) => assert.match(reasonOf(twinlog, 'damaged'), /^The target refused .* with CORRUPT_MESSAGE/),
  },
  'client.rack': {
    run: 'requests',
    properties: { 'set.consumer.client.rack': 'attic' },
    judge: (evidence) => assertFetched(evidence, 'rackId', 'attic'),
  },
  'fetch.max.bytes': {
    run: 'requests',
    properties: { 'set.consumer.fetch.max.bytes': '200000' },
    judge: (evidence) => assertFetched(evidence, 'maxBytes', 200_000),
  },
  'fetch.min.bytes': {
    run: 'requests',
    properties: { 'set.consumer.fetch.min.bytes': '7' },
    judge: (evidence) => assertFetched(evidence, 'minBytes', 7),
  },
  'fetch.max.wait.ms': {
    run: 'requests',
    properties: { 'set.consumer.fetch.max.wait.ms': '321' },
    judge: (evidence) => assertFetched(evidence, 'maxWaitMs', 321),
  },

  // --- writing ----------------------------------------------------------------------------------------------------------
  acks: {
    run: 'requests',
    properties: { 'us.producer.acks': '1' },
    judge: ({ twinlog, toTarget }) => {
      const acks = copies(toTarget).map(({ header, frame }) => readProduceFields(header, frame).acks)
      assert.deepEqual([...new Set(acks)], [-1])
      assert.ok(twinlog.eventsOf('ConfigurationNoted').some(({ msg }) => /acks.*is taken as all/.test(msg)))
    },
  },
  'enable.idempotence': {
    run: 'faults',
    properties: { 'us.producer.enable.idempotence': 'false' },
    judge: async () => {
      const files = await segmentFiles(target, 'set.plain')
      const dump = await mustRunTool(target, 'kafka-dump-log', ['--files', files.join(',')])
      assert.deepEqual([...new Set(dump.match(/producerId: \S+/g))], ['producerId: -1'])
    },
  },
  'max.request.size': {
    run: 'requests',
    properties: { 'us.producer.max.request.size': '40000' },
    judge: ({ toTarget }) => {
      const sizes = copies(toTarget).map(({ frame }) => frame.length)
      // Batches of some 10 KB, of eight partitions: several together, and no more than the limit and the request's own bytes.
      assert.ok(Math.max(...sizes) > 15_000 && Math.max(...sizes) < 42_000, sizes.join(', '))
    },
  },
  'delivery.timeout.ms': {
    run: 'faults',
    properties: { 'us.producer.delivery.timeout.ms': '2000' },
    judge: ({ twinlog }) =>
      assert.match(reasonOf(twinlog, 'undelivered'), /acknowledged nothing of undelivered partition 0 for 2000 ms/),
  },
  'buffer.memory': {
    run: 'held',
    properties: { 'us.producer.buffer.memory': '1', 'set.consumer.fetch.max.bytes': '500000' },
    judge: ({ toSource, toTarget }) => {
      // The run ends with the target away: what was read could not be sent. By default a second answer would have been asked for.
      assert.equal(copies(toTarget).length, 0)
      assert.equal(toSource.filter(({ frame }) => frame.length > 100_000).length, 1)
    },
  },
  'batch.size': {
    file: 'test/broker/coalesce.test.ts',
    test: 'no batch that was put together is larger than batch.size',
  },
  'compression.type': {
    file: 'test/broker/rebuild.test.ts',
    test: 'batches get the codec and the level that the flow is to write',
  },
  'compression.gzip.level': {
    file: 'test/broker/rebuild.test.ts',
    test: 'batches get the codec and the level that the flow is to write',
  },
  'compression.zstd.level': {
    file: 'test/broker/rebuild.test.ts',
    test: 'batches get the codec and the level that the flow is to write',
  },

  // --- positions --------------------------------------------------------------------------------------------------------
  'offset.flush.interval.ms': {
    run: 'requests',
    properties: { 'us.offset.flush.interval.ms': '400' },
    judge: ({ toTarget }) => assert.ok(requestsTo(toTarget, 'places').length >= 2),
  },
  'offset.storage.topic': {
    run: 'requests',
    properties: { 'us.offset.storage.topic': 'places' },
    judge: ({ toTarget }) => {
      assert.ok(requestsTo(toTarget, 'places').length > 0)
      assert.equal(requestsTo(toTarget, 'mm2-offsets.set.internal').length, 0)
    },
  },
  'offset.storage.replication.factor': {
    file: 'test/broker/positions.test.ts',
    test: 'a ledger topic that cannot have its replicas is refused with the reason, not made with fewer',
  },
  'offset.storage.partitions': {
    run: 'requests',
    properties: { 'us.offset.storage.partitions': '3' },
    judge: async () => assert.equal((await describeTopic(target, 'places')).partitions.length, 3),
  },
  'group.id': {
    run: 'requests',
    properties: { 'us.group.id': 'crew' },
    judge: ({ toTarget }) =>
      assert.deepEqual(clientsOf(requestsTo(toTarget, 'places'), PRODUCE), ['crew-set->us-offsets']),
  },
  'config.storage.topic': transactions('transactional ids and the configuration topic are those of MirrorMaker 2'),
  'config.storage.replication.factor': transactions(
    'transactional ids and the configuration topic are those of MirrorMaker 2',
  ),
  'transaction.timeout.ms': transactions(
    'boundaries: poll ends early, interval lasts its time within half the timeout, connector is refused',
  ),
  'exactly.once.source.support': {
    file: 'test/broker/exactly-once.test.ts',
    test: 'records and positions are committed together, and a restart goes on where they say',
  },
  'key.converter': UNSAFE,
  'value.converter': UNSAFE,
  'header.converter': UNSAFE,
}

const names = Object.keys(settings) as SettingName[]

test('a setting that is shown elsewhere is shown by a test that exists', () => {
  for (const name of names) {
    const shown = settings[name]
    if ('run' in shown) continue
    const text = readFileSync(new URL(`../../${shown.file}`, import.meta.url), 'utf8')
    assert.ok(
      text.includes(`'${shown.test}'`) || text.includes(`"${shown.test}"`),
      `${name}: ${shown.file} has no test "${shown.test}"`,
    )
  }
})

test('what is asked of the clusters is what the settings say', async (context) => {
  await judgeAll(context, 'requests', async (twinlog) => {
    const size = { topic: 'requests', partitions: 8, valueBytes: 9_000 }
    await twinlog.waitForEvent('PartitionLocated')
    for (const firstSequence of [0, 1, 2]) {
      await generateRecords({ ...source.adminProperties, 'linger.ms': '0' }, { ...size, count: 8, firstSequence })
      await twinlog.waitUntilCopied('requests')
      // Quiet for longer than an idle connection lives, metadata is good for, and positions wait.
      await sleep(1_500)
    }
  })
})

test('a cluster that does not answer is waited for and asked again as the settings say', async (context) => {
  await judgeAll(context, 'outage', async (twinlog) => {
    await using stream = startRecords(
      source,
      { topic: 'outage', partitions: 1, recordsPerSecond: 200 },
      { 'linger.ms': '2' },
    )
    await twinlog.waitUntilGrown('outage', 100)
    await proxyOf(source).loseAnswer({ apiKey: FETCH, afterwards: 'leave-open' })
    await twinlog.waitForEvent('ConnectionFailed', ({ cluster }) => cluster === 'set')
    await twinlog.waitUntilGrown('outage', 100)
    for (const proxy of [proxyOf(target), proxyOf(source)]) {
      proxy.newConnections = 'reset'
      proxy.cutAll()
      await sleep(4_000)
      proxy.newConnections = 'accept'
      await twinlog.waitUntilGrown('outage', 100)
    }
    await stream.stop()
    await twinlog.waitUntilCopied('outage')
  })
})

test('what the target refuses, for how long, and what is checked before, is what the settings say', async (context) => {
  await createTopics(source, { name: 'plain' }, { name: 'damaged' }, { name: 'undelivered' })
  // Larger than batch.size: what is put together with others is verified in any case.
  const padding = 'x'.repeat(20_000)
  for (const topic of ['plain', 'damaged', 'undelivered'])
    await produceRecords(source.adminProperties, [{ topic, partition: 0, value: `of ${topic}${padding}` }])
  using _damage = corruptFetched(proxyOf(source), 'of damaged')
  let isCut = false
  using _cut = proxyOf(target).onRequest(({ apiKey }, request) =>
    isCut && apiKey === PRODUCE && request.includes('set.undelivered') ? 'cut' : 'forward',
  )
  await judgeAll(context, 'faults', async (twinlog) => {
    await twinlog.waitUntilCopied('plain')
    await twinlog.waitForEvent('PartitionStopped', ({ topic }) => topic === 'damaged')
    // Not before: a connection that is cut costs all that is on its way.
    isCut = true
    await produceRecords(source.adminProperties, [{ topic: 'undelivered', partition: 0, value: 'more' }])
    await twinlog.waitForEvent('PartitionStopped', ({ topic }) => topic === 'undelivered')
  })
})

test('no more is read than the settings let a flow hold', async (context) => {
  await judgeAll(context, 'held', async (twinlog) => {
    await twinlog.waitForEvent('PartitionLocated')
    const proxy = proxyOf(target)
    proxy.newConnections = 'reset'
    const batch = [{ topic: 'held', partition: 0, value: 'x'.repeat(200_000) }, 'flush' as const]
    await produceRecords(source.adminProperties, Array.from({ length: 10 }, () => batch).flat())
    await twinlog.waitForEvent('ConnectionFailed', ({ cluster }) => cluster === 'us')
    // For as long as it takes until what cannot be sent is given back.
    await sleep(1_500)
    proxy.newConnections = 'accept'
  })
})

/** Runs a mirror with all settings of a run, then judges each. Sees requests until the work is done; of answers to Fetch, those that hold records. */
async function judgeAll(
  context: { test(name: string, judge: () => Promise<void>): Promise<void> },
  run: RunName,
  work: (twinlog: Mirror) => Promise<void>,
): Promise<void> {
  const shown = names.flatMap((name) => {
    const one = settings[name]
    return 'run' in one && one.run === run ? [{ name, ...one }] : []
  })
  const topics = run === 'faults' ? 'plain,damaged,undelivered' : run
  if (run !== 'faults') await createTopics(source, { name: run, partitions: run === 'requests' ? 8 : 1 })
  const toSource: SeenRequest[] = []
  const toTarget: SeenRequest[] = []
  using _source = watchProxy(proxyOf(source), run === 'held' ? 'answers' : 'requests', toSource)
  using _target = watchProxy(proxyOf(target), 'requests', toTarget)
  const properties: Record<string, string> = Object.assign({}, ...shown.map((one) => one.properties))
  await using twinlog = await startMirror({ source, target, alias: 'set', topics, properties })
  await work(twinlog)
  const evidence = {
    twinlog,
    toSource: [...toSource],
    toTarget: [...toTarget],
  }
  for (const { name, judge } of shown) await context.test(name, async () => await judge(evidence))
  await twinlog.stop()
}
