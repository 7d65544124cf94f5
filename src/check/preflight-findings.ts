import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { PreflightFinding } from './preflight-finding.ts'
import type { SourceOutlook, TargetOutlook } from './target-outlook.ts'
import type { TopicSample } from './topic-sample.ts'

/** What findings are judged by. */
export interface PreflightFacts {
  readonly sample: TopicSample
  readonly source: SourceOutlook
  readonly target: TargetOutlook
  readonly plan: Pick<FlowPlan, 'source' | 'target' | 'recordPolicies'>
  /** Wall clock, ms since the epoch. */
  readonly nowMs: number
}

/** What a batch has besides its records. */
const BATCH_OVERHEAD_BYTES = 61

type Rule = (facts: PreflightFacts) => PreflightFinding | null

/**
 * Compares what the source holds with what the target takes. Pure; the rules are independent of each other. A setting that is not known is no finding, but
 * for the one that says so.
 * Source: LogValidator, UnifiedLog.append, ReplicaManager.appendRecordsToLeader (NOT_ENOUGH_REPLICAS).
 */
export function preflightFindings(facts: PreflightFacts): readonly PreflightFinding[] {
  return rules.map((rule) => rule(facts)).filter((finding) => finding !== null)
}

const rules: readonly Rule[] = [
  tooLarge,
  tooEarly,
  tooLate,
  expired,
  nullKeys,
  tooFewReplicas,
  tooFewBrokers,
  appendTime,
  recompression,
  cleanupPolicy,
  targetFormat,
  oldFormat,
  holes,
  unknown,
]

function tooLarge({ sample, source, target, plan }: PreflightFacts): PreflightFinding | null {
  const limit = target.maxMessageBytes
  if (limit === null) return null
  const largest = sample.largestRecordBytes + BATCH_OVERHEAD_BYTES
  const remedy = (bytes: number): string => alter(plan, target, `max.message.bytes=${bytes}`)
  const isPacked = sample.codecs.some((codec) => codec !== 'none')
  if (!isPacked && largest > limit) {
    const isParked = plan.recordPolicies.oversized === 'dead-letter'
    return {
      code: 'records-too-large',
      level: isParked ? 'warning' : 'problem',
      what: `a record makes a batch of ${bytes(largest)} alone, and the target takes ${bytes(limit)} (max.message.bytes)`,
      effect: isParked
        ? `it is written to ${plan.recordPolicies.deadLetterTopic.topic} instead (twinlog.oversized.record.policy=dead-letter)`
        : 'the partition stops before it (twinlog.oversized.record.policy=stop)',
      remedy: remedy(Math.max(largest, sample.largestBatchBytes)),
    }
  }
  if (sample.largestBatchBytes > limit) {
    return {
      code: 'batches-too-large',
      level: 'warning',
      what: `batches of ${bytes(sample.largestBatchBytes)} were seen, and the target takes ${bytes(limit)} (max.message.bytes)`,
      effect: 'such batches are rebuilt as several smaller ones, which costs more than copying their bytes',
      remedy: remedy(sample.largestBatchBytes),
    }
  }
  const bound = source.maxMessageBytes
  if (bound === null || bound <= limit) return null
  return {
    code: 'batches-may-be-too-large',
    level: 'info',
    what: `the source takes batches of ${bytes(bound)}, the target of ${bytes(limit)} (max.message.bytes); the largest seen has ${bytes(sample.largestBatchBytes)}`,
    effect: 'should larger ones come, they are rebuilt as several smaller ones',
    remedy: remedy(bound),
  }
}

function tooEarly({ sample, target, plan, nowMs }: PreflightFacts): PreflightFinding | null {
  const { oldestTimestamp: oldest } = sample
  const most = target.timestampBeforeMaxMs
  if (oldest === null || most === null || target.timestampType === 'LogAppendTime') return null
  const age = BigInt(nowMs) - oldest
  if (age <= most) return null
  return {
    code: 'timestamps-too-early',
    level: 'problem',
    what: `timestamps go back to ${time(oldest)}, and the target takes none older than ${duration(most)} (message.timestamp.before.max.ms)`,
    effect: 'the target refuses such batches (INVALID_TIMESTAMP), and the partition stops before the first of them',
    remedy: alter(plan, target, 'message.timestamp.before.max.ms=9223372036854775807'),
  }
}

function tooLate({ sample, target, plan, nowMs }: PreflightFacts): PreflightFinding | null {
  const { newestTimestamp: newest } = sample
  const most = target.timestampAfterMaxMs
  if (newest === null || most === null || target.timestampType === 'LogAppendTime') return null
  if (newest - BigInt(nowMs) <= most) return null
  return {
    code: 'timestamps-too-late',
    level: 'problem',
    what: `timestamps go up to ${time(newest)}, and the target takes none more than ${duration(most)} ahead of its clock (message.timestamp.after.max.ms)`,
    effect: 'the target refuses such batches (INVALID_TIMESTAMP), and the partition stops before the first of them',
    remedy: alter(plan, target, 'message.timestamp.after.max.ms=9223372036854775807'),
  }
}

/** Retention goes by the records' own timestamps: what is old already goes soon after it was copied. */
function expired({ sample, target, plan, nowMs }: PreflightFacts): PreflightFinding | null {
  const { oldestTimestamp: oldest } = sample
  const { retentionMs } = target
  const isDeleting = target.cleanupPolicy?.includes('delete') === true
  if (oldest === null || retentionMs === null || retentionMs < 0n || !isDeleting) return null
  if (target.timestampType === 'LogAppendTime' || BigInt(nowMs) - oldest <= retentionMs) return null
  return {
    code: 'expired',
    level: 'warning',
    what: `records go back to ${time(oldest)}, and the target keeps ${duration(retentionMs)} (retention.ms)`,
    effect: 'they are copied, and the target deletes them soon after, since retention goes by their own timestamps',
    remedy: alter(plan, target, 'retention.ms=-1'),
  }
}

function nullKeys({ sample, target, plan }: PreflightFacts): PreflightFinding | null {
  if (sample.nullKeysCount === 0 || target.cleanupPolicy?.includes('compact') !== true) return null
  const isLeftOut = plan.recordPolicies.nullKey === 'drop'
  return {
    code: 'null-keys',
    level: isLeftOut ? 'warning' : 'problem',
    what: `${sample.nullKeysCount} of ${sample.recordsCount} records have no key, and the remote topic is compacted (cleanup.policy), which takes none`,
    effect: isLeftOut
      ? 'they are left out and counted (twinlog.null.key.policy=drop)'
      : 'the partition stops before the first of them (twinlog.null.key.policy=stop)',
    remedy: alter(plan, target, 'cleanup.policy=delete'),
  }
}

function tooFewReplicas({ target, plan }: PreflightFacts): PreflightFinding | null {
  const { minInsyncReplicas: least, replicasCount: count } = target
  if (least === null || count === null || least <= count) return null
  return {
    code: 'too-few-replicas',
    level: 'problem',
    what: `min.insync.replicas is ${least}, and the remote topic has ${count} replicas`,
    effect: 'the target takes nothing (NOT_ENOUGH_REPLICAS), and every partition waits',
    remedy: target.exists
      ? alter(plan, target, `min.insync.replicas=${Math.max(1, count - 1)}`)
      : `Set replication.factor=${least} or more, or add min.insync.replicas to config.properties.exclude.`,
  }
}

function tooFewBrokers({ target, plan }: PreflightFacts): PreflightFinding | null {
  const { replicasCount: count, brokersCount, exists } = target
  if (exists || count === null || count <= brokersCount) return null
  return {
    code: 'too-few-brokers',
    level: 'problem',
    what: `the remote topic would get ${count} replicas, and ${plan.target.alias} has ${brokersCount} brokers`,
    effect: 'it is not created (INVALID_REPLICATION_FACTOR), and nothing of it is copied',
    remedy: `Set replication.factor=${brokersCount} for this flow.`,
  }
}

function appendTime({ sample, source, target, plan }: PreflightFacts): PreflightFinding | null {
  const isFromAppendTime = source.timestampType === 'LogAppendTime' || sample.appendTimeCount > 0
  if (target.timestampType === 'LogAppendTime') {
    const what = isFromAppendTime ? 'both topics have append time' : 'the target sets append time'
    return {
      code: isFromAppendTime ? 'append-time-lost' : 'create-time-lost',
      level: 'warning',
      what: `${what} (message.timestamp.type=LogAppendTime): readers of the copy see when it was copied`,
      effect: 'keys, values, headers and order are copied; timestamps cannot be kept',
      remedy: alter(plan, target, 'message.timestamp.type=CreateTime'),
    }
  }
  if (sample.appendTimeCount === 0 || target.timestampType === null) return null
  return {
    code: 'append-time-lost',
    level: 'info',
    what: `${sample.appendTimeCount} of ${sample.batchesCount} batches have append time, the remote topic has create time`,
    effect:
      'such batches are rebuilt with the timestamps that readers of the source see, which costs more than copying their bytes',
    remedy: '',
  }
}

function recompression({ sample, target, plan }: PreflightFacts): PreflightFinding | null {
  const wanted = target.compressionType
  if (wanted === null || wanted === 'producer' || sample.batchesCount === 0) return null
  const name = wanted === 'uncompressed' ? 'none' : wanted
  const others = sample.codecs.filter((codec) => codec !== name)
  if (others.length === 0) return null
  return {
    code: 'recompression',
    level: 'warning',
    what: `the remote topic has compression.type=${wanted}, the source has ${others.join(', ')}`,
    effect:
      'the target decompresses and compresses every batch anew, which costs it CPU; a batch may grow beyond max.message.bytes',
    remedy: alter(plan, target, 'compression.type=producer'),
  }
}

function cleanupPolicy({ source, target, plan }: PreflightFacts): PreflightFinding | null {
  const [one, other] = [source.cleanupPolicy, target.cleanupPolicy]
  if (one === null || other === null || one === '' || sorted(one) === sorted(other)) return null
  return {
    code: 'cleanup-policy',
    level: 'warning',
    what: `cleanup.policy is ${one} at the source and ${other} at the target`,
    effect: 'records are copied all the same; the target keeps them by its own policy',
    remedy: alter(plan, target, `cleanup.policy=[${one}]`),
  }
}

function sorted(policy: string): string {
  return policy.split(',').toSorted().join()
}

function targetFormat({ target, plan }: PreflightFacts): PreflightFinding | null {
  if (
    target.formatVersion === null ||
    !/^0\.|^0$/.test(target.formatVersion) ||
    /^0\.1[1-9]/.test(target.formatVersion)
  )
    return null
  return {
    code: 'target-format',
    level: 'problem',
    what: `the remote topic keeps the format of ${target.formatVersion} (message.format.version), which has no idempotence and, before 0.11, no headers`,
    effect: 'the target converts every batch down, or refuses it',
    remedy: alter(plan, target, 'message.format.version=2.8'),
  }
}

function oldFormat({ sample }: PreflightFacts): PreflightFinding | null {
  if (sample.oldFormatCount === 0) return null
  return {
    code: 'old-format',
    level: 'info',
    what: `${sample.oldFormatCount} of ${sample.batchesCount} batches are in an old format (magic 0 or 1)`,
    effect: 'they are rebuilt in the present format, which costs more than copying their bytes',
    remedy: '',
  }
}

function holes({ sample }: PreflightFacts): PreflightFinding | null {
  if (sample.holedCount === 0) return null
  return {
    code: 'holes',
    level: 'info',
    what: `${sample.holedCount} of ${sample.batchesCount} batches have holes, as compaction leaves them`,
    effect: 'they are rebuilt without the holes, which costs more than copying their bytes',
    remedy: '',
  }
}

function unknown({ sample, target }: PreflightFacts): PreflightFinding | null {
  const problems = [...sample.problems, ...(target.problem === null ? [] : [target.problem])]
  if (problems.length === 0) return null
  return {
    code: 'unknown',
    level: 'warning',
    what: `not all of it could be looked at: ${problems.join('; ')}`,
    effect: 'it is found out while copying',
    remedy: 'Give the user of twinlog READ and DESCRIBE_CONFIGS on both topics.',
  }
}

/** The command that changes a setting of the remote topic; of one that is not there yet: what to do instead. */
function alter(plan: PreflightFacts['plan'], { targetTopic, exists }: TargetOutlook, setting: string): string {
  const [name = ''] = setting.split('=')
  if (!exists) return `Create ${targetTopic} with ${setting}, or change ${name} at the source first.`
  const servers = plan.target.client.bootstrapServers.join(',')
  return `kafka-configs.sh --bootstrap-server ${servers} --alter --topic ${targetTopic} --add-config ${setting}`
}

function bytes(count: number): string {
  return `${count.toLocaleString('en-US')} bytes`
}

/** ISO 8601 for what is a date, as most timestamps are. */
function time(timestamp: bigint): string {
  return timestamp >= 0n && timestamp <= 8_640_000_000_000_000n
    ? new Date(Number(timestamp)).toISOString()
    : `${timestamp} (no date)`
}

function duration(ms: bigint): string {
  const units = [
    [86_400_000n, 'd'],
    [3_600_000n, 'h'],
    [60_000n, 'min'],
    [1_000n, 's'],
  ] as const
  const [size, name] = units.find(([each]) => ms >= each && ms % each === 0n) ?? [1n, 'ms']
  return `${ms / size} ${name}`
}
