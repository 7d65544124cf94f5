import type { Checkpoint } from '../mirror/checkpoint.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import { WindowedFigure } from '../observe/windowed-figure.ts'

/** How long checkpoints took to be written, for one group and remote partition. */
export interface CheckpointLatency {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  /** ms */
  readonly figure: WindowedFigure
}

/** MirrorMaker 2's checkpoint-latency-ms: from making a checkpoint to its acknowledgement, each group and partition for itself. */
export class CheckpointLatencies {
  readonly #latencies = new Map<string, CheckpointLatency>()

  note({ groupId, topic, partition }: Checkpoint, latencyMs: number, nowMs: number): void {
    const key = `${topicPartitionKey(topic, partition)}/${groupId}`
    const known = this.#latencies.get(key) ?? { groupId, topic, partition, figure: new WindowedFigure() }
    this.#latencies.set(key, known)
    known.figure.note(latencyMs, 1, 0, nowMs)
  }

  all(): readonly CheckpointLatency[] {
    return [...this.#latencies.values()]
  }
}
