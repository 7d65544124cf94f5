import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
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
