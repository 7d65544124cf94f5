import assert from 'node:assert/strict'
import { NumericMap } from '@platformatic/kafka'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { systemClock } from '../../src/base/clock.ts'
import { LedgerStore } from '../../src/control/ledger-store.ts'
import { describeProducers } from '../../src/kafka/admin.ts'
import type { ActiveProducer } from '../../src/kafka/admin.ts'
import { ClusterClient } from '../../src/kafka/cluster-client.ts'
import { kafkaErrorName } from '../../src/kafka/kafka-error.ts'
import type { LedgerEntry, LedgerWrite } from '../../src/mirror/ledger-entry.ts'
import { plainClientSettings } from './plain-client-settings.ts'

const options = { signal: AbortSignal.timeout(600_000) }

/** A client of ours: on the internal listener of a cluster, past its proxies, which is open where the cluster has no authorizer. */
export function connectTo(cluster: KafkaCluster, bootstrap = cluster.internalBootstrap): ClusterClient {
  const deps = { clock: systemClock, random: Math.random }
  return new ClusterClient('us', plainClientSettings(bootstrap), deps)
}

/** What the ledger says of a source partition now. */
export async function readLedger(
  client: ClusterClient,
  alias: string,
  topic: string,
  partition = 0,
): Promise<LedgerEntry> {
  const ledger = await openLedger(client, alias)
  const entry = ledger.find(topic, partition)
  assert.ok(entry !== null, `the ledger has no entry of ${topic}-${partition}`)
  return entry
}

/** Writes an entry into the ledger of a source, as if a process of ours had. */
export async function seedLedger(client: ClusterClient, alias: string, write: LedgerWrite): Promise<void> {
  const ledger = await openLedger(client, alias)
  await ledger.write([write], options)
}

async function openLedger(client: ClusterClient, alias: string): Promise<LedgerStore> {
  await client.waitUntilReachable(options)
  const ledgerTopic = `mm2-ledger.${alias}.internal`
  return LedgerStore.open(client, { ledgerTopic, replicationFactor: 1, sourceClusterId: null, planHash: 0n }, options)
}

/** A batch as a process of ours may have sent it before it died. */
export interface StrayBatch {
  readonly topic: string
  readonly partition?: number
  readonly producerId: bigint
  readonly producerEpoch: number
  /** On the wire. */
  readonly sequence: number
  readonly values: readonly string[]
  /** ms; default now. */
  readonly timestamp?: bigint
}

/** Sends a batch late. @returns Kafka's name of the error that it is answered with, or NONE */
export async function sendStray(client: ClusterClient, stray: StrayBatch): Promise<string> {
  const { topic, partition = 0, producerId, producerEpoch, sequence, values, timestamp = BigInt(Date.now()) } = stray
  const metadata = await client.refreshMetadata({ ...options, topics: [topic] })
  const nodeId = metadata.topics.get(topic)?.partitions[partition]?.leader ?? -1
  const records = values.map((value) => ({
    topic,
    partition,
    timestamp,
    key: Buffer.from(value),
    value: Buffer.from(value),
  }))
  const sequences = new NumericMap([[`${topic}:${partition}`, sequence]])
  const producing = { compression: 'none', producerId, producerEpoch, sequences, partitionLeaderEpoch: -1 } as const
  const args = [-1, 10_000, records, producing] as const
  const answer = await client.call('produce', { nodeId }, [...args] as never, { ...options, retries: 0 })
  assert.ok(typeof answer === 'object')
  return kafkaErrorName(answer.responses[0]?.partitionResponses[0]?.errorCode ?? 0)
}

/** What the leader of a partition remembers of producers. */
export async function producersOf(
  client: ClusterClient,
  topic: string,
  partition = 0,
): Promise<readonly ActiveProducer[]> {
  const [outcome] = await describeProducers(client, [{ topic, partition }], options)
  assert.ok(outcome?.value)
  return outcome.value.producers
}
