import { createBackoff } from '../base/backoff.ts'
import { systemClock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import type { IsolationLevel } from './admin.ts'
import type { ApiResponse } from './api-table.ts'
import type { ClusterClient } from './cluster-client.ts'
import { classify, kafkaError } from './kafka-error.ts'

/** One record of an internal topic. A null value is a tombstone. */
export interface TopicRecord {
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** ms since the epoch, as the record has it. */
  readonly timestamp: bigint
}

export interface OffsetRange {
  readonly topic: string
  readonly partition: number
  /** Inclusive. */
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

type FetchedPartition = ApiResponse<'fetch'>['responses'][number]['partitions'][number]
type Batch = NonNullable<FetchedPartition['records']>[number]

/** Decoding so much at once keeps the event loop busy for a few milliseconds, not more. */
const fetchBytes = 256 * 1024
const maxWaitMs = 500
const attemptsMax = 8
const offsetOutOfRange = 1
const isControlBit = 0x20
const isTransactionalBit = 0x10
const isAppendTimeBit = 0x08
const abortMarker = 0

/**
 * Reads one partition of an internal topic between two offsets, record by record. Not for the data path: everything is decoded.
 * @returns how many records there were
 */
export async function readPartition(
  cluster: ClusterClient,
  { topic, partition, from, to }: OffsetRange,
  onRecord: (record: TopicRecord) => void,
  { signal, isolation }: { readonly signal: AbortSignal; readonly isolation: IsolationLevel },
): Promise<number> {
  const backoff = createBackoff(cluster.settings.retryBackoffMs, cluster.settings.retryBackoffMaxMs)
  let position = from
  let count = 0
  let emptyAnswers = 0
  while (position < to) {
    const fetched = await fetchOnce(cluster, { topic, partition, from: position, to }, isolation, signal).catch(
      (error: unknown) => {
        signal.throwIfAborted()
        const { action } = classify(error)
        if ((action !== 'retry' && action !== 'refresh-metadata') || backoff.attempts >= attemptsMax) throw error
        return null
      },
    )
    if (fetched === null) {
      await systemClock.sleep(backoff.next(), { signal })
      await cluster.refreshMetadata({ signal, topics: [topic] })
      continue
    }
    backoff.reset()
    if (fetched.errorCode === offsetOutOfRange) {
      // Deleted from under us. What is left begins at the log's start.
      position = Math.max(position + 1, Number(fetched.logStartOffset))
      continue
    }
    const next = deliver(fetched, position, to, isolation, (record) => {
      count++
      onRecord({ partition, ...record })
    })
    // The cleaner may have removed what was at the end: then nothing more comes, however often one asks.
    emptyAnswers = next === position ? emptyAnswers + 1 : 0
    if (emptyAnswers === 2) break
    position = next
  }
  return count
}

async function fetchOnce(
  cluster: ClusterClient,
  { topic, partition, from }: OffsetRange,
  isolation: IsolationLevel,
  signal: AbortSignal,
): Promise<FetchedPartition> {
  const known = cluster.metadata?.topics.get(topic)?.partitions[partition]
  const context = {
    cluster: cluster.alias,
    broker: String(known?.leader ?? 'any'),
    api: `Fetch of ${topic}-${partition}`,
  }
  if (known === undefined || known.leader < 0) throw kafkaError(5, context)
  const wanted = {
    partition,
    currentLeaderEpoch: known.leaderEpoch,
    fetchOffset: BigInt(from),
    lastFetchedEpoch: -1,
    partitionMaxBytes: fetchBytes,
  }
  const level = isolation === 'read_committed' ? 1 : 0
  // The library calls the field topicId also where the version takes a name. Session id 0 and epoch -1: no session.
  const topics = [{ topicId: topic, partitions: [wanted] }]
  const args = [maxWaitMs, 1, fetchBytes, level, 0, -1, topics, [], cluster.settings.clientRack ?? ''] as const
  const answer = await cluster.call('fetch', { nodeId: known.leader }, [...args] as never, { signal, retries: 0 })
  const fetched = answer.responses[0]?.partitions[0]
  if (fetched === undefined) throw kafkaError(3, context)
  if (fetched.errorCode !== 0 && fetched.errorCode !== offsetOutOfRange) throw kafkaError(fetched.errorCode, context)
  return fetched
}

/** @returns the position after the last batch; `position` when there was none */
function deliver(
  fetched: FetchedPartition,
  position: number,
  to: number,
  isolation: IsolationLevel,
  onRecord: (record: Omit<TopicRecord, 'partition'>) => void,
): number {
  const aborted = isolation === 'read_committed' ? abortedBatches(fetched) : null
  let next = position
  for (const batch of fetched.records ?? []) {
    const baseOffset = Number(batch.firstOffset)
    if (!Number.isSafeInteger(baseOffset))
      throw errors.DEFECT({ what: `the offset ${batch.firstOffset} is larger than a number holds` })
    next = Math.max(next, baseOffset + batch.lastOffsetDelta + 1)
    if ((batch.attributes & isControlBit) !== 0 || aborted?.has(batch)) continue
    const isAppendTime = (batch.attributes & isAppendTimeBit) !== 0
    for (const { offsetDelta, timestampDelta, key, value } of batch.records) {
      const offset = baseOffset + offsetDelta
      if (offset < position || offset >= to) continue
      const timestamp = isAppendTime ? batch.maxTimestamp : batch.firstTimestamp + timestampDelta
      onRecord({ offset, key, value, timestamp })
    }
  }
  return next
}

/** As Java's CompletedFetch: a producer's transaction is aborted from its first offset on, until its abort marker. */
function abortedBatches({ abortedTransactions, records }: FetchedPartition): ReadonlySet<Batch> {
  // The broker's list is not sorted.
  const waiting = [...(abortedTransactions ?? [])].sort((a, b) => Number(a.firstOffset - b.firstOffset))
  const active = new Set<bigint>()
  const aborted = new Set<Batch>()
  for (const batch of records ?? []) {
    const lastOffset = batch.firstOffset + BigInt(batch.lastOffsetDelta)
    for (let first = waiting[0]; first !== undefined && first.firstOffset <= lastOffset; first = waiting[0]) {
      active.add(first.producerId)
      waiting.shift()
    }
    if ((batch.attributes & isControlBit) !== 0) {
      const type = batch.records[0]?.key?.readInt16BE(2)
      if (type === abortMarker) active.delete(batch.producerId)
    } else if ((batch.attributes & isTransactionalBit) !== 0 && active.has(batch.producerId)) {
      aborted.add(batch)
    }
  }
  return aborted
}
