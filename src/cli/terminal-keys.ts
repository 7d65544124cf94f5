import type { OutputStream } from './screen.ts'
import { decodeKeys } from './view-state.ts'

/** The part of a terminal that keys come from. */
export interface InputStream {
  readonly isTTY?: boolean
  setRawMode?(isRaw: boolean): unknown
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  off(event: 'data', listener: (chunk: Buffer) => void): unknown
  resume(): unknown
  pause(): unknown
}

const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'

/**
 * Takes keys one by one as they are pressed, and hides the cursor. The terminal is as it was before when this is disposed of, and at the latest when
 * the process exits, whatever makes it exit.
 */
export class TerminalKeys implements Disposable {
  readonly #input: InputStream
  readonly #output: OutputStream
  readonly #onData: (chunk: Buffer) => void
  #isTaken = true

  /**
   * @param onExit   runs a function when the process exits
   * @param onKey    gets the name of each key (view-state.ts)
   */
  constructor(
    input: InputStream,
    output: OutputStream,
    { onExit, onKey }: { onExit(restore: () => void): void; onKey(key: string): void },
  ) {
    this.#input = input
    this.#output = output
    this.#onData = (chunk) => decodeKeys(chunk.toString('utf8')).forEach((key) => onKey(key))
    output.write(hideCursor)
    onExit(() => this[Symbol.dispose]())
    if (input.isTTY !== true) return
    input.setRawMode?.(true)
    input.on('data', this.#onData)
    input.resume()
  }

  [Symbol.dispose](): void {
    if (!this.#isTaken) return
    this.#isTaken = false
    this.#output.write(showCursor)
    if (this.#input.isTTY !== true) return
    this.#input.off('data', this.#onData)
    this.#input.setRawMode?.(false)
    this.#input.pause()
  }
}
