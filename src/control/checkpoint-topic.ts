import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { createCompactedTopic, readCompactedTopic } from '../kafka/compacted-topic.ts'
import { TopicWriter } from '../kafka/topic-writer.ts'
import { decodeCheckpoint, encodeCheckpointKey, encodeCheckpointValue } from '../mirror/checkpoint.ts'
import type { Checkpoint } from '../mirror/checkpoint.ts'
import type { CheckpointsSettings } from '../mirror/flow-plan.ts'
import type { CallOptions } from './topic-ports.ts'

export interface CheckpointTopicDependencies {
  /** Creates the topic, and reads it. */
  readonly admin: ClusterClient
  /** Writes to it. */
  readonly data: ClusterClient
  readonly clock: Clock
}

/**
 * The checkpoints topic of a flow: compacted, with one partition, made as MirrorMaker 2 makes it.
 * Source: MirrorCheckpointConnector.createInternalTopics, CheckpointStore, MirrorCheckpointTask.checkpointRecord.
 */
export class CheckpointTopic {
  readonly #settings: CheckpointsSettings
  readonly #deps: CheckpointTopicDependencies
  readonly #writer: TopicWriter
  #isRead = false
  #refusal: TwinlogError | null = null

  constructor(settings: CheckpointsSettings, dependencies: CheckpointTopicDependencies) {
    this.#settings = settings
    this.#deps = dependencies
    this.#writer = new TopicWriter(dependencies.data, settings.topic)
  }

  /** Why the checkpoints of earlier lives could not be read (no permission); null: they were. Then the first of each group is written again. */
  get refusal(): TwinlogError | null {
    return this.#refusal
  }

  /** Creates the topic where it is missing, and hands over what it holds; the first time only. @throws what passes: to be called again */
  async open(onCheckpoint: (checkpoint: Checkpoint) => void, { signal }: CallOptions): Promise<void> {
    if (this.#isRead) return
    const { topic, replicationFactor } = this.#settings
    const { admin } = this.#deps
    const setting = 'checkpoints.topic.replication.factor'
    await createCompactedTopic(admin, topic, { partitions: 1, replicationFactor, setting }, { signal })
    try {
      const take = ({ key, value }: { readonly key: Buffer | null; readonly value: Buffer | null }): void => {
        const checkpoint = decodeCheckpoint(key, value)
        if (checkpoint !== null) onCheckpoint(checkpoint)
      }
      await readCompactedTopic(admin, topic, take, { signal, isolation: 'read_committed' })
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof TwinlogError) || error.action !== 'stop') throw error
      this.#refusal = error
    }
    this.#isRead = true
  }

  /** Resolves when all are on all in-sync replicas. @throws KAFKA_*, connection errors */
  async write(checkpoints: readonly Checkpoint[], { signal }: CallOptions): Promise<void> {
    const timestamp = BigInt(this.#deps.clock.now())
    const records = checkpoints.map((checkpoint) => {
      return { partition: 0, key: encodeCheckpointKey(checkpoint), value: encodeCheckpointValue(checkpoint), timestamp }
    })
    try {
      await this.#writer.write(records, { signal })
    } catch (error) {
      // Perhaps somebody deleted the topic.
      this.#isRead = false
      throw error
    }
  }
}
