import type { LogLine, LogSink } from './log-sink.ts'

/** What may wait for whoever reads the output, in bytes. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024

/**
 * Leaves lines out while nobody reads the output: Node keeps what a pipe does not take in memory, without limit, and a mirror outlives its log collector.
 * How many lines were left out is said as soon as they are read again.
 */
export class BoundedLog implements LogSink {
  readonly #sink: LogSink
  readonly #waitingBytes: () => number
  #leftOutCount = 0

  /** @param waitingBytes   written to the output and not taken yet */
  constructor(sink: LogSink, waitingBytes: () => number) {
    this.#sink = sink
    this.#waitingBytes = waitingBytes
  }

  write(line: LogLine): void {
    if (this.#waitingBytes() > WAITING_BYTES_MAX) {
      this.#leftOutCount++
      return
    }
    if (this.#leftOutCount > 0) {
      const linesCount = this.#leftOutCount
      this.#leftOutCount = 0
      const text = `${linesCount} lines of the log were left out here: nobody read the output`
      this.#sink.write({ level: 'warn', event: 'LogLinesLeftOut', text, fields: { linesCount } })
    }
    this.#sink.write(line)
  }
}
