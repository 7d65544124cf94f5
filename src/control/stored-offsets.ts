import { TwinlogError } from '../base/catalogue.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { fetchGroupOffsets, listGroups } from '../kafka/consumer-groups.ts'
import { decodeCheckpoint } from '../mirror/checkpoint.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { SOURCE_CONNECTOR_NAME } from '../mirror/source-offset-record.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { CopiedPartition } from '../pipeline/copied-partition.ts'
import { planHashOf } from './flow-stores.ts'
import { LedgerStore } from './ledger-store.ts'
import { OffsetTranslator } from './offset-translator.ts'
import type { LogBounds } from './offset-translator.ts'
import { PastSyncReader } from './past-sync-reader.ts'
import { openReadOnly } from './read-only-topic.ts'
import { SourceOffsetStore } from './source-offset-store.ts'
import { targetBounds } from './target-bounds.ts'
import type { CallOptions } from './topic-ports.ts'
import { translatedDownstream, translatedUpstream } from './translated-offset.ts'
import type { TranslatedOffset, TranslationContext } from './translated-offset.ts'

export interface StoredOffsetsClusters {
  /** Need not be reachable: what it alone knows is not told then. */
  readonly source: ClusterClient
  readonly target: ClusterClient
}

/** Where a group stands at the source, by whom. */
interface GroupStand {
  readonly offsets: readonly (TopicPartition & { readonly upstreamOffset: number })[]
  /** The source could not be asked: these are the last checkpoints. */
  readonly isByCheckpoints: boolean
}

/**
 * Offsets of a flow on both sides by what is written down on the target, without a running twinlog and without changing anything: also when the source is gone, which
 * is when it is needed most.
 */
export class StoredOffsets {
  readonly #plan: FlowPlan
  readonly #clusters: StoredOffsetsClusters
  readonly #ledger: LedgerStore | null
  readonly #positions: SourceOffsetStore | null
  readonly #pastSyncs: PastSyncReader | null
  readonly #context: TranslationContext
  #bounds: ReadonlyMap<string, LogBounds> = new Map()

  private constructor(
    plan: FlowPlan,
    clusters: StoredOffsetsClusters,
    ledger: LedgerStore | null,
    positions: SourceOffsetStore | null,
  ) {
    this.#plan = plan
    this.#clusters = clusters
    this.#ledger = ledger
    this.#positions = positions
    const { offsetSyncs, name: flow, policy, source } = plan
    const lies = offsetSyncs?.location === 'target' ? clusters.target : clusters.source
    this.#pastSyncs = offsetSyncs === undefined ? null : new PastSyncReader(lies, offsetSyncs.topic)
    const translator = new OffsetTranslator({
      ledger: { findAround: (...asked) => ledger?.findAround(...asked) ?? null },
      copied: (topic, partition) => this.#copied(topic, partition),
      pastSyncs: () => this.#pastSyncs?.syncs ?? null,
    })
    this.#context = { flow, sourceAlias: source.alias, policy, translator }
  }

  /** @throws connection errors of the target, KAFKA_* */
  static async open(plan: FlowPlan, clusters: StoredOffsetsClusters, { signal }: CallOptions): Promise<StoredOffsets> {
    const { source, target } = clusters
    const { ledgerTopic, offsetsTopic } = plan.positions
    const [ledgerLog, offsetsLog] = await Promise.all([
      openReadOnly(target, ledgerTopic, signal),
      openReadOnly(target, offsetsTopic, signal),
    ])
    const scope = {
      sourceClusterId: source.metadata?.clusterId ?? null,
      targetClusterId: target.metadata?.clusterId ?? null,
      planHash: planHashOf(plan),
    }
    const owner = { connectorName: SOURCE_CONNECTOR_NAME, sourceAlias: plan.source.alias }
    const ledger = ledgerLog === null ? null : await LedgerStore.load(ledgerLog, scope, { signal })
    const positions = offsetsLog === null ? null : await SourceOffsetStore.load(offsetsLog, owner, { signal })
    return new StoredOffsets(plan, clusters, ledger, positions)
  }

  /** An offset of the source on the target. */
  async downstreamOf(at: TopicPartition, upstreamOffset: number, { signal }: CallOptions): Promise<TranslatedOffset> {
    await this.#look([at], { signal })
    return this.#translate(at, upstreamOffset)
  }

  /** An offset of a remote topic on the source; null: the topic is not one of the flow, by its name. */
  async upstreamOf(
    at: TopicPartition,
    downstreamOffset: number,
    { signal }: CallOptions,
  ): Promise<TranslatedOffset | null> {
    const topic = this.#plan.policy.upstreamTopic(at.topic)
    if (topic !== undefined) await this.#look([{ topic, partition: at.partition }], { signal })
    return translatedUpstream(this.#context, at, downstreamOffset)
  }

  /** Where a group stands on both sides; empty: it is not known. */
  async ofGroup(
    groupId: string,
    { signal }: CallOptions,
  ): Promise<{ readonly offsets: readonly TranslatedOffset[]; readonly isByCheckpoints: boolean }> {
    const stand = (await this.#atSource(groupId, { signal })) ?? (await this.#byCheckpoints(groupId, { signal }))
    await this.#look(stand.offsets, { signal })
    const { isByCheckpoints } = stand
    return { offsets: stand.offsets.map((each) => this.#translate(each, each.upstreamOffset)), isByCheckpoints }
  }

  #translate(at: TopicPartition, upstreamOffset: number): TranslatedOffset {
    return translatedDownstream(this.#context, at, upstreamOffset, this.#boundsOf(at.topic, at.partition))
  }

  /** Null: the source cannot be asked. */
  async #atSource(groupId: string, { signal }: CallOptions): Promise<GroupStand | null> {
    const { source } = this.#clusters
    if (source.metadata === null) return null
    try {
      const { groups, failures } = await listGroups(source, { signal })
      const listed = groups.get(groupId)
      const [failure] = failures.values()
      if (listed === undefined && failure !== undefined) throw failure
      if (listed === undefined) return { offsets: [], isByCheckpoints: false }
      const found = (await fetchGroupOffsets(source, listed.nodeId, [groupId], { signal })).get(groupId) ?? []
      if (found instanceof TwinlogError) throw found
      const topics = new Set(this.#plan.topicFilter.matches([...new Set(found.map(({ topic }) => topic))]))
      const mirrored = found.filter(({ topic, offset }) => offset >= 0 && topics.has(topic))
      const offsets = mirrored.map(({ topic, partition, offset }) => ({ topic, partition, upstreamOffset: offset }))
      return { offsets, isByCheckpoints: false }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
      return null
    }
  }

  async #byCheckpoints(groupId: string, { signal }: CallOptions): Promise<GroupStand> {
    const { policy, source } = this.#plan
    const log = await openReadOnly(this.#clusters.target, policy.checkpointsTopic(source.alias), signal)
    const last = new Map<string, GroupStand['offsets'][number]>()
    const take = ({ key, value }: { readonly key: Buffer | null; readonly value: Buffer | null }): void => {
      const checkpoint = decodeCheckpoint(key, value)
      const topic = checkpoint === null ? undefined : policy.upstreamTopic(checkpoint.topic)
      if (checkpoint === null || topic === undefined || checkpoint.groupId !== groupId) return
      const { partition, upstreamOffset } = checkpoint
      last.set(topicPartitionKey(topic, partition), { topic, partition, upstreamOffset })
    }
    await log?.read(take, { signal })
    return { offsets: [...last.values()], isByCheckpoints: true }
  }

  /** Asks where the remote partitions begin and end, and reads what MirrorMaker 2 left where the ledger may not know. */
  async #look(partitions: readonly TopicPartition[], { signal }: CallOptions): Promise<void> {
    const remote = partitions.map(({ topic, partition }) => ({ topic: this.#remote(topic), partition }))
    this.#bounds = await targetBounds(this.#clusters.target, remote, { signal })
    await this.#pastSyncs?.open({ signal })
  }

  #copied(topic: string, partition: number): CopiedPartition | null {
    const bounds = this.#boundsOf(topic, partition)
    const stored = this.#positions?.nextOffset(topic, partition) ?? -1
    const around =
      bounds === null ? null : (this.#ledger?.findAround(topic, partition, { downstream: bounds.end }) ?? null)
    if (stored < 0 && around === null) return null
    // Positions are written from time to time; the remote log itself says how far the copy came.
    const byLog = bounds === null ? null : (around?.upstreamOf(bounds.end) ?? around?.last?.upstream ?? null)
    const copiedOffset = Math.max(stored, byLog ?? -1)
    return { targetTopic: this.#remote(topic), copiedOffset, downstreamEnd: -1, map: null }
  }

  #boundsOf(topic: string, partition: number): LogBounds | null {
    return this.#bounds.get(topicPartitionKey(this.#remote(topic), partition)) ?? null
  }

  #remote(topic: string): string {
    return this.#plan.policy.formatRemoteTopic(this.#plan.source.alias, topic)
  }
}
