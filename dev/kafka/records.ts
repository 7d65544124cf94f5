import { javaHelper } from './java-helper.ts'
import { kitErrors } from './kit-errors.ts'

/** Settings of a Java client: `cluster.adminProperties` or `cluster.clientProperties(user)`, with more laid over them. */
export type ClientProperties = Readonly<Record<string, string>>

/** Text is taken as UTF-8. */
export type RecordBytes = string | Uint8Array | null

export interface RecordToSend {
  readonly topic: string
  readonly partition: number
  readonly key?: RecordBytes
  readonly value?: RecordBytes
  readonly headers?: readonly (readonly [name: string, value: RecordBytes])[]
  /** Any int64; the producer's clock when missing. */
  readonly timestamp?: bigint | number
}

/** A record, or what the producer does between records. 'flush' ends a batch in every partition; 'hold' waits for the signal. */
export type ProduceStep = RecordToSend | 'flush' | 'begin' | 'commit' | 'abort' | 'hold'

export interface ProduceOptions {
  /** Lets a producer go on that stands at a 'hold'. */
  readonly signal?: AbortSignal
}

export interface Ack {
  readonly partition: number
  readonly offset: number
  readonly timestamp: string
  /** Present instead of the others when the record was refused. */
  readonly error?: string
}

export interface DumpedRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: bigint
  readonly timestampType: 'CreateTime' | 'LogAppendTime' | 'NoTimestampType'
  /** -1 when the batch has none. */
  readonly leaderEpoch: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[]
}

export interface TopicToRead {
  readonly client: ClientProperties
  readonly topic: string
  /** Default read_committed. */
  readonly isolation?: 'read_committed' | 'read_uncommitted'
  /** Default all. */
  readonly partitions?: readonly number[]
  /** Where to begin, in every partition; default the log start. */
  readonly fromOffset?: number
}

export interface GenerateOptions {
  readonly topic: string
  readonly partitions: number
  /** Records in all partitions together; without it, until the signal. */
  readonly count?: number
  readonly valueBytes?: number
  readonly recordsPerSecond?: number
  /** Each partition has a producer of its own: one that waits for a broker lets all its partitions wait. */
  readonly areApart?: boolean
  /** Number of each partition's first record; for going on with an earlier stream. */
  readonly firstSequence?: number
  /** Ends the stream; the promise then resolves with what was acknowledged. */
  readonly signal?: AbortSignal
}

export interface GenerateResult {
  /** Acknowledged records of each partition. */
  readonly acked: Readonly<Record<string, number>>
  readonly failed: number
  readonly lastError: string | null
}

interface DumpedJson extends Omit<DumpedRecord, 'timestamp' | 'key' | 'value' | 'headers'> {
  readonly timestamp: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

/**
 * Writes records with Kafka's Java producer. Codec, idempotence and transactional.id are settings in `client`; with a
 * transactional.id the steps 'begin', 'commit' and 'abort' make transactions.
 * @returns an entry for each record, in order
 * @throws HELPER_FAILED, also when a record is refused
 */
export async function produceRecords(
  client: ClientProperties,
  steps: readonly ProduceStep[],
  options: ProduceOptions = {},
): Promise<Ack[]> {
  const acks = await tryProduceRecords(client, steps, options)
  const refused = acks.find(({ error }) => error !== undefined)
  if (refused !== undefined) throw kitErrors.HELPER_FAILED({ command: 'produce', reason: refused.error })
  return acks
}

/** As produceRecords, but a refused record is an entry with `error` instead of an offset. */
export async function tryProduceRecords(
  client: ClientProperties,
  steps: readonly ProduceStep[],
  { signal }: ProduceOptions = {},
): Promise<Ack[]> {
  const helper = await javaHelper()
  const body = { client, steps: steps.map(encodeStep) }
  const result = await helper.request('produce', body, signal === undefined ? {} : { signal })
  return (result as { acks: Ack[] }).acks
}

/**
 * Writes a stream in which each partition's records carry 0, 1, 2... as key.
 * @throws HELPER_FAILED
 */
export async function generateRecords(client: ClientProperties, options: GenerateOptions): Promise<GenerateResult> {
  const helper = await javaHelper()
  const { signal, ...rest } = options
  const result = await helper.request('generate', { client, ...rest }, signal === undefined ? {} : { signal })
  return result as GenerateResult
}

/**
 * Reads a topic with Kafka's Java consumer, from its log start to the end it has now.
 * @returns its records, partition by partition, each in order
 * @throws HELPER_FAILED
 */
export async function dumpRecords(options: TopicToRead): Promise<DumpedRecord[]> {
  const helper = await javaHelper()
  const records: DumpedRecord[] = []
  await helper.request('dump', { ...options }, { onItem: (item) => records.push(decode(item as DumpedJson)) })
  return records
}

function encodeStep(step: ProduceStep): unknown {
  if (typeof step === 'string') return { [step]: true }
  const { topic, partition, key = null, value = null, headers = [], timestamp } = step
  return {
    send: {
      topic,
      partition,
      key: encode(key),
      value: encode(value),
      headers: headers.map(([name, bytes]) => [name, encode(bytes)]),
      ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
    },
  }
}

function encode(bytes: RecordBytes): string | null {
  return bytes === null ? null : Buffer.from(bytes as Uint8Array).toString('base64')
}

function decode(record: DumpedJson): DumpedRecord {
  return {
    ...record,
    timestamp: BigInt(record.timestamp),
    key: fromBase64(record.key),
    value: fromBase64(record.value),
    headers: record.headers.map(([name, value]) => [name, fromBase64(value)]),
  }
}

function fromBase64(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64')
}
