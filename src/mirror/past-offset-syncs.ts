import { TwinlogError } from '../base/catalogue.ts'
import { ByteReader } from '../wire/byte-reader.ts'
import { topicPartitionKey } from './topic-partition.ts'

/** Beyond this every second point of a partition is dropped: translation gets coarser, as it does in MirrorMaker 2, which keeps 64. */
const POINTS_MAX = 4_096

interface Point {
  readonly upstream: number
  readonly downstream: number
}

/**
 * The offset syncs that MirrorMaker 2 left, for what it copied before a take-over. Lossy by nature: between two of them nothing is known of the records.
 *
 * ```
 *   key     topic STRING, partition INT32
 *   value   upstreamOffset INT64, downstreamOffset INT64
 * ```
 * Source: OffsetSync, OffsetSyncStore.translateDownstream.
 */
export class PastOffsetSyncs {
  readonly #points = new Map<string, Point[]>()

  /** Takes a record of the offset-syncs topic, in offset order. What is none is passed over, as in Java. */
  take(key: Buffer | null, value: Buffer | null): void {
    if (key === null || value === null) return
    try {
      const keyReader = new ByteReader(key, 0, key.length)
      const name = topicPartitionKey(keyReader.readString(false), keyReader.readInt32())
      const reader = new ByteReader(value, 0, value.length)
      this.#add(name, { upstream: reader.readOffset(), downstream: reader.readOffset() })
    } catch (error) {
      if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
    }
  }

  /**
   * MirrorMaker 2's rule: at a sync its downstream offset, behind it the one after that.
   * @returns null where there is no sync at or before the offset
   */
  downstreamOf(topic: string, partition: number, upstream: number): number | null {
    const points = this.#points.get(topicPartitionKey(topic, partition)) ?? []
    const found = points.findLast((point) => point.upstream <= upstream)
    if (found === undefined) return null
    return found.downstream + (found.upstream === upstream ? 0 : 1)
  }

  /** A sync before the last one says that the source was rewound, or the copy begun anew: what came before counts no more. */
  #add(name: string, point: Point): void {
    const known = this.#points.get(name) ?? []
    const last = known.at(-1)
    const kept = last !== undefined && point.upstream < last.upstream ? [] : known
    kept.push(point)
    const isFull = kept.length > POINTS_MAX
    this.#points.set(name, isFull ? kept.filter((_, index) => index % 2 === 0 || index === kept.length - 1) : kept)
  }
}
