import type { OffsetMap } from '../mirror/offset-map.ts'
import type { Run } from '../mirror/run.ts'
import { sequenceAfter, sequenceDistance } from '../mirror/run.ts'

/** What is known about a partition when it has to be decided where its copy goes on. */
export interface ContinuationFacts {
  /** The runs that are written down for it; null when it has no identity yet. */
  readonly map: OffsetMap | null
  /** Some batch may have been sent under its identity. */
  readonly hasWritten: boolean
  /** Our last sequence in the target's log, by the broker's producer state or the log's own tail; null: none is there, or it is not known. */
  readonly targetSequence: number | null
  /** The log was looked through far enough to say that nothing of the identity is in it. */
  readonly isAbsent: boolean
  /** The target could be asked for it. False: permission or broker version lacks. */
  readonly isTargetKnown: boolean
  /** End of the target partition. */
  readonly targetEnd: number
  /** The same without the transaction markers at the end. */
  readonly dataEnd: number
  /** Last sequence, and next upstream offset, that the target acknowledged in this life; -1: none yet. */
  readonly ackedSequence: number
  readonly ackedOffset: number
  /** Next upstream offset by the stored positions; null: none. */
  readonly storedPosition: number | null
  /** Upstream offset of a batch that the target refused while it took one behind it; null: there was none. */
  readonly hole: number | null
  /** The target does not take the identity any more. */
  readonly isIdentitySpent: boolean
}

/**
 * Under which identity the copy goes on. `same`: the target drops what it has already. `next`: another epoch or producer id, which begins at 0 in the
 * partition, while our sequences and the runs go on. `new`: another one, and what is written down counts no more.
 */
export type ContinuedIdentity = 'same' | 'next' | 'new'

/** Where to go on. */
export interface Continuation {
  /** Next upstream offset to be read; null: nothing is stored, `auto.offset.reset` decides. */
  readonly upstream: number | null
  /** Next sequence of ours. */
  readonly sequence: number
  readonly identity: ContinuedIdentity
  /** Offset that the target will give to the next record; -1: not known. */
  readonly downstream: number
  /** Last sequence that is in the target's log, though perhaps not on all replicas yet; -1: not known, or none. */
  readonly appendedSequence: number
  readonly remark: 'none' | 'target lost records' | 'duplicates possible'
}

/**
 * Decides where the copy of a partition goes on: the target's log says which sequence came last, and the runs say which upstream offset that
 * was (design.md section 5). Pure and total; the first rule that fits wins:
 *
 *  1. the target took a batch behind one it refused   that one, new identity: rather twice than not at all
 *  2. no identity yet, or none at all                 after what was acknowledged (without sequences what was in flight may be there twice), or the
 *                                                     stored position; new identity
 *  3. the target names our last sequence              the record after it, same identity; if that is behind what was acknowledged, the target lost
 *                                                     records, and they are copied again from there
 *     - unless another copier went on from there         the stored position, same identity
 *  4. nothing of ours can be there                    the start of the first run, same identity: an append that is still on its way is then a duplicate
 *  5. the target cannot be asked                      after what was acknowledged, same identity: the broker drops the repeated batches it knows
 *  6. none of ours is at the target's end             the record that belongs there if the end lies within what was acknowledged (the target
 *                                                     lost records), with its sequence and the next identity; otherwise after what was acknowledged or
 *                                                     stored, and not before the first run, which was written down when all before it was there; new
 *                                                     identity
 *
 * A spent identity is replaced by the next one wherever the copy goes on under the same.
 */
export function continuationOf(facts: ContinuationFacts): Continuation {
  const continuation = decide(facts)
  const isReplaced = facts.isIdentitySpent && continuation.identity === 'same'
  return isReplaced ? { ...continuation, identity: 'next' } : continuation
}

function decide(facts: ContinuationFacts): Continuation {
  const { map, targetSequence, targetEnd, dataEnd, hole } = facts
  if (hole !== null) return beginning(hole, targetEnd, 'duplicates possible')
  const first = firstRunOf(map)
  if (map === null || first === null) {
    const isGoingOn = facts.ackedOffset >= 0
    return beginning(
      isGoingOn ? facts.ackedOffset : facts.storedPosition,
      targetEnd,
      isGoingOn ? 'duplicates possible' : 'none',
    )
  }
  if (targetSequence !== null) {
    const run = map.runAtSequence(targetSequence)
    if (run !== null) return afterSequence(facts, map, run, targetSequence)
  }
  if (isNothingThere(facts, first)) return sameIdentity(first.upstream, first.sequence, targetEnd)
  if (!facts.isTargetKnown && facts.ackedSequence >= 0) {
    return sameIdentity(facts.ackedOffset, sequenceAfter(facts.ackedSequence, 1), -1)
  }
  const known = Math.max(facts.ackedOffset, facts.storedPosition ?? -1, first.upstream)
  const lostTo = facts.isTargetKnown ? recordAtEnd(map, first, dataEnd) : null
  if (lostTo !== null && lostTo.upstream < known) {
    return {
      upstream: lostTo.upstream,
      sequence: lostTo.sequence,
      identity: 'next',
      downstream: targetEnd,
      appendedSequence: -1,
      remark: 'target lost records',
    }
  }
  return beginning(known, facts.isTargetKnown ? targetEnd : -1, 'duplicates possible')
}

/** What belongs at the end of the target. If that lies before all that is written down, the first of it: a hole is not left behind. */
function recordAtEnd(map: OffsetMap, first: Run, dataEnd: number): { upstream: number; sequence: number } | null {
  return first.downstream >= 0 && dataEnd < first.downstream ? first : map.recordAtDownstream(dataEnd)
}

function firstRunOf(map: OffsetMap | null): Run | null {
  const [first] = map?.runs() ?? []
  return first ?? null
}

/** Nothing was sent under the identity, or nothing acknowledged and the target ends where its first record would have come. */
function isNothingThere(facts: ContinuationFacts, first: Run): boolean {
  if (!facts.hasWritten) return true
  if (Math.max(facts.ackedOffset, facts.storedPosition ?? -1) > first.upstream) return false
  if (!facts.isTargetKnown || facts.ackedSequence >= 0) return false
  return facts.isAbsent || facts.dataEnd <= first.downstream
}

/** After a truncation of the source the next run begins below the end of the one before it: what is between has to be copied anew. */
function afterSequence(facts: ContinuationFacts, map: OffsetMap, run: Run, last: number): Continuation {
  const { ackedSequence } = facts
  const count = sequenceDistance(run.sequence, last) + 1
  const sequence = sequenceAfter(last, 1)
  const following = map.runAtSequence(sequence)
  const next = following !== null && following.sequence === sequence ? following : null
  const isBehind = ackedSequence >= 0 && last !== ackedSequence && sequenceDistance(last, ackedSequence) < 2 ** 30
  const upstream = Math.min(run.upstream + count, next?.upstream ?? Infinity)
  const afterRun = run.downstream < 0 ? -1 : run.downstream + count
  // Markers of ours may lie between two runs.
  const downstream = Math.max(afterRun, next?.downstream ?? -1)
  if (hasSuccessor(facts, upstream, downstream))
    return sameIdentity(facts.storedPosition ?? 0, sequence, facts.targetEnd)
  return {
    upstream,
    sequence,
    identity: 'same',
    downstream,
    appendedSequence: last,
    remark: isBehind ? 'target lost records' : 'none',
  }
}

/**
 * MirrorMaker 2 went on where we stopped: the positions are ahead of our last record, and the target goes on behind it. (Without the latter the
 * target has lost what the positions tell of.)
 */
function hasSuccessor(
  { ackedSequence, storedPosition, dataEnd }: ContinuationFacts,
  upstream: number,
  downstream: number,
): boolean {
  const isFirstInThisLife = ackedSequence < 0
  return (
    isFirstInThisLife && storedPosition !== null && storedPosition > upstream && downstream >= 0 && dataEnd > downstream
  )
}

function sameIdentity(upstream: number, sequence: number, downstream: number): Continuation {
  return { upstream, sequence, identity: 'same', downstream, appendedSequence: -1, remark: 'none' }
}

function beginning(upstream: number | null, downstream: number, remark: Continuation['remark']): Continuation {
  return { upstream, sequence: 0, identity: 'new', downstream, appendedSequence: -1, remark }
}
