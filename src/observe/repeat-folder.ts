import type { LogLine, LogSink } from './log-sink.ts'

export interface RepeatFolderOptions {
  /** Monotonic clock, ms. */
  readonly monotonic: () => number
  /** How long repeats are counted before they are told. */
  readonly windowMs?: number
  /** How many different lines of one event and flow may appear in a window. */
  readonly linesMaxCount?: number
}

interface Window {
  readonly startedMs: number
  readonly texts: Set<string>
  foldedCount: number
  last: LogLine
}

const defaultWindowMs = 60_000
const defaultLinesMaxCount = 5

/**
 * Keeps a log readable when the same thing happens again and again: within a window, one event of one flow shows a line only
 * if its text is new, and at most a few of these; the others are counted and told as "and 412 more in 60 s".
 *
 * Invariants (docs/invariants.md):
 * 11. nothing is lost silently: what was not shown is in a count that is shown, at the latest when the folder is flushed;
 * 12. memory is bounded: a window holds at most `linesMaxCount` texts, and windows are dropped when they end.
 */
export class RepeatFolder implements LogSink {
  readonly #sink: LogSink
  readonly #monotonic: () => number
  readonly #windowMs: number
  readonly #linesMaxCount: number
  readonly #windows = new Map<string, Window>()

  constructor(sink: LogSink, options: RepeatFolderOptions) {
    this.#sink = sink
    this.#monotonic = options.monotonic
    this.#windowMs = options.windowMs ?? defaultWindowMs
    this.#linesMaxCount = options.linesMaxCount ?? defaultLinesMaxCount
  }

  write(line: LogLine): void {
    // Whoever asked for these wants to see each of them.
    if (line.level === 'debug' || line.level === 'trace') {
      this.#sink.write(line)
      return
    }
    const nowMs = this.#monotonic()
    this.sweep(nowMs)
    const key = `${line.event} ${String(line.fields.flow ?? '')}`
    const window = this.#windows.get(key)
    if (window === undefined) {
      this.#windows.set(key, { startedMs: nowMs, texts: new Set([line.text]), foldedCount: 0, last: line })
      this.#sink.write(line)
    } else if (window.texts.has(line.text) || window.texts.size >= this.#linesMaxCount) {
      window.foldedCount++
      window.last = line
    } else {
      window.texts.add(line.text)
      this.#sink.write(line)
    }
  }

  /** Tells the counts of windows that have ended. To be called now and then, so that a silent event is told in time as well. */
  sweep(nowMs: number = this.#monotonic()): void {
    for (const [key, window] of this.#windows) {
      if (nowMs - window.startedMs >= this.#windowMs) this.#close(key, window, nowMs)
    }
  }

  /** Tells all counts, whether their windows have ended or not. */
  flush(): void {
    const nowMs = this.#monotonic()
    for (const [key, window] of this.#windows) this.#close(key, window, nowMs)
  }

  #close(key: string, window: Window, nowMs: number): void {
    this.#windows.delete(key)
    if (window.foldedCount === 0) return
    const seconds = Math.max(1, Math.round((nowMs - window.startedMs) / 1000))
    const { last, foldedCount } = window
    this.#sink.write({
      ...last,
      text: foldedCount === 1 ? last.text : `${last.text} (and ${foldedCount - 1} more in ${seconds} s)`,
      fields: { ...last.fields, repeatedCount: foldedCount },
    })
  }
}
