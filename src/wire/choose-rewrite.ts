import type { BatchHeader } from './record-batch.ts'

export type ForwardReason = 'not idempotent'
export type ResealReason = 'usual'
export type DropReason = 'before position' | 'control' | 'aborted' | 'empty'
export type RebuildReason =
  | 'old format'
  | 'position inside the batch'
  | 'holes'
  | 'append time'
  | 'other codec'
  | 'refused'
  | 'too large'

/** What is done with a batch, and why. One frozen object for each pair, so that choosing allocates nothing. */
export type Rewrite =
  | { readonly kind: 'reseal'; readonly reason: ResealReason }
  | { readonly kind: 'forward'; readonly reason: ForwardReason }
  | { readonly kind: 'coalesce'; readonly reason: 'small' }
  | { readonly kind: 'rebuild'; readonly reason: RebuildReason }
  | { readonly kind: 'drop'; readonly reason: DropReason }

/** What must be known besides the header. */
export interface RewritePlan {
  /** Next upstream offset to be copied. */
  position: number
  /** Only committed data is read, and the batch is part of an aborted transaction (aborted-transactions.ts). */
  isAborted: boolean
  /** False if the user switched idempotence off, or the target lacks it. */
  idempotent: boolean
  /** message.timestamp.type of the target topic. */
  targetTimestampType: 'CreateTime' | 'LogAppendTime'
  /** max.message.bytes of the target topic: largest batch in bytes, header included. */
  targetMaxMessageBytes: number
  /** Codec that the target's batches are to have; -1: the one that they have. */
  codec: number
  /** The target refused something up to here, exclusively: records have to be looked at one by one. */
  doubtedTo: number
  /** Batches smaller than this, in bytes, are put together with neighbours; 0: none are. */
  coalesceBelowBytes: number
}

const RESEAL: Rewrite = Object.freeze({ kind: 'reseal', reason: 'usual' })
const FORWARD: Rewrite = Object.freeze({ kind: 'forward', reason: 'not idempotent' })
const DROP_BEFORE_POSITION: Rewrite = Object.freeze({ kind: 'drop', reason: 'before position' })
const DROP_CONTROL: Rewrite = Object.freeze({ kind: 'drop', reason: 'control' })
const DROP_ABORTED: Rewrite = Object.freeze({ kind: 'drop', reason: 'aborted' })
const DROP_EMPTY: Rewrite = Object.freeze({ kind: 'drop', reason: 'empty' })
const REBUILD_OLD_FORMAT: Rewrite = Object.freeze({ kind: 'rebuild', reason: 'old format' })
const REBUILD_POSITION_INSIDE: Rewrite = Object.freeze({ kind: 'rebuild', reason: 'position inside the batch' })
const REBUILD_HOLES: Rewrite = Object.freeze({ kind: 'rebuild', reason: 'holes' })
const REBUILD_APPEND_TIME: Rewrite = Object.freeze({ kind: 'rebuild', reason: 'append time' })
const REBUILD_OTHER_CODEC: Rewrite = Object.freeze({ kind: 'rebuild', reason: 'other codec' })
const REBUILD_REFUSED: Rewrite = Object.freeze({ kind: 'rebuild', reason: 'refused' })
const REBUILD_TOO_LARGE: Rewrite = Object.freeze({ kind: 'rebuild', reason: 'too large' })
const COALESCE: Rewrite = Object.freeze({ kind: 'coalesce', reason: 'small' })

/**
 * Decides what is done with a batch, from its header alone. Pure and total; the first rule that fits wins:
 *
 *  1. drop 'before position'              it was copied before; nothing else about it matters
 *  2. drop 'control', then 'aborted'      the target must not see it, whatever else it is
 *  3. rebuild 'old format'                before its count is looked at, which a compressed entry does not tell
 *  4. drop 'empty'                        compaction took every record; the position moves on
 *  5. rebuild 'position inside the batch', 'holes', 'append time', 'other codec', 'refused', 'too large'
 *                                         the reason that is named is the first one; a rebuild sees to all of them
 *  6. coalesce 'small'                    where a neighbour is there to be put together with (batch-intake.ts); alone it is 7 or 8
 *  7. forward                             idempotence is off, and nothing in the header must change that the CRC covers
 *  8. reseal                              all others; where idempotence is off, with no producer id, epoch and sequence:
 *                                         a source's id means somebody else on the target and never reaches it
 *
 * 'append time': the records' own timestamps are not what readers of the source see. A target topic with append time
 * sets its own anyway.
 * Whoever drops a batch verifies its checksum first, where the user asked for that (reseal.ts).
 */
export function chooseRewrite(header: BatchHeader, plan: RewritePlan): Rewrite {
  if (header.lastOffset < plan.position) return DROP_BEFORE_POSITION
  if (header.isControl) return DROP_CONTROL
  if (plan.isAborted) return DROP_ABORTED
  if (header.magic < 2) return REBUILD_OLD_FORMAT
  if (header.recordCount === 0) return DROP_EMPTY
  if (header.baseOffset < plan.position) return REBUILD_POSITION_INSIDE
  if (header.lastOffsetDelta + 1 !== header.recordCount) return REBUILD_HOLES
  if (header.isAppendTime && plan.targetTimestampType === 'CreateTime') return REBUILD_APPEND_TIME
  if (plan.codec >= 0 && header.codec !== plan.codec) return REBUILD_OTHER_CODEC
  if (header.baseOffset < plan.doubtedTo) return REBUILD_REFUSED
  if (header.size > plan.targetMaxMessageBytes) return REBUILD_TOO_LARGE
  return header.size < plan.coalesceBelowBytes ? COALESCE : chooseWhole(header, plan)
}

/** What is done with a batch that is copied as it is: `forward` or `reseal`. */
export function chooseWhole(header: BatchHeader, plan: Pick<RewritePlan, 'idempotent'>): Rewrite {
  return !plan.idempotent && isPlain(header) ? FORWARD : RESEAL
}

/** The checksummed header is already one that a producer without idempotence writes. */
function isPlain(header: BatchHeader): boolean {
  const hasProducer = header.producerIdHigh !== -1 || header.producerIdLow !== -1 || header.producerEpoch !== -1
  const hasBits = header.isTransactional || header.isAppendTime || header.hasDeleteHorizon
  return !hasProducer && header.baseSequence === -1 && !hasBits
}
