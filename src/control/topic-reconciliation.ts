import { isAnotherIncarnation } from '../mirror/topic-incarnation.ts'

/** A topic as one cluster's metadata shows it. */
export interface TopicView {
  readonly topic: string
  /** Uuid text; null where the broker is too old to have topic ids. */
  readonly topicId: string | null
  readonly partitionsCount: number
}

/** A topic whose partitions 0 to partitionsCount - 1 the lane has. */
export interface AssignedTopic {
  readonly topic: string
  readonly targetTopic: string
  readonly topicId: string | null
  readonly targetTopicId: string | null
  readonly partitionsCount: number
}

/** What is wanted, what there is, and what flows: all that the decisions rest on. Maps are by topic name. */
export interface TopicsView {
  /** Source topics that are to be mirrored. */
  readonly source: ReadonlyMap<string, TopicView>
  /** Topics of the target, at least those that the wanted topics map to. */
  readonly target: ReadonlyMap<string, TopicView>
  readonly assigned: ReadonlyMap<string, AssignedTopic>
  /** Assigned source topics that are known to be gone; one that merely did not show up in a listing is not among them. */
  readonly gone: ReadonlySet<string>
  readonly remoteName: (topic: string) => string
}

export interface TopicCreation {
  readonly topic: string
  readonly targetTopic: string
  readonly partitionsCount: number
}

export interface TopicGrowth extends TopicCreation {
  readonly partitionsCountBefore: number
}

/** Partitions fromPartition to toPartition - 1. */
export interface TopicAssignment {
  readonly topic: string
  readonly targetTopic: string
  readonly topicId: string | null
  readonly targetTopicId: string | null
  readonly fromPartition: number
  readonly toPartition: number
}

export type RevocationReason = 'topic deleted' | 'topic recreated' | 'remote topic recreated'

export interface TopicRevocation {
  readonly assigned: AssignedTopic
  readonly reason: RevocationReason
}

export interface TopicCollision {
  readonly topic: string
  readonly targetTopic: string
  /** The source topic that is copied to it already. */
  readonly otherTopic: string
}

export interface TopicDecisions {
  readonly revoke: readonly TopicRevocation[]
  readonly create: readonly TopicCreation[]
  readonly grow: readonly TopicGrowth[]
  readonly assign: readonly TopicAssignment[]
  readonly refuse: readonly TopicCollision[]
}

/**
 * Compares what is wanted with what there is. Pure: the caller carries the decisions out, looks again, and asks again, until
 * nothing is left to decide. A partition is assigned only when the remote topic has it, and partitions that flow are in no
 * decision at all, unless their topic is gone or is another one of the same name.
 * Remote topics never shrink and are never deleted. Source: MirrorSourceConnector.refreshTopicPartitions and computeAndCreateTopicPartitions.
 */
export function reconcileTopics(view: TopicsView): TopicDecisions {
  const revoke = revocations(view)
  const revoked = new Set(revoke.map(({ assigned }) => assigned.topic))
  const create: TopicCreation[] = []
  const grow: TopicGrowth[] = []
  const assign: TopicAssignment[] = []
  const refuse: TopicCollision[] = []
  const writers = writersOf(view, revoked)
  for (const source of wantedInOrder(view)) {
    const { topic, topicId, partitionsCount } = source
    const targetTopic = view.remoteName(topic)
    const otherTopic = writers.get(targetTopic)
    if (otherTopic !== undefined && otherTopic !== topic) {
      refuse.push({ topic, targetTopic, otherTopic })
      continue
    }
    writers.set(targetTopic, topic)
    const target = view.target.get(targetTopic)
    if (target === undefined) {
      create.push({ topic, targetTopic, partitionsCount })
      continue
    }
    const partitionsCountBefore = target.partitionsCount
    if (partitionsCountBefore < partitionsCount)
      grow.push({ topic, targetTopic, partitionsCount, partitionsCountBefore })
    const fromPartition = revoked.has(topic) ? 0 : (view.assigned.get(topic)?.partitionsCount ?? 0)
    const toPartition = Math.min(partitionsCount, partitionsCountBefore)
    if (fromPartition < toPartition) {
      assign.push({ topic, targetTopic, topicId, targetTopicId: target.topicId, fromPartition, toPartition })
    }
  }
  return { revoke, create, grow, assign, refuse }
}

function revocations({ source, target, assigned, gone }: TopicsView): TopicRevocation[] {
  const revoke: TopicRevocation[] = []
  for (const one of assigned.values()) {
    const found = source.get(one.topic)
    if (found === undefined) {
      if (gone.has(one.topic)) revoke.push({ assigned: one, reason: 'topic deleted' })
    } else if (isAnotherIncarnation(one.topicId, found.topicId) || found.partitionsCount < one.partitionsCount) {
      // Kafka never takes partitions away: fewer of them is another topic, also where there are no topic ids to compare.
      revoke.push({ assigned: one, reason: 'topic recreated' })
    } else if (isAnotherIncarnation(one.targetTopicId, target.get(one.targetTopic)?.topicId ?? null)) {
      revoke.push({ assigned: one, reason: 'remote topic recreated' })
    }
  }
  return revoke
}

/** Which source topic writes each remote topic now. Who came first keeps it. */
function writersOf({ assigned, source }: TopicsView, revoked: ReadonlySet<string>): Map<string, string> {
  const writers = new Map<string, string>()
  for (const { topic, targetTopic } of assigned.values()) {
    if (!revoked.has(topic) || source.has(topic)) writers.set(targetTopic, topic)
  }
  return writers
}

/** By name, so that of two that collide it is the same one that is refused at every start. */
function wantedInOrder({ source }: TopicsView): TopicView[] {
  return [...source.values()].sort((a, b) => (a.topic < b.topic ? -1 : 1))
}
