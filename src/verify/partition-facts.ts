import type { FlowPlan } from '../mirror/flow-plan.ts'
import { isTransactional } from '../mirror/ledger-entry.ts'
import type { PartitionBounds, SurveyedTopic } from './flow-survey.ts'
import type { PartitionFacts } from './stretch-plan.ts'
import type { WrittenHistory } from './written-history.ts'

/** Puts together what clusters and ledger say of a partition. The notes tell what of the ledger cannot be used, and why. */
export function partitionFacts(
  plan: FlowPlan,
  history: WrittenHistory,
  topic: SurveyedTopic,
  partition: number,
  bounds: PartitionBounds,
): { readonly facts: PartitionFacts; readonly notes: readonly string[] } {
  const notes: string[] = []
  const found = history.entry(topic.topic, partition)
  if (typeof found === 'string') notes.push(`the ledger cannot be read: ${found}`)
  let entry = typeof found === 'string' ? null : found
  if (entry !== null && !isSameTopics(entry, topic)) {
    notes.push('the ledger is of an earlier topic of this name, and is not used')
    entry = null
  }
  if (entry?.isOtherPlan === true) notes.push('some of it was copied with another isolation.level')
  if (topic.isTargetAppendTime) {
    notes.push('timestamps are not compared: the target sets its own (message.timestamp.type=LogAppendTime)')
  }
  const gaps = history.gaps.filter((gap) => gap.topic === topic.topic && gap.partition === partition)
  for (const { fromOffset, toOffset, reason } of gaps) {
    const range =
      toOffset === null ? `from source offset ${fromOffset} on` : `source offsets ${fromOffset} to ${toOffset - 1}`
    notes.push(`gap on record: ${range} were not copied (${reason})`)
  }
  return {
    facts: {
      ...bounds,
      // Markers lie between runs of transactions, and a kill may have kept some from being written down: it is compared by content.
      runs: entry === null || isTransactional(entry) ? [] : entry.runs,
      isStartOnly: entry !== null && isTransactional(entry),
      autoOffsetReset: plan.fetch.autoOffsetReset,
      isRecreated: gaps.some(({ reason }) => reason === 'topic deleted' || reason === 'topic recreated'),
    },
    notes,
  }
}

/** A broker without topic ids cannot tell. */
function isSameTopics(
  entry: { readonly sourceTopicId: string | null; readonly targetTopicId: string | null },
  topic: SurveyedTopic,
): boolean {
  const isSame = (one: string | null, other: string | null): boolean => one === null || other === null || one === other
  return isSame(entry.sourceTopicId, topic.sourceTopicId) && isSame(entry.targetTopicId, topic.targetTopicId)
}
