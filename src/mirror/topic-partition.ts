/** One partition of a topic, by name, as Kafka's TopicPartition. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** A text that is equal for equal partitions and unequal otherwise: topic names hold no `/`. */
export function topicPartitionKey(topic: string, partition: number): string {
  return `${topic}/${partition}`
}
