import { DurationHistogram } from '../observe/duration-histogram.ts'
import type { FetchedPartition } from '../wire/fetch-response.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { PendingBatch } from './pending-batch.ts'

/** From what a broker answers on the spot to an hour. */
const LATENCY_BOUNDS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600]

/** 2000-01-01: Kafka is younger, and who writes seconds for milliseconds gets 1970. */
const EARLIEST_TIMESTAMP_MS = 946_684_800_000
/** Nobody's clock is so far ahead; nanoseconds are. */
const AHEAD_MAX_MS = 86_400_000
const DUPLICATE_SEQUENCE_NUMBER = 46

/** Counts of one side by Kafka error code. */
export type CodeCounts = ReadonlyMap<number, number>

/**
 * What a lane counts of its batches for people to see. Ages are differences between this machine's clock and the timestamps of records, by batch: the newest
 * record of each, which its header tells. A timestamp that no clock can have written is counted and not used; one ahead of our clock is an age of 0.
 */
export class LaneFigures {
  readonly latency = new DurationHistogram(LATENCY_BOUNDS_SECONDS)
  implausibleTimestampsTotal = 0
  /** For how long brokers asked us to wait because of quotas, in ms. */
  sourceThrottledMsTotal = 0
  targetThrottledMsTotal = 0
  readonly #isReadCommitted: boolean
  readonly #fetchErrors = new Map<number, number>()
  readonly #produceErrors = new Map<number, number>()

  constructor(isReadCommitted: boolean) {
    this.#isReadCommitted = isReadCommitted
  }

  get fetchErrors(): CodeCounts {
    return this.#fetchErrors
  }

  get produceErrors(): CodeCounts {
    return this.#produceErrors
  }

  /** Before an answer is taken in. */
  noteFetched(partition: MirroredPartition, fetched: FetchedPartition, nowMs: number): void {
    if (fetched.errorCode !== 0) {
      count(this.#fetchErrors, fetched.errorCode)
      return
    }
    const before = this.#isReadCommitted ? partition.lastStableOffset : partition.highWatermark
    const after = this.#isReadCommitted ? fetched.lastStableOffset : fetched.highWatermark
    if (before >= 0 && after > before && partition.copiedOffset >= before) partition.figures.behindSinceMs = nowMs
  }

  /** After it was taken in. */
  noteTaken(partition: MirroredPartition, nowMs: number): void {
    const newest = partition.queue.last()
    if (newest === undefined || !isPlausible(newest.timestampMs, nowMs)) return
    partition.figures.ageMs.note(Math.max(0, nowMs - newest.timestampMs), 1, 0, nowMs)
  }

  /** The target answered for a batch with an error. */
  noteRefused(errorCode: number): void {
    count(this.#produceErrors, errorCode)
  }

  /** The target has a batch; `errorCode` tells whether it had it before. */
  noteAcknowledged({ figures }: MirroredPartition, batch: PendingBatch, errorCode: number, nowMs: number): void {
    if (errorCode === DUPLICATE_SEQUENCE_NUMBER) figures.duplicatesAvoidedTotal += batch.count
    figures.batchesTotal++
    figures.interruptedAt = -1
    if (!isPlausible(batch.timestampMs, nowMs)) {
      this.implausibleTimestampsTotal++
      figures.lastTimestampMs = -1
      return
    }
    const latencyMs = Math.max(0, nowMs - batch.timestampMs)
    figures.lastTimestampMs = batch.timestampMs
    figures.latencyMs.note(latencyMs, batch.count, batch.size, nowMs)
    this.latency.note(latencyMs / 1000, batch.count)
  }

  /** It is known where a partition goes on: what the target has beyond the last acknowledgement, or the stored position, would have been sent twice. */
  noteLocated({ figures, ackedOffset, assignment }: MirroredPartition): void {
    const before = figures.interruptedAt >= 0 ? figures.interruptedAt : (assignment.storedPosition ?? ackedOffset)
    if (ackedOffset > before && (figures.interruptedAt >= 0 || figures.batchesTotal === 0))
      figures.duplicatesAvoidedTotal += ackedOffset - before
    figures.interruptedAt = -1
  }
}

/** Whether a clock may have written it, in ms since the epoch. */
export function isPlausible(timestampMs: number, nowMs: number): boolean {
  return timestampMs >= EARLIEST_TIMESTAMP_MS && timestampMs <= nowMs + AHEAD_MAX_MS
}

function count(counts: Map<number, number>, code: number): void {
  counts.set(code, (counts.get(code) ?? 0) + 1)
}
