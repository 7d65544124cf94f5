import type { Clock } from '../base/clock.ts'
import { SourceTopicsAdmin } from '../control/source-topics-admin.ts'
import { ArenaPool } from '../kafka/frame-arena.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { TopicFilter } from '../mirror/topic-filter.ts'
import { selectMirroredTopics } from '../mirror/topic-filter-selection.ts'
import { SideConnections } from '../verify/side-connections.ts'
import type { VerifyClusters } from '../verify/verify-clusters.ts'
import type { PreflightFinding } from './preflight-finding.ts'
import { preflightFindings } from './preflight-findings.ts'
import { TargetOutlooks } from './target-outlook.ts'
import type { TargetOutlook } from './target-outlook.ts'
import type { TopicSample } from './topic-sample.ts'
import { TopicSampler } from './topic-sampler.ts'

/** Preflight of one topic. */
export interface TopicPreflight {
  readonly flow: string
  readonly topic: string
  readonly sample: TopicSample
  readonly target: TargetOutlook
  readonly findings: readonly PreflightFinding[]
}

export interface PreflightOptions {
  readonly clock: Clock
  /** Null: all topics that the flow mirrors. */
  readonly topics: TopicFilter | null
  readonly signal: AbortSignal
}

/** Topics that are looked at together. */
const CHUNK_TOPICS = 50

/**
 * Looks at what a flow would copy before a byte is copied, topic by topic: a sample of the source, held against what the target takes. Nothing is written.
 * @throws KAFKA_* and connection errors, the signal's reason
 */
export async function* runPreflight(
  plan: FlowPlan,
  { sourceAdmin, sourceData, targetAdmin }: VerifyClusters,
  { clock, topics: wanted, signal }: PreflightOptions,
): AsyncGenerator<TopicPreflight> {
  const all = (await new SourceTopicsAdmin(sourceAdmin).list({ signal })).map(({ topic }) => topic)
  const mirrored = selectMirroredTopics(plan, all)
  const topics = (wanted === null ? mirrored : wanted.matches(mirrored)).toSorted()
  await using connections = new SideConnections(sourceData, new ArenaPool())
  const sampler = new TopicSampler(connections, { clock, signal })
  const outlooks = new TargetOutlooks(plan, { source: sourceAdmin, target: targetAdmin })
  for (let start = 0; start < topics.length; start += CHUNK_TOPICS) {
    const chunk = topics.slice(start, start + CHUNK_TOPICS)
    await sourceData.refreshMetadata({ signal, topics: chunk })
    const found = await outlooks.of(chunk, { signal })
    for (const [index, topic] of chunk.entries()) {
      const outlook = found[index]
      if (outlook === undefined) continue
      const sample = await sampler.sample(topic)
      const findings = preflightFindings({ sample, ...outlook, plan, nowMs: clock.now() })
      yield { flow: plan.name, topic, sample, target: outlook.target, findings }
    }
  }
}
