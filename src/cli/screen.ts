import type { Display } from './display.ts'

/** The part of a stream that is written to. */
export interface OutputStream {
  write(text: string): unknown
  /** Width of the terminal; undefined where it is none. */
  readonly columns?: number
  readonly rows?: number
}

/** Lines of the log that stay in sight above the block. */
const logRowsCount = 5
const fewestRows = 4

/** A terminal with log lines that scroll and a block of lines below them, rewritten in place. */
export class Screen implements Display {
  readonly #stream: OutputStream
  #block: readonly string[] = []

  constructor(stream: OutputStream) {
    this.#stream = stream
  }

  /** One less than there are: a line that fills the last column may take two. */
  get columns(): number {
    // 0 is what a terminal without a known size says.
    return (this.#stream.columns || 80) - 1
  }

  get rows(): number {
    return Math.max(fewestRows, (this.#stream.rows || 24) - logRowsCount)
  }

  /** A log line above the block. */
  writeLine(line: string): void {
    this.#stream.write(`${this.#erasure()}${line}\n${this.#block.join('\n')}`)
  }

  /** Replaces the block; no lines remove it. */
  draw(lines: readonly string[]): void {
    if (lines.length === this.#block.length && lines.every((line, index) => line === this.#block[index])) return
    this.#stream.write(`${this.#erasure()}${lines.join('\n')}`)
    this.#block = lines
  }

  /** The terminal has another width: what it made of the block is not known. */
  clear(): void {
    this.#stream.write('\u001b[H\u001b[J')
    this.#block = []
  }

  /** Leaves the block where it is and goes on below it. */
  keep(): void {
    if (this.#block.length > 0) this.#stream.write('\n')
    this.#block = []
  }

  #erasure(): string {
    const { length } = this.#block
    if (length === 0) return ''
    return length === 1 ? '\r\u001b[J' : `\r\u001b[${length - 1}A\u001b[J`
  }
}
