import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { javaHelper } from '../../dev/kafka/java-helper.ts'

/** A record as Kafka's own classes read it; bytes as hex, so that two can be compared. */
export interface JavaRecord {
  readonly offset: number
  readonly timestamp: bigint
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}

export interface JavaBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly magic: number
  readonly codec: number
  readonly isControl: boolean
  readonly maxTimestamp: bigint
  readonly records: readonly JavaRecord[]
}

/** A stretch of a log, and what Kafka's own classes read in it. */
export interface SeededLog {
  readonly log: Buffer
  readonly batches: readonly JavaBatch[]
}

/** Has Kafka's own classes write stretches of logs in all formats and codecs, compacted ones too (KitRecords.java). */
export async function seedLogs(seed: number, count: number): Promise<SeededLog[]> {
  return inFolder(async (batches, records) => {
    const helper = await javaHelper()
    await helper.request('seedRecords', { seed, count, batches, records })
    const logs = decodeBatches(await readFile(batches))
    const contents = decodeRecords(await readFile(records))
    return logs.map((log, index) => {
      const found = contents[index]
      if (found === undefined || typeof found === 'string') throw new Error(`case ${index}: ${found}`)
      return { log, batches: found }
    })
  })
}

/**
 * Gives batches to what a broker does with batches that were produced to it; it has to take them as they are.
 * @param cases each: batches for one partition, one after another
 * @returns for each case the batches with offsets from 0 on; or what is wrong
 */
export async function judgeProduced(
  cases: readonly Buffer[],
  options: { readonly isCompacted?: boolean } = {},
): Promise<(JavaBatch[] | string)[]> {
  return inFolder(async (batches, records) => {
    const sizes = cases.map((bytes) => int32(bytes.length))
    await writeFile(
      batches,
      Buffer.concat([int32(cases.length), ...cases.flatMap((bytes, at) => [sizes[at] ?? bytes, bytes])]),
    )
    const helper = await javaHelper()
    await helper.request('readRecords', { batches, records, isCompacted: options.isCompacted ?? false })
    return decodeRecords(await readFile(records))
  })
}

async function inFolder<T>(run: (batches: string, records: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'twinlog-records-'))
  try {
    return await run(join(folder, 'batches'), join(folder, 'records'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function decodeBatches(bytes: Buffer): Buffer[] {
  const reader = new Reader(bytes)
  return Array.from({ length: reader.int32() }, () => reader.take(reader.int32()))
}

function decodeRecords(bytes: Buffer): (JavaBatch[] | string)[] {
  const reader = new Reader(bytes)
  return Array.from({ length: reader.int32() }, () => {
    const count = reader.int32()
    if (count < 0) return reader.take(reader.int32()).toString()
    return Array.from({ length: count }, () => batch(reader))
  })
}

function batch(reader: Reader): JavaBatch {
  const baseOffset = Number(reader.int64())
  const lastOffset = Number(reader.int64())
  const [magic = 0, codec = 0, , control = 0] = reader.take(4)
  const maxTimestamp = reader.int64()
  const records = Array.from({ length: reader.int32() }, () => ({
    offset: Number(reader.int64()),
    timestamp: reader.int64(),
    key: reader.nullable(),
    value: reader.nullable(),
    headers: Array.from({ length: reader.int32() }, () => ({
      key: reader.take(reader.int32()).toString(),
      value: reader.nullable(),
    })),
  }))
  return { baseOffset, lastOffset, magic, codec, isControl: control === 1, maxTimestamp, records }
}

class Reader {
  #at = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int32(): number {
    return this.take(4).readInt32BE()
  }

  int64(): bigint {
    return this.take(8).readBigInt64BE()
  }

  nullable(): string | null {
    const size = this.int32()
    return size < 0 ? null : this.take(size).toString('hex')
  }

  take(size: number): Buffer {
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }
}
