import { assert } from '../base/assert.ts'
import type { TwinlogError } from '../base/catalogue.ts'
import { createBackoff } from '../base/backoff.ts'
import { systemClock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import { createTopics, describeTopicConfigs, listOffsets } from './admin.ts'
import type { IsolationLevel, ListedOffset } from './admin.ts'
import type { ClusterClient } from './cluster-client.ts'
import type { TopicMetadata } from './cluster-metadata.ts'
import type { PartitionOutcome } from './leader-calls.ts'
import { readPartition } from './topic-reader.ts'
import type { TopicRecord } from './topic-reader.ts'
import { TopicWriter } from './topic-writer.ts'
import type { RecordToWrite } from './store-batch.ts'

export interface ReadOptions {
  readonly signal: AbortSignal
  readonly isolation?: IsolationLevel
}

/**
 * Reads a whole internal topic, from its earliest offset to the end as it is when the call begins.
 * @param onRecord  called for each record, in offset order within a partition; partitions interleave
 * @returns         how many records there were
 * @throws KAFKA_* and connection errors, when a partition cannot be read even after several attempts
 */
export async function readCompactedTopic(
  cluster: ClusterClient,
  topic: string,
  onRecord: (record: TopicRecord) => void,
  { signal, isolation = 'read_uncommitted' }: ReadOptions,
): Promise<number> {
  const metadata = await awaitTopic(cluster, topic, signal)
  const partitions = metadata.partitions.map(({ partition }) => ({ topic, partition }))
  const starts = await listOffsets(
    cluster,
    partitions.map((one) => ({ ...one, at: 'earliest' })),
    { signal },
  )
  const ends = await listOffsets(
    cluster,
    partitions.map((one) => ({ ...one, at: 'latest' })),
    { signal, isolation },
  )
  const counts = await Promise.all(
    partitions.map(({ partition }, index) => {
      const range = { topic, partition, from: offsetOf(starts[index]), to: offsetOf(ends[index]) }
      return readPartition(cluster, range, onRecord, { signal, isolation })
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

function offsetOf(outcome: PartitionOutcome<ListedOffset> | undefined): number {
  assert(outcome !== undefined, 'each request has an outcome')
  if (outcome.error !== null) throw outcome.error
  return outcome.value.offset
}

export interface CompactedTopicSpec {
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  /** The setting that the replication factor comes from, to be named where the brokers are too few. */
  readonly setting?: string
}

/** "Assume that it exists", as Kafka Connect does: TOPIC_ALREADY_EXISTS and what says that we may not or cannot create. */
const tolerated: ReadonlySet<unknown> = new Set([
  'TOPIC_ALREADY_EXISTS',
  'UNSUPPORTED_VERSION',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
])

/**
 * Sees to it that a compacted topic exists: creates it where it does not, and checks its cleanup.policy where that may be read.
 * @throws INTERNAL_TOPIC_NOT_COMPACTED, and as `createCompactedTopic`
 * Source: Kafka Connect's TopicAdmin.createTopics and verifyTopicCleanupPolicyOnlyCompact.
 */
export async function ensureCompactedTopic(
  cluster: ClusterClient,
  topic: string,
  spec: CompactedTopicSpec,
  { signal }: { readonly signal: AbortSignal },
): Promise<TopicMetadata> {
  const metadata = await createCompactedTopic(cluster, topic, spec, { signal })
  await verifyCompacted(cluster, topic, signal)
  return metadata
}

/**
 * Creates a compacted topic where none of that name exists; one that does is taken as it is.
 * @throws INTERNAL_TOPIC_MISSING; INTERNAL_TOPIC_REPLICAS, or KAFKA_REFUSED where no setting is named, when the brokers are fewer than the replication factor
 * Source: MirrorUtils.createSinglePartitionCompactedTopic.
 */
export async function createCompactedTopic(
  cluster: ClusterClient,
  topic: string,
  { partitions, replicationFactor, setting }: CompactedTopicSpec,
  { signal }: { readonly signal: AbortSignal },
): Promise<TopicMetadata> {
  const configs = new Map([['cleanup.policy', 'compact']])
  const before = (await cluster.refreshMetadata({ signal, topics: [topic] })).topics.get(topic)
  let refusal: TwinlogError | undefined
  if (before === undefined || before.errorCode !== 0) {
    const request = { topic, partitionsCount: partitions, replicationFactor, configs }
    refusal = (await createTopics(cluster, [request], { signal })).get(topic)
    const error = refusal?.parameters['error']
    if (error === 'INVALID_REPLICATION_FACTOR' && setting !== undefined) {
      const reason = refusal?.parameters['detail'] ?? error
      const parameters = { cluster: cluster.alias, topic, replicationFactor, reason, setting }
      throw errors.INTERNAL_TOPIC_REPLICAS(parameters, { cause: refusal })
    }
    if (refusal !== undefined && !tolerated.has(error)) throw refusal
  }
  return awaitTopic(cluster, topic, signal).catch((cause: unknown) => {
    signal.throwIfAborted()
    if (refusal === undefined) throw cause
    throw errors.INTERNAL_TOPIC_MISSING(
      { cluster: cluster.alias, topic, partitions, reason: refusal.message },
      { cause },
    )
  })
}

async function verifyCompacted(cluster: ClusterClient, topic: string, signal: AbortSignal): Promise<void> {
  const described = await describeTopicConfigs(cluster, [topic], { signal, names: ['cleanup.policy'] })
  const configs = described.get(topic)
  // Not allowed to look: Kafka Connect goes on with a warning, too.
  if (!Array.isArray(configs)) return
  const policy: string | undefined = configs.find(({ name }) => name === 'cleanup.policy')?.value
  if (policy === undefined || policy === 'compact') return
  throw errors.INTERNAL_TOPIC_NOT_COMPACTED({ cluster: cluster.alias, topic, policy })
}

const awaitAttempts = 12

/** A topic just created is known to all brokers, and has leaders, only a moment later. */
async function awaitTopic(cluster: ClusterClient, topic: string, signal: AbortSignal): Promise<TopicMetadata> {
  const backoff = createBackoff(50, 1000)
  for (let attempt = 1; ; attempt++) {
    const metadata = (await cluster.refreshMetadata({ signal, topics: [topic] })).topics.get(topic)
    const isReady =
      metadata !== undefined && metadata.partitions.length > 0 && metadata.partitions.every(({ leader }) => leader >= 0)
    if (isReady) return metadata
    if (attempt === awaitAttempts) {
      const error = metadata === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : `error code ${metadata.errorCode}`
      const parameters = { cluster: cluster.alias, broker: 'a broker', api: `Metadata of ${topic}`, error }
      throw errors.KAFKA_METADATA_STALE({
        ...parameters,
        detail: 'the topic does not exist, or has partitions without a leader',
      })
    }
    await systemClock.sleep(backoff.next(), { signal })
  }
}

const writers = new WeakMap<ClusterClient, Map<string, TopicWriter>>()

/**
 * Writes a few records into an internal topic, idempotently, with acks=all, and retries on leader changes (TopicWriter).
 * Calls for one topic of one cluster client share a producer id and wait for each other.
 * Resolves when all records are on all in-sync replicas.
 */
export function produceRecords(
  cluster: ClusterClient,
  topic: string,
  records: readonly RecordToWrite[],
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const ofCluster = writers.get(cluster) ?? new Map<string, TopicWriter>()
  writers.set(cluster, ofCluster)
  const writer = ofCluster.get(topic) ?? new TopicWriter(cluster, topic)
  ofCluster.set(topic, writer)
  return writer.write(records, { signal })
}
