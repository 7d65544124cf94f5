import { fitTo } from '../../src/cli/status-text.ts'
import { Screen } from '../../src/cli/screen.ts'
import type { MirrorEvent } from './mirror-process.ts'

/** What the demo says, in one place: its own lines, twinlog's lines, and twinlog's status line below them. */
export class Narrator {
  readonly #screen = new Screen(process.stdout)
  readonly #isTerminal = process.stdout.isTTY
  readonly #startMs = performance.now()
  #saidStatusMs = -Infinity

  /** Seconds since the demo began, with one decimal. */
  get elapsedSeconds(): string {
    return ((performance.now() - this.#startMs) / 1_000).toFixed(1)
  }

  /** A heading with an empty line above. */
  head(text: string): void {
    this.say('')
    this.say(this.#isTerminal ? `\u001b[1m${text}\u001b[0m` : text)
  }

  /** Lines of text; more than one where the text has line ends. */
  say(text: string): void {
    for (const line of text.split('\n')) this.#screen.writeLine(line)
  }

  indent(text: string): void {
    this.say(text.trimEnd().replaceAll(/^(?=.)/gm, '    '))
  }

  /** What twinlog says: its status in place (where there is no terminal, every ten seconds), all else as lines. */
  mirrorEvent({ event, level, msg }: MirrorEvent): void {
    if (event !== 'StatusReported') {
      for (const line of msg.split('\n')) this.say(`  twinlog | ${level === 'info' ? '' : `${level}: `}${line}`)
    } else if (this.#isTerminal) {
      this.#screen.showStatus(fitTo(this.#screen.columns, `  twinlog | ${msg}`))
    } else if (performance.now() - this.#saidStatusMs > statusPauseMs) {
      this.#saidStatusMs = performance.now()
      this.say(`  twinlog | ${msg}`)
    }
  }

  /** Leaves the status line where it is. */
  keepStatus(): void {
    this.#screen.keepStatus()
  }
}

const statusPauseMs = 10_000
