import type { ShownRecord } from '../verify/shown-record.ts'
import type { PartitionVerdict, ReportedDifference } from '../verify/verdict.ts'
import { wrappedLines } from './wrapped-lines.ts'

/** Verdicts of a flow's partitions together. */
export interface VerifySummary {
  readonly result: PartitionVerdict['result']
  readonly topicsCount: number
  readonly partitionsCount: number
  readonly sameCount: number
  readonly differencesCount: number
  readonly incompleteCount: number
}

/** Nothing to compare is not equal: whoever asks has misspelt something, or looks at the wrong cluster. */
export function summarizeVerdicts(verdicts: readonly PartitionVerdict[]): VerifySummary {
  const results = verdicts.map(({ result }) => result)
  const isIncomplete = results.length === 0 || results.includes('incomplete')
  return {
    result: results.includes('different') ? 'different' : isIncomplete ? 'incomplete' : 'equal',
    topicsCount: new Set(verdicts.map(({ flow, topic }) => `${flow}/${topic}`)).size,
    partitionsCount: verdicts.length,
    sameCount: verdicts.reduce((sum, { sameCount }) => sum + sameCount, 0),
    differencesCount: verdicts.reduce((sum, { differencesCount }) => sum + differencesCount, 0),
    incompleteCount: verdicts.filter(({ reasons }) => reasons.length > 0).length,
  }
}

/** A difference with both records, for people, at most 80 columns wide but for long names. */
export function differenceLines(difference: ReportedDifference): string[] {
  const { topic, targetTopic, partition, kind, count, fields, source, target } = difference
  const what = fields.length === 0 ? kind : `${kind} (${fields.join(', ')})`
  const first = count === 1 ? '' : `, the first of ${formatCount(count)} in a row`
  return [
    `DIFFERENT ${topic} partition ${partition}: ${what}${first}`,
    ...sideLines('source', topic, difference.upstream, source),
    ...sideLines('target', targetTopic, difference.downstream, target),
  ]
}

function sideLines(side: string, topic: string, offset: number | null, record: ShownRecord | null): string[] {
  if (offset === null) return [`  ${side}  ${topic}: nothing`]
  if (record === null) return [`  ${side}  ${topic} offset ${offset}: cannot be shown any more`]
  const headers = record.headers.map(([name, value]) => `${name}=${value ?? 'null'}`)
  return [
    `  ${side}  ${topic} offset ${offset}, ${record.timestamp}`,
    ...fold('key', showText(record.key, record.keyBytes)),
    ...fold('value', showText(record.value, record.valueBytes)),
    ...headers.flatMap((header) => fold('header', header)),
  ]
}

const textColumns = 60

/** One field, over several lines where it is long. */
function fold(name: string, text: string): string[] {
  const parts: string[] = []
  for (let at = 0; at < Math.max(1, text.length); at += textColumns) parts.push(text.slice(at, at + textColumns))
  return parts.map((part, index) => `          ${(index === 0 ? name : '').padEnd(7)}${part}`)
}

function showText(text: string | null, bytes: number): string {
  if (text === null) return 'null'
  return text.startsWith('...') || text.endsWith('...') ? `${text} (${formatCount(bytes)} bytes)` : text
}

/** What came of a flow, topic by topic; partitions only where there is something to say of them. */
export function flowLines(flow: string, verdicts: readonly PartitionVerdict[]): string[] {
  const topics = Map.groupBy(verdicts, ({ topic }) => topic)
  const width = Math.max(20, ...[...topics.keys()].map((topic) => Math.min(44, topic.length)))
  const lines = [`${flow}`, `  ${'topic'.padEnd(width)}  parts       records  result`]
  for (const [topic, all] of topics) lines.push(topicLine(topic, all, width), ...all.flatMap(partitionLines))
  return lines
}

const resultNames: Readonly<Record<PartitionVerdict['result'], string>> = {
  equal: 'equal',
  different: 'DIFFERENT',
  incomplete: 'INCOMPLETE',
}

function topicLine(topic: string, verdicts: readonly PartitionVerdict[], width: number): string {
  const { result, differencesCount, sameCount } = summarizeVerdicts(verdicts)
  const count = differencesCount === 0 ? '' : ` (${formatCount(differencesCount)})`
  const parts = String(verdicts.length).padStart(5)
  return `  ${topic.padEnd(width)}  ${parts}  ${formatCount(sameCount).padStart(12)}  ${resultNames[result]}${count}`
}

function partitionLines({ partition, reasons, notes }: PartitionVerdict): string[] {
  return [
    ...reasons.flatMap((reason) => wrappedLines(`    partition ${partition}: `, reason, '      ')),
    ...notes.flatMap((note) => wrappedLines(`    partition ${partition}, note: `, note, '      ')),
  ]
}

/** The last line: what can be relied on. */
export function resultLine(
  summary: VerifySummary,
  { isSample, since }: { isSample: boolean; since: string | null },
): string {
  const { topicsCount, partitionsCount, sameCount, differencesCount, incompleteCount } = summary
  const scope = `${formatCount(topicsCount)} topics, ${formatCount(partitionsCount)} partitions, ${formatCount(sameCount)} records`
  const limits = [isSample ? 'in the ranges that were sampled' : '', since === null ? '' : `since ${since}`].filter(
    (each) => each !== '',
  )
  const within = limits.length === 0 ? '' : ` ${limits.join(', ')}`
  switch (summary.result) {
    case 'equal':
      return `EQUAL${within}: ${scope}.`
    case 'different':
      return `DIFFERENT: ${formatCount(differencesCount)} differences${within}; the same are ${scope}.`
    case 'incomplete':
      return partitionsCount === 0
        ? 'INCOMPLETE: no topic is mirrored that was asked for. Check topics, topics.exclude and --topics.'
        : `INCOMPLETE: no difference${within}, but ${formatCount(incompleteCount)} partitions are not compared to their end; the same are ${scope}.`
  }
}

export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
