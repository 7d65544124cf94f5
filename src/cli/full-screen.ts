import type { Display } from './display.ts'
import type { OutputStream } from './screen.ts'

const enter = '\u001b[?1049h'
const leave = '\u001b[?1049l'

/** The whole terminal; what was on it before comes back at the end. */
export class FullScreen implements Display, Disposable {
  readonly #stream: OutputStream
  #isOpen = true

  constructor(stream: OutputStream) {
    this.#stream = stream
    stream.write(enter)
  }

  get columns(): number {
    return (this.#stream.columns || 80) - 1
  }

  get rows(): number {
    return this.#stream.rows || 24
  }

  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return
    const shown = lines.slice(0, this.rows).map((line) => `${line}\u001b[K`)
    this.#stream.write(`\u001b[H${shown.join('\r\n')}\u001b[J`)
  }

  clear(): void {
    this.#stream.write('\u001b[2J')
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) this.#stream.write(leave)
    this.#isOpen = false
  }
}
