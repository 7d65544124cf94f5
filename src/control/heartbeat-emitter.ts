import type { Clock } from '../base/clock.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { createCompactedTopic } from '../kafka/compacted-topic.ts'
import { TopicWriter } from '../kafka/topic-writer.ts'
import type { HeartbeatFlowPlan } from '../mirror/flow-plan.ts'
import { encodeHeartbeatKey, encodeHeartbeatValue } from '../mirror/heartbeat.ts'
import type { FlowDuty } from './flow-duty.ts'
import type { CallOptions } from './topic-ports.ts'

export interface HeartbeatEmitterDependencies {
  /** Creates the topic. */
  readonly admin: ClusterClient
  /** Writes to it. */
  readonly data: ClusterClient
  readonly clock: Clock
  /** Told when the topic is known to be there, so that who copies it can look for it. */
  readonly onTopicThere: () => void
}

/** The name is the same with every policy and separator (MirrorClientConfig.HEARTBEATS_TOPIC). */
const topic = 'heartbeats'

/**
 * Writes heartbeats of one flow to its target. The topic is made as MirrorMaker 2 makes it: compacted, with one partition.
 * Source: MirrorHeartbeatConnector, MirrorHeartbeatTask.
 */
export class HeartbeatEmitter implements FlowDuty {
  readonly name = 'heartbeats'
  readonly intervalMs: number
  readonly #plan: HeartbeatFlowPlan
  readonly #deps: HeartbeatEmitterDependencies
  readonly #writer: TopicWriter
  #isThere = false
  #emittedTotal = 0

  constructor(plan: HeartbeatFlowPlan, dependencies: HeartbeatEmitterDependencies) {
    this.intervalMs = plan.heartbeats.intervalMs
    this.#plan = plan
    this.#deps = dependencies
    this.#writer = new TopicWriter(dependencies.data, topic)
  }

  /** @throws what the target answers, to the creation of the topic or to the record */
  async round({ signal }: CallOptions): Promise<void> {
    try {
      await this.#ensureTopic({ signal })
      const { source, target } = this.#plan
      const timestampMs = this.#deps.clock.now()
      const heartbeat = { sourceAlias: source.alias, targetAlias: target.alias, timestampMs }
      const key = encodeHeartbeatKey(heartbeat)
      const value = encodeHeartbeatValue(heartbeat)
      await this.#writer.write([{ partition: 0, key, value, timestamp: BigInt(timestampMs) }], { signal })
      this.#emittedTotal++
    } catch (error) {
      // Perhaps somebody deleted it.
      this.#isThere = false
      throw error
    }
  }

  details(): { readonly emittedTotal: number } {
    return { emittedTotal: this.#emittedTotal }
  }

  async #ensureTopic({ signal }: CallOptions): Promise<void> {
    if (this.#isThere) return
    const { replicationFactor } = this.#plan.heartbeats
    const setting = 'heartbeats.topic.replication.factor'
    await createCompactedTopic(this.#deps.admin, topic, { partitions: 1, replicationFactor, setting }, { signal })
    this.#isThere = true
    this.#deps.onTopicThere()
  }
}
