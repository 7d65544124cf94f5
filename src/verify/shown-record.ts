import { BatchCursor } from './batch-cursor.ts'
import type { OpenSupply } from './record-supply.ts'
import { SideCursor } from './side-cursor.ts'
import type { RecordWalk } from './record-walk.ts'
import type { RecordField } from './verdict.ts'

/** So many bytes of a key, a value or a header are shown. */
const SHOWN_BYTES_MAX = 120
const SHOWN_HEADERS_MAX = 8
/** Latest instant that a date can tell. */
const DATE_MS_MAX = 8_640_000_000_000_000n

/** A record for people: texts are bounded and printable. Null stands for null. */
export interface ShownRecord {
  readonly offset: number
  /** ISO 8601, or the number where it is no date. */
  readonly timestamp: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
  readonly keyBytes: number
  readonly valueBytes: number
}

/** A record taken out of its batch, to be shown or held against another one. */
export interface TakenRecord {
  readonly offset: number
  readonly timestamp: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** All headers as they lie in the record. */
  readonly headers: Buffer
  readonly headersCount: number
}

/** Reads one record. @returns null when it is not there (any more) */
export async function takeRecord(open: OpenSupply, offset: number): Promise<TakenRecord | null> {
  const range = { from: offset, to: offset + 1, isChecked: false }
  await using cursor = new SideCursor(new BatchCursor(open(range.from, range.to), range), range)
  while (await cursor.load()) if (cursor.findRecord()) return take(cursor.walk)
  return null
}

function take(walk: RecordWalk): TakenRecord {
  const { bytes, keyStart, keyLength, valueStart, valueLength, headersStart, headersCount, end } = walk.records
  return {
    offset: walk.offset,
    timestamp: walk.timestamp,
    key: keyLength < 0 ? null : Buffer.from(bytes.subarray(keyStart, keyStart + keyLength)),
    value: valueLength < 0 ? null : Buffer.from(bytes.subarray(valueStart, valueStart + valueLength)),
    headers: Buffer.from(bytes.subarray(headersStart, end)),
    headersCount,
  }
}

/** @returns the parts in which two records differ */
export function differingFields(source: TakenRecord, target: TakenRecord): RecordField[] {
  const fields: RecordField[] = []
  if (!isSame(source.key, target.key)) fields.push('key')
  if (!isSame(source.value, target.value)) fields.push('value')
  if (!isSame(source.headers, target.headers)) fields.push('headers')
  if (source.timestamp !== target.timestamp) fields.push('timestamp')
  return fields
}

function isSame(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other)
}

/** @param aside   the record that it is shown beside: of long texts the part is shown where they begin to differ */
export function showRecord(record: TakenRecord, aside: TakenRecord | null): ShownRecord {
  const { offset, timestamp, key, value } = record
  return {
    offset,
    timestamp: showTimestamp(timestamp),
    key: showBytes(key, aside?.key ?? null),
    value: showBytes(value, aside?.value ?? null),
    headers: showHeaders(record),
    keyBytes: key?.length ?? 0,
    valueBytes: value?.length ?? 0,
  }
}

function showTimestamp(timestamp: bigint): string {
  if (timestamp < 0n || timestamp > DATE_MS_MAX) return String(timestamp)
  return new Date(Number(timestamp)).toISOString()
}

function showBytes(bytes: Buffer | null, aside: Buffer | null): string | null {
  if (bytes === null) return null
  const from = aside === null || bytes.length <= SHOWN_BYTES_MAX ? 0 : Math.max(0, firstDifference(bytes, aside) - 20)
  const part = bytes.subarray(from, from + SHOWN_BYTES_MAX)
  const text = printable(part)
  return `${from > 0 ? '...' : ''}${text}${from + part.length < bytes.length ? '...' : ''}`
}

function firstDifference(bytes: Buffer, aside: Buffer): number {
  const most = Math.min(bytes.length, aside.length)
  for (let index = 0; index < most; index++) if (bytes[index] !== aside[index]) return index
  return bytes.length === aside.length ? 0 : most
}

const notPrintable = /[\p{C}\p{Z}]/u

/** UTF-8 where it is readable text, hexadecimal digits otherwise. */
function printable(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  // A character that was cut at the end is no reason to show digits.
  const whole = text.replace(/\ufffd$/u, '')
  const isText = [...whole].every(
    (character) => character === ' ' || !(notPrintable.test(character) || character === '\ufffd'),
  )
  return isText ? whole : `0x${bytes.toString('hex')}`
}

function showHeaders({ headers, headersCount }: TakenRecord): [string, string | null][] {
  const shown: [string, string | null][] = []
  let at = 0
  const readSize = (): number => {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = headers[at++] ?? 0
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    return (value >>> 1) ^ -(value & 1)
  }
  const readBytes = (): Buffer | null => {
    const size = readSize()
    if (size < 0) return null
    at += size
    return headers.subarray(at - size, at)
  }
  for (let index = 0; index < Math.min(headersCount, SHOWN_HEADERS_MAX); index++) {
    const name = showBytes(readBytes(), null) ?? ''
    shown.push([name, showBytes(readBytes(), null)])
  }
  if (headersCount > SHOWN_HEADERS_MAX) shown.push([`... and ${headersCount - SHOWN_HEADERS_MAX} more`, null])
  return shown
}
