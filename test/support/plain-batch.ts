import assert from 'node:assert/strict'
import { compress, decompress } from '../../src/wire/compression.ts'
import type { Codec } from '../../src/wire/compression.ts'
import { crc32cOf } from '../../src/wire/crc32c.ts'

// Batches of magic 2, slow and plain: with objects and bigints, and none of the code that is tested with them but codecs and CRC.

export interface PlainRecord {
  readonly offset: number
  readonly timestamp: bigint
  readonly key: string | null
  readonly value: string | null
  /** Key and value in turn. */
  readonly headers?: readonly (readonly [string, string | null])[]
}

export interface PlainBatch {
  /** Offsets rise. */
  readonly records: readonly PlainRecord[]
  readonly codec?: Codec
  readonly baseOffset?: number
  readonly lastOffset?: number
  /** Bits besides the codec. */
  readonly attributes?: number
  readonly baseTimestamp?: bigint
  readonly maxTimestamp?: bigint
  readonly producerId?: bigint
}

/** @returns the batch as it lies in a log */
export function encodePlainBatch(batch: PlainBatch): Buffer {
  const { records, codec = 0, attributes = 0, producerId = -1n } = batch
  const baseOffset = batch.baseOffset ?? records[0]?.offset ?? 0
  const lastOffset = batch.lastOffset ?? records.at(-1)?.offset ?? baseOffset
  const baseTimestamp = batch.baseTimestamp ?? records[0]?.timestamp ?? -1n
  const latest = records.reduce((most, { timestamp }) => (timestamp > most ? timestamp : most), -1n)
  const body = Buffer.concat(records.map((record) => encodeRecord(record, baseOffset, baseTimestamp)))
  const bytes = Buffer.concat([Buffer.alloc(61), compress(codec, body)])
  bytes.writeBigInt64BE(BigInt(baseOffset), 0)
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes.writeInt32BE(3, 12)
  bytes.writeInt8(2, 16)
  bytes.writeInt16BE(attributes | codec, 21)
  bytes.writeInt32BE(lastOffset - baseOffset, 23)
  bytes.writeBigInt64BE(baseTimestamp, 27)
  bytes.writeBigInt64BE(batch.maxTimestamp ?? latest, 35)
  bytes.writeBigInt64BE(producerId, 43)
  bytes.writeInt16BE(producerId < 0 ? -1 : 5, 51)
  bytes.writeInt32BE(producerId < 0 ? -1 : 77, 53)
  bytes.writeInt32BE(records.length, 57)
  return sealPlainBatch(bytes)
}

/** Gives a batch the checksum that its bytes have. */
export function sealPlainBatch(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32cOf(bytes, 21, bytes.length), 17)
  return bytes
}

/** Reads a batch that has create time and a right checksum. */
export function decodePlainBatch(bytes: Buffer): PlainRecord[] {
  assert.equal(bytes.readInt32BE(8), bytes.length - 12)
  assert.equal(bytes.readUInt32BE(17), crc32cOf(bytes, 21, bytes.length))
  const attributes = bytes.readInt16BE(21)
  assert.equal(attributes & 0x78, 0)
  const body = decompress((attributes & 7) as Codec, bytes.subarray(61), 1 << 28)
  let at = 0
  const varlong = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = body.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return (value >> 1n) ^ -(value & 1n)
    }
  }
  const text = (): string | null => {
    const length = Number(varlong())
    if (length < 0) return null
    at += length
    return body.toString('latin1', at - length, at)
  }
  const records: PlainRecord[] = []
  while (at < body.length) {
    const length = Number(varlong())
    const end = at + length
    // Attributes: none is used.
    at++
    const timestamp = BigInt.asIntN(64, bytes.readBigInt64BE(27) + varlong())
    const offset = Number(bytes.readBigInt64BE(0) + varlong())
    const [key, value] = [text(), text()]
    const headers = Array.from({ length: Number(varlong()) }, () => [text() ?? '', text()] as const)
    assert.equal(at, end)
    records.push(headers.length === 0 ? { offset, timestamp, key, value } : { offset, timestamp, key, value, headers })
  }
  assert.equal(records.length, bytes.readInt32BE(57))
  assert.equal(records.length, bytes.readInt32BE(23) + 1)
  return records
}

function encodeRecord(record: PlainRecord, baseOffset: number, baseTimestamp: bigint): Buffer {
  const { offset, timestamp, key, value, headers = [] } = record
  const body = Buffer.concat([
    Buffer.from([0]),
    encodeVarlong(BigInt.asIntN(64, timestamp - baseTimestamp)),
    encodeVarlong(BigInt(offset - baseOffset)),
    ...encodeText(key),
    ...encodeText(value),
    encodeVarlong(BigInt(headers.length)),
    ...headers.flatMap(([headerKey, headerValue]) => [...encodeText(headerKey), ...encodeText(headerValue)]),
  ])
  return Buffer.concat([encodeVarlong(BigInt(body.length)), body])
}

function encodeText(text: string | null): Buffer[] {
  if (text === null) return [encodeVarlong(-1n)]
  const bytes = Buffer.from(text, 'latin1')
  return [encodeVarlong(BigInt(bytes.length)), bytes]
}

function encodeVarlong(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}
