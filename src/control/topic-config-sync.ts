import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { alterWhatIsTaken } from './config-refusals.ts'
import type { FlowDuty } from './flow-duty.ts'
import { topicConfigDifferences } from './topic-config-difference.ts'
import type { TopicConfigDifference } from './topic-config-difference.ts'
import type { TopicConfigEntry } from './topic-config-selection.ts'
import type { CallOptions, SourceTopics, TargetTopics, TopicError } from './topic-ports.ts'

export interface TopicConfigSyncDependencies {
  readonly plan: Pick<FlowPlan, 'name' | 'target' | 'topics'>
  readonly intervalMs: number
  readonly source: Pick<SourceTopics, 'describeConfigs'>
  readonly target: Pick<TargetTopics, 'describeConfigs' | 'alterConfigs'>
  /** The topics that are copied now, each with its remote topic. */
  readonly topics: () => readonly { readonly topic: string; readonly targetTopic: string }[]
  readonly observe: Observer<EventName>
}

/** A config that a remote topic should have and does not get. */
interface Refusal {
  readonly topic: string
  readonly targetTopic: string
  readonly name: string
  readonly value: string | null
  readonly cause: string
}

const shownMaxCount = 20
const unknown: TopicError = { error: 'INVALID_CONFIG', cause: 'the cluster does not know a topic config of this name' }

/**
 * Lets the configs of remote topics follow those of their source topics. Only what differs is altered, so that a round in which nothing does costs two
 * descriptions. What is altered is said, topic by topic: after the first round it is what somebody changed at the source, or by hand on the remote topic. What the
 * target refuses is left out, config by config, and said once.
 * Source: MirrorSourceConnector.syncTopicConfigs.
 */
export class TopicConfigSync implements FlowDuty {
  readonly name = 'topic configs'
  readonly intervalMs: number
  readonly #deps: TopicConfigSyncDependencies
  #alteredTotal = 0
  #topicsCount = 0
  #refusals: readonly Refusal[] = []
  #unreadable: ReadonlyMap<string, TopicError> = new Map()

  constructor(dependencies: TopicConfigSyncDependencies) {
    this.intervalMs = dependencies.intervalMs
    this.#deps = dependencies
  }

  /** @throws what a cluster answers to a request as a whole */
  async round({ signal }: CallOptions): Promise<void> {
    const topics = this.#deps.topics()
    this.#topicsCount = topics.length
    if (topics.length === 0) return
    const sources = await this.#deps.source.describeConfigs(
      topics.map(({ topic }) => topic),
      { signal },
    )
    const targets = await this.#deps.target.describeConfigs(
      topics.map(({ targetTopic }) => targetTopic),
      { signal },
    )
    const unreadable = new Map<string, TopicError>()
    const refusals: Refusal[] = []
    const differences = new Map<string, readonly TopicConfigDifference[]>()
    for (const { topic, targetTopic } of topics) {
      const source = sources.get(topic)
      const target = targets.get(targetTopic)
      if (isError(source)) unreadable.set(topic, source)
      else if (isError(target)) unreadable.set(targetTopic, target)
      if (source === undefined || target === undefined || isError(source) || isError(target)) continue
      const { known, foreign } = this.#compare(source, target)
      if (known.length > 0) differences.set(targetTopic, known)
      for (const { name, value } of foreign) refusals.push({ topic, targetTopic, name, value, cause: unknown.cause })
    }
    refusals.push(...(await this.#alter(topics, differences, { signal })))
    this.#sayRefusals(refusals)
    this.#sayUnreadable(unreadable)
  }

  details(): Readonly<Record<string, unknown>> {
    return {
      topicsCount: this.#topicsCount,
      alteredTotal: this.#alteredTotal,
      refusedCount: this.#refusals.length,
      refused: this.#refusals.slice(0, shownMaxCount),
      unreadable: [...this.#unreadable].slice(0, shownMaxCount).map(([topic, { cause }]) => ({ topic, cause })),
    }
  }

  /** What differs; `foreign`: the target does not know it, so that there is no use in asking for it. */
  #compare(source: readonly TopicConfigEntry[], target: readonly TopicConfigEntry[]) {
    const { configPropertiesExclude: exclude, useDefaultsFrom } = this.#deps.plan.topics
    const names = new Set(target.map(({ name }) => name))
    const all = topicConfigDifferences(source, target, { exclude, useDefaultsFrom })
    return { known: all.filter(({ name }) => names.has(name)), foreign: all.filter(({ name }) => !names.has(name)) }
  }

  /** @returns what was refused */
  async #alter(
    topics: ReturnType<TopicConfigSyncDependencies['topics']>,
    differences: ReadonlyMap<string, readonly TopicConfigDifference[]>,
    { signal }: CallOptions,
  ): Promise<Refusal[]> {
    if (differences.size === 0) return []
    const { plan, target, observe } = this.#deps
    const refused = await alterWhatIsTaken(target, differences, { signal })
    return topics.flatMap(({ topic, targetTopic }) => {
      const ofTopic = differences.get(targetTopic) ?? []
      const refusedOfTopic = refused.get(targetTopic)
      const altered = ofTopic.filter(({ name }) => refusedOfTopic?.has(name) !== true)
      if (altered.length > 0) {
        this.#alteredTotal += altered.length
        const configs = altered.map(differenceText).join(', ')
        observe.event('TopicConfigsAltered', {
          flow: plan.name,
          topic,
          targetTopic,
          cluster: plan.target.alias,
          configs,
        })
      }
      return ofTopic.flatMap(({ name, value }) => {
        const refusal = refusedOfTopic?.get(name)
        return refusal === undefined ? [] : [{ topic, targetTopic, name, value, cause: refusal.cause }]
      })
    })
  }

  /** One line for each config and cause, however many topics it is refused of; none for what was said before. */
  #sayRefusals(refusals: readonly Refusal[]): void {
    const { plan, observe } = this.#deps
    const keyOf = ({ targetTopic, name, value }: Refusal) => JSON.stringify([targetTopic, name, value])
    const said = new Set(this.#refusals.map(keyOf))
    this.#refusals = refusals
    const news = refusals.filter((refusal) => !said.has(keyOf(refusal)))
    for (const [, group] of Map.groupBy(news, ({ name, cause }) => `${name}: ${cause}`)) {
      const [first] = group
      if (first === undefined) continue
      const { targetTopic, name, value, cause } = first
      const topicsCount = group.length
      const fields = { flow: plan.name, cluster: plan.target.alias, targetTopic, topicsCount, name, value, cause }
      observe.event('TopicConfigRefused', fields)
    }
  }

  #sayUnreadable(unreadable: ReadonlyMap<string, TopicError>): void {
    const { plan, observe } = this.#deps
    const news = [...unreadable].filter(([topic]) => !this.#unreadable.has(topic))
    this.#unreadable = unreadable
    const [first] = news
    if (first === undefined) return
    const [topic, { cause }] = first
    observe.event('TopicConfigsUnreadable', { flow: plan.name, topic, topicsCount: news.length, cause })
  }
}

function isError(described: readonly TopicConfigEntry[] | TopicError | undefined): described is TopicError {
  return described !== undefined && 'error' in described
}

function differenceText({ name, value, before }: TopicConfigDifference): string {
  const text = (setting: string | null) => setting ?? 'the default of the cluster'
  return `${name} from ${text(before)} to ${text(value)}`
}
