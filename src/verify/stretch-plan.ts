import { OffsetMap } from '../mirror/offset-map.ts'
import { sequenceDistance } from '../mirror/run.ts'
import type { Run } from '../mirror/run.ts'
import type { PlannedStretch } from './stretch.ts'

/** What is known of a partition and its copy before a record is read. */
export interface PartitionFacts {
  /** Log start and end of both sides. The target's end was asked for before the source's, so that the source has all that the target may have. */
  readonly upstreamStart: number
  readonly upstreamEnd: number
  readonly downstreamStart: number
  readonly downstreamEnd: number
  /** The ledger's runs, oldest first; empty where it has none for these topics. */
  readonly runs: readonly Run[]
  /** The ledger knows only where the copy began (exactly.once.source.support). */
  readonly isStartOnly: boolean
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none'
  /** A gap is written down that says that the source topic was deleted or made again. */
  readonly isRecreated: boolean
}

/** What of a partition is compared, and why the rest is not. */
export interface StretchPlan {
  /** In the order of the target. */
  readonly stretches: readonly PlannedStretch[]
  /** For people: what is left out without being a difference. */
  readonly notes: readonly string[]
  /** Where an upstream record lies on the target, exactly; null where the ledger does not know. */
  readonly map: OffsetMap | null
}

/** Runs between two places where the source began to write its offsets anew. */
interface Incarnation {
  readonly map: OffsetMap
  readonly upstreamFrom: number
  readonly upstreamTo: number
  readonly downstreamFrom: number
  readonly downstreamTo: number
}

/**
 * Decides which part of the source has to stand where on the target.
 *
 * ```
 *   upstream     start ....... | first run ......................... end       trimmed by retention: moves right
 *   downstream        start .. | first run ................. end               what is behind it is not copied yet
 *                  by content  |  by the ledger
 * ```
 *
 * What one side has lost by retention or DeleteRecords is left out on the other side as well, and said.
 */
export function planStretches(facts: PartitionFacts): StretchPlan {
  const notes: string[] = []
  const known = facts.runs.filter(({ downstream }) => downstream >= 0)
  const incarnations = facts.isStartOnly ? startOnly(facts, known) : incarnationsOf(facts, known)
  const first = incarnations[0]
  const stretches = first === undefined ? [] : [...beforeFirstRun(facts, first, notes)]
  for (const [index, incarnation] of incarnations.entries()) {
    const isNewest = index === incarnations.length - 1
    const stretch = clip(facts, incarnation, isNewest)
    if (stretch !== null) stretches.push(stretch)
    const next = incarnations[index + 1]
    if (next !== undefined && next.downstreamFrom > incarnation.downstreamTo) {
      const count = next.downstreamFrom - incarnation.downstreamTo
      notes.push(`${count} target offsets from ${incarnation.downstreamTo} on hold what the source has truncated`)
    }
  }
  if (first === undefined) stretches.push(withoutLedger(facts))
  const map = facts.isStartOnly || known.length === 0 ? null : OffsetMap.from(known)
  return { stretches: stretches.filter(isNeeded), notes, map }
}

function isNeeded({ upstreamFrom, upstreamTo, downstreamFrom, downstreamTo, isNewest }: PlannedStretch): boolean {
  return isNewest || upstreamFrom < upstreamTo || downstreamFrom < downstreamTo
}

/** Transactions leave markers on both sides, so that only the first record's place is known. */
function startOnly(facts: PartitionFacts, [run]: readonly Run[]): Incarnation[] {
  if (run === undefined || run.upstream < facts.upstreamStart || run.downstream < facts.downstreamStart) return []
  const { upstream: upstreamFrom, downstream: downstreamFrom } = run
  const upstreamTo = Math.max(upstreamFrom, facts.upstreamEnd)
  const downstreamTo = Math.max(downstreamFrom, facts.downstreamEnd)
  return [{ map: OffsetMap.from([run]), upstreamFrom, upstreamTo, downstreamFrom, downstreamTo }]
}

function incarnationsOf(facts: PartitionFacts, runs: readonly Run[]): Incarnation[] {
  const groups: Run[][] = []
  let last: Run | undefined
  for (const run of runs) {
    const isAnew = last === undefined || run.upstream < last.upstream + sequenceDistance(last.sequence, run.sequence)
    if (isAnew) groups.push([run])
    else groups.at(-1)?.push(run)
    last = run
  }
  const incarnations: Incarnation[] = []
  for (const [index, group] of groups.entries()) {
    const from = group[0]
    if (from === undefined) continue
    const map = OffsetMap.from(group)
    // What a later incarnation wrote anew counts in it alone.
    const rewrittenFrom = Math.min(
      facts.upstreamEnd,
      ...groups.slice(index + 1).map(([run]) => run?.upstream ?? Infinity),
    )
    const isNewest = index === groups.length - 1
    const upstreamTo = Math.max(from.upstream, isNewest ? facts.upstreamEnd : rewrittenFrom)
    const downstreamTo = isNewest
      ? Math.max(from.downstream, facts.downstreamEnd)
      : (map.downstreamOf(upstreamTo) ?? from.downstream)
    incarnations.push({ map, upstreamFrom: from.upstream, upstreamTo, downstreamFrom: from.downstream, downstreamTo })
  }
  return incarnations
}

/** Leaves out what retention took on either side. Null: nothing of it is left on one of them. */
function clip(facts: PartitionFacts, incarnation: Incarnation, isNewest: boolean): PlannedStretch | null {
  const { map, upstreamTo } = incarnation
  const downstreamTo = Math.min(incarnation.downstreamTo, facts.downstreamEnd)
  let upstreamFrom = Math.max(incarnation.upstreamFrom, facts.upstreamStart)
  let downstreamFrom = map.downstreamOf(upstreamFrom) ?? incarnation.downstreamFrom
  if (downstreamFrom < facts.downstreamStart) {
    upstreamFrom = map.upstreamOf(facts.downstreamStart) ?? upstreamFrom
    downstreamFrom = facts.downstreamStart
  }
  // Runs are written down before their batches are sent: the newest may not have begun on the target.
  if (isNewest) downstreamFrom = Math.min(downstreamFrom, Math.max(downstreamTo, facts.downstreamStart))
  if (upstreamFrom > upstreamTo || downstreamFrom > downstreamTo) {
    if (!isNewest) return null
    upstreamFrom = Math.min(upstreamFrom, upstreamTo)
  }
  return { upstreamFrom, upstreamTo, downstreamFrom, downstreamTo, alignment: 'ledger', isNewest }
}

/** What MirrorMaker 2 copied before twinlog took over, or what was in the topic before. */
function beforeFirstRun(facts: PartitionFacts, first: Incarnation, notes: string[]): PlannedStretch[] {
  const upstreamTo = Math.min(first.upstreamFrom, facts.upstreamEnd)
  const downstreamTo = Math.min(first.downstreamFrom, facts.downstreamEnd)
  const { upstreamStart: upstreamFrom, downstreamStart: downstreamFrom } = facts
  const hasSource = upstreamFrom < upstreamTo
  const hasTarget = downstreamFrom < downstreamTo
  if (!hasSource && !hasTarget) return []
  if (!hasSource && (upstreamFrom > 0 || facts.isRecreated)) {
    const cause = facts.isRecreated ? 'the source topic was made anew' : 'the source has deleted them'
    notes.push(`target offsets ${downstreamFrom} to ${downstreamTo - 1} are older than the source: ${cause}`)
    return []
  }
  if (!hasTarget && (downstreamFrom > 0 || facts.autoOffsetReset === 'latest')) {
    const cause = downstreamFrom > 0 ? 'the target has deleted them' : 'the copy began behind them'
    notes.push(`source offsets ${upstreamFrom} to ${upstreamTo - 1} are not on the target: ${cause}`)
    return []
  }
  const isWhole = upstreamFrom === 0 && downstreamFrom === 0
  const alignment = isWhole || !hasSource || !hasTarget ? 'log starts' : 'content'
  return [{ upstreamFrom, upstreamTo, downstreamFrom, downstreamTo, alignment, isNewest: false }]
}

function withoutLedger(facts: PartitionFacts): PlannedStretch {
  const { upstreamStart, upstreamEnd, downstreamStart, downstreamEnd } = facts
  const isWhole = upstreamStart === 0 && downstreamStart === 0
  const isEmpty = upstreamStart === upstreamEnd || downstreamStart === downstreamEnd
  return {
    upstreamFrom: upstreamStart,
    upstreamTo: upstreamEnd,
    downstreamFrom: downstreamStart,
    downstreamTo: downstreamEnd,
    alignment: isWhole || isEmpty ? 'log starts' : 'content',
    isNewest: true,
  }
}
