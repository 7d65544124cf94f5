import type { MeasuredName, Summary } from './measurement.ts'

/** A line of what must be reached: issue 3's table, issue 4's about exactly-once, issue 5's about batches that are written anew. */
interface Goal {
  readonly what: string
  readonly shape: string
  readonly figure: string
  /** Whose figure it is; without one, twinlog's. */
  readonly subject?: MeasuredName
  /** Whose figure ours is divided by; without one, ours is compared as it is. */
  readonly against?: MeasuredName
  readonly atMost?: number
  readonly atLeast?: number
}

export const GOALS: readonly Goal[] = [
  {
    what: 'CPU s/GB, 1,000 B',
    shape: 'large-batches',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-shipped',
    atMost: 1 / 12,
  },
  { what: 'CPU s/GB, 1,000 B', shape: 'large-batches', figure: 'cpuSecondsPerGb', against: 'mm2-tuned', atMost: 1 / 4 },
  { what: 'CPU s/GB, 1,000 B', shape: 'large-batches', figure: 'cpuSecondsPerGb', against: 'bare-copy', atMost: 1.4 },
  { what: 'CPU s/GB, 1,000 B', shape: 'large-batches', figure: 'cpuSecondsPerGb', against: 'onread', atMost: 4.5 },
  {
    what: 'CPU s/GB, 100 B lz4',
    shape: 'lz4-batches',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-shipped',
    atMost: 1 / 25,
  },
  {
    what: 'CPU s/GB, 100 B lz4',
    shape: 'lz4-batches',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-tuned',
    atMost: 1 / 12,
  },
  { what: 'CPU s/GB, 100 B lz4', shape: 'lz4-batches', figure: 'cpuSecondsPerGb', against: 'bare-copy', atMost: 1.4 },
  { what: 'wall, drain', shape: 'large-batches', figure: 'drainSeconds', against: 'mm2-shipped', atMost: 1 / 4 },
  { what: 'wall, drain', shape: 'large-batches', figure: 'drainSeconds', against: 'mm2-tuned', atMost: 4 / 5 },
  { what: 'wall, drain', shape: 'large-batches', figure: 'drainSeconds', against: 'bare-copy', atMost: 1.15 },
  { what: 'peak RSS', shape: 'large-batches', figure: 'peakRssMb', against: 'mm2-shipped', atMost: 1 / 8 },
  { what: 'peak RSS', shape: 'large-batches', figure: 'peakRssMb', against: 'mm2-tuned', atMost: 1 / 6 },
  { what: 'peak RSS, MB', shape: 'large-batches', figure: 'peakRssMb', atMost: 200 },
  { what: 'latency p50', shape: 'latency', figure: 'p50Ms', against: 'mm2-shipped', atMost: 1 / 3 },
  { what: 'latency p99', shape: 'latency', figure: 'p99Ms', against: 'mm2-shipped', atMost: 1 / 3 },
  { what: 'start to first record', shape: 'large-batches', figure: 'startMs', against: 'mm2-shipped', atMost: 1 / 8 },
  { what: 'idle CPU, 100 partitions', shape: 'idle', figure: 'idleCpuPercent', against: 'mm2-shipped', atMost: 1 / 5 },
  {
    what: 'MB/s, 150 ms to the source',
    shape: 'wan-source',
    figure: 'mbPerSecond',
    against: 'mm2-shipped',
    atLeast: 10,
  },
  { what: 'MB/s, 150 ms to the source', shape: 'wan-source', figure: 'mbPerSecond', against: 'mm2-tuned', atLeast: 2 },
  {
    what: 'MB/s, 150 ms to the target',
    shape: 'wan-target',
    figure: 'mbPerSecond',
    against: 'mm2-shipped',
    atLeast: 10,
  },
  { what: 'MB/s, 150 ms to the target', shape: 'wan-target', figure: 'mbPerSecond', against: 'mm2-tuned', atLeast: 2 },
  {
    what: 'MB/s, exactly-once',
    shape: 'exactly-once',
    figure: 'mbPerSecond',
    subject: 'twinlog-eos',
    against: 'mm2-shipped-eos',
    atLeast: 4,
  },
  {
    what: 'MB/s, exactly-once',
    shape: 'exactly-once',
    figure: 'mbPerSecond',
    subject: 'twinlog-eos',
    against: 'mm2-tuned-eos',
    atLeast: 4,
  },
  {
    what: 'MB/s, exactly-once',
    shape: 'exactly-once',
    figure: 'mbPerSecond',
    subject: 'twinlog-eos',
    against: 'twinlog',
    atLeast: 0.8,
  },
  {
    what: 'latency p99 with exactly-once, ms',
    shape: 'exactly-once-latency',
    figure: 'p99Ms',
    subject: 'twinlog-eos',
    atMost: 150,
  },
  {
    what: 'rate of the others, one partition below min ISR',
    shape: 'below-min-isr',
    figure: 'othersShare',
    atLeast: 0.9,
  },
  {
    what: 'rate of the others, one partition written anew',
    shape: 'rebuild-neighbours',
    figure: 'othersShare',
    atLeast: 0.9,
  },
  {
    what: 'longest turn while rebuilding, ms of CPU',
    shape: 'rebuild-neighbours',
    figure: 'longestTurnMs',
    atMost: 20,
  },
  { what: '10,000 partitions: RSS, MB', shape: 'many-partitions', figure: 'peakRssMb', atMost: 400 },
  { what: '10,000 partitions: idle CPU, % of a core', shape: 'many-partitions', figure: 'idleCpuPercent', atMost: 3 },
  {
    what: "source broker's CPU",
    shape: 'large-batches',
    figure: 'sourceBrokerCpuSeconds',
    against: 'mm2-tuned',
    atMost: 1,
  },
  {
    what: "target broker's CPU",
    shape: 'large-batches',
    figure: 'targetBrokerCpuSeconds',
    against: 'mm2-tuned',
    atMost: 1,
  },
  {
    what: "source broker's CPU",
    shape: 'lz4-batches',
    figure: 'sourceBrokerCpuSeconds',
    against: 'mm2-tuned',
    atMost: 1,
  },
  {
    what: "target broker's CPU",
    shape: 'lz4-batches',
    figure: 'targetBrokerCpuSeconds',
    against: 'mm2-tuned',
    atMost: 1,
  },
  { what: 'conversions by brokers', shape: 'large-batches', figure: 'conversions', atMost: 0 },
  { what: 'conversions by brokers', shape: 'lz4-batches', figure: 'conversions', atMost: 0 },
  {
    what: 'CPU s/GB, one-record batches',
    shape: 'one-record-batches',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-shipped',
    atMost: 1 / 8,
  },
  {
    what: 'drain s, one-record batches',
    shape: 'one-record-batches',
    figure: 'drainSeconds',
    against: 'mm2-shipped',
    atMost: 1 / 5,
  },
  {
    what: 'target log, one-record batches',
    shape: 'one-record-batches',
    figure: 'targetGb',
    against: 'mm2-shipped',
    atMost: 1,
  },
  {
    what: 'CPU s/GB, one-record batches',
    shape: 'one-record-batches',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-tuned',
    atMost: 1 / 7,
  },
  {
    what: 'drain s, one-record batches',
    shape: 'one-record-batches',
    figure: 'drainSeconds',
    against: 'mm2-tuned',
    atMost: 1 / 5,
  },
  {
    what: 'target log, one-record batches',
    shape: 'one-record-batches',
    figure: 'targetGb',
    against: 'mm2-tuned',
    atMost: 1,
  },
  {
    what: 'CPU s/GB, small lz4 batches',
    shape: 'small-lz4-batches',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-shipped',
    atMost: 1 / 3,
  },
  {
    what: 'CPU s/GB, small lz4 batches',
    shape: 'small-lz4-batches',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-tuned',
    atMost: 1 / 3,
  },
  {
    what: 'CPU s/GB, small gzip batches',
    shape: 'small-gzip-batches',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-shipped',
    atMost: 1 / 3,
  },
  {
    what: 'CPU s/GB, small gzip batches',
    shape: 'small-gzip-batches',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-tuned',
    atMost: 1 / 3,
  },
  {
    what: 'CPU s/GB, small zstd batches',
    shape: 'small-zstd-batches',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-shipped',
    atMost: 1,
  },
  {
    what: 'CPU s/GB, small zstd batches',
    shape: 'small-zstd-batches',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-tuned',
    atMost: 1,
  },
  {
    what: 'CPU s/GB, gzip to zstd',
    shape: 'gzip-to-zstd',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-shipped',
    atMost: 1 / 2,
  },
  {
    what: 'CPU s/GB, gzip to zstd',
    shape: 'gzip-to-zstd',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-tuned',
    atMost: 1 / 2,
  },
  {
    what: 'CPU s/GB, random holes',
    shape: 'compacted',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-shipped',
    atMost: 1 / 2,
  },
  {
    what: 'CPU s/GB, random holes',
    shape: 'compacted',
    figure: 'cpuSecondsPerGb',
    against: 'mm2-tuned',
    atMost: 1 / 2,
  },
  { what: 'conversions by brokers', shape: 'one-record-batches', figure: 'conversions', atMost: 0 },
  { what: 'conversions by brokers', shape: 'compacted', figure: 'conversions', atMost: 0 },
  { what: 'conversions by brokers', shape: 'gzip-to-zstd', figure: 'conversions', atMost: 0 },
]

export interface GoalResult {
  readonly goal: Goal
  /** Ours over theirs, or ours; undefined where one of them was not measured. */
  readonly value: number | undefined
  readonly verdict: 'met' | 'NOT MET' | 'not measured'
}

export function judge(summaries: readonly Summary[], subject: MeasuredName = 'twinlog'): GoalResult[] {
  const figure = (goal: Goal, contestant: MeasuredName): number | undefined =>
    summaries.find((each) => each.shape === goal.shape && each.contestant === contestant)?.median[goal.figure]
  return GOALS.map((goal) => {
    const ours = figure(goal, goal.subject ?? subject)
    const theirs = goal.against === undefined ? 1 : figure(goal, goal.against)
    if (ours === undefined || theirs === undefined) return { goal, value: undefined, verdict: 'not measured' }
    const value = ours / theirs
    const isMet =
      value <= (goal.atMost ?? Number.POSITIVE_INFINITY) && value >= (goal.atLeast ?? Number.NEGATIVE_INFINITY)
    return { goal, value, verdict: isMet ? 'met' : 'NOT MET' }
  })
}
