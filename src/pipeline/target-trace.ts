import { TwinlogError } from '../base/catalogue.ts'
import { SEQUENCE_MODULUS, sequenceAfter } from '../mirror/run.ts'
import type { Continuation, ContinuationFacts } from './continuation.ts'
import type { TargetSequence } from './locator-ports.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

/** What the target says of a partition. */
export type TargetFacts = Pick<
  ContinuationFacts,
  'targetSequence' | 'isAbsent' | 'isTargetKnown' | 'targetEnd' | 'dataEnd'
>

/** A partition of which the target's producer state does not tell how far it came. */
export interface Unseen {
  readonly partition: MirroredPartition
  readonly targetEnd: number
}

/** A partition about which nothing is stored: auto.offset.reset decides. */
export interface Unplaced {
  readonly partition: MirroredPartition
  readonly continuation: Continuation
}

/**
 * Whether the partition can go on by what the target's producer state says: it knows the identity, or there is nothing of it to be known, because nothing
 * was sent or the log ends where it would have begun.
 */
export function isPlaceable(
  partition: MirroredPartition,
  sequence: TargetSequence | TwinlogError,
  targetEnd: number,
): boolean {
  const { identity, hasWritten, mustFence, fence, ackedSequence, isIdentitySpent, strays } = partition
  if (identity === null || !hasWritten) return true
  if (mustFence || fence !== null || sequence instanceof TwinlogError || sequence === 'superseded') return false
  // Under another epoch a stray would not be known as the batch that it is.
  if (isIdentitySpent && strays !== null) return false
  if (sequence !== null) return true
  return ackedSequence < 0 && endsBeforeRuns(partition, targetEnd)
}

/** Whether the target's log ends where the first run that is known would begin, or before. */
export function endsBeforeRuns({ map }: MirroredPartition, targetEnd: number): boolean {
  const [first] = map?.runs() ?? []
  return first !== undefined && targetEnd <= first.downstream
}

/** What the producer state alone says. Nothing sent under the identity: what came before it is there. */
export function traceOf(
  partition: MirroredPartition,
  sequence: TargetSequence | TwinlogError,
  targetEnd: number,
): TargetFacts {
  const { identity, hasWritten } = partition
  const before = identity === null ? null : sequenceAfter(identity.firstSequence, SEQUENCE_MODULUS - 1)
  const known = typeof sequence === 'number' ? sequence : null
  const targetSequence = hasWritten ? known : before
  const isAbsent = before !== null && targetSequence === before
  return { targetSequence, isAbsent, isTargetKnown: true, targetEnd, dataEnd: targetEnd }
}
