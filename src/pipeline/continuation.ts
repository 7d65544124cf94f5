import type { OffsetMap } from '../mirror/offset-map.ts'
import { sequenceAfter, sequenceDistance } from '../mirror/run.ts'

/** What is known about a partition when it has to be decided where its copy goes on. */
export interface ContinuationFacts {
  /** The runs of the identity it wrote under; null when it has none yet. */
  readonly map: OffsetMap | null
  /** Some batch may have been sent under that identity. */
  readonly hasWritten: boolean
  /** Last sequence of that identity in the target's log, by the broker's producer state or the log's own tail; null: none is there. */
  readonly targetSequence: number | null
  /** The target could be asked for it. False: permission or broker version lacks. */
  readonly isTargetKnown: boolean
  /** End of the target partition. */
  readonly targetEnd: number
  /** Last sequence, and next upstream offset, that the target acknowledged in this life; -1: none yet. */
  readonly ackedSequence: number
  readonly ackedOffset: number
  /** Next upstream offset by the stored positions; null: none. */
  readonly storedPosition: number | null
}

/** Where to go on. `upstream` null: nothing is stored, `auto.offset.reset` decides. */
export interface Continuation {
  readonly upstream: number | null
  /** Next sequence of the identity; with a new identity it begins at 0. */
  readonly sequence: number
  readonly needsNewIdentity: boolean
  /** Offset that the target will give to the next record. */
  readonly downstream: number
  /** Upstream offset that is known to be on the target; not above `upstream`. */
  readonly appendedSequence: number
  readonly remark: 'none' | 'target lost records' | 'duplicates possible'
}

/**
 * Decides where the copy of a partition goes on: the target's log says which sequence came last, and the runs say which upstream offset that
 * was (design.md section 5). Pure and total; the first rule that fits wins:
 *
 *  1. no identity yet, or none at all          after what was acknowledged (without sequences what was in flight may be there twice), or the
 *                                              stored position; new identity
 *  2. the target names our last sequence       the record after it, same identity; if that is behind what was acknowledged, the target lost
 *                                              records, and they are copied again from there
 *  3. nothing was ever sent                    the start of the first run, same identity
 *  4. the target cannot be asked               after what was acknowledged, same identity: the broker drops the repeated batches it knows
 *  5. none of ours is at the target's end      the upstream offset that belongs there if the end lies within what was acknowledged (the target
 *                                              lost records), otherwise after what was acknowledged or stored; new identity
 */
export function continuationOf(facts: ContinuationFacts): Continuation {
  const { map, targetSequence, targetEnd } = facts
  if (map === null || map.last === null) {
    const isGoingOn = facts.ackedOffset >= 0
    return beginning(
      isGoingOn ? facts.ackedOffset : facts.storedPosition,
      targetEnd,
      isGoingOn ? 'duplicates possible' : 'none',
    )
  }
  if (targetSequence !== null) {
    const run = map.runAtSequence(targetSequence)
    if (run !== null) return afterSequence(facts, run, targetSequence)
  }
  if (!facts.hasWritten) {
    const [first] = map.runs()
    if (first !== undefined) return sameIdentity(first.upstream, first.sequence, targetEnd, 'none')
  }
  if (!facts.isTargetKnown) {
    if (facts.ackedSequence >= 0) {
      return sameIdentity(facts.ackedOffset, sequenceAfter(facts.ackedSequence, 1), -1, 'none')
    }
    return beginning(facts.storedPosition, -1, 'duplicates possible')
  }
  const lostTo = map.upstreamOf(targetEnd)
  const known = facts.ackedOffset >= 0 ? facts.ackedOffset : facts.storedPosition
  if (lostTo !== null && known !== null && lostTo < known) return beginning(lostTo, targetEnd, 'target lost records')
  return beginning(known, targetEnd, 'duplicates possible')
}

function afterSequence(
  facts: ContinuationFacts,
  run: { upstream: number; sequence: number; downstream: number },
  last: number,
): Continuation {
  const next = sequenceDistance(run.sequence, last) + 1
  const isBehind =
    facts.ackedSequence >= 0 && last !== facts.ackedSequence && sequenceDistance(last, facts.ackedSequence) < 2 ** 30
  return {
    upstream: run.upstream + next,
    sequence: sequenceAfter(last, 1),
    needsNewIdentity: false,
    downstream: run.downstream < 0 ? -1 : run.downstream + next,
    appendedSequence: last,
    remark: isBehind ? 'target lost records' : 'none',
  }
}

function sameIdentity(
  upstream: number,
  sequence: number,
  downstream: number,
  remark: Continuation['remark'],
): Continuation {
  return { upstream, sequence, needsNewIdentity: false, downstream, appendedSequence: -1, remark }
}

function beginning(upstream: number | null, downstream: number, remark: Continuation['remark']): Continuation {
  return { upstream, sequence: 0, needsNewIdentity: true, downstream, appendedSequence: -1, remark }
}
