import { murmur2 } from '@platformatic/kafka'
import type { TopicPartition } from './topic-partition.ts'

/** The connector name of MirrorMaker 2's source connector, unless `A->B.name` says otherwise. */
export const SOURCE_CONNECTOR_NAME = 'MirrorSourceConnector'

/** Whose positions: part of every key. */
export interface SourceOffsetOwner {
  readonly connectorName: string
  readonly sourceAlias: string
}

/** A position as Kafka Connect stores it: the offset of the *last copied* record. Copying goes on at the next offset. */
export interface SourceOffset extends TopicPartition {
  readonly lastCopiedOffset: number
}

/** What a record of the topic says. */
export type SourceOffsetReading =
  /** A position; null: forgotten (a tombstone, or an offset of null). */
  | (TopicPartition & {
      readonly kind: 'position'
      readonly lastCopiedOffset: number | null
      readonly isCanonical: boolean
    })
  /** A record of another connector (checkpoints, heartbeats), or for another cluster. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'unreadable'; readonly reason: string }

/**
 * The key of a position, byte for byte as Kafka Connect writes it: Java looks positions up by these bytes, so another member order
 * or another escape would make MirrorMaker 2 copy everything again.
 * Source: OffsetStorageWriter.doFlush, JsonConverter; the member order is HashMap's for exactly these three keys.
 */
export function encodeSourceOffsetKey(owner: SourceOffsetOwner, { topic, partition }: TopicPartition): Buffer {
  const map = `{"cluster":${jacksonText(owner.sourceAlias)},"partition":${partition},"topic":${jacksonText(topic)}}`
  return Buffer.from(`[${jacksonText(owner.connectorName)},${map}]`)
}

/** The value of a position as Kafka Connect writes it; null forgets it. Source: MirrorUtils.wrapOffset. */
export function encodeSourceOffsetValue(lastCopiedOffset: number | null): Buffer | null {
  return lastCopiedOffset === null ? null : Buffer.from(`{"offset":${lastCopiedOffset}}`)
}

/** The partition that Kafka's producer picks for a key. Source: BuiltInPartitioner.partitionForKey. */
export function partitionForKey(key: Buffer, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount
}

/**
 * Reads a record of the topic by its meaning: any member order, any white space. Never throws.
 * @param owner whose positions are wanted
 */
export function readSourceOffset(
  owner: SourceOffsetOwner,
  key: Buffer | null,
  value: Buffer | null,
): SourceOffsetReading {
  const parsedKey = parse(key)
  if (!Array.isArray(parsedKey) || parsedKey.length !== 2)
    return { kind: 'unreadable', reason: 'its key is no JSON array of two' }
  const [connectorName, map] = parsedKey as readonly unknown[]
  if (connectorName !== owner.connectorName) return { kind: 'foreign' }
  if (!isObject(map)) return { kind: 'unreadable', reason: 'its key holds no partition map' }
  const { cluster, topic, partition } = map
  if (typeof topic !== 'string' || typeof cluster !== 'string' || !isOffset(partition) || partition >= 2 ** 31) {
    return { kind: 'unreadable', reason: 'its key does not name cluster, topic and partition' }
  }
  if (cluster !== owner.sourceAlias) return { kind: 'foreign' }
  const lastCopiedOffset = readValue(value)
  if (lastCopiedOffset === undefined) return { kind: 'unreadable', reason: 'its value holds no offset' }
  const isCanonical = key?.equals(encodeSourceOffsetKey(owner, { topic, partition })) === true
  return { kind: 'position', topic, partition, lastCopiedOffset, isCanonical }
}

function readValue(value: Buffer | null): number | null | undefined {
  if (value === null) return null
  const parsed = parse(value)
  if (parsed === null) return null
  if (!isObject(parsed)) return undefined
  const offset = parsed['offset']
  if (offset === null) return null
  return isOffset(offset) ? offset : undefined
}

/** @returns undefined for bytes that are no JSON */
function parse(bytes: Buffer | null): unknown {
  if (bytes === null) return undefined
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown
  } catch {
    // Not JSON: the caller says so in its answer. Nothing else can fail here.
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
}

/**
 * A JSON text as Jackson writes it into bytes: like JSON.stringify, but hex digits are upper-case, and a character beyond U+FFFF is two
 * escapes. Seen with Kafka 4.3.0's JsonConverter (test/compat/source-offsets.test.ts).
 */
function jacksonText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  const escaped = text.replace(/["\\\u0000-\u001f\ud800-\udfff]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    return shortEscapes[character] ?? `\\u${code}`
  })
  return `"${escaped}"`
}
