/** Producer sequences run from 0 to 2^31 - 1 and then begin again at 0 (DefaultRecordBatch.incrementSequence). */
export const SEQUENCE_MODULUS = 2 ** 31

/**
 * A stretch of a partition's copy without holes: within it sequence, upstream offset and downstream offset advance together,
 * so that `upstream = run.upstream + (sequence - run.sequence)`. A run ends where the next one begins; the last one is open.
 */
export interface Run {
  /** Upstream offset of the run's first record. */
  readonly upstream: number
  /** Producer sequence of the run's first record, 0 <= sequence < 2^31. */
  readonly sequence: number
  /** Downstream offset of the run's first record: the one expected when the run was written down; -1 if not known. */
  readonly downstream: number
}

/** How many sequences lie between two, going forward and wrapping at 2^31. */
export function sequenceDistance(from: number, to: number): number {
  return (to - from + SEQUENCE_MODULUS) % SEQUENCE_MODULUS
}

/** The sequence `count` records after this one, wrapping at 2^31. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % SEQUENCE_MODULUS
}
