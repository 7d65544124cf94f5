/**
 * How the transactions of a lane follow each other: one at a time, each ended before the next begins. Pure; the caller carries the effects out.
 *
 *               begun             due               flushed             ended
 *      idle ------------> open -----------> flushing -----------> committing ------> idle
 *                          |                   |                      |
 *                          |      failed       |                      |  asked again until the answer is known:
 *                          +---------+---------+                      |  what may be committed is never aborted
 *                                    v                                |
 *                                 failing   what is in flight is answered or lost
 *                                    | landed                         |
 *                                    v                                |
 *                                 aborting                            |
 *                                    | ended                          |
 *                                    v                                |
 *      idle <------------------- renewing   the epoch is raised       |
 *                renewed                                              |
 *                                                                     v
 *      any state: fenced ------------------------------------------> fenced   the lane ends
 *
 * Invariants (docs/invariants.md):
 * 60. A commit is asked for only when everything written in the transaction is acknowledged, its positions included.
 * 61. After a commit was asked for, the same transaction is never aborted.
 * 62. After an abort nothing is written before the epoch was raised.
 * 63. Every transaction that began is committed or aborted before the next one begins, or the lane ends.
 * 64. `fenced` is final.
 */
export type TransactionCycleState =
  | 'idle'
  | 'open'
  | 'flushing'
  | 'committing'
  | 'failing'
  | 'aborting'
  | 'renewing'
  | 'fenced'

export type TransactionCycleEvent =
  /** There is something to write. */
  | 'begun'
  /** It has lasted long enough, or nothing is left to write. */
  | 'due'
  /** All that was written is acknowledged, positions included. */
  | 'flushed'
  /** Something that was written in it may be missing. */
  | 'failed'
  /** Nothing is in flight any more. */
  | 'landed'
  /** The coordinator decided as it was asked to. */
  | 'ended'
  /** The coordinator gave us the next epoch. */
  | 'renewed'
  /** Another took the transactional id over. */
  | 'fenced'

/** What the caller has to do after a transition. */
export type TransactionCycleEffect =
  | 'none'
  | 'add partitions'
  | 'flush'
  | 'commit'
  | 'rewind'
  | 'abort'
  | 'renew'
  | 'resume'
  | 'give up'

export interface TransactionCycleTransition {
  readonly state: TransactionCycleState
  readonly effect: TransactionCycleEffect
}

/** Total: an event that means nothing in a state leaves it as it is. */
export function transitionTransaction(
  state: TransactionCycleState,
  event: TransactionCycleEvent,
): TransactionCycleTransition {
  if (event === 'fenced' && state !== 'fenced') return { state: 'fenced', effect: 'give up' }
  switch (state) {
    case 'idle':
      if (event === 'begun') return { state: 'open', effect: 'add partitions' }
      break
    case 'open':
      if (event === 'due') return { state: 'flushing', effect: 'flush' }
      if (event === 'failed') return { state: 'failing', effect: 'rewind' }
      break
    case 'flushing':
      if (event === 'flushed') return { state: 'committing', effect: 'commit' }
      if (event === 'failed') return { state: 'failing', effect: 'rewind' }
      break
    case 'committing':
      if (event === 'ended') return { state: 'idle', effect: 'resume' }
      break
    case 'failing':
      if (event === 'landed') return { state: 'aborting', effect: 'abort' }
      break
    case 'aborting':
      if (event === 'ended') return { state: 'renewing', effect: 'renew' }
      break
    case 'renewing':
      if (event === 'renewed') return { state: 'idle', effect: 'resume' }
      break
    case 'fenced':
      break
  }
  return { state, effect: 'none' }
}
