import { TwinlogError } from '../base/catalogue.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { SurveyedTopic } from './flow-survey.ts'
import { PartitionVerification } from './partition-verification.ts'
import type {
  EarlierPosition,
  PartitionVerificationDependencies,
  VerificationProgress,
} from './partition-verification.ts'
import type { VerifiedPosition } from './stretch-selection.ts'
import type { PartitionVerdict } from './verdict.ts'

/** Partitions that are compared at the same time. */
const WORKERS_COUNT = 4

export interface FlowVerificationDependencies extends PartitionVerificationDependencies {
  /** Where an earlier run came to; null: nothing is known of the partition, or its topics are others by now. */
  earlier(topic: SurveyedTopic, partition: number): EarlierPosition | null
  onVerdict(verdict: PartitionVerdict): void
}

/**
 * Compares the topics of one flow with their copies. `begin` looks which ones there are, `round` compares what is there; further rounds
 * compare what has come since.
 */
export class FlowVerification {
  readonly #deps: FlowVerificationDependencies
  readonly #partitions = new Map<string, PartitionVerification>()
  readonly #verdicts = new Map<string, PartitionVerdict>()
  readonly #begun = new Set<PartitionVerification>()
  #topics: readonly SurveyedTopic[] = []

  constructor(deps: FlowVerificationDependencies) {
    this.#deps = deps
  }

  get name(): string {
    return this.#deps.plan.name
  }

  /** The newest verdict of each partition, in the order of topics and partitions. */
  get verdicts(): readonly PartitionVerdict[] {
    const known = [...this.#verdicts.values()]
    return known.sort((one, other) => one.topic.localeCompare(other.topic) || one.partition - other.partition)
  }

  get topicsCount(): number {
    return this.#topics.length
  }

  /** Each partition, with how far it came. */
  *positions(): Generator<{
    topic: SurveyedTopic
    partition: number
    position: VerifiedPosition
    differencesCount: number
  }> {
    for (const { topic, partition, position, differencesCount } of this.#partitions.values()) {
      if (position === null) continue
      const { upstream, downstream } = position
      yield { topic, partition, position: { upstream, downstream }, differencesCount }
    }
  }

  get differencesCount(): number {
    return [...this.#partitions.values()].reduce((sum, one) => sum + one.differencesCount, 0)
  }

  progress(): VerificationProgress {
    const total = { totalOffsets: 0, doneOffsets: 0, sameCount: 0, sourceBytes: 0, targetBytes: 0 }
    for (const { progress } of this.#partitions.values()) {
      total.totalOffsets += progress.totalOffsets
      total.doneOffsets += progress.doneOffsets
      total.sameCount += progress.sameCount
      total.sourceBytes += progress.sourceBytes
      total.targetBytes += progress.targetBytes
    }
    return total
  }

  /** Finds topics and partitions, also new ones; those that have no copy get their verdict here. */
  async begin({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { survey, request } = this.#deps
    this.#topics = await survey.topics(request, { signal })
    for (const topic of this.#topics) await this.#beginTopic(topic, signal)
  }

  /** Source offsets that are not on the target. */
  get pendingCount(): number {
    return [...this.#partitions.values()].reduce((sum, one) => sum + one.pendingCount, 0)
  }

  /**
   * Compares all that is to be compared; in later rounds what the targets have got since. When the signal is aborted, verdicts say how far it
   * came.
   */
  async round({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const all = [...this.#partitions.values()]
    const waiting = all.filter((one) => !one.isLeft && (one.hasMore || !this.#begun.has(one)))
    for (const one of waiting) this.#begun.add(one)
    // Partitions that are compared by keys need a table each; one of them at a time keeps the memory bounded.
    const byKey = waiting.filter(({ topic }) => topic.isCompacted && this.#deps.request.isCompacted)
    const inOrder = waiting.filter((one) => !byKey.includes(one))
    await this.#work(inOrder, WORKERS_COUNT, signal)
    await this.#work(byKey, 1, signal)
  }

  /**
   * Looks at the log ends anew, for another round.
   * @param options.isGoalKept   what has come to the source since is not waited for
   * @returns how many partitions have something that was not compared
   */
  async update(options: { readonly signal: AbortSignal; readonly isGoalKept: boolean }): Promise<number> {
    const { signal } = options
    let count = 0
    for (const topic of this.#topics) {
      const all = [...this.#partitions.values()].filter((one) => one.topic.topic === topic.topic && !one.isLeft)
      const bounds = await this.#deps.survey.bounds(
        topic,
        all.map(({ partition }) => partition),
        { signal },
      )
      for (const [index, one] of all.entries()) {
        const found = bounds[index]
        if (found === undefined || found instanceof TwinlogError) continue
        one.update(found, options)
        if (one.hasMore) count++
        else this.#say(one.verdict(), { isNew: false })
      }
    }
    return count
  }

  async #beginTopic(topic: SurveyedTopic, signal: AbortSignal): Promise<void> {
    const all = Array.from({ length: topic.partitionsCount }, (_, partition) => partition)
    const unknown = all.filter((partition) => !this.#partitions.has(topicPartitionKey(topic.topic, partition)))
    const present = unknown.filter((partition) => partition < topic.targetPartitionsCount)
    const cause =
      topic.targetPartitionsCount === 0
        ? `the remote topic ${topic.targetTopic} does not exist`
        : `the remote topic ${topic.targetTopic} has only ${topic.targetPartitionsCount} partitions`
    for (const partition of unknown.filter((one) => !present.includes(one)))
      this.#sayUncompared(topic, partition, cause)
    const bounds = present.length === 0 ? [] : await this.#deps.survey.bounds(topic, present, { signal })
    for (const [index, partition] of present.entries()) {
      const found = bounds[index]
      if (found === undefined || found instanceof TwinlogError) {
        this.#sayUncompared(topic, partition, found?.message ?? 'its log ends are not known')
        continue
      }
      const position = this.#deps.earlier(topic, partition)
      const verification = new PartitionVerification(this.#deps, topic, partition, found, position)
      this.#partitions.set(topicPartitionKey(topic.topic, partition), verification)
    }
  }

  async #work(queue: PartitionVerification[], workersCount: number, signal: AbortSignal): Promise<void> {
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        this.#say(await next.run({ signal }), { isNew: true })
      }
    }
    await Promise.all(Array.from({ length: workersCount }, work))
  }

  #sayUncompared({ topic, targetTopic }: SurveyedTopic, partition: number, cause: string): void {
    const verdict: PartitionVerdict = {
      flow: this.name,
      topic,
      targetTopic,
      partition,
      result: 'incomplete',
      reasons: [cause],
      notes: [],
      sameCount: 0,
      differencesCount: 0,
      verifiedUpstream: 0,
      verifiedDownstream: 0,
      pendingCount: 0,
    }
    this.#say(verdict, { isNew: true })
  }

  #say(verdict: PartitionVerdict, { isNew }: { readonly isNew: boolean }): void {
    this.#verdicts.set(topicPartitionKey(verdict.topic, verdict.partition), verdict)
    if (isNew) this.#deps.onVerdict(verdict)
  }
}
