import type { GroupType } from '../kafka/consumer-groups.ts'
import type { OffsetTranslation } from '../mirror/offset-translation.ts'
import { groupPositionStates as states } from './group-position.ts'
import type { GroupPosition, GroupPositionState, MirroredGroup } from './group-position.ts'
import type { GroupsReading } from './groups-reading.ts'

/** How a group fares in one partition, for people and programs. */
export interface GroupPartitionReport {
  /** Of the source. */
  readonly topic: string
  readonly partition: number
  readonly targetTopic: string
  readonly upstreamOffset: number
  /** Null: none is known. */
  readonly downstreamOffset: number | null
  readonly accuracy: OffsetTranslation['kind']
  /** Offset of the last checkpoint that was written; null: none was. */
  readonly checkpointOffset: number | null
  readonly state: GroupPositionState
  readonly reason: string | null
  /** ISO 8601: when it came into this state, or was last committed. */
  readonly since: string
}

/** A group as a whole: the state that most needs attention of all its partitions. */
export interface GroupReport {
  readonly group: string
  readonly type: GroupType
  /** `unreadable`: its offsets could not be read at the source when they were last asked for. `not mirrored`: it has none that could be translated. */
  readonly state: GroupPositionState | 'unreadable' | 'not mirrored'
  readonly reason: string | null
  /** How many partitions are in each state. */
  readonly counts: Readonly<Partial<Record<GroupPositionState, number>>>
  /** Absent where they were not asked for. */
  readonly partitions?: readonly GroupPartitionReport[]
}

/** All groups, by name. @param hasPartitions   whether each partition is told of */
export function groupReports({ groups, others }: GroupsReading, hasPartitions: boolean): GroupReport[] {
  const mirrored = groups.map((group) => groupReport(group, hasPartitions))
  const unmirrored = [...others].map(([group, type]): GroupReport => {
    const reason = `${type} groups have no offsets that could be translated`
    return { group, type: type as GroupType, state: 'not mirrored', reason, counts: {} }
  })
  return [...mirrored, ...unmirrored].sort((a, b) => (a.group < b.group ? -1 : 1))
}

function groupReport({ groupId: group, type, trouble, positions }: MirroredGroup, hasPartitions: boolean): GroupReport {
  const all = [...positions.values()]
  const counts = Object.fromEntries(
    states
      .map((state) => [state, all.filter((position) => position.state === state).length] as const)
      .filter(([, count]) => count > 0),
  )
  const state = states.find((each) => counts[each] !== undefined) ?? 'translated'
  const reason = all.find((position) => position.state === state)?.reason ?? null
  const whole = trouble === null ? { state, reason } : { state: 'unreadable' as const, reason: trouble }
  return { group, type, ...whole, counts, ...(hasPartitions ? { partitions: all.map(partitionReport) } : {}) }
}

function partitionReport(position: GroupPosition): GroupPartitionReport {
  const { topic, partition, targetTopic, upstreamOffset, translation, checkpoint, state, reason, sinceMs } = position
  return {
    topic,
    partition,
    targetTopic,
    upstreamOffset,
    downstreamOffset: translation.kind === 'unknown' ? null : translation.offset,
    accuracy: translation.kind,
    checkpointOffset: checkpoint?.downstreamOffset ?? null,
    state,
    reason,
    since: new Date(sinceMs).toISOString(),
  }
}
