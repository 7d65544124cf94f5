import type { Machine } from '../machine.ts'
import type { Sample } from './sample.ts'
import type { SoakFault } from './schedule.ts'
import { FIGURES, RULE, judgeLives } from './verdict.ts'
import type { LifeVerdict } from './verdict.ts'

/** Everything of one soak, as it is written to bench/results. */
export interface SoakResults {
  readonly startedAt: string
  readonly minutes: number
  readonly commit: string
  readonly machine: Machine
  readonly kafkaVersion: string
  readonly brokersPerSide: number
  readonly load: string
  readonly faults: readonly SoakFault[]
  /** What Kafka's consumer found: records compared by topic. */
  readonly compared: Readonly<Record<string, number>>
  /** What went wrong; empty: nothing. */
  readonly complaints: readonly string[]
  readonly samples: readonly Sample[]
}

/** Whether all lives that were judged are flat, and at least one was. */
export function isFlat(samples: readonly Sample[]): boolean {
  const figures = judgeLives(samples).flatMap((life) => life.figures)
  return figures.length > 0 && figures.every((figure) => figure.isFlat)
}

export function soakMarkdown(results: SoakResults): string {
  const { startedAt, minutes, commit, machine, kafkaVersion, brokersPerSide, load, faults, compared } = results
  const restarts = faults.filter(({ who }) => who === 'twinlog')
  const lives = judgeLives(results.samples)
  const verdict = isFlat(results.samples)
    ? 'flat'
    : lives.every(({ figures }) => figures.length === 0)
      ? 'too short to be judged'
      : 'not flat'
  const lines = [
    `# Soak of ${startedAt}`,
    '',
    `${minutes} minutes; ${machine.cores} cores (${machine.cpuModel}), Node ${machine.node}, Kafka ${kafkaVersion}, ${brokersPerSide} brokers a side on the same machine; commit ${commit}. Load of the minute before: ${machine.loadAtStart.toFixed(1)}.`,
    '',
    `Written: ${load}. twinlog was restarted ${restarts.length} times (${restarts.filter(({ isKilled }) => isKilled).length} of them kill -9), brokers ${faults.length - restarts.length} times (${faults.filter(({ who, isKilled }) => who !== 'twinlog' && isKilled).length} of them kill -9).`,
    '',
    `**Verdict: ${verdict}; ${results.complaints.length === 0 ? 'nothing lost, doubled or out of order' : `${results.complaints.length} complaints`}.**`,
    '',
    ...results.complaints.map((complaint) => `- ${complaint.split('\n')[0]}`),
    `Kafka's consumer compared, record by record: ${Object.entries(compared)
      .map(([topic, count]) => `${topic} ${count.toLocaleString('en-US')}`)
      .join(', ')}.`,
    '',
    RULE,
    '',
    table(
      ['life', 'seconds', ...Object.values(FIGURES).map(({ title }) => title), 'CPU, % of a core'],
      lives.map((life) => row(life, results.samples)),
    ),
    '',
    'Each cell: first quarter → last quarter. The samples, one every ten seconds, are in the JSON file beside this one.',
  ]
  return `${lines.join('\n')}\n`
}

function row({ life, seconds, figures }: LifeVerdict, samples: readonly Sample[]): string[] {
  const cells = figures.map(
    ({ first, last, isFlat: flat }) => `${number(first)} → ${number(last)}${flat ? '' : ' **grows**'}`,
  )
  const own = samples.filter((sample) => sample.life === life)
  const [from, to] = [own[0], own.at(-1)]
  const cpu =
    ((to?.cpuSeconds ?? 0) - (from?.cpuSeconds ?? 0)) / Math.max(1, (to?.atSeconds ?? 0) - (from?.atSeconds ?? 0))
  const shown = cells.length === 0 ? Object.keys(FIGURES).map((_, index) => (index === 0 ? 'too short' : '')) : cells
  return [String(life), String(seconds), ...shown, (cpu * 100).toFixed(1)]
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}
