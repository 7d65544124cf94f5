/** A record of an internal topic; a null value is a tombstone. */
export interface InternalRecord {
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** A record as it was read. */
export interface ReadInternalRecord extends InternalRecord {
  readonly offset: number
  /** ms since the epoch. */
  readonly timestamp: number
}

/** One of our compacted topics, as the stores see it: read whole once, then only appended to. */
export interface RecordLog {
  readonly topic: string
  /** Alias of the cluster that it lies on. */
  readonly cluster: string
  readonly partitionCount: number
  /** Hands over every record from the start to the end that the topic has now, in order within a partition. */
  read(onRecord: (record: ReadInternalRecord) => void, options: { signal: AbortSignal }): Promise<void>
  /** Resolves when all are durable (acks=all). Records of one partition keep their order. */
  append(
    records: readonly (InternalRecord & { readonly key: Buffer })[],
    options: { signal: AbortSignal },
  ): Promise<void>
}
