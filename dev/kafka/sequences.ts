import { javaHelper } from './java-helper.ts'
import type { TopicToRead } from './records.ts'

/** The numbers that the keys of a partition are, in the order of its log. */
export interface PartitionSequences {
  readonly records: number
  /** Records whose keys are no numbers. */
  readonly others: number
  /** Consecutive numbers folded: first and last of each stretch. */
  readonly ranges: readonly (readonly [first: number, last: number])[]
}

/** Reads a topic with Kafka's Java consumer and tells of its sequence numbers only, so that a long one fits the memory. */
export async function readSequences(topic: TopicToRead): Promise<Record<string, PartitionSequences>> {
  const helper = await javaHelper()
  return (await helper.request('sequences', { ...topic })) as Record<string, PartitionSequences>
}

/** The key of the last record of each partition; null where there is none. */
export async function readLastKeys(topic: TopicToRead): Promise<Record<string, string | null>> {
  const helper = await javaHelper()
  return (await helper.request('lastKeys', { ...topic })) as Record<string, string | null>
}
