import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { OffsetMap } from '../mirror/offset-map.ts'
import { CompactedComparison } from './compacted-comparison.ts'
import type { FlowSurvey, PartitionBounds, SurveyedTopic } from './flow-survey.ts'
import { describeDifference } from './difference-description.ts'
import { partitionFacts } from './partition-facts.ts'
import { PartitionReader } from './partition-reader.ts'
import type { OpenSupply } from './record-supply.ts'
import type { SideConnections } from './side-connections.ts'
import type { PlannedStretch } from './stretch.ts'
import { alignStretch } from './stretch-alignment.ts'
import { StretchComparison } from './stretch-comparison.ts'
import type { FoundDifference } from './stretch-comparison.ts'
import { planStretches } from './stretch-plan.ts'
import { afterPosition, fromUpstream, sampleStretch } from './stretch-selection.ts'
import type { VerifiedPosition } from './stretch-selection.ts'
import type { PartitionVerdict, ReportedDifference } from './verdict.ts'
import type { VerifyRequest } from './verify-request.ts'
import type { WrittenHistory } from './written-history.ts'

export interface PartitionVerificationDependencies {
  readonly plan: FlowPlan
  readonly survey: FlowSurvey
  readonly history: WrittenHistory
  readonly connections: { readonly source: SideConnections; readonly target: SideConnections }
  readonly clock: Clock
  readonly request: VerifyRequest
  onDifference(difference: ReportedDifference): void
}

/** Where an earlier run came to, and what it had found up to there. */
export interface EarlierPosition extends VerifiedPosition {
  readonly differencesCount: number
}

/** How far a verification came. */
export interface VerificationProgress {
  /** Source offsets that are to be compared, and that were. */
  readonly totalOffsets: number
  readonly doneOffsets: number
  readonly sameCount: number
  /** Of batches that were read. */
  readonly sourceBytes: number
  readonly targetBytes: number
}

const REMOVALS_MAX = 5

/** Compares one partition with its copy; may be called again for what has come since. */
export class PartitionVerification {
  readonly topic: SurveyedTopic
  readonly partition: number
  readonly #deps: PartitionVerificationDependencies
  readonly #open: { readonly source: OpenSupply; readonly target: OpenSupply }
  #signal = new AbortController().signal
  #bounds: PartitionBounds
  #position: VerifiedPosition | null
  #reasons: string[] = []
  #notes: string[] = []
  #differencesCount = 0
  readonly #earlierDifferencesCount: number
  #sameCount = 0
  #pendingCount = 0
  #totalOffsets: number
  #doneOffsets = 0
  #sourceBytes = 0
  #targetBytes = 0
  #isLeft = false
  /** The source goes on behind what is compared, and so may the target. */
  #isShort = false
  #running: { readonly upstream: number; readonly bytes: { readonly source: number; readonly target: number } } | null =
    null
  #runningFrom = 0

  /** @param earlier   null: there was no earlier run */
  constructor(
    deps: PartitionVerificationDependencies,
    topic: SurveyedTopic,
    partition: number,
    bounds: PartitionBounds,
    earlier: EarlierPosition | null,
  ) {
    this.#deps = deps
    this.topic = topic
    this.partition = partition
    this.#bounds = bounds
    this.#position = earlier
    this.#earlierDifferencesCount = earlier?.differencesCount ?? 0
    this.#differencesCount = this.#earlierDifferencesCount
    this.#totalOffsets = Math.max(0, bounds.upstreamEnd - Math.max(bounds.upstreamStart, earlier?.upstream ?? 0))
    const isCommittedOnly = deps.plan.fetch.isolationLevel === 'read_committed'
    const { connections } = deps
    this.#open = {
      source: (from, to) => this.#reader(connections.source, topic.topic, from, to, isCommittedOnly),
      // What a transaction of ours has aborted is no copy.
      target: (from, to) => this.#reader(connections.target, topic.targetTopic, from, to, true),
    }
  }

  get progress(): VerificationProgress {
    const running = this.#running
    return {
      totalOffsets: this.#totalOffsets,
      doneOffsets: this.#doneOffsets + (running === null ? 0 : Math.max(0, running.upstream - this.#runningFrom)),
      sameCount: this.#sameCount + (running instanceof StretchComparison ? running.sameCount : 0),
      sourceBytes: this.#sourceBytes + (running?.bytes.source ?? 0),
      targetBytes: this.#targetBytes + (running?.bytes.target ?? 0),
    }
  }

  /** Everything before was compared; null: nothing was, or not in a way that can be gone on with. */
  get position(): VerifiedPosition | null {
    return this.#running instanceof StretchComparison ? this.#running : this.#position
  }

  get differencesCount(): number {
    return this.#differencesCount
  }

  /** The target has something that was not compared. */
  get hasMore(): boolean {
    const { downstreamEnd } = this.#bounds
    return this.#position === null || this.#position.downstream < downstreamEnd
  }

  /** Source offsets that were there and are not on the target. */
  get pendingCount(): number {
    return this.#pendingCount
  }

  /**
   * Takes new log ends in, for another round.
   * @param isGoalKept   only what the source held at first is compared; what has come since is not waited for
   */
  update(newest: PartitionBounds, { isGoalKept }: { readonly isGoalKept: boolean }): void {
    const upstreamEnd = isGoalKept ? Math.min(newest.upstreamEnd, this.#bounds.upstreamEnd) : newest.upstreamEnd
    const bounds = { ...newest, upstreamEnd }
    this.#isShort = upstreamEnd < newest.upstreamEnd
    this.#bounds = bounds
    this.#totalOffsets = this.#doneOffsets + Math.max(0, bounds.upstreamEnd - (this.#position?.upstream ?? 0))
    this.#pendingCount = Math.max(0, bounds.upstreamEnd - (this.#position?.upstream ?? bounds.upstreamStart))
  }

  /** @throws the signal's reason */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<PartitionVerdict> {
    this.#signal = signal
    this.#reasons = []
    this.#notes = []
    try {
      await this.#runPatiently()
    } catch (error) {
      this.#finishRunning()
      if (!signal.aborted) {
        if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
        this.#reasons.push(error.message)
      }
    }
    if (signal.aborted) this.#reasons.push('it was stopped before its end')
    return this.verdict()
  }

  /** What is known by now. */
  verdict(): PartitionVerdict {
    const { topic, targetTopic } = this.topic
    const reasons = [...this.#reasons]
    if (this.#pendingCount > 0) reasons.push(`${this.#pendingCount} source offsets are not copied yet`)
    const isIncomplete = reasons.length > 0
    return {
      flow: this.#deps.plan.name,
      topic,
      targetTopic,
      partition: this.partition,
      result: this.#differencesCount > 0 ? 'different' : isIncomplete ? 'incomplete' : 'equal',
      reasons,
      notes: this.#notes,
      sameCount: this.progress.sameCount,
      differencesCount: this.#differencesCount,
      verifiedUpstream: this.position?.upstream ?? this.#bounds.upstreamStart,
      verifiedDownstream: this.position?.downstream ?? this.#bounds.downstreamStart,
      pendingCount: this.#pendingCount,
    }
  }

  // --- stretches --------------------------------------------------------------------------------------------------------

  /** Retention may take what is being compared: then it is planned anew, with what is left. */
  async #runPatiently(): Promise<void> {
    for (let removals = 0; ; removals++) {
      try {
        return await this.#runStretches()
      } catch (error) {
        this.#finishRunning()
        const isRemoval = error instanceof TwinlogError && error.code === 'RANGE_REMOVED'
        if (!isRemoval || removals === REMOVALS_MAX || this.#signal.aborted) throw error
        const [bounds] = await this.#deps.survey.bounds(this.topic, [this.partition], { signal: this.#signal })
        if (bounds === undefined || bounds instanceof TwinlogError) throw bounds ?? error
        this.#bounds = bounds
      }
    }
  }

  async #runStretches(): Promise<void> {
    this.#notes = []
    const { stretches, map } = await this.#plan()
    const earlierCount = this.#earlierDifferencesCount
    if (earlierCount > 0) this.#notes.push(`${earlierCount} of the differences were told by an earlier run`)
    this.#totalOffsets = this.#doneOffsets + stretches.reduce((sum, one) => sum + one.upstreamTo - one.upstreamFrom, 0)
    if (this.#isByKey) return this.#runCompacted(stretches, map)
    for (const stretch of stretches) {
      const aligned = await this.#align(stretch)
      if (aligned !== null && !(await this.#runStretch(aligned))) return
    }
  }

  /** What is left to be compared, in the order of the target. */
  async #plan(): Promise<{ stretches: readonly PlannedStretch[]; map: OffsetMap | null }> {
    const { plan, history, request } = this.#deps
    const { facts, notes } = partitionFacts(plan, history, this.topic, this.partition, this.#bounds)
    const planned = planStretches(facts)
    this.#notes.push(...notes, ...planned.notes)
    const { map } = planned
    let stretches: readonly PlannedStretch[] = planned.stretches
    if (request.sinceMs !== null) stretches = await this.#since(stretches, request.sinceMs, map)
    const name = `${this.topic.topic}/${this.partition}`
    stretches = stretches.flatMap((stretch) => sampleStretch(name, stretch, request.sampleShare, map))
    // The newest record of a key may lie anywhere: what was compared by keys is compared anew, or not at all.
    if (this.#position !== null && (!this.#isByKey || !this.hasMore))
      stretches = afterPosition(stretches, this.#position)
    return { stretches, map }
  }

  get #isByKey(): boolean {
    return this.topic.isCompacted && this.#deps.request.isCompacted
  }

  async #since(
    stretches: readonly PlannedStretch[],
    sinceMs: number,
    map: OffsetMap | null,
  ): Promise<PlannedStretch[]> {
    const { survey } = this.#deps
    const { topic, targetTopic, isTargetAppendTime } = this.topic
    const options = { signal: this.#signal }
    const found = await survey.offsetAt('source', topic, this.partition, sinceMs, options)
    const upstream = found < 0 ? this.#bounds.upstreamEnd : found
    const downstream = isTargetAppendTime
      ? -1
      : await survey.offsetAt('target', targetTopic, this.partition, sinceMs, options)
    const atTarget = downstream < 0 && !isTargetAppendTime ? this.#bounds.downstreamEnd : downstream
    return stretches
      .map((stretch) => fromUpstream(stretch, upstream, map, atTarget))
      .filter((stretch) => stretch !== null)
  }

  /** @returns null when it is not found out where both sides belong together, which is said */
  async #align(stretch: PlannedStretch): Promise<PlannedStretch | null> {
    const { survey, plan } = this.#deps
    const { topic, targetTopic, isTargetAppendTime } = this.topic
    const signal = this.#signal
    const aligned = await alignStretch(stretch, {
      open: this.#open,
      bounds: this.#bounds,
      hasTimestamps: !isTargetAppendTime,
      isBegunAtEnd: plan.fetch.autoOffsetReset === 'latest',
      hint: (side, timestamp) =>
        survey.offsetAt(side, side === 'source' ? topic : targetTopic, this.partition, timestamp, { signal }),
    })
    if (aligned.stretch === null) this.#reasons.push(aligned.reason)
    else this.#notes.push(...aligned.notes)
    return aligned.stretch
  }

  /** @returns false when the partition is left */
  async #runStretch(stretch: PlannedStretch): Promise<boolean> {
    const { plan, request } = this.#deps
    const comparison = new StretchComparison(this.#open, stretch, {
      isChecked: plan.fetch.checkCrcs,
      hasTimestamps: !this.topic.isTargetAppendTime,
      isNewest: stretch.isNewest,
      copiedTo: this.#copiedTo(),
      isTargetEndOpen: stretch.isTargetEndOpen === true || (stretch.isNewest && this.#isShort),
      isFirstEnough: this.topic.isCompacted,
      differencesMax: Math.max(1, request.differencesMax - this.#differencesCount),
      onDifference: (difference) => this.#tell(difference),
    })
    this.#running = comparison
    this.#runningFrom = stretch.upstreamFrom
    const end = await comparison.run()
    this.#finishRunning()
    if (stretch.isNewest) this.#pendingCount = Math.max(0, this.#bounds.upstreamEnd - comparison.upstream)
    if (end === 'done') return true
    this.#pendingCount = 0
    this.#isLeft = true
    if (end === 'first difference') {
      this.#reasons.push(
        `from source offset ${comparison.upstream} on the sides are not alike, and a compacted topic may lose records on each side at its own time: compare the last value of each key with --compacted`,
      )
    } else if (end === 'too many differences') {
      this.#reasons.push(`it was left after ${this.#differencesCount} differences`)
    } else {
      this.#reasons.push(
        `from source offset ${comparison.upstream} on nothing that follows is alike: it was left there`,
      )
    }
    return false
  }

  /** Left for good: what differs in too many places, and a compacted topic, is not gone on with in another round. */
  get isLeft(): boolean {
    return this.#isLeft
  }

  async #runCompacted(stretches: readonly PlannedStretch[], map: OffsetMap | null): Promise<void> {
    const [first] = stretches
    const last = stretches.at(-1)
    if (first === undefined || last === undefined) return
    const aligned = await this.#align(first)
    if (aligned === null) return
    const whole = { ...aligned, upstreamTo: last.upstreamTo, downstreamTo: last.downstreamTo }
    const { plan, request } = this.#deps
    const copiedTo = this.#copiedTo()
    const comparison = new CompactedComparison(this.#open, whole, {
      isChecked: plan.fetch.checkCrcs,
      hasTimestamps: !this.topic.isTargetAppendTime,
      copiedTo: (lastDownstream) => {
        const exact = lastDownstream < 0 ? null : (map?.upstreamOf(lastDownstream) ?? null)
        const known = Math.max(exact === null ? 0 : exact + 1, copiedTo)
        return known === 0 ? null : known
      },
      differencesMax: request.differencesMax,
      onDifference: (difference) => this.#tell(difference),
    })
    this.#running = comparison
    this.#runningFrom = whole.upstreamFrom
    const { sameCount, differencesCount, pendingCount, end } = await comparison.run()
    this.#finishRunning()
    this.#sameCount += sameCount
    // All keys were compared, those of an earlier run as well.
    this.#differencesCount = differencesCount
    this.#position = { upstream: whole.upstreamTo, downstream: whole.downstreamTo }
    if (pendingCount > 0) this.#reasons.push(`the newest records of ${pendingCount} keys are not copied yet`)
    if (end === 'too many differences') this.#reasons.push(`only ${request.differencesMax} differences are told`)
  }

  #finishRunning(): void {
    const running = this.#running
    if (running === null) return
    this.#doneOffsets += Math.max(0, running.upstream - this.#runningFrom)
    this.#sourceBytes += running.bytes.source
    this.#targetBytes += running.bytes.target
    if (running instanceof StretchComparison) {
      this.#sameCount += running.sameCount
      this.#position = { upstream: running.upstream, downstream: running.downstream }
    }
    this.#running = null
  }

  #copiedTo(): number {
    return (this.#deps.history.lastCopiedOffset(this.topic.topic, this.partition) ?? -1) + 1
  }

  // --- differences ------------------------------------------------------------------------------------------------------

  async #tell(found: FoundDifference): Promise<void> {
    this.#differencesCount++
    const { topic, targetTopic } = this.topic
    const place = { flow: this.#deps.plan.name, topic, targetTopic, partition: this.partition }
    this.#deps.onDifference({ ...place, ...(await describeDifference(found, this.#open)) })
  }

  #reader(
    connections: SideConnections,
    topic: string,
    from: number,
    to: number,
    isCommittedOnly: boolean,
  ): PartitionReader {
    const range = { topic, partition: this.partition, from, to, isCommittedOnly }
    return new PartitionReader(connections, range, { clock: this.#deps.clock, signal: this.#signal })
  }
}
