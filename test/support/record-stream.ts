import { setTimeout as sleep } from 'node:timers/promises'
import { listOffsets } from '../../dev/kafka/admin.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { javaHelper } from '../../dev/kafka/java-helper.ts'
import { generateRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { ClientProperties, GenerateOptions, GenerateResult, ProduceStep } from '../../dev/kafka/records.ts'

/** Records that are written while a test does other things. */
export interface RecordStream extends AsyncDisposable {
  /** Ends it; what was acknowledged. */
  stop(): Promise<GenerateResult>
}

/**
 * A leader that has only just been told of a partition may refuse the first batch and take the second; an idempotent producer with more in
 * flight then tries in vain until delivery.timeout.ms. With one in flight it cannot come to that.
 */
export const oneInFlight: ClientProperties = { 'max.in.flight.requests.per.connection': '1' }

/** Begins to write (records of `generateRecords`) and returns at once. */
export function startRecords(
  cluster: KafkaCluster,
  options: GenerateOptions,
  client: ClientProperties = {},
): RecordStream {
  const stop = new AbortController()
  const done = generateRecords(
    { ...cluster.adminProperties, ...oneInFlight, ...client },
    { ...options, signal: stop.signal },
  )
  // Whoever stops it hears of a failure; a test that fails before that has said enough.
  done.catch(() => undefined)
  const end = (): Promise<GenerateResult> => {
    stop.abort()
    return done
  }
  return { stop: end, [Symbol.asyncDispose]: async () => void (await end().catch(() => undefined)) }
}

/** A transaction with records in it whose outcome is not decided yet. */
export interface OpenTransaction extends AsyncDisposable {
  /** Decides it, as it was begun to end. */
  end(): Promise<void>
}

/** Begins a transaction, writes its records (values `<id>-0`, `<id>-1`...) as one batch, and leaves it open once they are in the log. */
export async function openTransaction(
  cluster: KafkaCluster,
  {
    topic,
    count,
    id,
    outcome,
  }: { readonly topic: string; readonly count: number; readonly id: string; readonly outcome: 'commit' | 'abort' },
): Promise<OpenTransaction> {
  const endOf = async (): Promise<number> => (await listOffsets(cluster, topic))[0]?.latest ?? 0
  const logged = (await endOf()) + count
  const release = new AbortController()
  const sends = Array.from({ length: count }, (_, index) => ({ topic, partition: 0, key: id, value: `${id}-${index}` }))
  const client = { ...cluster.adminProperties, 'transactional.id': id }
  const done = produceRecords(client, ['begin', ...sends, 'flush', 'hold', outcome], { signal: release.signal })
  // Whoever ends it hears of a failure.
  done.catch(() => undefined)
  while ((await endOf()) < logged) await Promise.race([done, sleep(50)])
  const end = async (): Promise<void> => {
    release.abort()
    await done
  }
  return { end, [Symbol.asyncDispose]: () => end().catch(() => undefined) }
}

export interface TransactionOptions {
  readonly topic: string
  readonly partitions: number
  readonly transactionalId: string
  /** Default 20. */
  readonly transactionsPerSecond?: number
  /** Every how manieth is aborted; default 2: half of them. */
  readonly abortEvery?: number
}

export interface TransactionResult {
  readonly committed: number
  readonly aborted: number
  /** Attempts that met an error: their transactions were aborted. */
  readonly failed: number
  readonly lastError: string | null
}

/** Transactions that are written while a test does other things. */
export interface TransactionStream extends AsyncDisposable {
  stop(): Promise<TransactionResult>
}

/** Begins to write small transactions, half of which are aborted, whatever happens to the brokers meanwhile; returns at once. */
export function startTransactions(
  cluster: KafkaCluster,
  { transactionalId, ...options }: TransactionOptions,
  client: ClientProperties = {},
): TransactionStream {
  const stop = new AbortController()
  const settings = { 'max.block.ms': '20000', 'delivery.timeout.ms': '30000', 'request.timeout.ms': '10000' }
  const done = transact(
    { ...cluster.adminProperties, ...settings, 'transactional.id': transactionalId, ...client },
    options,
    stop.signal,
  )
  done.catch(() => undefined)
  const end = (): Promise<TransactionResult> => {
    stop.abort()
    return done
  }
  return { stop: end, [Symbol.asyncDispose]: async () => void (await end().catch(() => undefined)) }
}

async function transact(
  client: ClientProperties,
  options: Omit<TransactionOptions, 'transactionalId'>,
  signal: AbortSignal,
): Promise<TransactionResult> {
  const helper = await javaHelper()
  return (await helper.request('transact', { client, ...options }, { signal })) as TransactionResult
}

/** Writes many small transactions of one to three records, of which every third is aborted. */
export async function produceTransactions(
  cluster: KafkaCluster,
  {
    topic,
    partitions,
    count,
    id,
  }: { readonly topic: string; readonly partitions: number; readonly count: number; readonly id: string },
): Promise<void> {
  // Of now: what is older than retention.ms is deleted, whoever still needs it.
  const startMs = Date.now()
  const steps: ProduceStep[] = []
  for (let index = 0; index < count; index++) {
    steps.push('begin')
    for (let each = 0; each <= index % 3; each++) {
      steps.push({
        topic,
        partition: (index + each) % partitions,
        key: `${id}-${index}`,
        value: `${each}`,
        timestamp: startMs + index,
      })
    }
    steps.push(index % 3 === 1 ? 'abort' : 'commit')
  }
  await produceRecords({ ...cluster.adminProperties, 'transactional.id': id, 'linger.ms': '0' }, steps)
}
