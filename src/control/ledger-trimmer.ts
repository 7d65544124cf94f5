import type { Clock } from '../base/clock.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { listOffsets } from '../kafka/admin.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { LedgerStore, LogStarts } from './ledger-store.ts'

const INTERVAL_MS = 30_000
/** Of all older runs of a flow together, in memory: about 20 million runs of irregular length, and hundreds of millions where they repeat. */
export const LEDGER_HISTORY_BYTES_MAX = 24 * 1024 * 1024

export interface LedgerTrimmerDependencies {
  readonly flow: string
  readonly ledger: LedgerStore
  readonly source: ClusterClient
  readonly target: ClusterClient
  readonly remoteTopic: (topic: string) => string
  readonly clock: Clock
  readonly observe: Observer<EventName>
}

/**
 * Keeps the ledger as small as what can be asked of it: what the logs of both sides no longer have is forgotten, and the oldest of the rest beyond a
 * maximum. Partitions without older runs cost nothing.
 */
export class LedgerTrimmer {
  readonly #deps: LedgerTrimmerDependencies

  constructor(dependencies: LedgerTrimmerDependencies) {
    this.#deps = dependencies
  }

  /** Trims every half minute until the signal. */
  async run({ signal }: { signal: AbortSignal }): Promise<void> {
    const { clock, observe, flow } = this.#deps
    while (!signal.aborted) {
      try {
        await clock.sleep(INTERVAL_MS, { signal })
        await this.trim({ signal })
      } catch (error) {
        if (signal.aborted) return
        // Nothing is lost by it, and it is tried again; but who was replaced has nothing left to trim.
        if (!(error instanceof TwinlogError) || error.kind === 'defect' || error.action === 'fence') throw error
        observe.event('LedgerUntrimmed', { flow, error })
      }
    }
  }

  /** Trims once, now. @throws LEDGER_WRITE_FAILED, connection errors */
  async trim({ signal }: { signal: AbortSignal }): Promise<void> {
    const { ledger, observe, flow } = this.#deps
    const starts = await this.#logStarts([...ledger.withHistory()], signal)
    const counts = await ledger.trim(starts, { signal, maxBytes: LEDGER_HISTORY_BYTES_MAX })
    if (counts.trimmedCount > 0) observe.event('LedgerTrimmed', { flow, ...counts })
    if (counts.droppedCount > 0) observe.event('LedgerHistoryDropped', { flow, ...counts })
  }

  /** A partition whose logs cannot be asked keeps its runs. */
  async #logStarts(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<LogStarts[]> {
    if (partitions.length === 0) return []
    const { source, target, remoteTopic } = this.#deps
    const earliest = async (cluster: ClusterClient, nameOf: (topic: string) => string) => {
      const requests = partitions.map(({ topic, partition }) => ({
        topic: nameOf(topic),
        partition,
        at: 'earliest' as const,
      }))
      const outcomes = await listOffsets(cluster, requests, { signal })
      return new Map(outcomes.map((one) => [topicPartitionKey(one.topic, one.partition), one.value?.offset]))
    }
    const [ofSource, ofTarget] = await Promise.all([earliest(source, (topic) => topic), earliest(target, remoteTopic)])
    return partitions.flatMap(({ topic, partition }) => {
      const sourceLogStart = ofSource.get(topicPartitionKey(topic, partition))
      const targetLogStart = ofTarget.get(topicPartitionKey(remoteTopic(topic), partition))
      if (sourceLogStart === undefined || targetLogStart === undefined) return []
      return [{ topic, partition, sourceLogStart, targetLogStart }]
    })
  }
}
