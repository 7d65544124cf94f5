/** What a few batches of a topic say about all of them. */
export interface TopicSample {
  readonly topic: string
  readonly partitionsCount: number
  /** Partitions that were looked into. */
  readonly sampledCount: number
  readonly batchesCount: number
  readonly recordsCount: number
  readonly largestBatchBytes: number
  /** Largest record, not compressed. */
  readonly largestRecordBytes: number
  /** Of records, ms since the epoch; null: no record was seen, or none has a timestamp. */
  readonly oldestTimestamp: bigint | null
  readonly newestTimestamp: bigint | null
  readonly nullKeysCount: number
  /** Names of the codecs that were seen. */
  readonly codecs: readonly string[]
  /** Batches of magic 0 or 1; with append time; with holes, as compaction leaves them. */
  readonly oldFormatCount: number
  readonly appendTimeCount: number
  readonly holedCount: number
  /** Why some of it could not be read; empty: all could. */
  readonly problems: readonly string[]
}
