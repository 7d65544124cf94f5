import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import { listOffsets } from '../kafka/admin.ts'
import { CODEC_NAMES } from '../wire/record-batch.ts'
import { BatchCursor } from '../verify/batch-cursor.ts'
import { PartitionReader } from '../verify/partition-reader.ts'
import { RecordWalk } from '../verify/record-walk.ts'
import type { SideConnections } from '../verify/side-connections.ts'
import type { TopicSample } from './topic-sample.ts'

/** Partitions of a topic that are looked into, and places in each: its beginning, its end, and between. */
const PARTITIONS_MAX = 16
const PLACES = [0, 0.25, 0.5, 0.75, 1]
/** Batches that are looked at in each place, and bytes that are read there (the first batch comes whole). */
const BATCHES_MAX = 20
const PLACE_BYTES = 256 * 1024

interface Place {
  readonly partition: number
  readonly from: number
  readonly end: number
}

/** Looks at a few batches of each topic of a source, at its beginning, its end, and between. */
export class TopicSampler {
  readonly #connections: SideConnections
  readonly #options: { readonly clock: Clock; readonly signal: AbortSignal }

  constructor(connections: SideConnections, options: { readonly clock: Clock; readonly signal: AbortSignal }) {
    this.#connections = connections
    this.#options = options
  }

  /** What cannot be read is said in the sample. @throws the signal's reason */
  async sample(topic: string): Promise<TopicSample> {
    const { cluster } = this.#connections
    const { signal } = this.#options
    const partitionsCount = cluster.metadata?.topics.get(topic)?.partitions.length ?? 0
    const sampledCount = Math.min(partitionsCount, PARTITIONS_MAX)
    const partitions = Array.from({ length: sampledCount }, (_, index) =>
      Math.floor((index * partitionsCount) / sampledCount),
    )
    const tally = new SampleTally()
    const requests = partitions.map((partition) => ({ topic, partition }))
    const starts = await listOffsets(
      cluster,
      requests.map((one) => ({ ...one, at: 'earliest' as const })),
      { signal },
    )
    const ends = await listOffsets(
      cluster,
      requests.map((one) => ({ ...one, at: 'latest' as const })),
      { signal },
    )
    for (const [index, partition] of partitions.entries()) {
      const [start, end] = [starts[index], ends[index]]
      const failure = start?.error ?? end?.error
      if (failure !== undefined && failure !== null) tally.problems.add(failure.message)
      if (!start?.value || !end?.value) continue
      for (const place of placesOf(partition, start.value.offset, end.value.offset))
        await this.#look(topic, place, tally)
    }
    return { topic, partitionsCount, sampledCount, ...tally.result() }
  }

  async #look(topic: string, { partition, from, end }: Place, tally: SampleTally): Promise<void> {
    const range = { from, to: end, isChecked: false }
    const wanted = { topic, partition, from, to: end, isCommittedOnly: false, answerBytes: PLACE_BYTES }
    try {
      await using cursor = new BatchCursor(new PartitionReader(this.#connections, wanted, this.#options), range)
      for (let count = 0; count < BATCHES_MAX && (await cursor.load()); count++) {
        tally.take(cursor)
        if (cursor.passedBytes >= PLACE_BYTES) break
        cursor.advance()
      }
    } catch (error) {
      this.#options.signal.throwIfAborted()
      if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
      // Retention may have been quicker; everything else is worth telling.
      if (error.code !== 'RANGE_REMOVED') tally.problems.add(error.message)
    }
  }
}

/** Places of a partition, each once: a short one has fewer. */
function placesOf(partition: number, start: number, end: number): Place[] {
  if (start >= end) return []
  const offsets = new Set(PLACES.map((share) => Math.min(end - 1, start + Math.floor((end - start) * share))))
  return [...offsets].map((from) => ({ partition, from, end }))
}

class SampleTally {
  readonly problems = new Set<string>()
  readonly #walk = new RecordWalk()
  readonly #codecs = new Set<string>()
  #batchesCount = 0
  #recordsCount = 0
  #largestBatchBytes = 0
  #largestRecordBytes = 0
  #oldest: bigint | null = null
  #newest: bigint | null = null
  #nullKeysCount = 0
  #oldFormatCount = 0
  #appendTimeCount = 0
  #holedCount = 0

  take({ bytes, at, header }: BatchCursor): void {
    this.#batchesCount++
    this.#largestBatchBytes = Math.max(this.#largestBatchBytes, header.size)
    this.#codecs.add(CODEC_NAMES[header.codec] ?? `codec ${header.codec}`)
    if (header.magic < 2) this.#oldFormatCount++
    else if (header.lastOffsetDelta + 1 !== header.recordCount) this.#holedCount++
    if (header.isAppendTime) this.#appendTimeCount++
    this.#walk.begin(bytes, at, header)
    while (this.#walk.next()) this.#takeRecord()
  }

  result(): Omit<TopicSample, 'topic' | 'partitionsCount' | 'sampledCount'> {
    return {
      batchesCount: this.#batchesCount,
      recordsCount: this.#recordsCount,
      largestBatchBytes: this.#largestBatchBytes,
      largestRecordBytes: this.#largestRecordBytes,
      oldestTimestamp: this.#oldest,
      newestTimestamp: this.#newest,
      nullKeysCount: this.#nullKeysCount,
      codecs: [...this.#codecs].toSorted(),
      oldFormatCount: this.#oldFormatCount,
      appendTimeCount: this.#appendTimeCount,
      holedCount: this.#holedCount,
      problems: [...this.problems],
    }
  }

  #takeRecord(): void {
    const { timestamp, records } = this.#walk
    this.#recordsCount++
    if (records.keyLength < 0) this.#nullKeysCount++
    this.#largestRecordBytes = Math.max(this.#largestRecordBytes, records.end - records.start)
    // -1 stands for no timestamp, which every topic takes.
    if (timestamp === -1n) return
    if (this.#oldest === null || timestamp < this.#oldest) this.#oldest = timestamp
    if (this.#newest === null || timestamp > this.#newest) this.#newest = timestamp
  }
}
