import type { Clock } from '../base/clock.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { Gap } from '../mirror/gap.ts'
import { selectMirroredTopics } from '../mirror/topic-filter-selection.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { clusterIdentity } from './flow-clusters.ts'
import type { FlowClusters } from './flow-clusters.ts'
import type { FlowStores } from './flow-stores.ts'
import { PartitionAssigner } from './partition-assigner.ts'
import type { RemoteTopicOwners } from './remote-topic-owners.ts'
import { SourceTopicsAdmin } from './source-topics-admin.ts'
import { TargetTopicsAdmin } from './target-topics-admin.ts'
import { TopicCreator } from './topic-creation.ts'
import type { PartitionCopier } from './topic-ports.ts'
import { TopicSync } from './topic-sync.ts'

export interface FlowTopicsDependencies {
  readonly clock: Clock
  readonly random: () => number
  readonly observe: Observer<EventName>
  readonly owners: RemoteTopicOwners
  readonly clusters: FlowClusters
  readonly stores: FlowStores
  readonly lane: PartitionCopier
  /** Both sides of the flow are one cluster. */
  readonly isSameCluster: boolean
  readonly onGap: (gap: Gap) => void
}

export interface FlowTopics {
  readonly sync: TopicSync
  /** The topics that are copied now, each with its remote topic. */
  copied(): readonly { readonly topic: string; readonly targetTopic: string }[]
  counts(): { readonly topicsCount: number; readonly partitionsCount: number }
}

/** Wires topic sync to the clusters, the stores and the lane of a flow. */
export function createFlowTopics(plan: FlowPlan, deps: FlowTopicsDependencies): FlowTopics {
  const { clock, random, observe, owners, clusters, stores, lane, isSameCluster, onGap } = deps
  const source = new SourceTopicsAdmin(clusters.sourceAdmin)
  const target = new TargetTopicsAdmin(clusters.targetAdmin)
  const creator = new TopicCreator({ plan, source, target, observe })
  const assigner = new PartitionAssigner({ plan, target, copier: lane, history: stores.history, clock, observe, onGap })
  const select = (topics: readonly string[]) => {
    const selected = selectMirroredTopics(plan, topics)
    // On one cluster under two names, the cycle rule does not see that our own copies lie among the source's topics.
    return isSameCluster ? selected.filter((topic) => plan.policy.topicSource(topic) !== plan.source.alias) : selected
  }
  const targetCluster = clusterIdentity(clusters.targetAdmin)
  const sync = new TopicSync({
    plan,
    source,
    target,
    targetCluster,
    select,
    creator,
    assigner,
    owners,
    clock,
    random,
    observe,
  })
  const counts = () => {
    const assigned = [...assigner.assigned.values()]
    return {
      topicsCount: assigned.length,
      partitionsCount: assigned.reduce((sum, one) => sum + one.partitionsCount, 0),
    }
  }
  return { sync, copied: () => [...assigner.assigned.values()], counts }
}
