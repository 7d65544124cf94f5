import { ConfigResourceTypes } from '@platformatic/kafka'
import { SourceTopicsAdmin } from '../control/source-topics-admin.ts'
import { selectTopicConfigs } from '../control/topic-config-selection.ts'
import { describeTopicConfigs } from '../kafka/admin.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'

/** The settings of a remote topic that decide what it takes: those it has, or those with which it would be created. */
export interface TargetOutlook {
  readonly targetTopic: string
  readonly exists: boolean
  /** Null: not known (no permission to describe, or a broker that does not have it). */
  readonly maxMessageBytes: number | null
  readonly timestampType: string | null
  readonly timestampBeforeMaxMs: bigint | null
  readonly timestampAfterMaxMs: bigint | null
  readonly cleanupPolicy: string | null
  readonly compressionType: string | null
  readonly minInsyncReplicas: number | null
  readonly retentionMs: bigint | null
  /** message.format.version, of brokers that have it. */
  readonly formatVersion: string | null
  /** Replicas of the partition that has the fewest; null: not known. */
  readonly replicasCount: number | null
  readonly brokersCount: number
  /** Why the settings are not known. */
  readonly problem: string | null
}

/** Settings of the source topic that are worth comparing. */
export interface SourceOutlook {
  readonly cleanupPolicy: string | null
  readonly timestampType: string | null
  readonly maxMessageBytes: number | null
}

/** A topic's setting, and the broker's setting that is its default. */
const brokerNames: Readonly<Record<string, string>> = {
  'max.message.bytes': 'message.max.bytes',
  'message.timestamp.type': 'log.message.timestamp.type',
  'message.timestamp.before.max.ms': 'log.message.timestamp.before.max.ms',
  'message.timestamp.after.max.ms': 'log.message.timestamp.after.max.ms',
  'message.timestamp.difference.max.ms': 'log.message.timestamp.difference.max.ms',
  'message.format.version': 'log.message.format.version',
  'cleanup.policy': 'log.cleanup.policy',
  'compression.type': 'compression.type',
  'min.insync.replicas': 'min.insync.replicas',
  'retention.ms': 'log.retention.ms',
  'default.replication.factor': 'default.replication.factor',
}

type Settings = ReadonlyMap<string, string>

/** Finds out what remote topics take, or would take. Nothing is created. */
export class TargetOutlooks {
  readonly #plan: FlowPlan
  readonly #source: ClusterClient
  readonly #target: ClusterClient

  constructor(plan: FlowPlan, { source, target }: { readonly source: ClusterClient; readonly target: ClusterClient }) {
    this.#plan = plan
    this.#source = source
    this.#target = target
  }

  /** @returns one for each topic, in their order */
  async of(
    topics: readonly string[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<readonly { readonly source: SourceOutlook; readonly target: TargetOutlook }[]> {
    const remotes = topics.map((topic) => this.#remote(topic))
    await this.#target.refreshMetadata({ signal, topics: remotes })
    const described = await describeTopicConfigs(this.#target, remotes, { signal })
    const sources = await new SourceTopicsAdmin(this.#source).describeConfigs(topics, { signal })
    const defaults = await readBrokerDefaults(this.#target, signal)
    return topics.map((topic, index) => {
      const remote = remotes[index] ?? topic
      const found = sources.get(topic)
      const entries = found === undefined || 'error' in found ? [] : found
      const source: Settings = new Map(entries.map(({ name, value }) => [name, value ?? '']))
      const existing = described.get(remote)
      const isThere = (this.#target.metadata?.topics.get(remote)?.partitions.length ?? 0) > 0
      if (isThere && Array.isArray(existing)) {
        const settings = new Map(existing.map(({ name, value }) => [name, value ?? '']))
        return { source: sourceOutlook(source), target: this.#outlook(remote, true, settings, null) }
      }
      if (isThere) {
        const problem = existing instanceof Error ? existing.message : 'its configuration is not known'
        return { source: sourceOutlook(source), target: this.#outlook(remote, true, new Map(), problem) }
      }
      const { configPropertiesExclude: exclude, useDefaultsFrom } = this.#plan.topics
      const selected = selectTopicConfigs(entries, { exclude, useDefaultsFrom })
      const settings = new Map([...defaults, ...selected])
      const problem = found !== undefined && 'error' in found ? found.cause : null
      return { source: sourceOutlook(source), target: this.#outlook(remote, false, settings, problem) }
    })
  }

  #remote(topic: string): string {
    return this.#plan.policy.formatRemoteTopic(this.#plan.source.alias, topic)
  }

  #outlook(targetTopic: string, exists: boolean, settings: Settings, problem: string | null): TargetOutlook {
    const difference = settings.get('message.timestamp.difference.max.ms') ?? null
    return {
      targetTopic,
      exists,
      maxMessageBytes: numberOf(settings.get('max.message.bytes')),
      timestampType: settings.get('message.timestamp.type') ?? null,
      timestampBeforeMaxMs: bigintOf(settings.get('message.timestamp.before.max.ms') ?? difference),
      timestampAfterMaxMs: bigintOf(settings.get('message.timestamp.after.max.ms') ?? difference),
      cleanupPolicy: settings.get('cleanup.policy') ?? null,
      compressionType: settings.get('compression.type') ?? null,
      minInsyncReplicas: numberOf(settings.get('min.insync.replicas')),
      retentionMs: bigintOf(settings.get('retention.ms') ?? null),
      formatVersion: settings.get('message.format.version') ?? null,
      replicasCount: exists ? this.#replicasOf(targetTopic) : this.#replicasOfNew(settings),
      brokersCount: this.#target.metadata?.brokers.size ?? 0,
      problem,
    }
  }

  #replicasOf(topic: string): number | null {
    const counts = this.#target.metadata?.topics.get(topic)?.partitions.map(({ replicas }) => replicas.length) ?? []
    return counts.length === 0 ? null : Math.min(...counts)
  }

  #replicasOfNew(settings: Settings): number | null {
    const { replicationFactor } = this.#plan.topics
    return replicationFactor > 0 ? replicationFactor : numberOf(settings.get('default.replication.factor'))
  }
}

function sourceOutlook(settings: Settings): SourceOutlook {
  return {
    cleanupPolicy: settings.get('cleanup.policy') ?? null,
    timestampType: settings.get('message.timestamp.type') ?? null,
    maxMessageBytes: numberOf(settings.get('max.message.bytes')),
  }
}

/** What a topic gets that sets nothing itself. A cluster that does not tell leaves it unknown. */
async function readBrokerDefaults(cluster: ClusterClient, signal: AbortSignal): Promise<Settings> {
  const broker = cluster.metadata?.brokers.keys().next().value
  if (broker === undefined) return new Map()
  const resource = { resourceType: ConfigResourceTypes.BROKER, resourceName: String(broker), configurationKeys: null }
  const to = { nodeId: broker }
  const answer = await cluster.call('describeConfigs', to, [[resource], false, false], { signal })
  const values = new Map<string, string>()
  for (const { name, value } of answer.results.flatMap(({ configs }) => configs)) values.set(name, value ?? '')
  const defaults = new Map<string, string>()
  for (const [name, brokerName] of Object.entries(brokerNames)) {
    const value = values.get(brokerName)
    if (value !== undefined && value !== '') defaults.set(name, value)
  }
  return withRetention(defaults, values)
}

/** log.retention.ms is empty where hours or minutes are set. */
function withRetention(defaults: Map<string, string>, values: Settings): Settings {
  const [minutes, hours] = [values.get('log.retention.minutes'), values.get('log.retention.hours')]
  if (defaults.has('retention.ms')) return defaults
  if (minutes !== undefined && minutes !== '') defaults.set('retention.ms', String(BigInt(minutes) * 60_000n))
  else if (hours !== undefined && hours !== '') defaults.set('retention.ms', String(BigInt(hours) * 3_600_000n))
  return defaults
}

function numberOf(text: string | undefined): number | null {
  if (text === undefined || text === '') return null
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : null
}

function bigintOf(text: string | null | undefined): bigint | null {
  return text === null || text === undefined || !/^-?\d+$/.test(text) ? null : BigInt(text)
}
