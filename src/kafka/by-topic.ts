import type { TopicPartition } from '../mirror/topic-partition.ts'

/** Groups what is asked about partitions by topic, as Kafka's requests want it; order is kept. */
export function byTopic<Request extends TopicPartition, Item>(
  requests: readonly Request[],
  itemOf: (request: Request) => Item,
): readonly [string, Item[]][] {
  const topics = new Map<string, Item[]>()
  for (const request of requests) {
    const items = topics.get(request.topic) ?? []
    topics.set(request.topic, items)
    items.push(itemOf(request))
  }
  return [...topics]
}
