import { topicConfigDifferences } from '../control/topic-config-difference.ts'
import type { TopicConfigDifference } from '../control/topic-config-difference.ts'
import { selectTopicConfigs } from '../control/topic-config-selection.ts'
import { SourceTopicsAdmin } from '../control/source-topics-admin.ts'
import { TargetTopicsAdmin } from '../control/target-topics-admin.ts'
import type { NewTopic } from '../control/topic-ports.ts'
import { reconcileTopics } from '../control/topic-reconciliation.ts'
import type { TopicCollision, TopicGrowth, TopicView } from '../control/topic-reconciliation.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { VerifyClusters } from '../verify/verify-clusters.ts'

/** A topic that a flow would create. */
export interface PlannedTopic {
  readonly topic: string
  /** -1: the default of the brokers. */
  readonly partitionsCount: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
  /** What the target answers to the creation when it is only tried; null: it would do it. */
  readonly refusal: string | null
}

/** What a flow would do to topics of its target when it starts. */
export interface TopicForecast {
  readonly create: readonly PlannedTopic[]
  readonly grow: readonly TopicGrowth[]
  readonly alter: readonly { readonly topic: string; readonly configs: readonly TopicConfigDifference[] }[]
  readonly refuse: readonly TopicCollision[]
  /** Internal topics, ours and those of MirrorMaker 2, that are not there yet. */
  readonly createInternal: readonly PlannedTopic[]
  /** The same on the source: offset syncs, and heartbeats that flows of the file write there. */
  readonly createAtSource: readonly PlannedTopic[]
  /** Internal topics of the target that are there. */
  readonly internal: readonly string[]
  /** What could not be found out. */
  readonly problems: readonly string[]
}

interface ForecastOptions {
  readonly signal: AbortSignal
  /** Replication factor of the topic of heartbeats that flows of the file write to the source; undefined: none do. */
  readonly heartbeatsAtSource: number | undefined
}

/**
 * Works out what a flow would create and change on its target, by the same decisions as the running flow; creations are tried (validate only), so that the brokers
 * themselves say whether they would do it. Nothing is changed.
 * @throws KAFKA_*, connection errors, the signal's reason
 */
export async function forecastTopics(
  plan: FlowPlan,
  { sourceAdmin, targetAdmin }: VerifyClusters,
  views: readonly TopicView[],
  options: ForecastOptions,
): Promise<TopicForecast> {
  const target = new TargetTopicsAdmin(targetAdmin)
  const remoteName = (topic: string): string => plan.policy.formatRemoteTopic(plan.source.alias, topic)
  const wanted = new Map(views.map((view) => [view.topic, view]))
  const found = await target.describe([...wanted.keys()].map(remoteName), options)
  const decisions = reconcileTopics({ source: wanted, target: found, assigned: new Map(), gone: new Set(), remoteName })
  const configs = await new SourceTopicsAdmin(sourceAdmin).describeConfigs([...wanted.keys()], options)
  const problems: string[] = []
  const create = decisions.create.flatMap(({ topic, targetTopic, partitionsCount }): NewTopic[] => {
    const entries = configs.get(topic)
    if (entries === undefined || 'error' in entries) {
      problems.push(
        `${targetTopic} would not be created: the configs of ${topic} cannot be read (${entries?.cause ?? 'no answer'})`,
      )
      return []
    }
    const { replicationFactor } = plan.topics
    return [
      { topic: targetTopic, partitionsCount, replicationFactor, configs: selectTopicConfigs(entries, rulesOf(plan)) },
    ]
  })
  const remotes = [...wanted.keys()].map((topic) => [topic, remoteName(topic)] as const)
  const copies = new Map(remotes.filter(([, targetTopic]) => found.has(targetTopic)))
  const alter = await forecastConfigs({ plan, target, copies, configs }, problems, options)
  const internal = internalTopics(plan)
  const there = await target.describe(
    internal.map(({ topic }) => topic),
    options,
  )
  const missing = internal.filter(({ topic }) => !there.has(topic))
  const source = new TargetTopicsAdmin(sourceAdmin)
  const atSource = topicsAtSource(plan, options)
  const thereAtSource = await source.describe(
    atSource.map(({ topic }) => topic),
    options,
  )
  return {
    create: await tried(target, create, options),
    grow: decisions.grow,
    alter,
    refuse: decisions.refuse,
    createInternal: await tried(target, missing, options),
    createAtSource: await tried(
      source,
      atSource.filter(({ topic }) => !thereAtSource.has(topic)),
      options,
    ),
    internal: [...there.keys()],
    problems,
  }
}

interface ConfigQuestion {
  readonly plan: FlowPlan
  readonly target: TargetTopicsAdmin
  /** Remote topics that are there, by the topic that is copied to them. */
  readonly copies: ReadonlyMap<string, string>
  readonly configs: Awaited<ReturnType<SourceTopicsAdmin['describeConfigs']>>
}

/** @returns what config sync would alter; `problems` gets what could not be compared */
async function forecastConfigs(
  { plan, target, copies, configs }: ConfigQuestion,
  problems: string[],
  options: ForecastOptions,
): Promise<TopicForecast['alter']> {
  if (plan.topics.configSyncIntervalMs === undefined || copies.size === 0) return []
  const remote = await target.describeConfigs([...copies.values()], options)
  return [...copies].flatMap(([topic, targetTopic]) => {
    const [source, copy] = [configs.get(topic), remote.get(targetTopic)]
    if (source === undefined || copy === undefined || 'error' in source || 'error' in copy) {
      problems.push(`configs of ${targetTopic} cannot be compared`)
      return []
    }
    const differences = topicConfigDifferences(source, copy, rulesOf(plan))
    return differences.length === 0 ? [] : [{ topic: targetTopic, configs: differences }]
  })
}

function rulesOf({ topics }: FlowPlan): Parameters<typeof selectTopicConfigs>[1] {
  return { exclude: topics.configPropertiesExclude, useDefaultsFrom: topics.useDefaultsFrom }
}

async function tried(
  target: TargetTopicsAdmin,
  topics: readonly NewTopic[],
  options: ForecastOptions,
): Promise<readonly PlannedTopic[]> {
  if (topics.length === 0) return []
  const failures = await target.tryCreate(topics, options)
  return topics.map((one) => ({
    ...one,
    configs: Object.fromEntries(one.configs),
    refusal: failures.get(one.topic)?.cause ?? null,
  }))
}

/** Every internal topic that a flow writes on its target, as it would be created. */
function internalTopics({
  positions,
  transactions,
  heartbeats,
  policy,
  offsetSyncs,
  groups,
}: FlowPlan): readonly NewTopic[] {
  const { offsetsTopic, ledgerTopic, partitionsCount, replicationFactor, topicConfigs } = positions
  const { configTopic } = transactions
  const { checkpoints } = groups
  return [
    { ...compacted(offsetsTopic, replicationFactor, topicConfigs), partitionsCount },
    compacted(ledgerTopic, replicationFactor),
    ...(transactions.support === 'enabled'
      ? [compacted(configTopic.topic, configTopic.replicationFactor, configTopic.configs)]
      : []),
    ...(heartbeats === undefined ? [] : [compacted(policy.heartbeatsTopic(), heartbeats.replicationFactor)]),
    ...(checkpoints === undefined ? [] : [compacted(checkpoints.topic, checkpoints.replicationFactor)]),
    ...(offsetSyncs?.location === 'target' ? [compacted(offsetSyncs.topic, offsetSyncs.replicationFactor)] : []),
  ]
}

function topicsAtSource(
  { offsetSyncs, policy }: FlowPlan,
  { heartbeatsAtSource }: ForecastOptions,
): readonly NewTopic[] {
  return [
    ...(offsetSyncs?.location === 'source' ? [compacted(offsetSyncs.topic, offsetSyncs.replicationFactor)] : []),
    ...(heartbeatsAtSource === undefined ? [] : [compacted(policy.heartbeatsTopic(), heartbeatsAtSource)]),
  ]
}

/** One partition, as most of them have. */
function compacted(topic: string, replicationFactor: number, configs: Readonly<Record<string, string>> = {}): NewTopic {
  const all = new Map([...Object.entries(configs), ['cleanup.policy', 'compact']] as const)
  return { topic, partitionsCount: 1, replicationFactor, configs: all }
}
