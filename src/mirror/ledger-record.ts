import type { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { Gap, GapReason } from './gap.ts'
import type { LedgerIdentity } from './ledger-entry.ts'
import { PackedReader, PackedWriter } from './packed-bytes.ts'
import type { Run } from './run.ts'
import { readRuns, writeRuns } from './run-codec.ts'

/** The first byte of every value. A reader refuses what is newer; older formats stay readable. (Version 1 was never released.) */
export const LEDGER_FORMAT_VERSION = 2
const OLDEST_FORMAT_VERSION = 2

/** Which clusters and which plan an entry was written for. */
export interface LedgerScope {
  /** Kafka's cluster ids; null where not known. An entry of another cluster says nothing about this one. */
  readonly sourceClusterId: string | null
  readonly targetClusterId: string | null
  /** Hash of what decides how records are rewritten; 0 when not known. */
  readonly planHash: bigint
}

/** The whole truth about one partition: a record of the kind `head` replaces the one before in a single append. */
export interface LedgerHead {
  readonly identity: LedgerIdentity
  readonly scope: LedgerScope
  /** Rises by one when a partition starts anew with another identity. Segments of another generation do not count. */
  readonly generation: number
  /** The older runs lie in the segments firstSegment <= number < nextSegment, oldest first. */
  readonly firstSegment: number
  readonly nextSegment: number
  /** The newest runs, at least one, at most RUNS_PER_BLOCK_MAX. */
  readonly runs: readonly Run[]
}

/** A stretch of older runs that no longer changes. */
export interface LedgerSegment {
  readonly generation: number
  /** 1 to RUNS_PER_BLOCK_MAX, oldest first. */
  readonly runs: readonly Run[]
}

/** What a record's key names. Keys are text, so that any Kafka tool shows them. */
export type LedgerKey =
  | { readonly kind: 'head'; readonly topic: string; readonly partition: number }
  | { readonly kind: 'runs'; readonly topic: string; readonly partition: number; readonly segment: number }
  | {
      readonly kind: 'gap'
      readonly topic: string
      readonly partition: number
      readonly fromOffset: number
      readonly toOffset: number | null
    }

/** A record of the ledger topic as read: where it lies is part of every error about it. */
export interface LedgerRecord {
  /** The ledger topic's name. */
  readonly ledgerTopic: string
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer
}

/** Gap reasons as they are written; the index is the byte. Only ever append. */
const gapReasons: readonly GapReason[] = [
  'removed before it was copied',
  'truncated',
  'above the end',
  'topic deleted',
  'topic recreated',
]

/** `head/<topic>/<partition>`, `runs/<topic>/<partition>/<segment>`, `gap/<topic>/<partition>/<from>/<to or ?>`; topic names hold no `/`. */
export function encodeLedgerKey(key: LedgerKey): Buffer {
  const start = `${key.kind}/${key.topic}/${key.partition}`
  switch (key.kind) {
    case 'head':
      return Buffer.from(start)
    case 'runs':
      return Buffer.from(`${start}/${key.segment}`)
    case 'gap':
      return Buffer.from(`${start}/${key.fromOffset}/${key.toOffset ?? '?'}`)
  }
}

/** @throws LEDGER_RECORD_CORRUPT when the key is none of ours */
export function decodeLedgerKey(record: Pick<LedgerRecord, 'ledgerTopic' | 'offset' | 'key'>): LedgerKey {
  const text = record.key === null ? '' : record.key.toString('utf8')
  const [kind, topic = '', partitionText = '', ...rest] = text.split('/')
  const partition = decimal(partitionText)
  const [first, second] = rest.map(decimal)
  if (topic !== '' && partition !== null) {
    if (kind === 'head' && rest.length === 0) return { kind, topic, partition }
    if (kind === 'runs' && rest.length === 1 && typeof first === 'number')
      return { kind, topic, partition, segment: first }
    if (
      kind === 'gap' &&
      rest.length === 2 &&
      typeof first === 'number' &&
      (rest[1] === '?' || typeof second === 'number')
    ) {
      return { kind, topic, partition, fromOffset: first, toOffset: second ?? null }
    }
  }
  throw corrupt({ ...record, value: Buffer.alloc(0) }, 'its key is none that twinlog writes')
}

/**
 * ```
 *   head => version:int8=2  generation:uvarint  firstSegment:uvarint  segmentCount:uvarint
 *           producerId:int64  producerEpoch:int16  firstSequence:uvarint
 *           sourceTopicId:16 bytes  targetTopicId:16 bytes     (zeros: none)
 *           sourceClusterId:text  targetClusterId:text  planHash:int64  sourceLeaderEpoch:varint  block
 *   text => (length + 1):uvarint  UTF-8                                                               (0: null)
 * ```
 * `block` as in run-codec.ts.
 */
export function encodeLedgerHead(head: LedgerHead): Buffer {
  const { identity, scope } = head
  const writer = new PackedWriter()
  writer.int8(LEDGER_FORMAT_VERSION)
  writer.unsigned(head.generation)
  writer.unsigned(head.firstSegment)
  writer.unsigned(head.nextSegment - head.firstSegment)
  writer.int64(identity.producerId)
  writer.int16(identity.producerEpoch)
  writer.unsigned(identity.firstSequence)
  writer.bytes(uuidBytes(identity.sourceTopicId))
  writer.bytes(uuidBytes(identity.targetTopicId))
  writer.nullableText(scope.sourceClusterId)
  writer.nullableText(scope.targetClusterId)
  writer.int64(scope.planHash)
  writer.signed(identity.sourceLeaderEpoch)
  writeRuns(writer, head.runs)
  return writer.finish()
}

/** @throws LEDGER_RECORD_CORRUPT, LEDGER_RECORD_TOO_NEW */
export function decodeLedgerHead(record: LedgerRecord): LedgerHead {
  const reader = openValue(record)
  const generation = reader.unsigned()
  const firstSegment = reader.unsigned()
  const nextSegment = firstSegment + reader.unsigned()
  const producerId = reader.int64()
  const producerEpoch = reader.int16()
  const firstSequence = reader.unsigned()
  const sourceTopicId = uuidText(reader.bytes(16))
  const targetTopicId = uuidText(reader.bytes(16))
  const scope = {
    sourceClusterId: reader.nullableText(),
    targetClusterId: reader.nullableText(),
    planHash: reader.int64(),
  }
  const sourceLeaderEpoch = reader.signed()
  const runs = readRuns(reader)
  if (!Number.isSafeInteger(nextSegment)) reader.fail('it names too many segments')
  endOf(reader)
  return {
    identity: { producerId, producerEpoch, firstSequence, sourceTopicId, targetTopicId, sourceLeaderEpoch },
    scope,
    generation,
    firstSegment,
    nextSegment,
    runs,
  }
}

/** `segment => version:int8=2  generation:uvarint  block` */
export function encodeLedgerSegment(segment: LedgerSegment): Buffer {
  const writer = new PackedWriter()
  writer.int8(LEDGER_FORMAT_VERSION)
  writer.unsigned(segment.generation)
  writeRuns(writer, segment.runs)
  return writer.finish()
}

/** @throws LEDGER_RECORD_CORRUPT, LEDGER_RECORD_TOO_NEW */
export function decodeLedgerSegment(record: LedgerRecord): LedgerSegment {
  const reader = openValue(record)
  const generation = reader.unsigned()
  const runs = readRuns(reader)
  endOf(reader)
  return { generation, runs }
}

/** `gap => version:int8=2  reason:uvarint  atMs:uvarint`; the rest stands in the key. */
export function encodeLedgerGap(gap: Gap): Buffer {
  const writer = new PackedWriter()
  writer.int8(LEDGER_FORMAT_VERSION)
  writer.unsigned(gapReasons.indexOf(gap.reason))
  writer.unsigned(Math.max(0, Math.floor(gap.atMs)))
  return writer.finish()
}

/** @throws LEDGER_RECORD_CORRUPT, LEDGER_RECORD_TOO_NEW */
export function decodeLedgerGap(record: LedgerRecord, key: LedgerKey & { kind: 'gap' }): Gap {
  const reader = openValue(record)
  const reason = gapReasons[reader.unsigned()] ?? reader.fail('its reason is none that twinlog writes')
  const atMs = reader.unsigned()
  endOf(reader)
  return {
    topic: key.topic,
    partition: key.partition,
    fromOffset: key.fromOffset,
    toOffset: key.toOffset,
    reason,
    atMs,
  }
}

function openValue(record: LedgerRecord): PackedReader {
  const reader = new PackedReader(record.value, (reason) => corrupt(record, reason))
  const formatVersion = reader.int8()
  if (formatVersion > LEDGER_FORMAT_VERSION) {
    throw errors.LEDGER_RECORD_TOO_NEW({
      ledgerTopic: record.ledgerTopic,
      offset: record.offset,
      key: printable(record.key),
      formatVersion,
      knownVersion: LEDGER_FORMAT_VERSION,
    })
  }
  if (formatVersion < OLDEST_FORMAT_VERSION) reader.fail(`its format version is ${formatVersion}`)
  return reader
}

function endOf(reader: PackedReader): void {
  if (reader.remaining > 0) reader.fail(`${reader.remaining} bytes too many`)
}

function corrupt(record: LedgerRecord, reason: string): TwinlogError {
  const { ledgerTopic, offset, key } = record
  return errors.LEDGER_RECORD_CORRUPT({ ledgerTopic, offset, key: printable(key), reason })
}

/** A key for a message: bounded, without control characters. */
function printable(key: Buffer | null): string {
  return key === null ? 'null' : JSON.stringify(key.subarray(0, 300).toString('utf8'))
}

function decimal(text: string): number | null {
  if (!/^(0|[1-9]\d{0,15})$/.test(text)) return null
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : null
}

function uuidBytes(uuid: string | null): Buffer {
  const bytes = Buffer.alloc(16)
  if (uuid !== null) bytes.write(uuid.replaceAll('-', ''), 'hex')
  return bytes
}

function uuidText(bytes: Buffer): string | null {
  if (bytes.every((byte) => byte === 0)) return null
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
