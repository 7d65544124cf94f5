import { AbortedTransactions } from '../../src/wire/aborted-transactions.ts'
import { compress } from '../../src/wire/compression.ts'
import type { Codec } from '../../src/wire/compression.ts'
import { crc32cOf } from '../../src/wire/crc32c.ts'
import { BATCH_HEADER_SIZE, CHECKSUMMED_AT } from '../../src/wire/record-batch.ts'
import type { FetchedRecords, OpenSupply, RecordSupply } from '../../src/verify/record-supply.ts'

/** A record of a partition that exists in memory only. */
export interface MemoryRecord {
  readonly offset: number
  readonly timestamp: bigint
  readonly key: string | null
  readonly value: string | null
  readonly headers?: readonly (readonly [string, string | null])[]
}

/** A batch of a partition that exists in memory only; `isControl` ones hold no record that a reader sees. */
export interface MemoryBatch {
  readonly records: readonly MemoryRecord[]
  readonly codec?: Codec
  readonly isControl?: boolean
  readonly isAppendTime?: boolean
}

/** Encodes a batch of magic 2 as Kafka's producer would. */
export function encodeMemoryBatch({
  records,
  codec = 0,
  isControl = false,
  isAppendTime = false,
}: MemoryBatch): Buffer {
  const first = records[0]
  const last = records.at(-1)
  if (first === undefined || last === undefined) throw new Error('a batch of no records is not made here')
  const body = Buffer.concat(records.map((record) => encodeRecord(record, first)))
  const payload = compress(codec, body)
  const header = Buffer.alloc(BATCH_HEADER_SIZE)
  const newest = records.reduce((most, { timestamp }) => (timestamp > most ? timestamp : most), first.timestamp)
  header.writeBigInt64BE(BigInt(first.offset), 0)
  header.writeInt32BE(BATCH_HEADER_SIZE - 12 + payload.length, 8)
  header.writeInt8(2, 16)
  header.writeInt16BE(codec | (isControl ? 0x20 : 0) | (isAppendTime ? 0x08 : 0), 21)
  header.writeInt32BE(last.offset - first.offset, 23)
  header.writeBigInt64BE(first.timestamp, 27)
  header.writeBigInt64BE(newest, 35)
  header.writeBigInt64BE(-1n, 43)
  header.writeInt16BE(-1, 51)
  header.writeInt32BE(-1, 53)
  header.writeInt32BE(records.length, 57)
  const batch = Buffer.concat([header, payload])
  batch.writeUInt32BE(crc32cOf(batch, CHECKSUMMED_AT, batch.length), 17)
  return batch
}

/** A supply over batches in memory, several in an answer, and how many answers are held by nobody but their reader. */
export function openMemoryPartition(batches: readonly MemoryBatch[], batchesPerAnswer = 3): OpenSupply {
  const encoded = batches.map((batch) => ({
    bytes: encodeMemoryBatch(batch),
    last: batch.records.at(-1)?.offset ?? -1,
  }))
  return (from, to): RecordSupply => {
    let index = encoded.findIndex(({ last }) => last >= from)
    if (index < 0) index = encoded.length
    return {
      next(): Promise<FetchedRecords | null> {
        const taken = encoded.slice(index, index + batchesPerAnswer)
        index += taken.length
        const first = taken[0]
        if (first === undefined || first.last >= to + 1_000_000) return Promise.resolve(null)
        const bytes = Buffer.concat(taken.map((one) => one.bytes))
        return Promise.resolve({
          bytes,
          recordsStart: 0,
          recordsEnd: bytes.length,
          aborted: new AbortedTransactions(null),
          // What is read after its release is found out.
          release: () => void bytes.fill(0xff),
        })
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  }
}

function encodeRecord({ offset, timestamp, key, value, headers = [] }: MemoryRecord, first: MemoryRecord): Buffer {
  const fields = [
    Buffer.from([0]),
    varint(timestamp - first.timestamp),
    varint(BigInt(offset - first.offset)),
    sized(key),
    sized(value),
    varint(BigInt(headers.length)),
    ...headers.flatMap(([name, text]) => [sized(name), sized(text)]),
  ]
  const body = Buffer.concat(fields)
  return Buffer.concat([varint(BigInt(body.length)), body])
}

function sized(text: string | null): Buffer {
  if (text === null) return varint(-1n)
  const bytes = Buffer.from(text)
  return Buffer.concat([varint(BigInt(bytes.length)), bytes])
}

function varint(value: bigint): Buffer {
  let left = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  while (left > 0x7fn) {
    bytes.push(Number(left & 0x7fn) | 0x80)
    left >>= 7n
  }
  return Buffer.from([...bytes, Number(left)])
}
