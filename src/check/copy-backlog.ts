import { TwinlogError } from '../base/catalogue.ts'
import { listOffsets } from '../kafka/admin.ts'
import { readLogSizes } from '../kafka/log-sizes.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { VerifyClusters } from '../verify/verify-clusters.ts'
import { readWrittenHistory } from '../verify/written-history.ts'
import type { WrittenHistory } from '../verify/written-history.ts'

/** What is left to copy of one partition. Offsets: markers and what compaction removed count as well, so there may be fewer records. */
export interface PartitionBacklog extends TopicPartition {
  readonly start: number
  readonly end: number
  /** Where copying would go on or begin. */
  readonly from: number
  /** Of the whole log on disk; null: not told. */
  readonly sizeBytes: number | null
}

/** What a flow has left to copy. */
export interface CopyBacklog {
  readonly partitions: readonly PartitionBacklog[]
  /** Why something of it is not known, or would not be copied. */
  readonly problems: readonly string[]
}

/**
 * Finds out how much a flow would copy: what the source holds, without what the stored positions say was copied.
 * @throws KAFKA_*, connection errors, the signal's reason
 */
export async function readBacklog(
  plan: FlowPlan,
  { sourceAdmin, sourceData, targetWorker }: VerifyClusters,
  topics: readonly string[],
  { signal }: { readonly signal: AbortSignal },
): Promise<CopyBacklog> {
  const problems = new Set<string>()
  const metadata = await sourceData.refreshMetadata({ signal, topics })
  const partitions = topics.flatMap((topic) =>
    (metadata.topics.get(topic)?.partitions ?? []).map(({ partition }) => ({ topic, partition })),
  )
  const request = (at: 'earliest' | 'latest') => partitions.map((one) => ({ ...one, at }))
  const { isolationLevel: isolation } = plan.fetch
  const starts = await listOffsets(sourceData, request('earliest'), { signal })
  const ends = await listOffsets(sourceData, request('latest'), { signal, isolation })
  await sourceAdmin.refreshMetadata({ signal, topics })
  const sizes = await readLogSizes(sourceAdmin, partitions, { signal })
  if (sizes === null && partitions.length > 0)
    problems.add(`sizes on disk are not told: they need Describe on the cluster ${plan.source.alias}`)
  const history = await readHistory(plan, { source: sourceAdmin, target: targetWorker }, problems, signal)
  const backlogs = partitions.flatMap((one, index): PartitionBacklog[] => {
    const [start, end] = [starts[index], ends[index]]
    const failure = start?.error ?? end?.error
    if (failure) problems.add(failure.message)
    if (!start?.value || !end?.value) return []
    const topicId = metadata.topics.get(one.topic)?.topicId ?? null
    const bounds = { start: start.value.offset, end: end.value.offset }
    const stored = history === null ? null : storedPosition(history, one, topicId)
    if (stored === null && plan.fetch.autoOffsetReset === 'none')
      problems.add(
        `auto.offset.reset is none: partitions without a stored position stop, as ${one.topic}-${one.partition}`,
      )
    const from = fromOf(bounds, stored, plan)
    return [{ ...one, ...bounds, from, sizeBytes: sizes?.get(topicPartitionKey(one.topic, one.partition)) ?? null }]
  })
  return { partitions: backlogs, problems: [...problems] }
}

function fromOf(
  { start, end }: { readonly start: number; readonly end: number },
  stored: number | null,
  { fetch }: FlowPlan,
): number {
  if (stored !== null) return Math.min(Math.max(stored, start), end)
  return fetch.autoOffsetReset === 'earliest' ? start : end
}

/** Positions of a topic of the same name that was there before do not count. */
function storedPosition(
  history: WrittenHistory,
  { topic, partition }: TopicPartition,
  topicId: string | null,
): number | null {
  const entry = history.entry(topic, partition)
  const isAnother =
    entry !== null &&
    typeof entry === 'object' &&
    topicId !== null &&
    entry.sourceTopicId !== null &&
    entry.sourceTopicId !== topicId
  const last = history.lastCopiedOffset(topic, partition)
  return last === null || isAnother ? null : last + 1
}

async function readHistory(
  plan: FlowPlan,
  clusters: Parameters<typeof readWrittenHistory>[1],
  problems: Set<string>,
  signal: AbortSignal,
): Promise<WrittenHistory | null> {
  try {
    return await readWrittenHistory(plan, clusters, { signal })
  } catch (error) {
    if (!(error instanceof TwinlogError) || error.code !== 'KAFKA_UNAUTHORIZED') throw error
    problems.add(`stored positions may not be read, so that all is counted: ${error.message}`)
    return null
  }
}

/** Bytes that are left of a partition, by its share of offsets; null: not known. */
export function bytesLeft({ start, end, from, sizeBytes }: PartitionBacklog): number | null {
  if (end === start || end === from) return 0
  return sizeBytes === null ? null : Math.round((sizeBytes * (end - from)) / (end - start))
}
