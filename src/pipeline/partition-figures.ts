import { WindowedFigure } from '../observe/windowed-figure.ts'

/** What is counted of one partition for people to see, on the way: plain numbers, so that a batch costs no memory. */
export class PartitionFigures {
  /** From the newest record of a batch to its acknowledgement, in ms; counts records, amounts are bytes. */
  readonly latencyMs = new WindowedFigure()
  /** From the newest record of what was read to the moment at which it was, in ms. */
  readonly ageMs = new WindowedFigure()
  batchesTotal = 0
  /** Upstream offsets that the target was found to have without having acknowledged them, and what it said it had already. */
  duplicatesAvoidedTotal = 0
  /** Of the newest record of the last acknowledged batch, ms since the epoch; -1: none, or none that can be. */
  lastTimestampMs = -1
  /** Wall clock when the source was last seen to have more while all before it was copied; -1: it never was. */
  behindSinceMs = -1
  /** Acknowledged position when writing was last interrupted; -1: it was not. */
  interruptedAt = -1
}
