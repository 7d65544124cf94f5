import type { CheckpointLatency } from './checkpoint-latencies.ts'
import type { MirroredGroup } from './group-position.ts'

/** The consumer groups of a flow as they are at one moment. */
export interface GroupsReading {
  readonly groups: readonly MirroredGroup[]
  /** Groups that pass the filter and whose offsets cannot be translated, with their types. */
  readonly others: ReadonlyMap<string, string>
  /** Of checkpoints that were written, as MirrorMaker 2 measures them. */
  readonly latencies: readonly CheckpointLatency[]
}
