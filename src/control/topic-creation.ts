import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { findRefusedConfigs } from './config-refusals.ts'
import type { ConfigRefusals } from './config-refusals.ts'
import { selectTopicConfigs } from './topic-config-selection.ts'
import type { CallOptions, NewTopic, SourceTopics, TargetTopics, TopicError } from './topic-ports.ts'
import type { TopicCreation, TopicGrowth } from './topic-reconciliation.ts'
import { topicRemedy } from './topic-remedy.ts'

export interface TopicCreatorDependencies {
  readonly plan: FlowPlan
  readonly source: SourceTopics
  readonly target: TargetTopics
  readonly observe: Observer<EventName>
}

/**
 * Creates remote topics and lets them grow. What fails is said with cause and remedy, topic by topic; the others go on.
 * Source: MirrorSourceConnector.createNewTopics and createNewPartitions; unlike there, failures are tried again soon.
 */
export class TopicCreator {
  readonly #plan: FlowPlan
  readonly #source: SourceTopics
  readonly #target: TargetTopics
  readonly #observe: Observer<EventName>

  constructor({ plan, source, target, observe }: TopicCreatorDependencies) {
    this.#plan = plan
    this.#source = source
    this.#target = target
    this.#observe = observe
  }

  /** @returns the remote topics that could not be created */
  async create(creations: readonly TopicCreation[], { signal }: CallOptions): Promise<Set<string>> {
    if (creations.length === 0) return new Set()
    const { topics, failures } = await this.#prepare(creations, { signal })
    for (const [topic, failure] of await this.#createWithWhatIsTaken(topics, { signal })) failures.set(topic, failure)
    for (const { topic, targetTopic, partitionsCount } of creations) {
      const failure = failures.get(targetTopic)
      if (failure === undefined) {
        this.#observe.event('TopicCreated', { ...this.#standard(topic, targetTopic), partitionsCount })
      } else {
        this.#reportFailure('created', topic, targetTopic, failure)
      }
    }
    return new Set(failures.keys())
  }

  /** Some configs may be refused: then a topic is created without them, and that is said. */
  async #createWithWhatIsTaken(topics: readonly NewTopic[], { signal }: CallOptions) {
    const failures = new Map(await this.#target.create(topics, { signal }))
    const refused = await findRefusedConfigs(this.#target, topics, failures, { signal })
    const reduced = topics
      .filter(({ topic }) => refused.has(topic))
      .map((one) => ({
        ...one,
        configs: new Map([...one.configs].filter(([name]) => refused.get(one.topic)?.has(name) !== true)),
      }))
    if (reduced.length === 0) return failures
    const failedAgain = await this.#target.create(reduced, { signal })
    for (const { topic } of reduced) {
      const failure = failedAgain.get(topic)
      if (failure === undefined) {
        failures.delete(topic)
        this.#sayRefused(topics.find((one) => one.topic === topic)?.configs, topic, refused.get(topic) ?? new Map())
      } else failures.set(topic, failure)
    }
    return failures
  }

  #sayRefused(configs: NewTopic['configs'] | undefined, targetTopic: string, refused: ConfigRefusals): void {
    const { name: flow, target } = this.#plan
    for (const [name, { cause }] of refused) {
      const value = configs?.get(name) ?? ''
      const fields = { flow, cluster: target.alias, targetTopic, topicsCount: 1, name, value, cause }
      this.#observe.event('TopicConfigRefused', fields)
    }
  }

  /** @returns the remote topics that could not be grown */
  async grow(growths: readonly TopicGrowth[], { signal }: CallOptions): Promise<Set<string>> {
    if (growths.length === 0) return new Set()
    const counts = new Map(growths.map(({ targetTopic, partitionsCount }) => [targetTopic, partitionsCount]))
    const failures = await this.#target.grow(counts, { signal })
    for (const { topic, targetTopic, partitionsCount, partitionsCountBefore } of growths) {
      const failure = failures.get(targetTopic)
      if (failure === undefined) {
        const fields = { ...this.#standard(topic, targetTopic), partitionsCount, partitionsCountBefore }
        this.#observe.event('TopicGrown', fields)
      } else {
        this.#reportFailure('grown', topic, targetTopic, failure)
      }
    }
    return new Set(failures.keys())
  }

  /** Topics that were created or grown without an error and still do not show up. */
  reportUnseen(topics: readonly TopicCreation[]): void {
    const cause = 'it exists, as the cluster says, but cannot be seen, or not with all its partitions'
    for (const { topic, targetTopic } of topics) {
      this.#reportFailure('found', topic, targetTopic, { error: 'TOPIC_AUTHORIZATION_FAILED', cause })
    }
  }

  /** A topic whose configs cannot be read is not created: with other configs it might lose or compact records. */
  async #prepare(creations: readonly TopicCreation[], { signal }: CallOptions) {
    const described = await this.#source.describeConfigs(
      creations.map(({ topic }) => topic),
      { signal },
    )
    const topics: NewTopic[] = []
    const failures = new Map<string, TopicError>()
    const { configPropertiesExclude: exclude, useDefaultsFrom, replicationFactor } = this.#plan.topics
    for (const { topic, targetTopic, partitionsCount } of creations) {
      const entries = described.get(topic) ?? { error: 'UNKNOWN_TOPIC_OR_PARTITION', cause: 'it has no configuration' }
      if ('error' in entries) {
        failures.set(targetTopic, { error: `SOURCE_${entries.error}`, cause: `configs of ${topic}: ${entries.cause}` })
        continue
      }
      const configs = selectTopicConfigs(entries, { exclude, useDefaultsFrom })
      topics.push({ topic: targetTopic, partitionsCount, replicationFactor, configs })
    }
    return { topics, failures }
  }

  #reportFailure(
    attempt: 'created' | 'grown' | 'found',
    topic: string,
    targetTopic: string,
    { error, cause }: TopicError,
  ): void {
    const { name, source, target, topics } = this.#plan
    const remedy = topicRemedy(
      { topic, targetTopic, error },
      {
        flow: name,
        source: { alias: source.alias, client: source.client },
        target: { alias: target.alias, client: target.client },
        replicationFactor: topics.replicationFactor,
        brokersCount: this.#target.brokersCount(),
      },
    )
    this.#observe.event('TopicCreationFailed', { ...this.#standard(topic, targetTopic), attempt, error, cause, remedy })
  }

  #standard(topic: string, targetTopic: string) {
    return { flow: this.#plan.name, topic, targetTopic, cluster: this.#plan.target.alias }
  }
}
