import { paint } from '../../src/cli/styled-line.ts'
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
    this.#lines(text, '', this.#isTerminal ? (line) => `\u001b[1m${line}\u001b[0m` : undefined)
  }

  /** Lines of text, wrapped at the terminal's width; where a line is wrapped, its indentation is kept. */
  say(text: string): void {
    this.#lines(text, '')
  }

  /** Text that somebody may copy: indented, and not wrapped. */
  quote(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.#screen.writeLine(line === '' ? '' : `    ${line}`)
  }

  /** What twinlog says: its status in place (where there is no terminal, every ten seconds), all else as lines. */
  mirrorEvent({ event, level, msg, settings = [] }: MirrorEvent): void {
    if (event === 'StatusReported') this.#status(msg)
    else if (event === 'NotDoneYet') this.#mirrorLine(`not done yet: ${settings.map(({ key }) => key).join(', ')}`)
    else this.#mirrorLine(level === 'info' ? msg : `${level}: ${msg}`)
  }

  #mirrorLine(text: string): void {
    this.#lines(text, '  twinlog | ', undefined, '  ')
  }

  #status(text: string): void {
    if (this.#isTerminal) {
      this.#screen.draw([`  ${fitStatus(this.#screen.columns - 2, text)}`])
    } else if (performance.now() - this.#saidStatusMs > statusPauseMs) {
      this.#saidStatusMs = performance.now()
      this.#mirrorLine(text)
    }
  }

  #lines(text: string, prefix: string, style: (line: string) => string = (line) => line, hanging = ''): void {
    for (const line of text.split('\n')) {
      const columns = this.#screen.columns - prefix.length - hanging.length - 1
      for (const [index, part] of wrapLine(line, columns).entries()) {
        this.#screen.writeLine(style(`${prefix}${index === 0 ? '' : hanging}${part}`))
      }
    }
  }

  /** Leaves the status line where it is. */
  keepStatus(): void {
    this.#screen.keep()
  }
}

const statusPauseMs = 10_000

/** The status begins with what changes least, so that is what a narrow terminal goes without. */
function fitStatus(columns: number, text: string): string {
  const parts = text.split(' | ')
  while (parts.length > 1 && parts.join(' | ').length > columns) parts.shift()
  return paint([{ text: parts.join(' | ') }], columns, false)
}

function wrapLine(line: string, columns: number): string[] {
  const indent = /^ */.exec(line)?.[0] ?? ''
  const wrapped: string[] = []
  let current = ''
  for (const word of line.trimStart().split(' ')) {
    if (current !== '' && indent.length + current.length + 1 + word.length > columns) {
      wrapped.push(indent + current)
      current = word
    } else {
      current = current === '' ? word : `${current} ${word}`
    }
  }
  return [...wrapped, indent + current]
}
