/** One record to write into an internal topic. A null value is a tombstone. */
export interface RecordToWrite {
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: readonly (readonly [key: Buffer, value: Buffer | null])[]
  /** ms since the epoch; absent: the time of writing. */
  readonly timestamp?: bigint
}

/** A batch whose sequence is fixed: it is sent again as it is until the leader has it. */
export interface SequencedBatch {
  readonly partition: number
  readonly records: readonly RecordToWrite[]
  /** ms since the epoch. */
  readonly timestamp: bigint
  readonly sequence: number
}

/** Well under the brokers' default message.max.bytes of 1 MB. */
const batchBytesMax = 512 * 1024
const recordOverheadBytes = 32

/** @returns for each partition its records in batches that are small enough */
export function batchesByPartition(records: readonly RecordToWrite[]): ReadonlyMap<number, readonly RecordToWrite[][]> {
  const queues = new Map<number, RecordToWrite[][]>()
  const sizes = new Map<number, number>()
  for (const record of records) {
    const { partition, key, value } = record
    const sizeBytes = (key?.length ?? 0) + (value?.length ?? 0) + recordOverheadBytes
    const queue = queues.get(partition) ?? []
    queues.set(partition, queue)
    const filledBytes = sizes.get(partition) ?? 0
    const current = queue.at(-1)
    if (current === undefined || filledBytes + sizeBytes > batchBytesMax) {
      queue.push([record])
      sizes.set(partition, sizeBytes)
    } else {
      current.push(record)
      sizes.set(partition, filledBytes + sizeBytes)
    }
  }
  return queues
}
