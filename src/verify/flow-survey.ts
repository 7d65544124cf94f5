import { TwinlogError } from '../base/catalogue.ts'
import { SourceTopicsAdmin } from '../control/source-topics-admin.ts'
import type { TopicView } from '../control/topic-reconciliation.ts'
import { describeTopicConfigs, listOffsets } from '../kafka/admin.ts'
import type { ConfigEntry, OffsetRequest } from '../kafka/admin.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { selectMirroredTopics } from '../mirror/topic-filter-selection.ts'
import type { VerifyClusters } from './verify-clusters.ts'
import type { VerifyRequest } from './verify-request.ts'

/** A topic and its copy, as both clusters describe them. */
export interface SurveyedTopic {
  readonly topic: string
  readonly targetTopic: string
  readonly partitionsCount: number
  /** 0: the remote topic does not exist. */
  readonly targetPartitionsCount: number
  /** Topic ids as uuid text; null where a broker is too old to have them. */
  readonly sourceTopicId: string | null
  readonly targetTopicId: string | null
  /** One of both has a cleanup.policy with `compact`. */
  readonly isCompacted: boolean
  /** The target sets its own timestamps. */
  readonly isTargetAppendTime: boolean
}

/** Log bounds of a partition and of its copy. */
export interface PartitionBounds {
  readonly upstreamStart: number
  readonly upstreamEnd: number
  readonly downstreamStart: number
  readonly downstreamEnd: number
}

const configNames = ['cleanup.policy', 'message.timestamp.type']

/** Looks at both clusters: which topics a flow mirrors, and what can be known of them without reading a record. */
export class FlowSurvey {
  readonly #plan: FlowPlan
  readonly #clusters: VerifyClusters

  constructor(plan: FlowPlan, clusters: VerifyClusters) {
    this.#plan = plan
    this.#clusters = clusters
  }

  /** All topics of the flow that were asked for, with their copies, by name. */
  async topics(
    request: VerifyRequest,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<readonly SurveyedTopic[]> {
    const { sourceAdmin, targetAdmin, sourceData, targetData } = this.#clusters
    const views = new Map((await new SourceTopicsAdmin(sourceAdmin).list({ signal })).map((view) => [view.topic, view]))
    const mirrored = this.#select([...views.keys()])
    const topics = (request.topics === null ? mirrored : request.topics.matches(mirrored)).toSorted()
    const remotes = topics.map((topic) => this.#remote(topic))
    const [, , sourceConfigs, targetConfigs] = await Promise.all([
      sourceData.refreshMetadata({ signal, topics }),
      targetData.refreshMetadata({ signal, topics: remotes }),
      readConfigs(sourceAdmin, topics, signal),
      readConfigs(targetAdmin, remotes, signal),
    ])
    return topics.map((topic) =>
      this.#survey(topic, views.get(topic), sourceConfigs.get(topic), targetConfigs.get(this.#remote(topic))),
    )
  }

  /**
   * Log starts and ends. The target's ends are asked for first: what the target holds, the source then holds as well.
   * @returns one for each partition, in their order; the reason where there is none
   */
  async bounds(
    topic: SurveyedTopic,
    partitions: readonly number[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<readonly (PartitionBounds | TwinlogError)[]> {
    const { sourceData, targetData } = this.#clusters
    const { isolationLevel } = this.#plan.fetch
    const target = partitions.map((partition) => ({ topic: topic.targetTopic, partition }))
    const source = partitions.map((partition) => ({ topic: topic.topic, partition }))
    const downstreamEnds = await list(targetData, target, 'latest', 'read_committed', signal)
    const upstreamEnds = await list(sourceData, source, 'latest', isolationLevel, signal)
    const [downstreamStarts, upstreamStarts] = await Promise.all([
      list(targetData, target, 'earliest', 'read_uncommitted', signal),
      list(sourceData, source, 'earliest', 'read_uncommitted', signal),
    ])
    return partitions.map((_, index) => {
      const all = [upstreamStarts[index], upstreamEnds[index], downstreamStarts[index], downstreamEnds[index]]
      const failed = all.find((each) => typeof each !== 'number')
      if (failed instanceof TwinlogError) return failed
      const [upstreamStart = 0, upstreamEnd = 0, downstreamStart = 0, downstreamEnd = 0] = all as number[]
      return { upstreamStart, upstreamEnd, downstreamStart, downstreamEnd }
    })
  }

  /** First offset whose record has this timestamp or a later one; -1: there is none. @throws KAFKA_* */
  async offsetAt(
    side: 'source' | 'target',
    topic: string,
    partition: number,
    timestamp: number | bigint,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<number> {
    const cluster = side === 'source' ? this.#clusters.sourceData : this.#clusters.targetData
    const [offset] = await list(cluster, [{ topic, partition }], timestamp, 'read_uncommitted', signal)
    if (offset instanceof TwinlogError) throw offset
    return offset ?? -1
  }

  #remote(topic: string): string {
    return this.#plan.policy.formatRemoteTopic(this.#plan.source.alias, topic)
  }

  #select(topics: readonly string[]): string[] {
    const { sourceAdmin, targetAdmin } = this.#clusters
    const selected = selectMirroredTopics(this.#plan, topics)
    const clusterId = sourceAdmin.metadata?.clusterId ?? null
    const isSameCluster = clusterId !== null && clusterId === (targetAdmin.metadata?.clusterId ?? null)
    // As in flow-topics.ts: on one cluster under two names, our own copies lie among the source's topics.
    return isSameCluster
      ? selected.filter((topic) => this.#plan.policy.topicSource(topic) !== this.#plan.source.alias)
      : selected
  }

  #survey(
    topic: string,
    view: TopicView | undefined,
    sourceConfigs: ReadonlyMap<string, string> | undefined,
    targetConfigs: ReadonlyMap<string, string> | undefined,
  ): SurveyedTopic {
    const targetTopic = this.#remote(topic)
    const source = this.#clusters.sourceData.metadata?.topics.get(topic)
    const target = this.#clusters.targetData.metadata?.topics.get(targetTopic)
    const policies = [sourceConfigs, targetConfigs].map((configs) => configs?.get('cleanup.policy') ?? '')
    return {
      topic,
      targetTopic,
      partitionsCount: source?.partitions.length ?? view?.partitionsCount ?? 0,
      targetPartitionsCount: target?.partitions.length ?? 0,
      sourceTopicId: source?.topicId ?? null,
      targetTopicId: target?.topicId ?? null,
      isCompacted: policies.some((policy) => policy.includes('compact')),
      isTargetAppendTime: targetConfigs?.get('message.timestamp.type') === 'LogAppendTime',
    }
  }
}

async function list(
  cluster: ClusterClient,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  at: OffsetRequest['at'],
  isolation: 'read_committed' | 'read_uncommitted',
  signal: AbortSignal,
): Promise<readonly (number | TwinlogError)[]> {
  const requests = partitions.map((one) => ({ ...one, at }))
  const outcomes = await listOffsets(cluster, requests, { signal, isolation })
  return outcomes.map((outcome) => outcome.error ?? outcome.value.offset)
}

/** A topic whose configs may not be read has no entry: then nothing is known of them. */
async function readConfigs(
  cluster: ClusterClient,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const configs = new Map<string, ReadonlyMap<string, string>>()
  for (const [topic, entries] of await describeTopicConfigs(cluster, topics, { signal, names: configNames })) {
    if (entries instanceof TwinlogError) continue
    configs.set(topic, new Map(entries.map(({ name, value }: ConfigEntry) => [name, value ?? ''])))
  }
  return configs
}
