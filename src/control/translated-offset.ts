import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { ReplicationPolicy } from '../mirror/replication-policy.ts'
import type { OffsetTranslation } from '../mirror/offset-translation.ts'
import type { LogBounds, OffsetTranslator } from './offset-translator.ts'

/** An offset of a flow on both sides: `twinlog offsets translate` and GET /offsets. */
export interface TranslatedOffset {
  readonly flow: string
  /** Of the source. */
  readonly topic: string
  readonly partition: number
  readonly targetTopic: string
  /** Null: it is not known. The other one is what was asked for. */
  readonly upstreamOffset: number | null
  readonly downstreamOffset: number | null
  readonly accuracy: OffsetTranslation['kind']
  /** Why it is not exact, or not known; null: it is exact. */
  readonly reason: string | null
}

/** What a translation is made with. */
export interface TranslationContext {
  readonly flow: string
  readonly sourceAlias: string
  readonly policy: ReplicationPolicy
  readonly translator: OffsetTranslator
}

/** An offset of the source on the target. @param bounds   of the remote partition; null: not known */
export function translatedDownstream(
  { flow, sourceAlias, policy, translator }: TranslationContext,
  { topic, partition }: TopicPartition,
  upstreamOffset: number,
  bounds: LogBounds | null,
): TranslatedOffset {
  const translation = translator.downstreamOf(topic, partition, upstreamOffset, bounds)
  const targetTopic = policy.formatRemoteTopic(sourceAlias, topic)
  const downstreamOffset = offsetOf(translation)
  return { flow, topic, partition, targetTopic, upstreamOffset, downstreamOffset, ...told(translation, 'copied') }
}

/** An offset of a remote topic on the source. @returns null when the topic does not come from the flow's source by its name */
export function translatedUpstream(
  { flow, sourceAlias, policy, translator }: TranslationContext,
  { topic: targetTopic, partition }: TopicPartition,
  downstreamOffset: number,
): TranslatedOffset | null {
  const topic = policy.topicSource(targetTopic) === sourceAlias ? policy.upstreamTopic(targetTopic) : undefined
  if (topic === undefined) return null
  const translation = translator.upstreamOf(topic, partition, downstreamOffset)
  const upstreamOffset = offsetOf(translation)
  return { flow, topic, partition, targetTopic, upstreamOffset, downstreamOffset, ...told(translation, 'in the copy') }
}

function offsetOf(translation: OffsetTranslation): number | null {
  return translation.kind === 'unknown' ? null : translation.offset
}

function told(translation: OffsetTranslation, there: string): Pick<TranslatedOffset, 'accuracy' | 'reason'> {
  const { kind: accuracy } = translation
  if (translation.kind === 'exact') return { accuracy, reason: null }
  if (translation.kind !== 'at-end') return { accuracy, reason: translation.reason }
  const reason = `it is ${translation.aheadRecords} beyond what is ${there} yet, so this is the end`
  return { accuracy, reason }
}
