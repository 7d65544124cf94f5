import type { GroupType } from '../kafka/consumer-groups.ts'
import type { Checkpoint } from '../mirror/checkpoint.ts'
import type { OffsetTranslation } from '../mirror/offset-translation.ts'

/** What needs attention most comes first. */
export const groupPositionStates = ['failed', 'unmapped', 'held', 'ahead', 'translated', 'synced'] as const

/**
 * How a group fares in one partition.
 *
 * - `translated`: its offset is known on the target, and is not to be committed there (sync.group.offsets.enabled=false), or not yet;
 * - `synced`: it is committed on the target;
 * - `ahead`: the group on the target is further on already, and is never set back;
 * - `held`: the group has members on the target, and what they commit counts;
 * - `unmapped`: no offset of the target is known for it;
 * - `failed`: the target refused it. It is tried again.
 */
export type GroupPositionState = (typeof groupPositionStates)[number]

/** Where a group of the source stands in one partition, and what was made of it on the target. */
export interface GroupPosition {
  /** Of the source. */
  readonly topic: string
  readonly partition: number
  readonly targetTopic: string
  readonly upstreamOffset: number
  readonly metadata: string
  readonly translation: OffsetTranslation
  /** The last one that was written, by whomever; null: none. */
  checkpoint: Checkpoint | null
  state: GroupPositionState
  /** Null: there is nothing to be said. */
  reason: string | null
  /** ms since the epoch: when it came into this state, or was last committed. */
  sinceMs: number
}

/** A consumer group of the source. */
export interface MirroredGroup {
  readonly groupId: string
  readonly type: GroupType
  /** Why its offsets could not be read when they were last asked for; null: they were. */
  trouble: string | null
  /** ms since the epoch since when it has members on the target; null: it has none, as far as is known. */
  aliveSinceMs: number | null
  /** By topicPartitionKey of the source. */
  readonly positions: Map<string, GroupPosition>
}
