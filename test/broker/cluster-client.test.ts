import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { systemClock } from '../../src/base/clock.ts'
import {
  createPartitions,
  createTopics,
  describeProducers,
  describeTopicConfigs,
  initProducerId,
  listOffsets,
  listTopics,
} from '../../src/kafka/admin.ts'
import { ClusterClient } from '../../src/kafka/cluster-client.ts'
import type { ClusterEvent } from '../../src/kafka/cluster-event.ts'
import { ensureCompactedTopic, produceRecords, readCompactedTopic } from '../../src/kafka/compacted-topic.ts'
import type { TopicRecord } from '../../src/kafka/topic-reader.ts'
import { classifyKafkaError } from '../../src/kafka/kafka-error.ts'
import { clientSettings } from './client-settings.ts'

const { signal } = new AbortController()
/** Far below request.timeout.ms, which is how long one waits for a broker that hangs. */
const WITHIN_MS = 5_000

function clientOf(bootstrap: string, onEvent?: (event: ClusterEvent) => void): ClusterClient {
  const deps = { clock: systemClock, random: Math.random, ...(onEvent === undefined ? {} : { onEvent }) }
  return new ClusterClient('eu', clientSettings(bootstrap), deps)
}

async function readAll(cluster: ClusterClient, topic: string): Promise<readonly TopicRecord[]> {
  const records: TopicRecord[] = []
  const count = await readCompactedTopic(cluster, topic, (record) => records.push(record), { signal })
  assert.equal(count, records.length)
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

function someRecords(count: number, valueBytes: number) {
  return Array.from({ length: count }, (_, index) => ({
    partition: index % 3,
    key: Buffer.from(`key-${index}`),
    value: index % 10 === 9 ? null : Buffer.alloc(valueBytes, index),
  }))
}

async function writeTransaction(
  cluster: ClusterClient,
  topic: string,
  value: string,
  isCommitted: boolean,
): Promise<void> {
  const to = { coordinator: 'transaction', key: 'test-tx' } as const
  const options = { signal, retries: 30 }
  const { producerId, producerEpoch } = await cluster.call('initProducerId', to, ['test-tx', 60_000], options)
  const topics = [{ name: topic, partitions: [0] }]
  const added = { transactionalId: 'test-tx', producerId, producerEpoch, verifyOnly: false, topics }
  await cluster.call('addPartitionsToTxn', to, [[added]], options)
  const records = [{ topic, partition: 0, key: Buffer.from('key'), value: Buffer.from(value) }]
  const producing = {
    compression: 'none',
    transactionalId: 'test-tx',
    producerId,
    producerEpoch,
    partitionLeaderEpoch: -1,
  } as const
  for (let errorCode = -1; errorCode !== 0;) {
    const answer = await cluster.call('produce', { nodeId: 1 }, [-1, 10_000, records, producing], options)
    assert.ok(typeof answer === 'object')
    errorCode = answer.responses[0]?.partitionResponses[0]?.errorCode ?? -1
    // A broker that has not verified the partition with the coordinator yet refuses for a moment (KIP-890).
    assert.ok(errorCode === 0 || classifyKafkaError(errorCode).action !== 'stop', `error ${errorCode}`)
  }
  await cluster.call('endTxn', to, ['test-tx', producerId, producerEpoch, isCommitted], options)
}

for (const version of ['4.3.0', '3.9.1', '2.8.2'] as const) {
  describe(`a cluster of Kafka ${version}`, () => {
    let kafka: KafkaCluster
    let cluster: ClusterClient
    before(async () => {
      kafka = await startCluster({ version })
      cluster = clientOf(`127.0.0.1:1,${kafka.bootstrap}`)
    })
    after(async () => {
      await cluster?.[Symbol.asyncDispose]()
      await kafka?.[Symbol.asyncDispose]()
    })

    test('is reached by whichever address answers, and says who it is', async () => {
      const metadata = await cluster.waitUntilReachable({ signal })
      assert.deepEqual([...metadata.brokers.keys()], [1])
      assert.equal(metadata.controllerId, 1)
      assert.match(metadata.clusterId ?? '', /^[\w-]{22}$/)
      assert.equal(metadata.topics.size, 0)
    })

    test('creates and grows topics, and answers for each one by itself', async () => {
      const topic = {
        topic: 'orders',
        partitionsCount: 3,
        replicationFactor: 1,
        configs: new Map([['retention.ms', '1000']]),
      }
      const refused = await createTopics(cluster, [topic, { ...topic, topic: 'not/valid' }], { signal })
      assert.deepEqual([...refused.keys()], ['not/valid'])
      assert.equal(refused.get('not/valid')?.parameters['error'], 'INVALID_TOPIC_EXCEPTION')
      const again = await createTopics(cluster, [topic], { signal })
      assert.equal(again.get('orders')?.parameters['error'], 'TOPIC_ALREADY_EXISTS')
      const notGrown = await createPartitions(
        cluster,
        new Map([
          ['orders', 5],
          ['nobodys', 2],
        ]),
        { signal },
      )
      assert.deepEqual([...notGrown.keys()], ['nobodys'])
      const find = async () => (await listTopics(cluster, { signal })).find((one) => one.topic === 'orders')
      // The broker that answers may learn of new partitions a moment after the controller made them.
      let listed = await find()
      while (listed?.partitions.length !== 5 || listed.partitions.some(({ leader }) => leader < 0))
        listed = await find()
      assert.deepEqual(
        listed?.partitions.map(({ partition, leader }) => [partition, leader]),
        [0, 1, 2, 3, 4].map((partition) => [partition, 1]),
      )
      assert.match(listed?.topicId ?? '', /^[\da-f]{8}-/)
      assert.equal(listed?.topicIdBytes.toString('hex'), listed?.topicId?.replaceAll('-', ''))
    })

    test('describes topic configurations; one that does not exist does not fail the others', async () => {
      const described = await describeTopicConfigs(cluster, ['orders', 'nobodys'], { signal })
      const configs = described.get('orders')
      assert.ok(Array.isArray(configs))
      const retention = configs.find(({ name }) => name === 'retention.ms')
      assert.deepEqual([retention?.value, retention?.isDefault], ['1000', false])
      assert.equal(configs.find(({ name }) => name === 'cleanup.policy')?.isDefault, true)
      assert.ok(described.get('nobodys') instanceof Error)
    })

    test('an internal topic is created once, written, and read whole, tombstones included', async () => {
      const made = await ensureCompactedTopic(
        cluster,
        'mm2-test.internal',
        { partitions: 3, replicationFactor: 1 },
        { signal },
      )
      assert.equal(made.partitions.length, 3)
      await ensureCompactedTopic(cluster, 'mm2-test.internal', { partitions: 3, replicationFactor: 1 }, { signal })
      const written = someRecords(3000, 700)
      await Promise.all([
        produceRecords(cluster, 'mm2-test.internal', written.slice(0, 1500), { signal }),
        produceRecords(cluster, 'mm2-test.internal', written.slice(1500), { signal }),
      ])
      const read = await readAll(cluster, 'mm2-test.internal')
      const expected = [0, 1, 2].flatMap((partition) => written.filter((record) => record.partition === partition))
      assert.deepEqual(
        read.map(({ partition, key, value }) => ({ partition, key, value })),
        expected,
      )
      assert.deepEqual(
        read.filter(({ partition }) => partition === 1).map(({ offset }) => offset),
        Array.from({ length: 1000 }, (_, i) => i),
      )
      assert.ok(read.every(({ timestamp }) => Math.abs(Number(timestamp) - Date.now()) < 60_000))
    })

    test('lists offsets by partition, and says which partition has none', async () => {
      const at = (partition: number, when: 'earliest' | 'latest' | number) => ({
        topic: 'mm2-test.internal',
        partition,
        at: when,
      })
      const listed = await listOffsets(
        cluster,
        [at(0, 'earliest'), at(1, 'latest'), at(2, Date.now() + 1e6), at(7, 'latest')],
        { signal },
      )
      assert.deepEqual(
        listed.map(({ value }) => value?.offset),
        [0, 1000, -1, undefined],
      )
      assert.equal(listed[3]?.error?.parameters['error'], 'UNKNOWN_TOPIC_OR_PARTITION')
    })

    test('names the producers of a partition with their last sequence', async () => {
      const [outcome] = await describeProducers(cluster, [{ topic: 'mm2-test.internal', partition: 0 }], { signal })
      assert.deepEqual(
        outcome?.value?.producers.map(({ lastSequence, producerEpoch }) => [lastSequence, producerEpoch]),
        [[999, 0]],
      )
      const first = await initProducerId(cluster, { signal })
      const second = await initProducerId(cluster, { signal })
      assert.ok(second.producerId > first.producerId)
    })

    test('finds coordinators, of groups and of transactions', async () => {
      const transactional = { coordinator: 'transaction', key: 'tx' } as const
      const answer = await cluster.call('initProducerId', transactional, ['tx', 60_000], { signal, retries: 30 })
      assert.equal(answer.producerEpoch, 0)
      const described = await cluster.call('describeGroups', { coordinator: 'group', key: 'g' }, [['g'], false], {
        signal,
        retries: 30,
      })
      assert.equal(described.groups[0]?.groupId, 'g')
    })

    test('leaves out aborted transactions and markers when an internal topic is read as committed', async () => {
      const topic = 'mm2-transactional.internal'
      await ensureCompactedTopic(cluster, topic, { partitions: 1, replicationFactor: 1 }, { signal })
      await writeTransaction(cluster, topic, 'kept-1', true)
      await writeTransaction(cluster, topic, 'dropped', false)
      await writeTransaction(cluster, topic, 'kept-2', true)
      const read = async (isolation: 'read_committed' | 'read_uncommitted') => {
        const values: string[] = []
        await readCompactedTopic(cluster, topic, ({ value }) => values.push(String(value)), { signal, isolation })
        return values
      }
      assert.deepEqual(await read('read_committed'), ['kept-1', 'kept-2'])
      assert.deepEqual(await read('read_uncommitted'), ['kept-1', 'dropped', 'kept-2'])
    })

    test('refuses an internal topic that is not compacted', async () => {
      const spec = { partitions: 5, replicationFactor: 1 }
      await assert.rejects(ensureCompactedTopic(cluster, 'orders', spec, { signal }), {
        code: 'INTERNAL_TOPIC_NOT_COMPACTED',
        message: /cleanup\.policy=delete/,
      })
    })
  })
}

describe('a broker on ::1 that closes what idles for a second', () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await startCluster({ host: '::1', properties: { 'connections.max.idle.ms': '1000' } })
  })
  after(() => kafka[Symbol.asyncDispose]())

  test('is reached by IPv6; its closing idle connections goes unnoticed', async () => {
    const events: ClusterEvent[] = []
    await using cluster = clientOf(kafka.bootstrap, (event) => events.push(event))
    await cluster.waitUntilReachable({ signal })
    await createTopics(cluster, [{ topic: 't', partitionsCount: 1, replicationFactor: 1, configs: new Map() }], {
      signal,
    })
    const isClosed = () => events.some((event) => event.name === 'ConnectionClosed' && /idle ones/.test(event.reason))
    while (!isClosed()) await systemClock.sleep(50, { signal })
    const [outcome] = await listOffsets(cluster, [{ topic: 't', partition: 0, at: 'latest' }], { signal })
    assert.equal(outcome?.value?.offset, 0)
    assert.ok(!events.some(({ name }) => name === 'CallRetried'))
  })

  test('that is killed fails what waits for it, and is waited for visibly until it is back', async () => {
    const events: ClusterEvent[] = []
    await using cluster = clientOf(kafka.bootstrap, (event) => events.push(event))
    await cluster.waitUntilReachable({ signal })
    const broker = kafka.broker(1)
    const ask = () => cluster.call('metadata', { nodeId: 1 }, [[], false, false], { signal, retries: 0 })
    await ask()
    broker.pause()
    // All threads of a process stop only a moment after SIGSTOP was sent.
    await systemClock.sleep(200, { signal })
    const waiting = ask()
    waiting.catch(() => {})
    await systemClock.sleep(200, { signal })
    await broker.kill()
    await assert.rejects(waiting, { code: 'CONNECTION_LOST', message: /answer to Metadata.*flushed: true/ })
    const reached = cluster.waitUntilReachable({ signal })
    while (events.filter(({ name }) => name === 'ClusterUnreachable').length < 3)
      await systemClock.sleep(50, { signal })
    await broker.start()
    const startedMs = performance.now()
    await reached
    assert.ok(performance.now() - startedMs < 5000)
    const unreachable = events.find((event) => event.name === 'ClusterUnreachable')
    assert.match(unreachable?.error.message ?? '', /Cluster eu: none of its brokers can be reached.*\[::1\]/)
  })
})

describe('a cluster of three brokers', () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await startCluster({ brokers: 3, properties: { 'min.insync.replicas': '1' } })
  })
  after(() => kafka[Symbol.asyncDispose]())

  test('of which one hangs answers all the same, within seconds: the next one is asked beside it', async () => {
    const [hung, ...others] = kafka.brokers
    assert.ok(hung !== undefined)
    // In this order they are tried.
    const addresses = kafka.brokers.map(({ host, port }) => `${host}:${port}`).join(',')
    const deps = { clock: systemClock, random: () => 0 }
    await using connected = new ClusterClient('eu', clientSettings(addresses), deps)
    await connected.waitUntilReachable({ signal })
    await connected.call('metadata', { nodeId: hung.id }, [[], false, false], { signal })
    await using starting = new ClusterClient('eu', clientSettings(addresses), deps)
    hung.pause()
    try {
      const pausedMs = performance.now()
      await Promise.all([connected.refreshMetadata({ signal, topics: [] }), starting.waitUntilReachable({ signal })])
      assert.ok(performance.now() - pausedMs < WITHIN_MS)
      assert.ok(others.every(({ id }) => connected.metadata?.brokers.has(id)))
    } finally {
      hung.resume()
    }
  })

  test('that loses a leader goes on being read and written, nothing lost and nothing twice', async () => {
    await using cluster = clientOf(kafka.bootstrap)
    await cluster.waitUntilReachable({ signal })
    await ensureCompactedTopic(cluster, 'ledger', { partitions: 3, replicationFactor: 3 }, { signal })
    const leader = cluster.metadata?.topics.get('ledger')?.partitions[0]?.leader ?? -1
    const written = someRecords(600, 100)
    // The coordinator that hands out producer ids takes a while in a young cluster.
    await produceRecords(cluster, 'ledger', written.splice(0, 3), { signal })
    const writing = (async () => {
      for (let start = 0; start < written.length; start += 10) {
        await produceRecords(cluster, 'ledger', written.slice(start, start + 10), { signal })
        await systemClock.sleep(20, { signal })
      }
    })()
    await systemClock.sleep(300, { signal })
    await kafka.broker(leader).kill()
    await writing
    const read = (await readAll(cluster, 'ledger')).filter(({ offset }) => offset > 0)
    const expected = [0, 1, 2].flatMap((partition) => written.filter((record) => record.partition === partition))
    assert.deepEqual(
      read.map(({ key }) => String(key)),
      expected.map(({ key }) => String(key)),
    )
  })

  test('of which all that were known are gone is found again by bootstrap.servers', async () => {
    const events: ClusterEvent[] = []
    await using cluster = clientOf(kafka.bootstrap, (event) => events.push(event))
    await cluster.waitUntilReachable({ signal })
    const running = kafka.brokers.filter(({ isRunning }) => isRunning)
    for (const broker of running) await broker.kill()
    await assert.rejects(cluster.refreshMetadata({ signal, topics: [] }))
    await Promise.all(running.map((broker) => broker.launch()))
    await cluster.waitUntilReachable({ signal })
    assert.ok(events.some(({ name }) => name === 'ClusterRebootstrapped'))
  })
})
