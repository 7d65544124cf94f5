import type { PreflightFinding } from '../check/preflight-finding.ts'
import type { TopicPreflight } from '../check/preflight.ts'
import { formatNotice } from '../config/notice.ts'
import type { Notice } from '../config/notice.ts'
import { formatProblem } from '../config/problems.ts'
import type { Problem } from '../config/problems.ts'
import { formatCount } from './verify-text.ts'
import { wrappedLines } from './wrapped-lines.ts'

const levelNames: Readonly<Record<PreflightFinding['level'], string>> = {
  problem: 'PROBLEM',
  warning: 'WARNING',
  info: 'INFO',
}

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

function findingLines({ level, what, effect, remedy }: PreflightFinding): string[] {
  const indent = ' '.repeat(10)
  return [
    ...wrappedLines(`  ${levelNames[level].padEnd(8)}`, `${what}.`, indent),
    ...wrappedLines(`${indent}twinlog: `, `${effect}.`, indent),
    ...(remedy === '' ? [] : wrappedLines(`${indent}to change it: `, remedy, indent)),
  ]
}

function dateOf(timestamp: bigint | null): string {
  if (timestamp === null) return 'none'
  return timestamp >= 0n && timestamp <= 8_640_000_000_000_000n
    ? new Date(Number(timestamp)).toISOString().slice(0, 19)
    : String(timestamp)
}

/** How often each level was found. */
export interface CheckCounts {
  readonly topicsCount: number
  readonly problemsCount: number
  readonly warningsCount: number
}

export function countFindings(preflights: readonly TopicPreflight[]): CheckCounts {
  const levels = preflights.flatMap(({ findings }) => findings.map(({ level }) => level))
  return {
    topicsCount: preflights.length,
    problemsCount: levels.filter((level) => level === 'problem').length,
    warningsCount: levels.filter((level) => level === 'warning').length,
  }
}

/** The last line. */
export function checkResultLine({ topicsCount, problemsCount, warningsCount }: CheckCounts): string {
  const seen = `${formatCount(topicsCount)} topics looked at`
  if (topicsCount === 0)
    return 'PROBLEM: no topic is mirrored that was asked for. Check topics, topics.exclude and --topics.'
  if (problemsCount > 0) {
    return `PROBLEMS: ${formatCount(problemsCount)} would stop a partition, ${formatCount(warningsCount)} warnings; ${seen}.`
  }
  return `OK: nothing stands in the way, ${formatCount(warningsCount)} warnings; ${seen}.`
}
