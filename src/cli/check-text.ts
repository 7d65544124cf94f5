import type { CheckStep } from '../check/check-run.ts'
import type { PreflightFinding } from '../check/preflight-finding.ts'
import type { TopicPreflight } from '../check/preflight.ts'
import { formatNotice } from '../config/notice.ts'
import type { Notice } from '../config/notice.ts'
import { formatProblem } from '../config/problems.ts'
import type { Problem } from '../config/problems.ts'
import { findingLines } from './check-report-text.ts'
import { formatCount } from './verify-text.ts'
import { wrappedLines } from './wrapped-lines.ts'

/** What the user should know of the file, at most 80 columns wide but for long keys and names. */
export function noticeLines(notices: readonly Notice[]): string[] {
  const others = notices.filter(({ kind }) => kind !== 'not-done-yet')
  const undone = notices.filter(({ kind }) => kind === 'not-done-yet')
  return [
    ...others.flatMap((notice) =>
      wrappedLines(notice.level === 'warning' ? 'WARNING ' : 'INFO    ', formatNotice(notice), ' '.repeat(8)),
    ),
    ...(undone.length === 0 ? [] : ['Not done yet:']),
    ...undone.flatMap(({ key, line, text }) => [
      `  ${key} (${line === undefined ? 'default' : `line ${line}`})`,
      ...wrappedLines('      ', text, '      '),
    ]),
  ]
}

/** All problems of a file, each with its line. */
export function problemLines(file: string, problems: readonly Problem[]): string[] {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return [
    `${file}: ${count}`,
    ...problems.flatMap((problem) => wrappedLines('  ', formatProblem(problem).trim(), '    ')),
  ]
}

/** That a file has no problems. */
export function fileLine(file: string, flows: readonly { readonly name: string }[]): string {
  return `${file}: no problems; flows: ${flows.map(({ name }) => name).join(', ')}`
}

/** What preflight found of a topic, for people, at most 80 columns wide but for long names and commands. */
export function preflightLines({ topic, sample, target, findings }: TopicPreflight): string[] {
  const { batchesCount, largestBatchBytes, oldestTimestamp, newestTimestamp, codecs, nullKeysCount } = sample
  const state = target.exists ? 'exists' : 'will be created'
  const seen =
    batchesCount === 0
      ? ['no batch was seen']
      : [
          `largest batch ${formatCount(largestBatchBytes)} bytes`,
          `timestamps ${dateOf(oldestTimestamp)} to ${dateOf(newestTimestamp)}`,
          codecs.join(', '),
          ...(nullKeysCount > 0
            ? [`${formatCount(nullKeysCount)} of ${formatCount(sample.recordsCount)} without a key`]
            : []),
        ]
  const looked =
    sample.sampledCount < sample.partitionsCount
      ? `${sample.sampledCount} of ${sample.partitionsCount} partitions`
      : `${sample.partitionsCount} partitions`
  return [
    `${topic} -> ${target.targetTopic} (${state})`,
    ...wrappedLines('  ', `${looked}, ${formatCount(batchesCount)} batches: ${seen.join('; ')}`, '    '),
    ...findings.flatMap(findingLines),
  ]
}

function dateOf(timestamp: bigint | null): string {
  if (timestamp === null) return 'none'
  return timestamp >= 0n && timestamp <= 8_640_000_000_000_000n
    ? new Date(Number(timestamp)).toISOString().slice(0, 19)
    : String(timestamp)
}

/** What all steps of a check come to. */
export interface CheckCounts {
  readonly topicsCount: number
  readonly problemsCount: number
  readonly warningsCount: number
  /** Clusters or brokers that could not be reached. */
  readonly unreachableCount: number
  /** Clusters that refuse our settings: a login, a certificate. */
  readonly refusedCount: number
}

export function countFindings(steps: readonly CheckStep[]): CheckCounts {
  const found = steps.flatMap(findingsOf)
  const count = (fits: (finding: Found) => boolean): number => found.filter(fits).length
  return {
    topicsCount: steps.filter(({ event }) => event === 'topic').length,
    problemsCount: count(({ level }) => level === 'problem'),
    warningsCount: count(({ level }) => level === 'warning'),
    unreachableCount: count(({ code }) => code === 'cluster-unreachable' || code === 'broker-unreachable'),
    refusedCount: count(({ code }) => code === 'cluster-refuses' || code === 'client-refused'),
  }
}

interface Found {
  readonly code: string
  readonly level: PreflightFinding['level']
}

function findingsOf(step: CheckStep): readonly Found[] {
  switch (step.event) {
    case 'cluster':
      return step.cluster.findings
    case 'topics':
    case 'groups':
      return step.matches.findings
    case 'finding':
      return [step.finding]
    case 'permissions':
      return step.review.permissions
        .filter(({ state }) => state === 'missing' || state === 'unknown')
        .map(({ level, state }) => ({ code: `permission-${state}`, level: state === 'unknown' ? 'warning' : level }))
    case 'topic':
      return step.preflight.findings
  }
}

/** The last line. */
export function checkResultLine({ topicsCount, problemsCount, warningsCount, unreachableCount }: CheckCounts): string {
  const rest = `${formatCount(warningsCount)} warnings; ${formatCount(topicsCount)} topics looked at.`
  if (problemsCount === 0 && topicsCount === 0)
    return 'PROBLEM: no topic is mirrored that was asked for. Check topics, topics.exclude and --topics.'
  if (problemsCount === 0) return `OK: nothing stands in the way, ${rest}`
  const unreached = unreachableCount === 0 ? '' : `, of them ${unreachableCount} of clusters that were not reached`
  return `PROBLEMS: ${formatCount(problemsCount)}${unreached}, ${rest}`
}
