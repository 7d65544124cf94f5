/** The part of a stream that is written to. */
export interface OutputStream {
  write(text: string): unknown
  /** Width of the terminal; undefined where it is none. */
  readonly columns?: number
}

const clearLine = '\r\u001b[2K'

/** A terminal with log lines that scroll and one status line below them, rewritten in place. */
export class Screen {
  readonly #stream: OutputStream
  #status = ''

  constructor(stream: OutputStream) {
    this.#stream = stream
  }

  get columns(): number {
    // 0 is what a terminal without a known size says.
    return this.#stream.columns || 80
  }

  /** A log line above the status line. */
  writeLine(line: string): void {
    this.#stream.write(this.#status === '' ? `${line}\n` : `${clearLine}${line}\n${this.#status}`)
  }

  /** Replaces the status line; an empty text removes it. */
  showStatus(text: string): void {
    if (text === this.#status) return
    this.#stream.write(`${this.#status === '' ? '' : clearLine}${text}`)
    this.#status = text
  }

  /** Leaves the status line where it is and goes on below it. */
  keepStatus(): void {
    if (this.#status !== '') this.#stream.write('\n')
    this.#status = ''
  }
}
