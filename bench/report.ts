import { judge } from './goals.ts'
import type { GoalResult } from './goals.ts'
import type { Machine } from './machine.ts'
import { summarize } from './measurement.ts'
import type { Measurement, Summary } from './measurement.ts'
import type { Shape } from './shapes.ts'

/** Everything of one run, as it is written to bench/results. */
export interface Results {
  readonly startedAt: string
  readonly machine: Machine
  readonly kafkaVersion: string
  readonly commit: string
  readonly options: Readonly<Record<string, unknown>>
  readonly measurements: readonly Measurement[]
  /** Runs that did not end well; they count nowhere. */
  readonly failures: readonly string[]
}

/** Columns that are compared, and how a reader calls them. */
const FIGURES: Readonly<Record<string, string>> = {
  drainSeconds: 'drain, s',
  mbPerSecond: 'MB/s',
  recordsPerSecond: 'records/s',
  cpuSecondsPerGb: 'CPU s/GB',
  cpuUserSecondsPerGb: 'user',
  cpuSystemSecondsPerGb: 'system',
  cpuTotalSeconds: 'CPU s from start',
  peakRssMb: 'peak RSS, MB',
  startMs: 'to first record, ms',
  sourceBrokerCpuSeconds: 'source broker CPU s',
  targetBrokerCpuSeconds: 'target broker CPU s',
  conversions: 'conversions',
  targetGb: 'GB at the target',
  allocatedMbPerGb: 'heap MB/GB',
  majorCollections: 'major GCs',
  disturbancePercent: 'used by others meanwhile, % of a core',
  p50Ms: 'p50, ms',
  p99Ms: 'p99, ms',
  p999Ms: 'p99.9, ms',
  lostRecords: 'not arrived',
  cpuPercent: 'CPU, %',
  idleCpuPercent: 'idle CPU, %',
  activeCpuPercent: 'CPU with traffic, %',
  rssMb: 'RSS, MB',
  firstCopiedSeconds: 'all topics begun, s',
  othersShare: 'rate of the others, share',
  longestPauseMs: 'longest pause of another, ms',
  rebuiltRecordsPerSecond: 'written anew meanwhile, records/s',
  longestTurnMs: 'longest turn of the event loop, ms of CPU',
  recoverySeconds: 'caught up after, s',
}

export function markdown(results: Results, shapes: readonly Shape[]): string {
  const summaries = summarize(results.measurements)
  const sections = shapes.flatMap((shape) => {
    const rows = summaries.filter((summary) => summary.shape === shape.name)
    return rows.length === 0 ? [] : [`## ${shape.name}: ${shape.what}\n\n${shapeTable(rows)}`]
  })
  return `${[head(results), ...sections, goalsSection(summaries), failuresSection(results)].filter(Boolean).join('\n\n')}\n`
}

function head({ startedAt, machine, kafkaVersion, commit, options }: Results): string {
  const { cpuModel, cores, memoryGib, kernel, node, java, loadAtStart } = machine
  return [
    `# Bench of ${startedAt}`,
    '',
    `${cores} cores (${cpuModel}), ${memoryGib} GiB, Linux ${kernel}, Node ${node}, ${java}, Kafka and MirrorMaker ${kafkaVersion}, brokers on the same machine; commit ${commit}.`,
    `Load of the minute before: ${loadAtStart.toFixed(1)}. Options: \`${JSON.stringify(options)}\`.`,
    '',
    'Medians over the rounds, in brackets least and most. What the columns mean: docs/benchmarks.md.',
  ].join('\n')
}

function shapeTable(rows: readonly Summary[]): string {
  const names = Object.keys(FIGURES).filter((name) => rows.some(({ median }) => median[name] !== undefined))
  const header = ['', ...rows.map(({ contestant }) => contestant)]
  const body = names.map((name) => [FIGURES[name] ?? name, ...rows.map((row) => cell(row, name))])
  return table(header, body)
}

function cell({ median, min, max, roundsCount }: Summary, name: string): string {
  const [middle, least, most] = [median[name], min[name], max[name]]
  if (middle === undefined || least === undefined || most === undefined) return ''
  return roundsCount === 1 || least === most
    ? number(middle)
    : `${number(middle)} (${number(least)} to ${number(most)})`
}

function goalsSection(summaries: readonly Summary[]): string {
  const results = judge(summaries)
  if (results.every(({ verdict }) => verdict === 'not measured')) return bareCopyRatios(summaries)
  const rows = results.map(({ goal, value, verdict }) => [
    goal.what,
    goal.against ?? '',
    limit(goal),
    value === undefined ? '' : number(value),
    verdict,
  ])
  return `## Goals, twinlog against\n\n${table(['', 'against', 'goal', 'ratio or value', ''], rows)}`
}

/** Without twinlog: what the bare copy reaches, the line to come close to. */
function bareCopyRatios(summaries: readonly Summary[]): string {
  const results = judge(summaries, 'bare-copy').filter(
    ({ goal, value }) => value !== undefined && goal.against !== 'bare-copy',
  )
  const rows = results.map(({ goal, value }) => [
    goal.what,
    goal.against ?? '',
    limit(goal),
    number(value ?? Number.NaN),
  ])
  return `## The bare copy against the goals (twinlog was not measured)\n\n${table(['', 'against', 'goal', 'ratio or value'], rows)}`
}

function limit({ atMost, atLeast }: GoalResult['goal']): string {
  return atMost === undefined ? `at least ${number(atLeast ?? Number.NaN)}` : `at most ${number(atMost)}`
}

function failuresSection({ failures }: Results): string {
  return failures.length === 0
    ? ''
    : `## Runs that failed\n\n${failures.map((failure) => `- ${failure.split('\n')[0]}`).join('\n')}`
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Three figures that mean something, thousands separated. */
function number(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toPrecision(Math.abs(value) >= 10 ? 3 : 2)
}
