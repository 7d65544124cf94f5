import { createBackoff } from '../base/backoff.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { systemClock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { ClusterClient } from './cluster-client.ts'
import { classify, kafkaError } from './kafka-error.ts'

/** What one partition's leader answered. */
export type PartitionAnswer<Value> = {
  readonly errorCode: number
  readonly errorMessage?: string | null
  readonly value: Value
}

/** What came of one partition in the end. */
export type PartitionOutcome<Value> =
  | { readonly topic: string; readonly partition: number; readonly value: Value; readonly error: null }
  | { readonly topic: string; readonly partition: number; readonly value: null; readonly error: TwinlogError }

export interface LeaderCall<Request extends TopicPartition, Value> {
  /** Name of the API, for messages. */
  readonly api: string
  /** Asks one leader about its partitions. @returns answers by topicPartitionKey */
  ask(
    nodeId: number,
    requests: readonly (Request & { readonly leaderEpoch: number })[],
  ): Promise<ReadonlyMap<string, PartitionAnswer<Value>>>
}

const attemptsMax = 6

/**
 * Asks the leader of each partition, all leaders at the same time. Where the leader has changed or is not there yet, asks the new
 * one, a bounded number of times. One partition's failure does not touch the others.
 * @returns one outcome for each request, in their order
 * @throws the signal's reason; anything that is a defect
 */
export async function callLeaders<Request extends TopicPartition, Value>(
  cluster: ClusterClient,
  requests: readonly Request[],
  call: LeaderCall<Request, Value>,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly PartitionOutcome<Value>[]> {
  const outcomes = new Map<string, PartitionOutcome<Value>>()
  const { retryBackoffMs, retryBackoffMaxMs } = cluster.settings
  const backoff = createBackoff(retryBackoffMs, Math.max(retryBackoffMs, retryBackoffMaxMs))
  let open = requests
  for (let attempt = 1; open.length > 0; attempt++) {
    await learnLeaders(cluster, open, attempt > 1, signal)
    await Promise.all(groupByLeader(cluster, open).map((group) => askGroup(cluster, group, call, outcomes, signal)))
    open = open.filter((request) => mayPass(outcomes.get(keyOf(request))?.error ?? null))
    if (attempt === attemptsMax) break
    if (open.length > 0) await systemClock.sleep(backoff.next(), { signal })
  }
  return requests.map((request) => {
    const outcome = outcomes.get(keyOf(request))
    if (outcome === undefined) throw errors.DEFECT({ what: `no outcome for ${keyOf(request)}` })
    return outcome
  })
}

interface LeaderGroup<Request> {
  readonly nodeId: number
  readonly requests: (Request & { readonly leaderEpoch: number })[]
}

async function learnLeaders(
  cluster: ClusterClient,
  requests: readonly TopicPartition[],
  isStale: boolean,
  signal: AbortSignal,
): Promise<void> {
  const known = cluster.metadata?.topics
  const isKnown = requests.every(
    ({ topic, partition }) => (known?.get(topic)?.partitions[partition]?.leader ?? -1) >= 0,
  )
  if (isKnown && !isStale) return
  await cluster.refreshMetadata({ signal, topics: [...new Set(requests.map(({ topic }) => topic))] })
}

/** Partitions without a leader form a group of node -1. */
function groupByLeader<Request extends TopicPartition>(
  cluster: ClusterClient,
  requests: readonly Request[],
): readonly LeaderGroup<Request>[] {
  const groups = new Map<number, LeaderGroup<Request>>()
  for (const request of requests) {
    const known = cluster.metadata?.topics.get(request.topic)?.partitions[request.partition]
    const nodeId = known?.leader ?? -1
    const group = groups.get(nodeId) ?? { nodeId, requests: [] }
    groups.set(nodeId, group)
    group.requests.push({ ...request, leaderEpoch: known?.leaderEpoch ?? -1 })
  }
  return [...groups.values()]
}

async function askGroup<Request extends TopicPartition, Value>(
  cluster: ClusterClient,
  { nodeId, requests }: LeaderGroup<Request>,
  call: LeaderCall<Request, Value>,
  outcomes: Map<string, PartitionOutcome<Value>>,
  signal: AbortSignal,
): Promise<void> {
  const broker = String(nodeId)
  const fail = ({ topic, partition }: TopicPartition, error: TwinlogError) =>
    outcomes.set(topicPartitionKey(topic, partition), { topic, partition, value: null, error })
  const nameOf = ({ topic, partition }: TopicPartition) => `${call.api} of ${topic}-${partition}`
  if (nodeId < 0) {
    for (const request of requests) fail(request, leaderless(cluster, request, nameOf(request)))
    return
  }
  try {
    const answers = await call.ask(nodeId, requests)
    for (const request of requests) {
      const answer = answers.get(keyOf(request))
      // 3, UNKNOWN_TOPIC_OR_PARTITION: a broker that leaves a partition out does not know it.
      const errorCode = answer?.errorCode ?? 3
      const { topic, partition } = request
      if (answer !== undefined && errorCode === 0) {
        outcomes.set(keyOf(request), { topic, partition, value: answer.value, error: null })
      } else {
        const detail = answer?.errorMessage ?? null
        fail(request, kafkaError(errorCode, { cluster: cluster.alias, broker, api: nameOf(request), detail }))
      }
    }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
    for (const request of requests) fail(request, error)
  }
}

function leaderless(cluster: ClusterClient, { topic, partition }: TopicPartition, api: string): TwinlogError {
  const known = cluster.metadata?.topics.get(topic)
  // 5, LEADER_NOT_AVAILABLE, where the topic is fine but its partition has no leader now.
  const ofPartition = known?.partitions[partition]?.errorCode ?? 3
  const errorCode =
    known === undefined ? 3 : known.errorCode !== 0 ? known.errorCode : ofPartition !== 0 ? ofPartition : 5
  return kafkaError(errorCode, { cluster: cluster.alias, broker: 'any', api })
}

function mayPass(error: TwinlogError | null): boolean {
  if (error === null) return false
  const { action } = classify(error)
  return action === 'retry' || action === 'refresh-metadata'
}

function keyOf({ topic, partition }: TopicPartition): string {
  return topicPartitionKey(topic, partition)
}
