import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { MetricReaders } from './metric.ts'
import type { processMetrics } from './own-metrics.ts'

/** Rarely enough to cost nothing, often enough to see a loop that is held up for longer. */
const RESOLUTION_MS = 50
const WINDOW_MS = 30_000

type DelayHistogram = ReturnType<typeof monitorEventLoopDelay>

interface Delays {
  readonly meanSeconds: number
  readonly p99Seconds: number
  readonly maxSeconds: number
}

/** What a process says of itself: processor, memory, and how late its timers are. */
export class ProcessFigures implements Disposable {
  readonly #version: string
  readonly #startedAtMs: number
  readonly #delay: DelayHistogram
  readonly #monotonic: () => number
  #former: Delays | null = null
  #windowMs: number

  /** @param startedAtMs   wall clock */
  constructor({
    version,
    startedAtMs,
    monotonic,
  }: {
    readonly version: string
    readonly startedAtMs: number
    readonly monotonic: () => number
  }) {
    this.#version = version
    this.#startedAtMs = startedAtMs
    this.#monotonic = monotonic
    this.#windowMs = monotonic()
    this.#delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    this.#delay.enable()
  }

  /** @param level   what the metrics of partitions are told of */
  readers(level: 'partition' | 'topic' | 'flow'): MetricReaders<typeof processMetrics> {
    const one = (value: () => number) => () => [{ labels: {}, value: value() }]
    const delays = this.delays()
    return {
      twinlog_info: () => [{ labels: { version: this.#version }, value: 1 }],
      twinlog_metrics_level: () =>
        (['partition', 'topic', 'flow'] as const).map((each) => ({
          labels: { level: each },
          value: Number(each === level),
        })),
      twinlog_event_loop_delay_mean_seconds: one(() => delays.meanSeconds),
      twinlog_event_loop_delay_p99_seconds: one(() => delays.p99Seconds),
      twinlog_event_loop_delay_max_seconds: one(() => delays.maxSeconds),
      process_cpu_seconds_total: one(() => {
        const { user, system } = process.cpuUsage()
        return (user + system) / 1e6
      }),
      process_resident_memory_bytes: one(() => process.memoryUsage.rss()),
      process_start_time_seconds: one(() => this.#startedAtMs / 1000),
    }
  }

  /** The worse of the window under way and the one before, whoever asks how often: no reader takes anything from another. */
  delays(): Delays {
    const now = delaysOf(this.#delay)
    const { meanSeconds, p99Seconds, maxSeconds } = this.#former ?? now
    if (this.#monotonic() - this.#windowMs >= WINDOW_MS) {
      this.#former = now
      this.#windowMs = this.#monotonic()
      this.#delay.reset()
    }
    return {
      meanSeconds: Math.max(now.meanSeconds, meanSeconds),
      p99Seconds: Math.max(now.p99Seconds, p99Seconds),
      maxSeconds: Math.max(now.maxSeconds, maxSeconds),
    }
  }

  [Symbol.dispose](): void {
    this.#delay.disable()
  }
}

/** The histogram holds the times between two looks, which are the resolution where nothing is late. */
function delaysOf(histogram: DelayHistogram): Delays {
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000)
  if (histogram.count === 0) return { meanSeconds: 0, p99Seconds: 0, maxSeconds: 0 }
  return {
    meanSeconds: late(histogram.mean),
    p99Seconds: late(histogram.percentile(99)),
    maxSeconds: late(histogram.max),
  }
}
