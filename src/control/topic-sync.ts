import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { isDefect } from './failure.ts'
import type { PartitionAssigner } from './partition-assigner.ts'
import type { RemoteTopicOwners } from './remote-topic-owners.ts'
import type { TopicCreator } from './topic-creation.ts'
import type { CallOptions, SourceTopics, TargetTopics } from './topic-ports.ts'
import { reconcileTopics } from './topic-reconciliation.ts'
import type { TopicCollision, TopicDecisions, TopicView } from './topic-reconciliation.ts'
import { WakeUp } from './wake-up.ts'

export interface TopicSyncDependencies {
  readonly plan: FlowPlan
  readonly source: SourceTopics
  readonly target: TargetTopics
  /** What tells target clusters apart: the cluster id, or the alias where that is not known. */
  readonly targetCluster: string
  /** The whole rule of which topics are mirrored (topics, topics.exclude, internal topics, heartbeats, cycles). */
  readonly select: (topics: readonly string[]) => readonly string[]
  readonly creator: TopicCreator
  readonly assigner: PartitionAssigner
  readonly owners: RemoteTopicOwners
  readonly clock: Clock
  readonly random: () => number
  readonly observe: Observer<EventName>
}

const retryBackoffMs = 500
const retryBackoffMaxMs = 60_000
const roundsApartMs = 1_000
/** How long created topics may take until all brokers know them, within one round. */
const settleBackoffMs = 50
const settleLooksMaxCount = 8

/**
 * Keeps the lane's partitions equal to what the flow is to mirror: finds source topics, creates remote topics and lets them
 * grow, assigns new partitions, revokes those whose topics are gone. Partitions that flow already are not touched.
 *
 * A round can fail as a whole (a cluster is away) or for single topics (no permission). Both are said, and tried again with a
 * back-off of half a second to a minute instead of at the next refresh, ten minutes later.
 * Source: MirrorSourceConnector.refreshTopicPartitions.
 */
export class TopicSync {
  readonly #deps: TopicSyncDependencies
  readonly #wakeUp: WakeUp
  /** Topics that were refused and have been told of. */
  readonly #refused = new Set<string>()
  #isComplete = false
  #hasLookedBack = false
  #lastRoundMs = -Infinity

  constructor(deps: TopicSyncDependencies) {
    this.#deps = deps
    this.#wakeUp = new WakeUp(deps.clock)
  }

  /** Asks for a round now, for example because a partition does not find its topic any more. */
  readonly requestRound = (): void => this.#wakeUp.wake()

  /** Whether the last round left nothing undone. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** Rounds until the signal. @param isFirstDone   true if the caller has made the first round by itself, without failures */
  async run({ signal, isFirstDone }: CallOptions & { isFirstDone: boolean }): Promise<void> {
    const backoff = createBackoff(retryBackoffMs, retryBackoffMaxMs, this.#deps.random)
    const intervalMs = this.#deps.plan.topics.refreshIntervalMs ?? Infinity
    let waitMs = isFirstDone ? intervalMs : backoff.next()
    while (!signal.aborted) {
      try {
        await this.#wakeUp.sleep(waitMs, { signal })
        await this.#keepApart({ signal })
        const isComplete = await this.round({ signal })
        if (isComplete) backoff.reset()
        waitMs = isComplete ? intervalMs : Math.min(intervalMs, backoff.next())
      } catch (error) {
        if (signal.aborted) return
        waitMs = Math.min(intervalMs, backoff.next())
        this.#reportFailedRound(error, waitMs)
      }
    }
  }

  /** Rounds that are asked for do not follow each other closely, however often that is. */
  async #keepApart({ signal }: CallOptions): Promise<void> {
    const { clock } = this.#deps
    const waitMs = this.#lastRoundMs + roundsApartMs - clock.monotonic()
    if (waitMs > 0) await clock.sleep(waitMs, { signal })
  }

  /**
   * Looks at both clusters and does what is to be done, once.
   * @returns false if something failed for a single topic and is worth trying again soon
   * @throws whatever a cluster answers to the round as a whole
   */
  async round({ signal }: CallOptions): Promise<boolean> {
    this.#lastRoundMs = this.#deps.clock.monotonic()
    this.#isComplete = await this.#reconcile({ signal })
    return this.#isComplete
  }

  async #reconcile({ signal }: CallOptions): Promise<boolean> {
    const { assigner, target, plan } = this.#deps
    const { wanted, gone } = await this.#lookAtSource({ signal })
    const remoteName = (topic: string) => plan.policy.formatRemoteTopic(plan.source.alias, topic)
    const targetTopics = [...wanted.keys()].map(remoteName)
    const attempted = new Set<string>()
    const failed = new Set<string>()
    const settle = createBackoff(settleBackoffMs, retryBackoffMaxMs, this.#deps.random)
    for (;;) {
      const found =
        targetTopics.length === 0 ? new Map<string, TopicView>() : await target.describe(targetTopics, { signal })
      const decisions = reconcileTopics({
        source: wanted,
        target: found,
        assigned: assigner.assigned,
        gone,
        remoteName,
      })
      this.#refuse(decisions.refuse)
      assigner.revoke(decisions.revoke)
      await assigner.assign(decisions.assign, { signal })
      const isSettled = await this.#complete(decisions, attempted, failed, { signal })
      if (isSettled) return failed.size === 0
      if (settle.attempts >= settleLooksMaxCount) {
        this.#deps.creator.reportUnseen(
          [...decisions.create, ...decisions.grow].filter(({ targetTopic }) => !failed.has(targetTopic)),
        )
        return false
      }
      await this.#deps.clock.sleep(settle.next(), { signal })
    }
  }

  /** Creates and grows what was not tried in this round yet. @returns true when there is nothing left to wait for */
  async #complete(
    { create, grow }: TopicDecisions,
    attempted: Set<string>,
    failed: Set<string>,
    { signal }: CallOptions,
  ): Promise<boolean> {
    const isNew = ({ targetTopic }: { targetTopic: string }) => !attempted.has(targetTopic)
    const creations = create.filter(isNew)
    const growths = grow.filter(isNew)
    for (const { targetTopic } of [...creations, ...growths]) attempted.add(targetTopic)
    for (const topic of await this.#deps.creator.create(creations, { signal })) failed.add(topic)
    for (const topic of await this.#deps.creator.grow(growths, { signal })) failed.add(topic)
    return [...create, ...grow].every(({ targetTopic }) => failed.has(targetTopic))
  }

  async #lookAtSource({ signal }: CallOptions) {
    const { source, select, assigner, plan, observe } = this.#deps
    const listed = new Map((await source.list({ signal })).map((view) => [view.topic, view]))
    const selected = select([...listed.keys()])
    const missing = [...assigner.assigned.keys()].filter((topic) => !listed.has(topic))
    // A topic also drops out of the list when we may not see it any more: only an explicit answer counts as deletion.
    const gone = missing.length === 0 ? new Set<string>() : await source.findGone(missing, { signal })
    if (!this.#hasLookedBack) await this.#lookBack(listed, { signal })
    const found = selected.map((topic) => listed.get(topic)).filter((view) => view !== undefined)
    const wanted = new Map(found.filter(({ topic }) => this.#claim(topic)).map((view) => [view.topic, view]))
    if (selected.length === 0) {
      observe.event('TopicsMatchedNone', { flow: plan.name, cluster: plan.source.alias, topicsCount: listed.size })
    }
    assigner.noteFirstSeen(new Map(found.map(({ topic, partitionsCount }) => [topic, partitionsCount])))
    return { wanted, gone }
  }

  /** Once: which topics of earlier runs were deleted while the flow did not run. */
  async #lookBack(listed: ReadonlyMap<string, TopicView>, { signal }: CallOptions): Promise<void> {
    const { source, assigner } = this.#deps
    const missing = [...assigner.formerTopics()].filter((topic) => !listed.has(topic))
    if (missing.length > 0) assigner.reportDeletedBefore(await source.findGone(missing, { signal }))
    this.#hasLookedBack = true
  }

  #claim(topic: string): boolean {
    const { owners, plan, targetCluster } = this.#deps
    const targetTopic = plan.policy.formatRemoteTopic(plan.source.alias, topic)
    const owner = owners.claim(targetCluster, targetTopic, plan.name)
    if (owner === plan.name) return true
    this.#reportRefusal(topic, targetTopic, `flow ${owner} writes it`)
    return false
  }

  #refuse(collisions: readonly TopicCollision[]): void {
    for (const { topic, targetTopic, otherTopic } of collisions) {
      this.#reportRefusal(topic, targetTopic, `topic ${otherTopic} is copied to it`)
    }
  }

  /** Said once per topic: the refusal holds until the configuration changes. */
  #reportRefusal(topic: string, targetTopic: string, cause: string): void {
    if (this.#refused.has(topic)) return
    this.#refused.add(topic)
    const { plan, observe } = this.#deps
    observe.event('TopicRefused', { flow: plan.name, topic, targetTopic, cluster: plan.target.alias, cause })
  }

  #reportFailedRound(error: unknown, retryMs: number): void {
    if (isDefect(error)) throw error
    this.#deps.observe.event('TopicsRefreshFailed', {
      flow: this.#deps.plan.name,
      error,
      retrySeconds: Math.ceil(retryMs / 1000),
    })
  }
}
