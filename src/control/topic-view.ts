import type { TopicMetadata } from '../kafka/cluster-metadata.ts'
import type { TopicView } from './topic-reconciliation.ts'

/** The little of a topic's metadata that topic sync decides by. */
export function topicView({ topic, topicId, partitions }: TopicMetadata): TopicView {
  return { topic, topicId, partitionsCount: partitions.length }
}
