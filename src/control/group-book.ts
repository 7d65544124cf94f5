import type { ListedGroup } from '../kafka/consumer-groups.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import { topicPartitionKey } from '../mirror/topic-partition.ts'
import type { Checkpoint } from '../mirror/checkpoint.ts'
import type { OffsetTranslation } from '../mirror/offset-translation.ts'
import type { GroupPosition, MirroredGroup } from './group-position.ts'

/** What was found out of a position just now. */
export interface FoundPosition extends TopicPartition {
  readonly targetTopic: string
  readonly upstreamOffset: number
  readonly metadata: string
  readonly translation: OffsetTranslation
}

/** The groups of a flow as they were last seen, with what became of their offsets on the target. */
export class GroupBook {
  readonly #groups = new Map<string, MirroredGroup>()
  /** The last checkpoint of each group and remote partition. */
  readonly #checkpoints = new Map<string, Checkpoint>()

  get groups(): ReadonlyMap<string, MirroredGroup> {
    return this.#groups
  }

  /** Takes a checkpoint as it lies in the topic, or as it was just written. */
  noteCheckpoint(checkpoint: Checkpoint): void {
    this.#checkpoints.set(checkpointKey(checkpoint.groupId, checkpoint.topic, checkpoint.partition), checkpoint)
    const group = this.#groups.get(checkpoint.groupId)
    for (const position of group?.positions.values() ?? [])
      if (position.targetTopic === checkpoint.topic && position.partition === checkpoint.partition)
        position.checkpoint = checkpoint
  }

  /**
   * Takes the offsets of a group. What became of a partition stays as long as nothing about it changes; partitions without a committed offset are dropped.
   * @param nowMs   wall clock
   * @returns the group; null when it has no position in what is mirrored
   */
  noteOffsets(
    { groupId, type }: Pick<ListedGroup, 'groupId' | 'type'>,
    found: readonly FoundPosition[],
    nowMs: number,
  ): MirroredGroup | null {
    if (found.length === 0) {
      this.#groups.delete(groupId)
      return null
    }
    const known = this.#groups.get(groupId)
    const positions = new Map<string, GroupPosition>()
    for (const each of found) {
      const key = topicPartitionKey(each.topic, each.partition)
      positions.set(key, this.#positionOf(groupId, each, known?.positions.get(key), nowMs))
    }
    const group: MirroredGroup = { groupId, type, trouble: null, aliveSinceMs: known?.aliveSinceMs ?? null, positions }
    this.#groups.set(groupId, group)
    return group
  }

  /** The offsets of a group could not be read; what is known of them stays. @returns whether that is news */
  noteTrouble(groupId: string, trouble: string): boolean {
    const group = this.#groups.get(groupId)
    if (group === undefined || group.trouble === trouble) return false
    const isNews = group.trouble === null
    group.trouble = trouble
    return isNews
  }

  /** The group is gone from the source. */
  forget(groupId: string): void {
    this.#groups.delete(groupId)
  }

  #positionOf(groupId: string, found: FoundPosition, known: GroupPosition | undefined, nowMs: number): GroupPosition {
    const { targetTopic, partition, translation } = found
    const checkpoint = this.#checkpoints.get(checkpointKey(groupId, targetTopic, partition)) ?? null
    if (translation.kind === 'unknown') {
      const sinceMs = known?.state === 'unmapped' ? known.sinceMs : nowMs
      return { ...found, checkpoint, state: 'unmapped', reason: translation.reason, sinceMs }
    }
    const isSame =
      known !== undefined && known.translation.kind !== 'unknown' && known.translation.offset === translation.offset
    if (isSame) return { ...found, checkpoint, state: known.state, reason: known.reason, sinceMs: known.sinceMs }
    return { ...found, checkpoint, state: 'translated', reason: null, sinceMs: nowMs }
  }
}

function checkpointKey(groupId: string, topic: string, partition: number): string {
  return `${topicPartitionKey(topic, partition)}/${groupId}`
}
