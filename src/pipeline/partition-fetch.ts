import { errors } from '../base/errors.ts'
import type { BrokerConnection } from '../kafka/broker-connection.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { Frame } from '../kafka/frame-arena.ts'
import { kafkaError } from '../kafka/kafka-error.ts'
import { FETCH_VERSIONS, encodeFetchRequest } from '../wire/fetch-request.ts'
import { decodeFetchResponse } from '../wire/fetch-response.ts'
import type { FetchedPartition } from '../wire/fetch-response.ts'
import { pickVersion } from './api-version.ts'
import { FETCH_KEY, FETCH_VERSIONS_BY_NAME, FIRST_FLEXIBLE_FETCH } from './fetch-api.ts'

const OFFSET_OUT_OF_RANGE = 1

/** A fetch of one partition, without a session. */
export interface PartitionQuestion {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly isolationLevel: 0 | 1
  /** The first batch comes whole, however large. */
  readonly maxBytes: number
  readonly minBytes: number
  readonly maxWaitMs: number
}

/** What a broker answered; the frame belongs to the caller. */
export interface PartitionReply {
  readonly frame: Frame
  readonly fetched: FetchedPartition
}

/**
 * Fetches from one partition, once, over a connection to its leader.
 * @returns null when the log does not have the offset (OFFSET_OUT_OF_RANGE)
 * @throws  TOPIC_NOT_FOUND while the cluster's metadata do not have the partition; KAFKA_* when it cannot be read; connection errors
 */
export async function fetchPartition(
  cluster: ClusterClient,
  connection: BrokerConnection,
  question: PartitionQuestion,
): Promise<PartitionReply | null> {
  const { topic, partition, maxBytes, maxWaitMs } = question
  const known = cluster.metadata?.topics.get(topic)
  const leader = known?.partitions[partition]
  if (known === undefined || leader === undefined) throw errors.TOPIC_NOT_FOUND({ topic })
  const version = pickVersion(
    connection,
    FETCH_KEY,
    'Fetch',
    known.topicId === null ? FETCH_VERSIONS_BY_NAME : FETCH_VERSIONS,
  )
  const wanted = {
    partition,
    currentLeaderEpoch: leader.leaderEpoch,
    fetchOffset: question.offset,
    lastFetchedEpoch: -1,
    partitionMaxBytes: maxBytes,
  }
  const body = encodeFetchRequest(version, {
    maxWaitMs,
    minBytes: question.minBytes,
    maxBytes,
    isolationLevel: question.isolationLevel,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic, topicId: known.topicIdBytes, partitions: [wanted] }],
    forgottenTopics: [],
    rackId: '',
  })
  const isFlexible = version >= FIRST_FLEXIBLE_FETCH
  const flexible = { request: isFlexible, response: isFlexible }
  const timeoutMs = cluster.settings.requestTimeoutMs + maxWaitMs
  const frame = await connection.request(FETCH_KEY, version, flexible, [body], { timeoutMs })
  let isKept = false
  try {
    const { partitions, errorCode } = decodeFetchResponse(version, frame.bytes, frame.bodyStart)
    const fetched = partitions[0]
    const code = fetched?.errorCode ?? errorCode
    if (code === OFFSET_OUT_OF_RANGE) return null
    const api = `Fetch of ${topic}-${partition}`
    const context = { cluster: cluster.alias, broker: connection.name, api, detail: null }
    if (code !== 0) throw kafkaError(code, context)
    if (fetched === undefined) throw errors.TOPIC_NOT_FOUND({ topic })
    isKept = true
    return { frame, fetched }
  } finally {
    if (!isKept) frame.release()
  }
}
