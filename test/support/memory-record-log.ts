import type { InternalRecord, ReadInternalRecord, RecordLog } from '../../src/control/record-log.ts'

/** A compacted topic in memory, for tests of the stores: appends can be held back, refused, or cut in the middle. */
export class MemoryRecordLog implements RecordLog {
  readonly topic: string
  readonly cluster = 'us'
  readonly partitionCount: number
  readonly records: ReadInternalRecord[] = []
  /** How many records each append had. */
  readonly appendCounts: number[] = []
  /** Called before records are stored; what it throws makes the append fail. `storedCount`: how many of them become durable all the same. */
  beforeAppend: (records: readonly InternalRecord[]) => Promise<void> = () => Promise.resolve()
  storedCountOnFailure = 0

  constructor(topic: string, partitionCount = 1) {
    this.topic = topic
    this.partitionCount = partitionCount
  }

  async read(onRecord: (record: ReadInternalRecord) => void): Promise<void> {
    for (const record of this.records) onRecord(record)
  }

  async append(records: readonly InternalRecord[], { signal }: { signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted()
    this.appendCounts.push(records.length)
    try {
      await this.beforeAppend(records)
    } catch (error) {
      this.#store(records.slice(0, this.storedCountOnFailure))
      throw error
    }
    this.#store(records)
  }

  /** A log of the same records, or of the first of them only, as a restarted process would find it. */
  copy(count = this.records.length): MemoryRecordLog {
    const copied = new MemoryRecordLog(this.topic, this.partitionCount)
    copied.records.push(...this.records.slice(0, count))
    return copied
  }

  /** What Kafka's cleaner may make of it: the last record of each key, tombstones gone. */
  compacted(): MemoryRecordLog {
    const last = new Map(this.records.map((record) => [String(record.key), record]))
    const compacted = new MemoryRecordLog(this.topic, this.partitionCount)
    compacted.records.push(
      ...this.records.filter((record) => record.value !== null && last.get(String(record.key)) === record),
    )
    return compacted
  }

  get sizeBytes(): number {
    return this.records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0)
  }

  #store(records: readonly InternalRecord[]): void {
    for (const record of records)
      this.records.push({ ...record, offset: this.records.length, timestamp: this.records.length })
  }
}
