/** Why upstream records could not be copied. */
export type GapReason =
  | 'removed before it was copied'
  | 'truncated'
  | 'above the end'
  | 'topic deleted'
  | 'topic recreated'

/** A stretch of a source partition that the copy does not hold (design.md section 5): said, counted and written down. */
export interface Gap {
  /** Source topic and partition. */
  readonly topic: string
  readonly partition: number
  /** First upstream offset that is missing, and the first after it; null when the end is not known (the topic is gone). */
  readonly fromOffset: number
  readonly toOffset: number | null
  readonly reason: GapReason
  /** Wall clock, ms since the epoch. */
  readonly atMs: number
}
