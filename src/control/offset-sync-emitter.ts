import type { ClusterClient } from '../kafka/cluster-client.ts'
import { createCompactedTopic } from '../kafka/compacted-topic.ts'
import type { RecordToWrite } from '../kafka/store-batch.ts'
import { TopicWriter } from '../kafka/topic-writer.ts'
import type { OffsetSyncsSettings } from '../mirror/flow-plan.ts'
import { encodeOffsetSyncKey, encodeOffsetSyncValue } from '../mirror/offset-sync.ts'
import type { CopiedRecords, CopiedTrails } from '../pipeline/copied-trails.ts'
import type { FlowDuty } from './flow-duty.ts'
import type { CallOptions } from './topic-ports.ts'

export interface OffsetSyncEmitterDependencies {
  /** On the cluster that offset-syncs.topic.location names. */
  readonly cluster: ClusterClient
  readonly trails: Pick<CopiedTrails, 'take'>
}

/** So soon after a batch is acknowledged the last record of its partition has a sync, if offset.lag.max records were copied since the last. */
const INTERVAL_MS = 1_000
/** At every such round the others get theirs. MirrorMaker 2 lets them wait for offset.flush.interval.ms, a minute. */
const sweepEvery = 5
/** Of one request: a few milliseconds of work, so that nothing else has to wait for it. */
const pairsMax = 1_000
/** What a round does not get to is written by the next. */
const requestsMax = 5

/**
 * Writes offset syncs for MirrorMaker 2, once a second for each partition that was copied on. Its store keeps few of them, the closer to each other the nearer to
 * the newest; so a partition gets one for its last record, and before it others at distances that double (OffsetTrail).
 *
 * A sync of the last copied record translates a group that has read it, and not more, exactly, and never skips anything: what a group has not read comes behind it.
 * Source: OffsetSyncWriter, MirrorSourceConnector.createOffsetSyncsTopic; docs/decisions/0009.
 */
export class OffsetSyncEmitter implements FlowDuty {
  readonly name = 'offset syncs'
  readonly intervalMs = INTERVAL_MS
  readonly #settings: OffsetSyncsSettings
  readonly #deps: OffsetSyncEmitterDependencies
  readonly #writer: TopicWriter
  #isThere = false
  /** Taken, and not known to be written. */
  #pending: readonly CopiedRecords[] = []
  #roundsCount = 0
  #emittedTotal = 0

  constructor(settings: OffsetSyncsSettings, dependencies: OffsetSyncEmitterDependencies) {
    this.#settings = settings
    this.#deps = dependencies
    this.#writer = new TopicWriter(dependencies.cluster, settings.topic)
  }

  /** @throws what the cluster answers; what was to be written is written by the next round */
  async round({ signal }: CallOptions): Promise<void> {
    this.#roundsCount++
    const isSweep = this.#roundsCount % sweepEvery === 0
    for (let requests = 0; requests < requestsMax; requests++)
      if ((await this.#write(isSweep, { signal })) < pairsMax) return
  }

  /** Writes all that is left. */
  async finish({ signal }: CallOptions): Promise<void> {
    while ((await this.#write(true, { signal })) > 0);
  }

  /** @returns how many were written */
  async #write(isSweep: boolean, { signal }: CallOptions): Promise<number> {
    try {
      await this.#ensureTopic({ signal })
      if (this.#pending.length === 0) this.#pending = this.#deps.trails.take({ pairsMax, isSweep })
      const records = this.#pending.flatMap(recordsOf)
      if (records.length > 0) await this.#writer.write(records, { signal })
      this.#emittedTotal += records.length
      this.#pending = []
      return records.length
    } catch (error) {
      // Perhaps somebody deleted it.
      this.#isThere = false
      throw error
    }
  }

  details(): Readonly<Record<string, unknown>> {
    const { topic, location } = this.#settings
    return { topic, location, emittedTotal: this.#emittedTotal }
  }

  async #ensureTopic({ signal }: CallOptions): Promise<void> {
    if (this.#isThere) return
    const { topic, replicationFactor } = this.#settings
    const setting = 'offset-syncs.topic.replication.factor'
    await createCompactedTopic(this.#deps.cluster, topic, { partitions: 1, replicationFactor, setting }, { signal })
    this.#isThere = true
  }
}

function recordsOf({ topic, partition, pairs }: CopiedRecords): RecordToWrite[] {
  const key = encodeOffsetSyncKey({ topic, partition })
  return pairs.map((pair) => ({ partition: 0, key, value: encodeOffsetSyncValue(pair) }))
}
